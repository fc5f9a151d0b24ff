/** From the numbers of a column to shares of a range: for sizes and colours. Pure. */

export interface ValueScale {
  lo: number;
  hi: number;
  log: boolean;
  /** Small numbers mean much: magnitudes. */
  inverted: boolean;
}

const OUTLIERS = 0.01;
const DECADES = 2;

/**
 * The range of most of the values: the outermost hundredth on both sides is left out. Positive values over more
 * than two decades are taken by their logarithms. Null where there are none.
 */
export function makeScale(values: ArrayLike<number>, inverted = false): ValueScale | null {
  const sorted = Float64Array.from(finite(values)).sort();
  if (sorted.length === 0) return null;
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const [lo, hi] = [at(OUTLIERS), at(1 - OUTLIERS)];
  const log = !inverted && lo > 0 && hi / lo > 10 ** DECADES;
  return { lo, hi, log, inverted };
}

function* finite(values: ArrayLike<number>): Generator<number> {
  for (let k = 0; k < values.length; k++) if (Number.isFinite(values[k])) yield values[k];
}

/** Place of a value in the range, 0 to 1; NaN of what is no number. */
export function shareOf({ lo, hi, log, inverted }: ValueScale, value: number): number {
  if (Number.isNaN(value)) return Number.NaN;
  if (!(hi > lo)) return 0.5;
  const raw = log ? (value > 0 ? Math.log(value / lo) / Math.log(hi / lo) : 0) : (value - lo) / (hi - lo);
  const share = Math.min(1, Math.max(0, raw));
  return inverted ? 1 - share : share;
}

/** Value at a share of the range: what a legend says. */
export function valueAt({ lo, hi, log, inverted }: ValueScale, share: number): number {
  const t = inverted ? 1 - share : share;
  return log ? lo * (hi / lo) ** t : lo + t * (hi - lo);
}

/** Diameter of a value; what is no number is the smallest. */
export function diameterOf(scale: ValueScale, value: number, [least, most]: readonly [number, number]): number {
  const share = shareOf(scale, value);
  return Number.isNaN(share) ? least : least + share * (most - least);
}
