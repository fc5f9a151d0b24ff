import { describe, expect, it } from "vitest";
import { DEG, type Vec3, vector } from "./frames";
import { GRID_POINTS, latticeOver, rectangleBetween, regionOfRectangle } from "./rectangle";
import { contains, type PolygonRegion, type RangeRegion } from "./regions";

type Sky = (x: number, y: number) => Vec3 | null;

function gridOver(rectangle: { x0: number; y0: number; x1: number; y1: number }, sky: Sky): Float64Array {
  const { x0, y0, x1, y1 } = latticeOver(rectangle);
  const found: number[] = [];
  for (let j = 0; j < GRID_POINTS; j++)
    for (let i = 0; i < GRID_POINTS; i++) {
      const share = [i / (GRID_POINTS - 1), j / (GRID_POINTS - 1)];
      found.push(
        ...(sky(x0 + share[0] * (x1 - x0), y0 + share[1] * (y1 - y0)) ?? [Number.NaN, Number.NaN, Number.NaN]),
      );
    }
  return new Float64Array(found);
}

const drawn = (ends: [number, number, number, number], sky: Sky, pixelDeg: number) => {
  const rectangle = { x0: ends[0], y0: ends[1], x1: ends[2], y1: ends[3] };
  return regionOfRectangle("map", rectangle, gridOver(rectangle, sky), pixelDeg);
};

/** Whole sky of half degrees in 720 × 361 pixels, poles at the centres of the outer rows; RA 0 between 359 and 360. */
const car: Sky = (x, y) => vector(-(x - 359.5) / 2, (y - 180) / 2);
const mirrored: Sky = (x, y) => vector((x - 359.5) / 2, (y - 180) / 2);
/** A tangent plane at a pole, turned; 0.01° a pixel. */
const polar: Sky = (x, y) => {
  const [u, v] = [(x - y * 0.3) * 0.01 * DEG, (y + x * 0.3) * 0.01 * DEG];
  const length = Math.hypot(u, v, 1);
  return [u / length, v / length, 1 / length];
};

describe("a rectangle on a map along RA and Dec", () => {
  it.each([
    ["beside RA 0", [340, 190, 350, 200], [5, 10, 4.75, 9.75]],
    ["across RA 0", [350, 190, 370, 200], [355, 5, 4.75, 9.75]],
    ["beyond the seam of a wrapping map", [-10, 180, 10, 190], [175, 185, -0.25, 4.75]],
    ["wider than half the sky", [100, 180, 600, 190], [240, 130, -0.25, 4.75]],
    ["all around", [0, 180, 720, 190], [0, 360, -0.25, 4.75]],
    ["to both poles", [0, 0, 720, 361], [0, 360, -90, 90]],
    ["to the north pole", [350, 300, 370, 361], [355, 5, 59.75, 90]],
  ] as [string, [number, number, number, number], number[]][])("%s is a range", (_, ends, wanted) => {
    const region = drawn(ends, car, 0.5) as RangeRegion;
    expect(region.kind).toBe("range");
    [region.ra0, region.ra1, region.dec0, region.dec1].forEach((value, k) => {
      expect(value).toBeCloseTo(wanted[k], 9);
    });
  });

  it("goes eastward on a mirrored map too", () => {
    const region = drawn([350, 190, 370, 200], mirrored, 0.5) as RangeRegion;
    expect(region.ra0).toBeCloseTo(355, 9);
    expect(region.ra1).toBeCloseTo(5, 9);
  });
});

describe("a rectangle elsewhere", () => {
  it("is the polygon of its corners, around a pole too", () => {
    const region = drawn([-50, -40, 60, 45], polar, 0.01) as PolygonRegion;
    expect(region.kind).toBe("polygon");
    expect(region.corners).toHaveLength(4);
    expect(contains(region, [123, 90])).toBe(true);
    expect(contains(region, [123, 88.5])).toBe(false);
  });

  it("is its pixels where a corner is off the sky or more than half the sky is meant", () => {
    const edge: Sky = (x, y) => (x < 0 ? null : polar(x, y));
    const pixels = { kind: "pixels", layer: "map", x0: -5, y0: 0, x1: 10, y1: 10 };
    expect(drawn([-5, 0, 10, 10], edge, 0.01)).toEqual(pixels);
    const tilted: Sky = (x, y) => {
      const [a, b, c] = car(x, y) as Vec3;
      return [a, b * 0.8 - c * 0.6, b * 0.6 + c * 0.8];
    };
    expect(drawn([0, 0, 720, 361], tilted, 0.5).kind).toBe("pixels");
  });
});

describe("whole pixels", () => {
  it("are those that were touched", () => {
    expect(rectangleBetween([3.6, 9.4], [1.2, 2.5], 100, 100)).toEqual({ x0: 1, y0: 3, x1: 5, y1: 10 });
    expect(rectangleBetween([3, 3], [3, 3], 100, 100)).toEqual({ x0: 3, y0: 3, x1: 4, y1: 4 });
  });

  it("end with the plane, but not where it wraps", () => {
    expect(rectangleBetween([-20, -20], [5, 5], 100, 100)).toEqual({ x0: 0, y0: 0, x1: 6, y1: 6 });
    expect(rectangleBetween([-20, -20], [5, 5], null, 100)).toEqual({ x0: -20, y0: 0, x1: 6, y1: 6 });
    expect(rectangleBetween([-20, -20], [-5, -5], 100, 100)).toBeNull();
  });
});
