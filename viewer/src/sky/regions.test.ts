import { describe, expect, it } from "vitest";
import { separationDeg, vector } from "./frames";
import {
  borderOf,
  contains,
  cornersOf,
  makeRange,
  middleOf,
  moved,
  type PolygonRegion,
  type Position,
  posText,
  type RangeRegion,
  raSpan,
  resizedRange,
  type SkyRegion,
  sizeOf,
} from "./regions";

const apart = (a: Position, b: Position): number => separationDeg(vector(...a), vector(...b));
const box = (...ends: [number, number, number, number]): RangeRegion => makeRange(...ends);
const polar: PolygonRegion = {
  kind: "polygon",
  corners: [
    [0, 80],
    [90, 80],
    [180, 80],
    [270, 80],
  ],
};

describe("ranges", () => {
  it.each([
    [[350, 370, -5, 5], [350, 10], 20],
    [[350, 10, 5, -5], [350, 10], 20],
    [[-10, 10, -5, 5], [350, 10], 20],
    [[10, 350, -5, 5], [10, 350], 340],
    [[0, 360, -90, 90], [0, 360], 360],
    [[-180, 180, -5, 5], [0, 360], 360],
    [[100, 500, -5, 5], [0, 360], 360],
    [[5, 5, 0, 1], [5, 5], 0],
  ] as [[number, number, number, number], [number, number], number][])("%j is from %j", (ends, [ra0, ra1], span) => {
    const range = box(...ends);
    expect([range.ra0, range.ra1]).toEqual([ra0, ra1]);
    expect(raSpan(range)).toBeCloseTo(span, 9);
    expect(range.dec0).toBeLessThanOrEqual(range.dec1);
  });

  it("stay on the sky", () => {
    expect(box(0, 10, -100, 200)).toMatchObject({ dec0: -90, dec1: 90 });
  });

  it("hold what lies between their ends, across RA 0 too", () => {
    const range = box(350, 10, -5, 5);
    for (const ra of [350, 359.9, 0, 10]) expect(contains(range, [ra, 0])).toBe(true);
    for (const ra of [10.1, 180, 349.9]) expect(contains(range, [ra, 0])).toBe(false);
    expect(contains(range, [0, 5.1])).toBe(false);
    expect(contains(box(0, 360, 80, 90), [213, 90])).toBe(true);
    expect(middleOf(range)).toEqual([0, 0]);
    expect(sizeOf(range)).toEqual([20, 10]);
    expect(sizeOf(box(0, 20, 60, 70))[0]).toBeCloseTo(10, 9);
  });

  it("move without leaving the sky", () => {
    expect(moved(box(350, 10, -5, 5), [0, 0], [20, 3])).toEqual(box(10, 30, -2, 8));
    expect(moved(box(10, 30, 80, 85), [20, 80], [20, 100])).toEqual(box(10, 30, 85, 90));
    expect(moved(box(0, 360, 80, 85), [20, 80], [50, 80])).toEqual(box(0, 360, 80, 85));
  });

  it.each([
    [1, [20, -8], [350, 20, -8, 5]],
    [0, [340, -8], [340, 10, -8, 5]],
    [2, [5, 9], [350, 5, -5, 9]],
    [3, [355, 9], [355, 10, -5, 9]],
    [1, [345, -8], [345, 350, -8, 5]],
    [3, [15, 9], [10, 15, -5, 9]],
    [0, [355, 8], [355, 10, 5, 8]],
  ] as [number, Position, [number, number, number, number]][])("corner %i dragged to %j", (corner, to, wanted) => {
    expect(resizedRange(box(350, 10, -5, 5), corner, to)).toEqual(box(...wanted));
  });

  it("grow beyond half the sky without turning over", () => {
    expect(resizedRange(box(0, 170, 0, 1), 1, [200, 0])).toEqual(box(0, 200, 0, 1));
    expect(resizedRange(box(0, 200, 0, 1), 1, [300, 0])).toEqual(box(0, 300, 0, 1));
  });
});

describe("polygons", () => {
  it("hold the pole they surround, whatever the longitude", () => {
    for (const ra of [0, 45, 200]) {
      expect(contains(polar, [ra, 90])).toBe(true);
      expect(contains(polar, [ra, 86])).toBe(true);
      expect(contains(polar, [ra, 79])).toBe(false);
      expect(contains(polar, [ra, -90])).toBe(false);
    }
    // The great circle between two corners runs nearer to the pole than their parallel.
    expect(contains(polar, [45, 82])).toBe(false);
    expect(middleOf(polar)[1]).toBeCloseTo(90, 9);
    expect(sizeOf(polar)[0]).toBeCloseTo(20, 9);
  });

  it("keep their shape when moved over a pole", () => {
    const there = moved(polar, [30, 88], [250, 60]);
    const sides = (region: PolygonRegion) => region.corners.map((c, k) => apart(c, region.corners[(k + 1) % 4]));
    sides(there).forEach((side, k) => {
      expect(side).toBeCloseTo(sides(polar)[k], 9);
    });
    expect(contains(there, [250, 60])).toBe(true);
    const same = moved(polar, [10, 10], [10, 10]);
    same.corners.forEach((corner, k) => {
      expect(apart(corner, polar.corners[k])).toBeLessThan(1e-9);
    });
  });
});

describe("circles", () => {
  it.each([
    [10, 20, 5],
    [0, 90, 3],
    [359, -89, 4],
    [200, 0, 90],
  ])("have all of their border at their radius: %f %f %f", (ra, dec, radius) => {
    const [border] = borderOf({ kind: "circle", ra, dec, radius });
    for (const place of border) expect(apart(place, [ra, dec])).toBeCloseTo(radius, 9);
    expect(apart(border[0], border[border.length - 1])).toBeLessThan(1e-9);
    expect(contains({ kind: "circle", ra, dec, radius }, [ra, dec])).toBe(true);
  });

  it("follow the pointer", () => {
    const there = moved({ kind: "circle", ra: 10, dec: 89, radius: 3 }, [10, 89.5], [190, 89.5]);
    expect(there.radius).toBe(3);
    expect(apart([there.ra, there.dec], [190, 89.5])).toBeCloseTo(0.5, 9);
  });
});

describe("borders", () => {
  it.each([
    ["a range", box(350, 10, -5, 5)],
    ["a range at a pole", box(0, 90, 60, 90)],
    ["a polygon", polar],
  ] as [string, SkyRegion][])("of %s are closed and go through its corners", (_, region) => {
    const [border] = borderOf(region);
    expect(apart(border[0], border[border.length - 1])).toBeLessThan(1e-9);
    for (const corner of cornersOf(region)) expect(Math.min(...border.map((p) => apart(p, corner)))).toBeLessThan(1e-9);
  });

  it("of a full circle are two parallels", () => {
    const lines = borderOf(box(0, 360, -5, 5));
    expect(lines).toHaveLength(2);
    expect(cornersOf(box(0, 360, -5, 5))).toEqual([]);
  });
});

it("says a region as the server reads it", () => {
  expect(posText(box(350, 10, -5, 5))).toBe("RANGE 350 10 -5 5");
  expect(posText({ kind: "circle", ra: 1 / 3, dec: 0, radius: 0.1 })).toBe("CIRCLE 0.333333333 0 0.1");
  expect(posText(polar)).toBe("POLYGON 0 80 90 80 180 80 270 80");
});
