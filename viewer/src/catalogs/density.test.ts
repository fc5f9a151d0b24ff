import { describe, expect, it } from "vitest";
import { gradeColours, picturePixels } from "./density";

const bytesOf = (word: number) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24];

describe("the colours of densities", () => {
  const colours = gradeColours("#56b4e9");

  it("are nothing where there is nothing, and ever more opaque", () => {
    expect(colours[0]).toBe(0);
    const alphas = [...colours].map((word) => word >>> 24);
    for (let grade = 1; grade < 256; grade++) expect(alphas[grade]).toBeGreaterThanOrEqual(alphas[grade - 1]);
    expect(alphas[1]).toBeGreaterThan(20);
    expect(alphas[255]).toBeGreaterThan(220);
  });

  it("are those of the catalog, lighter where it is dense", () => {
    expect(bytesOf(colours[1]).slice(0, 3)).toEqual([0x56, 0xb4, 0xe9]);
    const [red, green, blue] = bytesOf(colours[255]);
    expect(Math.min(red - 0x56, green - 0xb4, blue - 0xe9)).toBeGreaterThan(0);
  });
});

describe("the picture of densities", () => {
  it("has the first row of the plane at the bottom", () => {
    const colours = Uint32Array.from({ length: 256 }, (_, grade) => grade);
    const density = {
      nx: 2,
      ny: 3,
      x0: 0,
      y0: 0,
      x1: 2,
      y1: 3,
      low: 1,
      high: 2,
      grades: Uint8Array.of(1, 2, 3, 4, 5, 6),
    };
    expect([...picturePixels(density, colours)]).toEqual([5, 6, 3, 4, 1, 2]);
  });
});
