import { describe, expect, it } from "vitest";
import type { PlaneGrid } from "../tiles/cover";
import { type PixelLattice, triangleArea, type Warp, WarpBuilder } from "./warp";

const grid: PlaneGrid = { nx: 1440, ny: 720, tileSize: 512, levels: 3, period: 1440 };
const N = 33;

function lattice(pixel: (x: number, y: number) => [number, number]): PixelLattice {
  const pixels = new Float64Array(2 * N * N);
  for (let k = 0; k < N * N; k++) pixels.set(pixel(k % N, Math.floor(k / N)), 2 * k);
  return { x0: 0, y0: 0, x1: N - 1, y1: N - 1, n: N, pixels };
}

function areaOf(warp: Warp, points: "base" | "plane"): number {
  let sum = 0;
  for (let t = 0; t < warp.base.length; t += 6) sum += triangleArea(warp[points], t) / 2;
  return sum;
}

describe("WarpBuilder", () => {
  it("covers a smooth lattice without gap, in large squares", () => {
    const builder = new WarpBuilder(
      grid,
      lattice((x, y) => [100 + 2 * x, 50 + 3 * y]),
    );
    expect(builder.rough).toBe(false);
    const warp = builder.build(4);
    expect(warp.base.length).toBe(64 * 2 * 6);
    expect(areaOf(warp, "base")).toBeCloseTo(32 * 32, 9);
    expect(areaOf(warp, "plane")).toBeCloseTo(6 * 32 * 32, 6);
  });

  it("crosses the seam of a full circle as if it were not there", () => {
    const warp = new WarpBuilder(
      grid,
      lattice((x, y) => [(1420 + 2 * x) % 1440, 50 + y]),
    ).build(4);
    expect(areaOf(warp, "base")).toBeCloseTo(32 * 32, 9);
    expect(areaOf(warp, "plane")).toBeCloseTo(2 * 32 * 32, 6);
  });

  it("leaves out places without sky and keeps the rest in small cells", () => {
    const off: [number, number] = [Number.NaN, Number.NaN];
    const builder = new WarpBuilder(
      grid,
      lattice((x, y) => (x + y > 40 ? off : [100 + x, 50 + y])),
    );
    expect(builder.rough).toBe(true);
    const warp = builder.build(4);
    // The half plane x + y <= 40 of the square: all but a triangle of 24 × 24 / 2.
    expect(areaOf(warp, "base")).toBeCloseTo(32 * 32 - (24 * 24) / 2, 6);
  });

  it("continues both sides over a tear and stretches neither", () => {
    const flat = { ...grid, period: null };
    const builder = new WarpBuilder(
      flat,
      lattice((x, y) => [x < 16.5 ? 100 + x : 900 + x, 50 + y]),
    );
    expect(builder.rough).toBe(true);
    const warp = builder.build(4);
    // The torn column is drawn from both sides.
    expect(areaOf(warp, "base")).toBeCloseTo(33 * 32, 6);
    expect(areaOf(warp, "plane")).toBeCloseTo(33 * 32, 6);
    const columns = warp.plane.filter((_, k) => k % 2 === 0);
    expect(columns.filter((u) => u > 117.6 && u < 916.4)).toHaveLength(0);
  });

  it("makes nothing of nothing", () => {
    const builder = new WarpBuilder(
      grid,
      lattice(() => [Number.NaN, Number.NaN]),
    );
    expect(builder.rough).toBe(false);
    expect(builder.build(4).base.length).toBe(0);
  });
});
