import { describe, expect, it } from "vitest";
import { separationDeg, type Vec3, vector } from "./frames";
import { type Lattice, VectorGrid } from "./vectorgrid";

const lattice: Lattice = { x0: -10, y0: 5, x1: 90, y1: 55, nx: 101, ny: 51 };
const sky = (x: number, y: number): Vec3 => vector(350 + 0.2 * x, 60 + 0.2 * y);

function grid(position: (x: number, y: number) => Vec3): VectorGrid {
  const data = new Float64Array(3 * lattice.nx * lattice.ny);
  for (let j = 0; j < lattice.ny; j++) {
    for (let i = 0; i < lattice.nx; i++) data.set(position(lattice.x0 + i, lattice.y0 + j), 3 * (j * lattice.nx + i));
  }
  return new VectorGrid(lattice, data);
}

describe("VectorGrid", () => {
  const out: Vec3 = [0, 0, 0];

  it("is exact on the nodes and close between them, over right ascension 0", () => {
    const it = grid(sky);
    for (const [x, y] of [
      [-10, 5],
      [50, 20],
      [90, 55],
      [49.5, 30.5],
      [-9.3, 5.1],
      [89.99, 54.99],
    ]) {
      expect(it.sample(x, y, out)).toBe(true);
      expect(Math.hypot(...out)).toBeCloseTo(1, 12);
      expect(separationDeg(out, sky(x, y))).toBeLessThan(Number.isInteger(x) ? 1e-12 : 1e-4);
    }
  });

  it("has nothing outside", () => {
    const it = grid(sky);
    for (const [x, y] of [
      [-10.01, 10],
      [90.01, 10],
      [0, 4.9],
      [0, 55.1],
      [Number.NaN, 10],
    ]) {
      expect(it.sample(x, y, out)).toBe(false);
    }
  });

  it("has no sky in cells that touch a corner without, but on their sound nodes", () => {
    const it = grid((x, y) => (x < 20 ? [Number.NaN, Number.NaN, Number.NaN] : sky(x, y)));
    expect(it.sample(19.5, 10.5, out)).toBe(false);
    expect(it.sample(20, 10.5, out)).toBe(true);
    expect(separationDeg(out, sky(20, 10.5))).toBeLessThan(1e-4);
  });

  it("refuses an answer of the wrong length", () => {
    expect(() => new VectorGrid(lattice, new Float64Array(7))).toThrow(RangeError);
  });
});
