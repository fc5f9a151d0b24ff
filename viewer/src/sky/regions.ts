/** Regions of the sky and of pixels: their borders, middles and moves. Degrees, ICRS. Pure. */
import { DEG, lonLat, separationDeg, type Vec3, vector } from "./frames";

export type Position = [ra: number, dec: number];

/** From `ra0` eastward to `ra1`, so across RA 0 where `ra0 > ra1`; 0 to 360 is the full circle. */
export interface RangeRegion {
  kind: "range";
  ra0: number;
  ra1: number;
  dec0: number;
  dec1: number;
}
/** Corners joined by great circles; the smaller side is meant. */
export interface PolygonRegion {
  kind: "polygon";
  corners: Position[];
}
export interface CircleRegion {
  kind: "circle";
  ra: number;
  dec: number;
  radius: number;
}
/** A window of one layer, half-open. */
export interface PixelRegion {
  kind: "pixels";
  layer: string;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}
export type SkyRegion = RangeRegion | PolygonRegion | CircleRegion;
export type Region = SkyRegion | PixelRegion;

const EDGE_POINTS = 24;
const CIRCLE_POINTS = 120;

const turn = (ra: number): number => (ra >= 0 && ra < 360 ? ra : ((ra % 360) + 360) % 360);
const clampDec = (dec: number): number => Math.min(90, Math.max(-90, dec));

/** Right ascension in [0, 360), declination in [−90, 90]. */
export const normalPosition = ([ra, dec]: Position): Position => [turn(ra), clampDec(dec)];

/** A range with its ends in order; spans of a full turn and more are the full circle. */
export function makeRange(ra0: number, ra1: number, dec0: number, dec1: number): RangeRegion {
  const [low, high] = [clampDec(Math.min(dec0, dec1)), clampDec(Math.max(dec0, dec1))];
  if (ra1 - ra0 >= 360) return { kind: "range", ra0: 0, ra1: 360, dec0: low, dec1: high };
  return { kind: "range", ra0: turn(ra0), ra1: turn(ra1), dec0: low, dec1: high };
}

/** Degrees of right ascension that a range spans. */
export function raSpan({ ra0, ra1 }: RangeRegion): number {
  return ra1 >= ra0 ? Math.min(360, ra1 - ra0) : ra1 - ra0 + 360;
}

const figure = (value: number): string => String(Number(value.toFixed(9)));

/** What the server's parameter `POS` says for a region. */
export function posText(region: SkyRegion): string {
  if (region.kind === "circle") return ["CIRCLE", region.ra, region.dec, region.radius].map(word).join(" ");
  if (region.kind === "range") return ["RANGE", region.ra0, region.ra1, region.dec0, region.dec1].map(word).join(" ");
  return ["POLYGON", ...region.corners.flat()].map(word).join(" ");
}

const word = (value: string | number): string => (typeof value === "string" ? value : figure(value));

const dot = (a: Readonly<Vec3>, b: Readonly<Vec3>): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Readonly<Vec3>, b: Readonly<Vec3>): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

const mean = (vectors: Vec3[]): Vec3 => [0, 1, 2].map((k) => vectors.reduce((sum, v) => sum + v[k], 0)) as Vec3;

/** Middle of a region on the sky. */
export function middleOf(region: SkyRegion): Position {
  if (region.kind === "circle") return [region.ra, region.dec];
  if (region.kind === "range")
    return [turn(region.ra0 + raSpan(region) / 2), clampDec((region.dec0 + region.dec1) / 2)];
  return lonLat(mean(region.corners.map((corner) => vector(...corner))));
}

/** Width and height in degrees of the sky, for looking at it. */
export function sizeOf(region: SkyRegion): [number, number] {
  if (region.kind === "circle") return [2 * region.radius, 2 * region.radius];
  if (region.kind === "range") {
    const nearest = region.dec0 * region.dec1 <= 0 ? 0 : Math.min(Math.abs(region.dec0), Math.abs(region.dec1));
    return [raSpan(region) * Math.cos(nearest * DEG), region.dec1 - region.dec0];
  }
  const middle = vector(...middleOf(region));
  const reach = 2 * Math.max(...region.corners.map((corner) => separationDeg(middle, vector(...corner))));
  return [reach, reach];
}

export function contains(region: SkyRegion, [ra, dec]: Position): boolean {
  if (region.kind === "circle") return separationDeg(vector(region.ra, region.dec), vector(ra, dec)) <= region.radius;
  if (region.kind === "range")
    return dec >= region.dec0 && dec <= region.dec1 && turn(ra - region.ra0) <= raSpan(region);
  return windsAround(region.corners, vector(ra, dec), vector(...middleOf(region)));
}

/** Whether the border goes once around a point of the half of the sky that holds the polygon. */
function windsAround(corners: Position[], point: Vec3, middle: Vec3): boolean {
  if (dot(point, middle) <= 0) return false;
  const { north, east } = tangents(point);
  const angles = corners.map((corner) => {
    const v = vector(...corner);
    return Math.atan2(dot(v, east), dot(v, north));
  });
  let sum = 0;
  angles.forEach((angle, k) => {
    const step = angles[(k + 1) % angles.length] - angle;
    sum += Math.atan2(Math.sin(step), Math.cos(step));
  });
  return Math.abs(sum) > Math.PI;
}

/** Two unit vectors across a third; north and east except at the poles, where any will do. */
function tangents(v: Readonly<Vec3>): { north: Vec3; east: Vec3 } {
  const cos = Math.hypot(v[0], v[1]);
  const east: Vec3 = cos > 1e-12 ? [-v[1] / cos, v[0] / cos, 0] : [0, 1, 0];
  return { east, north: cross(v, east) };
}

