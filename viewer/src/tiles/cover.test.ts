import { describe, expect, it } from "vitest";
import { ancestor, copies, cover, factorOf, levelFor, modulo, type PlaneGrid, tileBox } from "./cover";

const plain: PlaneGrid = { nx: 4000, ny: 3000, tileSize: 512, levels: 4, period: null };
const sky: PlaneGrid = { nx: 1441, ny: 720, tileSize: 512, levels: 3, period: 1440 };

describe("levelFor", () => {
  it("takes the full resolution when magnified and the coarsest when far away", () => {
    expect(levelFor(plain, 0.01)).toBe(3);
    expect(levelFor(plain, 1)).toBe(3);
    expect(levelFor(plain, 1e6)).toBe(0);
    expect(levelFor(plain, 0)).toBe(3);
  });

  it("keeps a tile pixel between 0.59 and 1.19 device pixels in between", () => {
    for (let scale = 1; scale < 8; scale *= 1.03) {
      const size = factorOf(plain, levelFor(plain, scale)) / scale;
      expect(size).toBeGreaterThan(0.59);
      expect(size).toBeLessThan(1.2);
    }
  });
});

/** Whether exactly one of the boxes holds a place. */
function holders(grid: PlaneGrid, level: number, u: number, v: number, around: [number, number]): number {
  const tiles = cover(grid, level, { u0: around[0], u1: around[1], v0: 0, v1: grid.ny });
  return tiles.map((tile) => tileBox(grid, tile)).filter((b) => u >= b.u0 && u < b.u1 && v >= b.v0 && v < b.v1).length;
}

describe("cover", () => {
  it("covers every pixel of a plane once", () => {
    for (const level of [0, 1, 2, 3]) {
      for (const [u, v] of [
        [0, 0],
        [511.9, 512],
        [3999.5, 2999.5],
        [2048, 1024],
      ]) {
        expect(holders(plain, level, u, v, [-100, 5000])).toBe(1);
      }
      expect(holders(plain, level, 4000.5, 10, [-100, 5000])).toBe(0);
    }
  });

  it("covers a full circle once, its repeated column left out, over several turns", () => {
    for (const level of [0, 1, 2]) {
      for (const u of [-1440.5, -0.5, 0, 1439.5, 1440.2, 1440.9, 2879.9, 2880]) {
        expect(holders(sky, level, u, 300, [-2000, 3000])).toBe(1);
      }
    }
  });

  it("asks for nothing outside the plane", () => {
    expect(cover(plain, 3, { u0: -900, u1: -10, v0: 0, v1: 100 })).toEqual([]);
    expect(cover(sky, 2, { u0: 0, u1: 100, v0: 800, v1: 900 })).toEqual([]);
  });

  it("puts the tile in the middle of the view first", () => {
    const [first] = cover(plain, 3, { u0: 1000, u1: 3000, v0: 500, v1: 2500 });
    expect([first.row, first.col]).toEqual([2, 3]);
  });

  it("is bounded however large the box is", () => {
    expect(cover(sky, 2, { u0: -1e9, u1: 1e9, v0: 0, v1: 720 }).length).toBeLessThanOrEqual(600);
  });
});

it("knows the copies of the sky that a box touches", () => {
  expect(copies(sky, -10, 10)).toEqual([-1, 0]);
  expect(copies(sky, 0, 1440)).toEqual([0, 0]);
  expect(copies(plain, -1e6, 1e6)).toEqual([0, 0]);
});

it("finds the coarser tile that holds a finer one", () => {
  const tile = { level: 3, row: 5, col: 6, copy: 1 };
  expect(ancestor(tile, 1)).toEqual({ level: 1, row: 1, col: 1, copy: 1 });
  expect(ancestor(tile, 3)).toEqual(tile);
});

it("takes the positive remainder", () => {
  expect(modulo(-1, 1440)).toBe(1439);
  expect(modulo(1440, 1440)).toBe(0);
});
