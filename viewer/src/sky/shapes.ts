/** The part of the sky in a rectangle of pixels, as each of SODA's shapes. Pure. */
import { lonLat, separationDeg, type Vec3, wrap180 } from "./frames";
import { GRID_POINTS, type PixelRectangle, regionOfRectangle } from "./rectangle";
import { type CircleRegion, contains, makeRange, type PolygonRegion, type RangeRegion } from "./regions";

export type ShapeName = "range" | "polygon" | "circle";

/** Null where there is no such shape of this part of the sky. */
export interface Shapes {
  range: RangeRegion | null;
  polygon: PolygonRegion | null;
  circle: CircleRegion | null;
  /** The one whose pixels are just those of the rectangle. */
  exact: "range" | "polygon" | null;
}

const LAST = GRID_POINTS - 1;
const MIDDLE = (LAST / 2) * GRID_POINTS + LAST / 2;
/** From here on a polygon may mean the other side of the sky. */
const WIDEST_DEG = 80;

/** Shapes of a rectangle, from the unit vectors of `latticeOver`. */
export function shapesOf(rectangle: PixelRectangle, vectors: Float64Array, pixelDeg: number): Shapes {
  const natural = regionOfRectangle("", rectangle, vectors, pixelDeg);
  const points = Array.from({ length: GRID_POINTS * GRID_POINTS }, (_, k): Vec3 | null => {
    const v: Vec3 = [vectors[3 * k], vectors[3 * k + 1], vectors[3 * k + 2]];
    return Number.isFinite(v[0] + v[1] + v[2]) ? v : null;
  });
  const polygon = natural.kind === "polygon" ? natural : corners(points);
  return {
    range: natural.kind === "range" ? natural : surrounding(points, polygon, pixelDeg),
    polygon,
    circle: inner(points),
    exact: natural.kind === "range" || natural.kind === "polygon" ? natural.kind : null,
  };
}

/** The corners joined by great circles, where these surround what is between them. */
function corners(points: (Vec3 | null)[]): PolygonRegion | null {
  const found = [0, LAST, points.length - 1, points.length - 1 - LAST].map((k) => points[k]);
  const middle = points[MIDDLE];
  if (!middle || found.some((v) => v === null || separationDeg(v, middle) > WIDEST_DEG)) return null;
  const polygon: PolygonRegion = { kind: "polygon", corners: (found as Vec3[]).map((v) => lonLat(v)) };
  return contains(polygon, lonLat(middle)) ? polygon : null;
}

/** The smallest range around all of it; around a pole it goes up to that. */
function surrounding(points: (Vec3 | null)[], polygon: PolygonRegion | null, pixelDeg: number): RangeRegion | null {
  const middle = points[MIDDLE];
  const there = points.filter((v) => v !== null);
  if (!middle || there.length < points.length || !polygon) return null;
  const [ra] = lonLat(middle);
  const places = there.map((v) => lonLat(v));
  const decs = places.map(([, dec]) => dec);
  // Sides bulge between two points of the lattice by less than half a step.
  const air = pixelDeg / 2;
  const [low, high] = [Math.min(...decs) - air, Math.max(...decs) + air];
  if (contains(polygon, [0, 90])) return makeRange(0, 360, low, 90);
  if (contains(polygon, [0, -90])) return makeRange(0, 360, -90, high);
  const turns = places.map(([lon]) => wrap180(lon - ra));
  return makeRange(ra + Math.min(...turns), ra + Math.max(...turns), low, high);
}

/** The largest circle about the middle that stays within the rectangle. */
function inner(points: (Vec3 | null)[]): CircleRegion | null {
  const middle = points[MIDDLE];
  if (!middle) return null;
  const rim = points.flatMap((v, k) => {
    const [i, j] = [k % GRID_POINTS, Math.floor(k / GRID_POINTS)];
    return v && (i === 0 || i === LAST || j === 0 || j === LAST) ? [separationDeg(v, middle)] : [];
  });
  const radius = Math.min(...rim, 90);
  const [ra, dec] = lonLat(middle);
  return rim.length && radius > 0 ? { kind: "circle", ra, dec, radius } : null;
}
