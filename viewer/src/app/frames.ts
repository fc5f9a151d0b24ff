/** Longitudes and latitudes between ICRS and the frames on offer. Degrees throughout. */
import type { GridFrame } from "../map/types";
import { lonLat, toFrame, type Vec3, vector } from "../sky/frames";

export type FrameName = GridFrame;

const AXES: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** Longitude and latitude in `frame` of an ICRS position. */
export function fromIcrs(frame: FrameName, ra: number, dec: number): [number, number] {
  return lonLat(toFrame(frame, vector(ra, dec)));
}

/** ICRS position of a longitude and latitude in `frame`. The inverse of a rotation is its transpose. */
export function toIcrs(frame: FrameName, lon: number, lat: number): [number, number] {
  if (frame === "icrs") return [((lon % 360) + 360) % 360, lat];
  const v = vector(lon, lat);
  const [x, y, z] = AXES.map((axis) => {
    const column = toFrame(frame, axis);
    return column[0] * v[0] + column[1] * v[1] + column[2] * v[2];
  });
  return lonLat([x, y, z]);
}
