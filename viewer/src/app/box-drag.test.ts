import { describe, expect, it } from "vitest";
import { makeRange, type PixelRegion, type PolygonRegion, type RangeRegion } from "../sky/regions";
import { dragged } from "./box-drag";

/** A degree is ten pixels, RA to the left. */
const frame = {
  position: (x: number, y: number): [number, number] | null => (y > 900 ? null : [180 - x / 10, y / 10]),
};
const corner = (k: number) => ({ kind: "corner", corner: k }) as const;
const square: PolygonRegion = {
  kind: "polygon",
  corners: [
    [180, 0],
    [170, 0],
    [170, 10],
    [180, 10],
  ],
};
const pixels = [
  [0, 0],
  [100, 0],
  [100, 100],
  [0, 100],
] as [number, number][];
const window: PixelRegion = { kind: "pixels", layer: "l", x0: 10, y0: 20, x1: 30, y1: 40 };

describe("dragging a box", () => {
  it("moves and resizes ranges on the sky", () => {
    const region = makeRange(170, 180, 0, 10);
    expect(dragged(frame, { region, pixels: [] }, { kind: "middle" }, [50, 50], [60, 70])).toEqual(
      makeRange(169, 179, 2, 12),
    );
    const east = dragged(frame, { region, pixels: [] }, corner(1), [0, 0], [-50, -20]) as RangeRegion;
    expect(east).toEqual(makeRange(170, 185, -2, 10));
    expect(dragged(frame, { region, pixels: [] }, corner(1), [0, 0], [0, 1000])).toBeNull();
  });

  it("keeps a rectangle a rectangle", () => {
    const region = dragged(frame, { region: square, pixels }, corner(2), [100, 100], [150, 50]) as PolygonRegion;
    expect(region.corners).toEqual([
      [180, 0],
      [165, 0],
      [165, 5],
      [180, 5],
    ]);
    expect(dragged(frame, { region: square, pixels }, corner(2), [100, 100], [0, 50])).toBeNull();
  });

  it("moves one corner of other polygons", () => {
    const triangle: PolygonRegion = { kind: "polygon", corners: square.corners.slice(0, 3) };
    const region = dragged(frame, { region: triangle, pixels: [] }, corner(0), [0, 0], [10, 10]) as PolygonRegion;
    expect(region.corners[0]).toEqual([179, 1]);
    expect(region.corners.slice(1)).toEqual(square.corners.slice(1, 3));
  });

  it("keeps windows of pixels whole and not empty", () => {
    const start = { region: window, pixels: [] };
    expect(dragged(frame, start, { kind: "middle" }, [0, 0], [2.6, -1.4])).toMatchObject({
      x0: 13,
      x1: 33,
      y0: 19,
      y1: 39,
    });
    expect(dragged(frame, start, corner(2), [0, 0], [49.6, 10.2])).toMatchObject({ x0: 10, x1: 50, y0: 11, y1: 20 });
    const thin = dragged(frame, start, corner(0), [0, 0], [29.5, 39.5]) as PixelRegion;
    expect(thin.x1 - thin.x0).toBe(1);
    expect(thin.y1 - thin.y0).toBe(1);
  });
});
