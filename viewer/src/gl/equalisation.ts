/** The table behind the `histeq` stretch: the share of values below, from `vmin` (0) to `vmax` (1). */

export const EQUALISATION_SIZE = 4096;

/** `cdf` at `value`, linear between the edges. `cdf[i]` belongs to `edges[i]`. */
function share(edges: readonly number[], cdf: readonly number[], value: number): number {
  const last = edges.length - 1;
  if (!(value > edges[0])) return cdf[0];
  if (value >= edges[last]) return cdf[last];
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) low = middle;
    else high = middle;
  }
  const width = edges[high] - edges[low];
  const t = width > 0 ? (value - edges[low]) / width : 0;
  return cdf[low] + t * (cdf[high] - cdf[low]);
}

/** Null where the histogram says nothing about the range. A `cdf` one shorter than `edges` counts up to right edges. */
export function equalisationTable(
  edges: readonly number[],
  cdf: readonly number[],
  { vmin, vmax, absolute }: { vmin: number; vmax: number; absolute: boolean },
): Float32Array | null {
  const shares = cdf.length === edges.length - 1 ? [0, ...cdf] : cdf;
  if (edges.length < 2 || shares.length !== edges.length) return null;
  // Of absolute values the histogram knows both sides.
  const below = (value: number) => share(edges, shares, value) - (absolute ? share(edges, shares, -value) : 0);
  const low = below(vmin);
  const span = below(vmax) - low;
  if (!(span > 0)) return null;
  const table = new Float32Array(EQUALISATION_SIZE);
  for (let i = 0; i < EQUALISATION_SIZE; i++) {
    const value = vmin + ((vmax - vmin) * i) / (EQUALISATION_SIZE - 1);
    table[i] = Math.min(Math.max((below(value) - low) / span, 0), 1);
  }
  return table;
}
