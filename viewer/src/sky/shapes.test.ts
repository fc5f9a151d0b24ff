import { describe, expect, it } from "vitest";
import { DEG, separationDeg, type Vec3, vector } from "./frames";
import { GRID_POINTS, latticeOver, type PixelRectangle } from "./rectangle";
import { contains } from "./regions";
import { shapesOf } from "./shapes";

type Sky = (x: number, y: number) => Vec3 | null;

function shapes(ends: [number, number, number, number], sky: Sky, pixelDeg: number) {
  const rectangle: PixelRectangle = { x0: ends[0], y0: ends[1], x1: ends[2], y1: ends[3] };
  const { x0, y0, x1, y1 } = latticeOver(rectangle);
  const last = GRID_POINTS - 1;
  const found = Array.from({ length: GRID_POINTS ** 2 }, (_, k) => {
    const [i, j] = [k % GRID_POINTS, Math.floor(k / GRID_POINTS)];
    return sky(x0 + (i / last) * (x1 - x0), y0 + (j / last) * (y1 - y0)) ?? [Number.NaN, Number.NaN, Number.NaN];
  });
  return shapesOf(rectangle, new Float64Array(found.flat()), pixelDeg);
}

const car: Sky = (x, y) => vector(-(x - 359.5) / 2, (y - 180) / 2);
/** A tangent plane, turned, 0.01° a pixel, about a declination. */
const tan =
  (ra: number, dec: number): Sky =>
  (x, y) => {
    const [u, v] = [(x - y * 0.3) * 0.01 * DEG, (y + x * 0.3) * 0.01 * DEG];
    const length = Math.hypot(u, v, 1);
    const [sin, cos] = [Math.sin(dec * DEG), Math.cos(dec * DEG)];
    const [a, b, c] = [u / length, (cos - v * sin) / length, (sin + v * cos) / length];
    const [s, t] = [Math.sin(ra * DEG), Math.cos(ra * DEG)];
    return [b * t - a * s, b * s + a * t, c];
  };

describe("the shapes of what is shown", () => {
  it("on a map along RA and Dec are the range itself, and the others within it", () => {
    const { range, polygon, circle, exact } = shapes([350, 190, 370, 200], car, 0.5);
    expect(exact).toBe("range");
    expect([range?.ra0, range?.ra1]).toEqual([355, 5].map((value) => expect.closeTo(value, 9)));
    expect(polygon?.corners).toHaveLength(4);
    expect(circle?.radius).toBeCloseTo(2.5, 2);
    expect(circle?.dec).toBeCloseTo(7.25, 6);
  });

  it("on a turned image are the polygon of its corners, a range around it and a circle in it", () => {
    const { range, polygon, circle, exact } = shapes([-100, -80, 101, 81], tan(30, 40), 0.01);
    expect(exact).toBe("polygon");
    for (const corner of polygon?.corners ?? []) expect(range && contains(range, corner)).toBe(true);
    expect(circle?.radius).toBeGreaterThan(0.8);
    expect(circle?.radius).toBeLessThan(0.9);
    const rim = circle && separationDeg(vector(circle.ra, circle.dec), vector(30, 40));
    expect(rim).toBeLessThan(0.01);
  });

  it("across RA 0 have a range that crosses it", () => {
    const { range } = shapes([-100, -80, 101, 81], tan(0, 40), 0.01);
    expect(range?.ra0).toBeGreaterThan(350);
    expect(range?.ra1).toBeLessThan(10);
  });

  it("around a pole have a range all around", () => {
    const { range, polygon } = shapes([-100, -80, 101, 81], tan(30, -90), 0.01);
    expect(range).toMatchObject({ ra0: 0, ra1: 360, dec0: -90 });
    expect(polygon && contains(polygon, [0, -90])).toBe(true);
  });

  it("of nearly the whole sky are a range, never a polygon that may mean the other side", () => {
    const { range, polygon } = shapes([0, 0, 720, 361], car, 0.5);
    expect(range).toMatchObject({ ra0: 0, ra1: 360, dec0: -90, dec1: 90 });
    expect(polygon).toBeNull();
  });

  it("are none where there is no sky", () => {
    expect(shapes([0, 0, 10, 10], () => null, 0.5)).toEqual({ range: null, polygon: null, circle: null, exact: null });
  });
});
