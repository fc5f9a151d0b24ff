/** Where a value stands on the colour bar, and which round values are worth a tick. Pure. */
import { niceTicks, tickLabels } from "../app/numbers";
import type { DisplayStyle } from "../map/types";

export interface Equalisation {
  edges: readonly number[];
  cdf: readonly number[];
}

/** The stretches of the renderer: `t` from 0 to 1 becomes a share of the colours from 0 to 1. */
function curve(style: DisplayStyle, t: number, value: number, equal: Equalisation | null): number {
  switch (style.stretch) {
    case "sqrt":
      return Math.sqrt(t);
    case "log":
      return Math.log1p(1000 * t) / Math.log(1001);
    case "asinh":
      return Math.asinh(10 * t) / Math.asinh(10);
    case "power":
      return (1000 ** t - 1) / 999;
    case "histeq":
      return equal ? equalised(style, value, equal) : t;
    default:
      return t;
  }
}

function equalised(style: DisplayStyle, value: number, equal: Equalisation): number {
  const low = shareAt(equal, style.vmin);
  const span = shareAt(equal, style.vmax) - low;
  return span > 0 ? (shareAt(equal, value) - low) / span : 0;
}

function shareAt({ edges, cdf }: Equalisation, value: number): number {
  const last = edges.length - 1;
  if (last < 1 || value <= edges[0]) return cdf[0] ?? 0;
  if (value >= edges[last]) return cdf[last];
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) low = middle;
    else high = middle;
  }
  return cdf[low] + ((cdf[high] - cdf[low]) * (value - edges[low])) / (edges[high] - edges[low]);
}

/** Place on the bar from 0 (left, `vmin`) to 1 of a value. */
export function placeOf(style: DisplayStyle, value: number, equal: Equalisation | null = null): number {
  const t = Math.min(1, Math.max(0, (value - style.vmin) / (style.vmax - style.vmin)));
  return Math.min(1, Math.max(0, curve(style, t, value, equal))) ** (1 / style.gamma);
}

export interface BarTick {
  value: number;
  place: number;
  label: string;
}

const CHARACTER = 7;
const GAP = 10;

/**
 * Round ticks whose labels do not touch on a bar `width` CSS pixels wide, and the power of ten common to all.
 * Curved stretches crowd ticks on one side: finer steps then fill the other.
 */
export function barTicks(
  style: DisplayStyle,
  width: number,
  equal: Equalisation | null = null,
): { ticks: BarTick[]; exponent: number } {
  const { vmin, vmax } = style;
  const coarse = niceTicks(vmin, vmax, 5);
  const fine = linear(style) ? [] : [12, 50, 250, 2000].flatMap((count) => niceTicks(vmin, vmax, count));
  const candidates = [...new Set([...coarse, ...fine])];
  const { labels, exponent } = tickLabels(candidates);
  const ticks: BarTick[] = [];
  candidates.forEach((value, k) => {
    const tick = { value, place: placeOf(style, value, equal), label: labels[k] };
    if (ticks.length < 7 && ticks.every((other) => apart(tick, other, width))) ticks.push(tick);
  });
  return { ticks: ticks.sort((a, b) => a.place - b.place), exponent };
}

const linear = (style: DisplayStyle): boolean => style.stretch === "linear" && style.gamma === 1;

/** Half the label, as drawn: those at the ends are moved inside. */
function extent(tick: BarTick, width: number): [number, number] {
  const size = tick.label.length * CHARACTER;
  const left = Math.min(Math.max(tick.place * width - size / 2, 0), width - size);
  return [left, left + size];
}

function apart(a: BarTick, b: BarTick, width: number): boolean {
  const [a0, a1] = extent(a, width);
  const [b0, b1] = extent(b, width);
  return a1 + GAP <= b0 || b1 + GAP <= a0;
}
