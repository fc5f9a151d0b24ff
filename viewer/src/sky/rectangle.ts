/** A rectangle of pixels as a region of the sky, from the unit vectors on a grid over it. Pure. */
import { DEG, lonLat, separationDeg, type Vec3, vector, wrap180 } from "./frames";
import { contains, makeRange, type PolygonRegion, type Position, type RangeRegion, type Region } from "./regions";

/** Points of the grid along each side: few enough turns between two of them that none is lost. */
export const GRID_POINTS = 9;
const ALIGNED_PX = 0.05;

export interface PixelRectangle {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Whole pixels between two places (pixel coordinates), half-open; `width`, `height` bound it, null where it wraps. */
export function rectangleBetween(
  a: [number, number],
  b: [number, number],
  width: number | null,
  height: number,
): PixelRectangle | null {
  const clip = (value: number, length: number | null) =>
    length === null ? value : Math.min(length, Math.max(0, value));
  const ends = (p: number, q: number, length: number | null): [number, number] => [
    clip(Math.floor(Math.min(p, q) + 0.5), length),
    clip(Math.floor(Math.max(p, q) + 0.5) + 1, length),
  ];
  const [x0, x1] = ends(a[0], b[0], width);
  const [y0, y1] = ends(a[1], b[1], height);
  return x1 > x0 && y1 > y0 ? { x0, y0, x1, y1 } : null;
}

/** The lattice of `skygrid` over the outer edges of a rectangle. */
export const latticeOver = ({ x0, y0, x1, y1 }: PixelRectangle) => ({
  x0: x0 - 0.5,
  y0: y0 - 0.5,
  x1: x1 - 0.5,
  y1: y1 - 0.5,
  nx: GRID_POINTS,
  ny: GRID_POINTS,
});

/**
 * A range where rows and columns of the layer follow declination and right ascension, else the polygon of the corners;
 * where these do not surround what was drawn (off the sky, more than half of it) the pixels themselves.
 */
export function regionOfRectangle(
  layer: string,
  rectangle: PixelRectangle,
  vectors: Float64Array,
  pixelDeg: number,
): Region {
  const grid = positions(vectors);
  return alignedRange(grid, pixelDeg) ?? cornerPolygon(grid) ?? { kind: "pixels", layer, ...rectangle };
}

type Grid = (Position | null)[][];

function positions(vectors: Float64Array): Grid {
  return Array.from({ length: GRID_POINTS }, (_, j) =>
    Array.from({ length: GRID_POINTS }, (_, i) => {
      const k = 3 * (j * GRID_POINTS + i);
      const v: Vec3 = [vectors[k], vectors[k + 1], vectors[k + 2]];
      return Number.isFinite(v[0] + v[1] + v[2]) ? lonLat(v) : null;
    }),
  );
}

function alignedRange(grid: Grid, pixelDeg: number): RangeRegion | null {
  const inner = grid.slice(1, -1);
  if (inner.some((row) => row.some((at) => at === null))) return null;
  const rows = inner as Position[][];
  const tolerance = ALIGNED_PX * pixelDeg;
  if (!rows.every((row) => row.every(([, dec]) => Math.abs(dec - row[0][1]) < tolerance))) return null;
  const flat = rows.reduce((a, b) => (Math.abs(a[0][1]) <= Math.abs(b[0][1]) ? a : b));
  const upright = rows.every((row) =>
    row.every(([ra, dec], i) => Math.abs(wrap180(ra - flat[i][0])) * Math.cos(dec * DEG) < tolerance),
  );
  if (!upright) return null;
  const decs = rows.map((row) => row[0][1]);
  const last = decs.length - 1;
  const low = endDec(grid[0], flat, [decs[0], decs[1]], tolerance);
  const high = endDec(grid[grid.length - 1], flat, [decs[last], decs[last - 1]], tolerance);
  return rangeAlong(flat, low, high);
}

/** Declination of an outer row; beyond a pole, where the map ends or comes down on the other side, that of the pole. */
function endDec(row: (Position | null)[], flat: Position[], [near, nearer]: number[], tolerance: number): number {
  const dec = row[0]?.[1] ?? Number.NaN;
  const level = row.every((at) => at !== null && Math.abs(at[1] - dec) < tolerance);
  const over = row.some((at, i) => at !== null && Math.abs(wrap180(at[0] - flat[i][0])) > 90);
  const onward = (dec - near) * (near - nearer) > 0;
  return level && onward && !over ? dec : Math.sign(near - nearer) * 90;
}

function rangeAlong(row: Position[], dec0: number, dec1: number): RangeRegion {
  let span = 0;
  for (let i = 1; i < row.length; i++) span += wrap180(row[i][0] - row[i - 1][0]);
  const start = span >= 0 ? row[0][0] : row[row.length - 1][0];
  // A thousandth of a pixel short of the full circle is the full circle.
  return makeRange(start, start + (Math.abs(span) > 359.999999 ? 360 : Math.abs(span)), dec0, dec1);
}

function cornerPolygon(grid: Grid): PolygonRegion | null {
  const last = GRID_POINTS - 1;
  const corners = [grid[0][0], grid[0][last], grid[last][last], grid[last][0]];
  const middle = grid[last / 2][last / 2];
  if (!middle || corners.some((corner) => corner === null)) return null;
  const polygon: PolygonRegion = { kind: "polygon", corners: corners as Position[] };
  const v = vector(...middle);
  const small = polygon.corners.every((corner) => separationDeg(v, vector(...corner)) < 80);
  return small && contains(polygon, middle) ? polygon : null;
}
