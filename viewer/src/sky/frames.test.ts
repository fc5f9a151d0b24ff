import { describe, expect, it } from "vitest";
import { lonLat, separationDeg, toFrame, type Vec3, vector, wrap180 } from "./frames";

const near = (a: [number, number], b: [number, number], within: number) =>
  expect(separationDeg(vector(...a), vector(...b))).toBeLessThan(within);

describe("frames, against astropy", () => {
  // SkyCoord(ra, dec, unit="deg").galactic, .transform_to("barycentricmeanecliptic")
  const cases: [[number, number], [number, number], [number, number]][] = [
    [
      [266.4049882865, -28.9361777624],
      [0, 0],
      [266.83951978, -5.53632807],
    ],
    [
      [192.8594812, 27.1282512],
      [10.48991839, 89.99999682],
      [180.02322498, 29.81144592],
    ],
    [
      [83.8, -5.4],
      [209.01160778, -19.40522999],
      [82.95983324, -28.68788854],
    ],
    [
      [0, 0],
      [96.33728337, -60.18855195],
      [0.00000188, -0.00000585],
    ],
  ];
  it.each(cases)("%j", (icrs, galactic, ecliptic) => {
    near(lonLat(toFrame("galactic", vector(...icrs))), galactic, 1e-7);
    near(lonLat(toFrame("ecliptic", vector(...icrs))), ecliptic, 1e-7);
    near(lonLat(toFrame("icrs", vector(...icrs))), icrs, 1e-12);
  });

  it("rotates without stretching", () => {
    for (const frame of ["galactic", "ecliptic"] as const) {
      const v = toFrame(frame, vector(123, 45));
      expect(Math.hypot(...v)).toBeCloseTo(1, 14);
    }
  });
});

it("goes to vectors and back, poles included", () => {
  for (const lon of [0, 0.1, 90, 179.999, 180, 270, 359.999999]) {
    for (const lat of [-90, -45, 0, 1e-9, 89.9999, 90]) near(lonLat(vector(lon, lat)), [lon, lat], 1e-13);
  }
  expect(lonLat([1, -1e-30, 0])[0]).toBeLessThan(360);
});

it("measures tiny and half-circle separations", () => {
  const a = vector(10, 20);
  expect(separationDeg(a, vector(10, 20 + 1e-9)) / 1e-9).toBeCloseTo(1, 4);
  expect(separationDeg(a, [-a[0], -a[1], -a[2]] as Vec3)).toBeCloseTo(180, 10);
});

it("brings angles into [-180, 180)", () => {
  expect(wrap180(180)).toBe(-180);
  expect(wrap180(-181)).toBe(179);
  expect(wrap180(359)).toBe(-1);
});
