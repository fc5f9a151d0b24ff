/** Where a value stands on the colour bar, and which round values are worth a tick. Pure. */
import { niceTicks, tickLabels } from "../app/numbers";
import { equalisationTable } from "../gl/equalisation";
import { stretched } from "../gl/stretch";
import type { DisplayStyle } from "../map/types";

export interface Equalisation {
  edges: readonly number[];
  cdf: readonly number[];
}

/** Place on the bar from 0 (left, `vmin`) to 1 of a value. `table` is that of `equalisationTable` for `histeq`. */
export function placeOf(style: DisplayStyle, value: number, table: Float32Array | null = null): number {
  const { vmin, vmax, stretch, gamma } = style;
  return stretched((value - vmin) / (vmax - vmin), { stretch, gamma, invert: false }, table);
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
  const table = style.stretch === "histeq" && equal ? equalisationTable(equal.edges, equal.cdf, style) : null;
  const coarse = niceTicks(vmin, vmax, 5);
  const fine = linear(style) ? [] : [12, 50, 250, 2000].flatMap((count) => niceTicks(vmin, vmax, count));
  const candidates = [...new Set([...coarse, ...fine])];
  const { labels, exponent } = tickLabels(candidates);
  const ticks: BarTick[] = [];
  candidates.forEach((value, k) => {
    const tick = { value, place: placeOf(style, value, table), label: labels[k] };
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
