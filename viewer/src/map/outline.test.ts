import { describe, expect, it } from "vitest";
import { distanceTo, type Line, labelPlaces, shiftsInView, toScreenLines, traced } from "./outline";
import type { DrawFrame } from "./types";

/** Pixel x is drawn at x − `left`, one pixel to one. */
const frame = (left: number, period: number | null, width = 300): DrawFrame =>
  ({
    width,
    height: 100,
    period,
    place: (x: number, y: number) => [x - left, 100 - y],
    toPixel: (sx: number, sy: number) => [sx + left, 100 - sy],
  }) as unknown as DrawFrame;

const line: Line = [
  [10, 10],
  [30, 10],
  [30, 40],
];

describe("lines on the screen", () => {
  it("are drawn once without a period, whether in view or not", () => {
    expect(toScreenLines(frame(1000, null), [line])).toEqual([
      [
        [-990, 90],
        [-970, 90],
        [-970, 60],
      ],
    ]);
  });

  it("are drawn in each copy in view", () => {
    expect(shiftsInView(frame(-50, 100), 10, 30)).toEqual([0, 100, 200]);
    expect(shiftsInView(frame(25, 100), 10, 30)).toEqual([0, 100, 200, 300].filter((s) => s + 10 <= 325));
    expect(shiftsInView(frame(40, 1000, 200), 10, 30)).toEqual([]);
    expect(toScreenLines(frame(990, 1000, 200), [line])[0][0]).toEqual([20, 90]);
    expect(shiftsInView(frame(0, 0.001), 0, 1).length).toBeLessThanOrEqual(64);
  });

  it("know how far a place is from them", () => {
    expect(distanceTo([line], 20, 14)).toBeCloseTo(4, 9);
    expect(distanceTo([line], 33, 44)).toBeCloseTo(5, 9);
    expect(distanceTo([[[5, 5]]], 5, 5)).toBe(Number.POSITIVE_INFINITY);
  });

  it("carry their label at the top, inside the screen, else below or at the left", () => {
    const places = labelPlaces([line.map(([x, y]) => [x, 100 - y])], 300, 100);
    expect(places).toEqual([
      [30, 60],
      [10, 90],
      [10, 90],
    ]);
    expect(labelPlaces([[[-5, 50]]], 300, 100)).toEqual([]);
  });
});

it("tracing breaks where the sky cannot be followed", () => {
  const pixelNear = (ra: number, dec: number): [number, number] | null => (ra > 4 && ra < 6 ? null : [ra, dec]);
  const path = Array.from({ length: 11 }, (_, k) => [k, 0] as [number, number]);
  const lines = traced({ pixelNear }, path, [0, 0]);
  expect(lines.map((part) => part.map(([x]) => x))).toEqual([
    [0, 1, 2, 3, 4],
    [6, 7, 8, 9, 10],
  ]);
});
