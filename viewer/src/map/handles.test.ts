import { describe, expect, it } from "vitest";
import { movedOnScreen } from "./handles";
import type { DrawFrame } from "./types";

/** A sky whose degrees are pixels; pixels are found from near by only. */
const frame = {
  width: 100,
  height: 100,
  place: (x: number, y: number) => [x, 100 - y],
  toPixel: (sx: number, sy: number) => [sx, 100 - sy],
  position: (x: number, y: number) => [x, y],
  pixelNear: (ra: number, dec: number, x: number, y: number) => (Math.hypot(ra - x, dec - y) < 40 ? [ra, dec] : null),
} as unknown as DrawFrame;

describe("a position moved on the screen", () => {
  it("is found from its lines", () => {
    expect(movedOnScreen(frame, [[[90, 90]]], [95, 95], 1, -2)).toEqual([96, 97]);
  });

  it("is found from the middle of the screen before its lines are here", () => {
    expect(movedOnScreen(frame, [], [60, 60], 1, -2)).toEqual([61, 62]);
    expect(movedOnScreen(frame, [], [95, 95], 1, -2)).toBeNull();
  });
});