/** Places along the border, closed; a range of the full circle has two borders. */
export function borderOf(region: SkyRegion): Position[][] {
  if (region.kind === "circle") return [circleBorder(region)];
  if (region.kind === "polygon") {
    const { corners } = region;
    return [
      corners.flatMap((corner, k) => greatCircle(corner, corners[(k + 1) % corners.length])).concat([corners[0]]),
    ];
  }
  return rangeBorder(region);
}

function circleBorder({ ra, dec, radius }: CircleRegion): Position[] {
  const v = vector(ra, dec);
  const { north, east } = tangents(v);
  const [cos, sin] = [Math.cos(radius * DEG), Math.sin(radius * DEG)];
  return Array.from({ length: CIRCLE_POINTS + 1 }, (_, k) => {
    const angle = (2 * Math.PI * k) / CIRCLE_POINTS;
    const [n, e] = [sin * Math.cos(angle), sin * Math.sin(angle)];
    return lonLat([0, 1, 2].map((i) => cos * v[i] + n * north[i] + e * east[i]) as Vec3);
  });
}

/** From a to b without b, along the great circle. */
function greatCircle(a: Position, b: Position): Position[] {
  const [u, v] = [vector(...a), vector(...b)];
  return Array.from({ length: EDGE_POINTS }, (_, k) => {
    const share = k / EDGE_POINTS;
    return lonLat([0, 1, 2].map((i) => (1 - share) * u[i] + share * v[i]) as Vec3);
  });
}

function rangeBorder(region: RangeRegion): Position[][] {
  const { ra0, dec0, dec1 } = region;
  const span = raSpan(region);
  const points = EDGE_POINTS * Math.ceil(span / 60) || EDGE_POINTS;
  const along = (dec: number): Position[] =>
    Array.from({ length: points + 1 }, (_, k) => [turn(ra0 + (span * k) / points), dec]);
  if (span >= 360) return [along(dec0), along(dec1)];
  const up = (ra: number, from: number, to: number): Position[] =>
    Array.from({ length: EDGE_POINTS + 1 }, (_, k) => [turn(ra), from + ((to - from) * k) / EDGE_POINTS]);
  const [low, high] = [along(dec0), along(dec1).reverse()];
  return [[...low, ...up(ra0 + span, dec0, dec1), ...high, ...up(ra0, dec1, dec0)]];
}

/** The corners that can be dragged, in order around the region. */
export function cornersOf(region: SkyRegion): Position[] {
  if (region.kind === "circle") return [];
  if (region.kind === "polygon") return region.corners;
  const { ra0, ra1, dec0, dec1 } = region;
  if (raSpan(region) >= 360) return [];
  return [
    [ra0, dec0],
    [ra1, dec0],
    [ra1, dec1],
    [ra0, dec1],
  ];
}

/** The region moved as `from` goes to `to`. Ranges keep their sides: they shift in right ascension and declination. */
export function moved<T extends SkyRegion>(region: T, from: Position, to: Position): T {
  if (region.kind === "range") return shifted(region, to[0] - from[0], to[1] - from[1]) as T;
  const rotate = rotation(vector(...from), vector(...to));
  if (region.kind === "circle") {
    const [ra, dec] = lonLat(rotate(vector(region.ra, region.dec)));
    return { ...region, ra, dec };
  }
  return { ...region, corners: region.corners.map((corner) => lonLat(rotate(vector(...corner)))) };
}

function shifted(region: RangeRegion, byRa: number, byDec: number): RangeRegion {
  const up = Math.min(90 - region.dec1, Math.max(-90 - region.dec0, byDec));
  const full = raSpan(region) >= 360;
  return {
    ...region,
    ra0: full ? 0 : turn(region.ra0 + byRa),
    ra1: full ? 360 : turn(region.ra1 + byRa),
    dec0: region.dec0 + up,
    dec1: region.dec1 + up,
  };
}

/** The shortest turn that takes `a` to `b` (Rodrigues' formula). */
function rotation(a: Vec3, b: Vec3): (v: Vec3) => Vec3 {
  const axis = cross(a, b);
  const [sin, cos] = [Math.hypot(...axis), dot(a, b)];
  if (sin < 1e-15) return (v) => v;
  const k = axis.map((c) => c / sin) as Vec3;
  return (v) => {
    const [side, along] = [cross(k, v), dot(k, v) * (1 - cos)];
    return [0, 1, 2].map((i) => v[i] * cos + side[i] * sin + k[i] * along) as Vec3;
  };
}

/** A range of which one corner (as in `cornersOf`) was dragged to `to`; the opposite one stays. */
export function resizedRange(region: RangeRegion, corner: number, to: Position): RangeRegion {
  const east = corner === 1 || corner === 2;
  const fixedDec = corner < 2 ? region.dec1 : region.dec0;
  const fixedRa = east ? region.ra0 : region.ra1;
  const span = turn(east ? to[0] - fixedRa : fixedRa - to[0]);
  // Dragged over the other side the span would jump to nearly a full turn.
  const crossed = raSpan(region) < 180 && span > 270;
  const [ra0, ra1] = east !== crossed ? [fixedRa, to[0]] : [to[0], fixedRa];
  return makeRange(turn(ra0), turn(ra1), fixedDec, to[1]);
}

/** The position `byEast`, `byNorth` degrees away, for moves by keys. */
export function nudged([ra, dec]: Position, byEast: number, byNorth: number): Position {
  const cos = Math.max(Math.cos(dec * DEG), 0.01);
  return [turn(ra + byEast / cos), clampDec(dec + byNorth)];
}
