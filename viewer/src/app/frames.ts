/** Celestial frames as rotations of ICRS. Degrees throughout. */

export type FrameName = "icrs" | "galactic" | "ecliptic";
type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** ICRS to galactic: The Hipparcos and Tycho Catalogues (ESA SP-1200), vol. 1, eq. 1.5.11. */
const GALACTIC: Matrix = [
  -0.0548755604162154, -0.873437090234885, -0.4838350155487132, 0.4941094278755837, -0.4448296299600112,
  0.7469822444972189, -0.8676661490190047, -0.1980763734312015, 0.4559837761750669,
];

/** Mean obliquity at J2000.0, IAU 2006 (84381.406″); the frame bias of 0.02″ is left out. */
const OBLIQUITY = ((84381.406 / 3600) * Math.PI) / 180;
const ECLIPTIC: Matrix = [
  1,
  0,
  0,
  0,
  Math.cos(OBLIQUITY),
  Math.sin(OBLIQUITY),
  0,
  -Math.sin(OBLIQUITY),
  Math.cos(OBLIQUITY),
];

const RADIANS = Math.PI / 180;

function rotate(m: Matrix, lon: number, lat: number, inverse: boolean): [number, number] {
  const c = Math.cos(lat * RADIANS);
  const v = [c * Math.cos(lon * RADIANS), c * Math.sin(lon * RADIANS), Math.sin(lat * RADIANS)];
  const at = (row: number, col: number) => (inverse ? m[3 * col + row] : m[3 * row + col]);
  const [x, y, z] = [0, 1, 2].map((row) => at(row, 0) * v[0] + at(row, 1) * v[1] + at(row, 2) * v[2]);
  const out = Math.atan2(y, x) / RADIANS;
  return [out < 0 ? out + 360 : out, Math.atan2(z, Math.hypot(x, y)) / RADIANS];
}

/** Longitude and latitude in `frame` of an ICRS position. */
export function fromIcrs(frame: FrameName, ra: number, dec: number): [number, number] {
  if (frame === "icrs") return [((ra % 360) + 360) % 360, dec];
  return rotate(frame === "galactic" ? GALACTIC : ECLIPTIC, ra, dec, false);
}

/** ICRS position of a longitude and latitude in `frame`. */
export function toIcrs(frame: FrameName, lon: number, lat: number): [number, number] {
  if (frame === "icrs") return [((lon % 360) + 360) % 360, lat];
  return rotate(frame === "galactic" ? GALACTIC : ECLIPTIC, lon, lat, true);
}
