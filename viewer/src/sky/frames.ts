/** Celestial frames as rotations of ICRS unit vectors. Angles in degrees unless the name says otherwise. */
import type { GridFrame } from "../map/types";

export type Vec3 = [number, number, number];
type Matrix = readonly [Vec3, Vec3, Vec3];

export const DEG = Math.PI / 180;

/**
 * ICRS to galactic by way of FK5 (IAU 1958 pole, Reid & Brunthaler 2004, appendix), as astropy and the server do it:
 * the rounded matrix of the Hipparcos catalogue lies 25 mas beside it.
 */
const GALACTIC: Matrix = [
  [-0.05487565771259163, -0.8734370519556159, -0.48383507361671546],
  [0.4941094371927268, -0.4448297212232952, 0.7469821839866676],
  [-0.8676661375596576, -0.19807633727300053, 0.4559838136873016],
];

/** ICRS to the barycentric mean ecliptic of J2000: frame bias and obliquity of IAU 2006, as in astropy. */
const ECLIPTIC: Matrix = [
  [0.9999999999999941, -7.078368960971556e-8, 8.056213977613186e-8],
  [3.2897004077419646e-8, 0.9174821299149584, 0.39777699944404793],
  [-1.0207044725484355e-7, -0.39777699944404304, 0.9174821299149556],
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
