/**
 * How a place between `vmin` (0) and `vmax` (1) becomes a place in the colour map: the formulas of
 * `armillary/render/style.py`, as the shader has them, for whatever is not drawn by it (colour bar, histogram).
 */
import type { StretchName } from "../api/types";

export interface Transfer {
  stretch: StretchName;
  gamma: number;
  invert: boolean;
}

/** The transfer curve alone. `equalisation` is the table of `equalisationTable` for `histeq`; without it, linear. */
export function curve(place: number, stretch: StretchName, equalisation?: ArrayLike<number> | null): number {
  const t = Math.min(Math.max(place, 0), 1);
  switch (stretch) {
    case "sqrt":
      return Math.sqrt(t);
    case "log":
      return Math.log1p(1000 * t) / Math.log1p(1000);
    case "asinh":
      return Math.asinh(10 * t) / Math.asinh(10);
    case "power":
      return (1000 ** t - 1) / 999;
    case "histeq":
      return equalisation?.length ? interpolated(equalisation, t) : t;
    default:
      return t;
  }
}

function interpolated(table: ArrayLike<number>, t: number): number {
  const last = table.length - 1;
  const place = t * last;
  const low = Math.min(Math.floor(place), Math.max(last - 1, 0));
  const high = Math.min(low + 1, last);
  return table[low] + (table[high] - table[low]) * (place - low);
}

/** Curve, then gamma, then direction. */
export function stretched(place: number, transfer: Transfer, equalisation?: ArrayLike<number> | null): number {
  const s = curve(place, transfer.stretch, equalisation) ** (1 / transfer.gamma);
  return transfer.invert ? 1 - s : s;
}

/** `stretched` at `size` places from `vmin` to `vmax`, ends included. */
export function stretchTable(
  transfer: Transfer,
  size: number,
  equalisation?: ArrayLike<number> | null,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: size }, (_, i) => stretched(i / (size - 1), transfer, equalisation));
}

/** Which of the 256 colours of a map. */
export function colourIndex(s: number): number {
  return Math.min(Math.floor(s * 256), 255);
}

/** RGBA of `size` places from `vmin` to `vmax`; `colours` is a table of 256 × RGBA. */
export function colourRamp(
  transfer: Transfer,
  colours: Uint8Array,
  size: number,
  equalisation?: ArrayLike<number> | null,
): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(4 * size);
  for (let i = 0; i < size; i++) {
    const entry = 4 * colourIndex(stretched(i / (size - 1), transfer, equalisation));
    out.set(colours.subarray(entry, entry + 4), 4 * i);
  }
  return out;
}
