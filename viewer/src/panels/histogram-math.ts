/** Arithmetic of the histogram panel: axis, bars, ranges. Pure. */
import type { Histogram, LayerInfo } from "../api/types";
import { clamp } from "../app/numbers";

export type Range = [number, number];

export const PRESETS = ["min–max", "99.8 %", "99 %", "95 %", "zscale"] as const;
export type Preset = (typeof PRESETS)[number];

const PERCENTILES: Partial<Record<Preset, [string, string]>> = {
  "99.8 %": ["0.1", "99.9"],
  "99 %": ["0.5", "99.5"],
  "95 %": ["2.5", "97.5"],
};

/** The range a preset stands for, or null where this histogram cannot tell. */
export function presetRange(preset: Preset, data: Histogram, symmetric: boolean, absolute: boolean): Range | null {
  const range = rawRange(preset, data);
  if (!range?.every(Number.isFinite)) return null;
  const reach = Math.max(Math.abs(range[0]), Math.abs(range[1]));
  if (absolute) return usable([Math.max(range[0], 0), reach]);
  return usable(symmetric && range[0] < 0 && range[1] > 0 ? [-reach, reach] : range);
}

function rawRange(preset: Preset, data: Histogram): Range | null {
  if (preset === "zscale") return data.zscale;
  if (preset === "min–max") return data.minimum === null || data.maximum === null ? null : [data.minimum, data.maximum];
  const keys = PERCENTILES[preset];
  const [lo, hi] = (keys ?? []).map((key) => data.percentiles[key]);
  return lo === undefined || hi === undefined ? null : [lo, hi];
}

/** A range with some width: a constant image still needs two ends. */
export function usable([lo, hi]: Range): Range {
  if (hi > lo) return [lo, hi];
  const half = Math.max(Math.abs(lo) * 1e-3, 1e-6);
  return [lo - half, lo + half];
}

/** The part of the axis to show for a range: the range and six tenths of its width on either side. */
export const axisAround = ([lo, hi]: Range): Range => [lo - 0.6 * (hi - lo), hi + 0.6 * (hi - lo)];

/** Zoom the axis about a value; it stays wider than what a double can part. */
export function zoomAxis([lo, hi]: Range, about: number, factor: number): Range {
  const width = clamp((hi - lo) * factor, Math.max(Math.abs(about), 1e-300) * 1e-9, 1e300);
  const share = (about - lo) / (hi - lo);
  return [about - share * width, about + (1 - share) * width];
}

/** Move one edge; the other gives way rather than crossing. */
export function moveEdge([lo, hi]: Range, edge: 0 | 1, value: number, least: number): Range {
  return edge === 0 ? [Math.min(value, hi - least), hi] : [lo, Math.max(value, lo + least)];
}

/** Height of each bin, 0 to 1. */
export function heights(counts: readonly number[], log: boolean): Float32Array {
  const out = new Float32Array(counts.length);
  const largest = counts.reduce((a, b) => Math.max(a, b), 0);
  if (largest === 0) return out;
  const top = log ? Math.log1p(largest) : largest;
  for (let k = 0; k < counts.length; k++) out[k] = (log ? Math.log1p(counts[k]) : counts[k]) / top;
  return out;
}

/** Shares of the pixels at or below each edge, from 0 to 1: as long as `edges`. */
export function cumulative(data: Pick<Histogram, "counts">): number[] {
  const total = data.counts.reduce((a, b) => a + b, 0);
  const cdf = [0];
  let sum = 0;
  for (const count of data.counts) {
    sum += count;
    cdf.push(total > 0 ? sum / total : cdf.length / data.counts.length);
  }
  return cdf;
}

/** Counts of absolute values, from counts over a range about zero. */
export function folded(data: Histogram): Histogram {
  const half = data.counts.length / 2;
  const counts = Array.from({ length: half }, (_, k) => data.counts[half + k] + data.counts[half - 1 - k]);
  const reach = Math.max(Math.abs(data.minimum ?? 0), Math.abs(data.maximum ?? 0));
  const signs = (data.minimum ?? 0) < 0 && (data.maximum ?? 0) > 0;
  return {
    ...data,
    counts,
    edges: data.edges.slice(half),
    below: 0,
    above: data.below + data.above,
    minimum: data.minimum === null ? null : signs ? 0 : Math.min(Math.abs(data.minimum), Math.abs(data.maximum ?? 0)),
    maximum: data.maximum === null ? null : reach,
  };
}

/** Whether an axis range asks for finer bins than those at hand. */
export function needsBins(data: Histogram | null, axis: Range): boolean {
  if (!data || data.edges.length < 2) return true;
  const [lo, hi] = [data.edges[0], data.edges[data.edges.length - 1]];
  const low = Math.max(axis[0], data.minimum ?? axis[0]);
  const high = Math.min(axis[1], data.maximum ?? axis[1]);
  if (!(high > low)) return false;
  const slack = 0.01 * (axis[1] - axis[0]);
  return low < lo - slack || high > hi + slack || (hi - lo) / (axis[1] - axis[0]) > 2.5;
}

/** The range that a layer starts with. */
export const defaultRange = (info: LayerInfo): Range => usable([info.range[0], info.range[1]]);
