/** Celestial frames as rotations of ICRS unit vectors. Angles in degrees unless the name says otherwise. */
import type { GridFrame } from "../map/types";

export type Vec3 = [number, number, number];
type Matrix = readonly [Vec3, Vec3, Vec3];

export const DEG = Math.PI / 180;

/** ICRS to galactic: Hipparcos catalogue (ESA SP-1200), volume 1, section 1.5.3. */
const GALACTIC: Matrix = [
  [-0.0548755604162154, -0.873437090234885, -0.4838350155487132],
  [0.4941094278755837, -0.4448296299600112, 0.746982244497219],
  [-0.8676661490190047, -0.1980763734312015, 0.4559837761750669],
];

/** Mean obliquity of J2000, IAU 2006. */
const OBLIQUITY = (84381.406 / 3600) * DEG;
const ECLIPTIC: Matrix = [
  [1, 0, 0],
  [0, Math.cos(OBLIQUITY), Math.sin(OBLIQUITY)],
  [0, -Math.sin(OBLIQUITY), Math.cos(OBLIQUITY)],
];

const IDENTITY: Matrix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

const MATRICES: Record<GridFrame, Matrix> = { icrs: IDENTITY, galactic: GALACTIC, ecliptic: ECLIPTIC };

/** An ICRS vector seen in another frame. */
export function toFrame(frame: GridFrame, v: Readonly<Vec3>): Vec3 {
  if (frame === "icrs") return [v[0], v[1], v[2]];
  const m = MATRICES[frame];
  const row = (i: number) => m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
  return [row(0), row(1), row(2)];
}

export function vector(lonDeg: number, latDeg: number): Vec3 {
  const lon = lonDeg * DEG;
  const lat = latDeg * DEG;
  return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)];
}

/** Longitude in [0, 360) and latitude of a vector of any length. */
export function lonLat(v: Readonly<Vec3>): [number, number] {
  const lon = Math.atan2(v[1], v[0]) / DEG;
  return [lon < 0 ? (lon + 360) % 360 : lon, Math.atan2(v[2], Math.hypot(v[0], v[1])) / DEG];
}

/** Angle between two vectors, exact for small and large ones alike. */
export function separationDeg(a: Readonly<Vec3>, b: Readonly<Vec3>): number {
  const cx = a[1] * b[2] - a[2] * b[1];
  const cy = a[2] * b[0] - a[0] * b[2];
  const cz = a[0] * b[1] - a[1] * b[0];
  return Math.atan2(Math.hypot(cx, cy, cz), a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / DEG;
}

/** `angle` brought into [−180, 180). */
export const wrap180 = (angle: number): number => angle - 360 * Math.floor((angle + 180) / 360);
