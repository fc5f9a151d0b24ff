import { describe, expect, it } from "vitest";
import { ViewTransform } from "./transform";

const view = { centerX: 100, centerY: 50, resolution: 0.5, width: 800, height: 600, nx: 400, ny: 300 };

describe("ViewTransform", () => {
  it("goes to pixels and back, mirrored or not", () => {
    for (const mirror of [false, true]) {
      const it = new ViewTransform({ ...view, mirror });
      const [x, y] = it.toPixel(123, 456);
      const [sx, sy] = it.toScreen(x, y);
      expect(sx).toBeCloseTo(123, 9);
      expect(sy).toBeCloseTo(456, 9);
    }
  });

  it("grows x to the right and y upward, x to the left when mirrored", () => {
    const plain = new ViewTransform({ ...view, mirror: false });
    expect(plain.toPixel(400, 300)).toEqual([100, 50]);
    expect(plain.toPixel(402, 298)).toEqual([101, 51]);
    const mirrored = new ViewTransform({ ...view, mirror: true });
    expect(mirrored.toPixel(400, 300)).toEqual([299, 50]);
    expect(mirrored.toPixel(402, 300)).toEqual([298, 50]);
  });

  it("measures what is in view from the outer edge of the top left pixel", () => {
    const all = { ...view, centerX: 199.5, centerY: 149.5, resolution: 1, width: 400, height: 300 };
    for (const mirror of [false, true]) {
      expect(new ViewTransform({ ...all, mirror }).box).toEqual({ u0: 0, u1: 400, v0: 0, v1: 300 });
    }
  });

  it("finds the nearest copy of a column", () => {
    const it = new ViewTransform({ ...view, centerX: 1439, mirror: false });
    expect(it.nearest(2, 1440)).toBe(1442);
    expect(it.nearest(1000, 1440)).toBe(1000);
    expect(it.nearest(2, null)).toBe(2);
  });
});
