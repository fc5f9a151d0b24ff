/** Heights of rows of a list that is drawn only where it is in view. Pure. */

export const ROW = 30;
export const LINE = 15;

/** Tops of rows from their heights, and the height of all behind them. */
export function topsOf(heights: readonly number[]): Float64Array {
  const tops = new Float64Array(heights.length + 1);
  heights.forEach((height, k) => {
    tops[k + 1] = tops[k] + height;
  });
  return tops;
}

/** The last row that starts at or above `y`. */
export function rowAt(tops: Float64Array, y: number): number {
  let [low, high] = [0, Math.max(0, tops.length - 2)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (tops[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
