import { describe, expect, it } from "vitest";
import type { LayerInfo } from "../api/types";
import { rectangleAround } from "./view-region";

const plain = { shape: [300, 400], tile_size: 256, levels: 1, full_circle: false, wrap_period_px: null } as LayerInfo;
const around = { ...plain, shape: [361, 720], full_circle: true, wrap_period_px: 720 } as LayerInfo;

describe("the pixels in the window", () => {
  it("are those of the image, however far one looks", () => {
    expect(rectangleAround(plain, { x: 200, y: 150, scale: 0.5 }, { width: 100, height: 80 })).toEqual({
      x0: 175,
      y0: 130,
      x1: 226,
      y1: 171,
    });
    expect(rectangleAround(plain, { x: 0, y: 0, scale: 10 }, { width: 100, height: 80 })).toMatchObject({
      x0: 0,
      y0: 0,
      x1: 400,
    });
    expect(rectangleAround(plain, { x: 1000, y: 0, scale: 1 }, { width: 100, height: 80 })).toBeNull();
  });

  it("go over the seam of a map that repeats, once around and no more", () => {
    const window = { width: 100, height: 50 };
    expect(rectangleAround(around, { x: 5, y: 180, scale: 1 }, window)).toMatchObject({ x0: -45, x1: 56 });
    const whole = rectangleAround(around, { x: 300, y: 180, scale: 20 }, window);
    expect((whole?.x1 ?? 0) - (whole?.x0 ?? 0)).toBe(720);
  });
});
