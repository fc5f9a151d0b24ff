/** Painting of the histogram: bars, window, axis. */

import type { Histogram } from "../api/types";
import { niceTicks, tickLabels } from "../app/numbers";
import { heights, type Range } from "./histogram-math";

export interface Picture {
  data: Histogram | null;
  axis: Range;
  range: Range;
  log: boolean;
  units: string;
}

export const PLOT_HEIGHT = 112;
export const AXIS_HEIGHT = 18;

interface Colours {
  bars: string;
  accent: string;
  text: string;
  mute: string;
  line: string;
}

function colours(element: Element): Colours {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    bars: resolved(element, "--bars"),
    accent: resolved(element, "--accent-fill"),
    text: resolved(element, "--text"),
    mute: resolved(element, "--mute"),
    line: resolved(element, "--line") || token("--line"),
  };
}

/** `light-dark()` is worked out only where a property uses it: ask for it as a colour. */
function resolved(element: Element, name: string): string {
  const probe = element.ownerDocument.createElement("i");
  probe.style.color = `var(${name})`;
  (element.parentNode ?? element).appendChild(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const cache = new WeakMap<Element, { key: string; colours: Colours }>();

/** Colours of the theme, worked out once for each. */
function themed(element: Element): Colours {
  const root = document.documentElement;
  const key = `${root.dataset.theme ?? ""} ${matchMedia("(prefers-color-scheme: light)").matches}`;
  const known = cache.get(element);
  if (known?.key === key) return known.colours;
  const fresh = { key, colours: colours(element) };
  cache.set(element, fresh);
  return fresh.colours;
}

export function drawHistogram(canvas: HTMLCanvasElement, width: number, picture: Picture): void {
  const context = canvas.getContext("2d");
  if (!context || width <= 0) return;
  const ratio = devicePixelRatio || 1;
  const height = PLOT_HEIGHT + AXIS_HEIGHT;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const paint = themed(canvas);
  const x = (value: number) => ((value - picture.axis[0]) / (picture.axis[1] - picture.axis[0])) * width;
  shade(context, x, width, picture, paint);
  bars(context, x, width, picture, paint);
  edges(context, x, picture, paint);
  axis(context, x, width, picture, paint);
}

type Place = (value: number) => number;

function shade(c: CanvasRenderingContext2D, x: Place, width: number, { range }: Picture, paint: Colours): void {
  const [lo, hi] = [Math.max(0, x(range[0])), Math.min(width, x(range[1]))];
  if (hi <= lo) return;
  c.globalAlpha = 0.14;
  c.fillStyle = paint.accent;
  c.fillRect(lo, 0, hi - lo, PLOT_HEIGHT);
  c.globalAlpha = 1;
}

/** One outline for all bins: bins narrower than a pixel share its highest. */
function bars(c: CanvasRenderingContext2D, x: Place, width: number, { data, log }: Picture, paint: Colours): void {
  if (!data || data.counts.length === 0) return;
  const tall = heights(data.counts, log);
  const room = PLOT_HEIGHT - 8;
  c.beginPath();
  c.moveTo(Math.max(-1, x(data.edges[0])), PLOT_HEIGHT);
  for (let k = 0; k < tall.length; k++) {
    const [left, right] = [x(data.edges[k]), x(data.edges[k + 1])];
    if (right < 0 || left > width) continue;
    const y = PLOT_HEIGHT - tall[k] * room;
    c.lineTo(Math.max(-1, left), y);
    c.lineTo(Math.min(width + 1, right), y);
  }
  c.lineTo(Math.min(width + 1, x(data.edges[data.edges.length - 1])), PLOT_HEIGHT);
  c.closePath();
  c.fillStyle = paint.bars;
  c.fill();
}

function edges(c: CanvasRenderingContext2D, x: Place, { range }: Picture, paint: Colours): void {
  c.fillStyle = paint.accent;
  for (const value of range) {
    const at = x(value);
    c.fillRect(Math.round(at) - 1, 0, 2, PLOT_HEIGHT);
    c.beginPath();
    c.roundRect(Math.round(at) - 3.5, PLOT_HEIGHT / 2 - 11, 7, 22, 3.5);
    c.fill();
  }
}

function axis(c: CanvasRenderingContext2D, x: Place, width: number, picture: Picture, paint: Colours): void {
  c.fillStyle = paint.line;
  c.fillRect(0, PLOT_HEIGHT, width, 1);
  const ticks = niceTicks(picture.axis[0], picture.axis[1], 5);
  const { labels, exponent } = tickLabels(ticks);
  c.font = "11px ui-monospace, 'SF Mono', 'DejaVu Sans Mono', Menlo, monospace";
  c.textBaseline = "middle";
  const suffix =
    exponent === 0
      ? ""
      : `×10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(d)]).join("")}`;
  const limit = width - (suffix ? c.measureText(suffix).width + 14 : 4);
  ticks.forEach((tick, k) => {
    const half = c.measureText(labels[k]).width / 2;
    const at = x(tick);
    c.fillStyle = paint.mute;
    c.fillRect(Math.round(at), PLOT_HEIGHT, 1, 4);
    if (at - half < 4 || at + half > limit) return;
    c.textAlign = "center";
    c.fillText(labels[k], at, PLOT_HEIGHT + 11);
  });
  if (!suffix) return;
  c.textAlign = "right";
  c.fillText(suffix, width - 5, PLOT_HEIGHT + 11);
}
