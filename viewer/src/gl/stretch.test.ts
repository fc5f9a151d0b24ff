import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { StretchName } from "../api/types";
import { colourIndex, colourRamp, curve, stretched, stretchTable } from "./stretch";

interface Vectors {
  places: number[];
  cases: { stretch: StretchName; gamma: number; invert: boolean; result: number[] }[];
}

const FILE = fileURLToPath(new URL("../../../tests/vectors/stretch.json", import.meta.url));
const vectors = JSON.parse(readFileSync(FILE, "utf8")) as Vectors;

describe("vectors shared with Python", () => {
  it("are there", () => expect(vectors.cases.length).toBe(25));

  it.each(vectors.cases)("$stretch, gamma $gamma, invert $invert", ({ result, ...transfer }) => {
    vectors.places.forEach((place, i) => {
      expect(stretched(place, transfer)).toBeCloseTo(result[i], 12);
    });
  });
});

it("equalises through a table, linear between its entries", () => {
  const table = [0, 0.2, 1];
  expect(curve(0.25, "histeq", table)).toBeCloseTo(0.1, 12);
  expect(curve(0.75, "histeq", table)).toBeCloseTo(0.6, 12);
  expect(curve(1, "histeq", table)).toBe(1);
  expect(curve(0.25, "histeq", null)).toBe(0.25);
});

it("tables run from end to end", () => {
  const table = stretchTable({ stretch: "sqrt", gamma: 1, invert: true }, 5);
  expect([...table].map((s) => Math.round(s * 1e6) / 1e6)).toEqual([1, 0.5, 0.292893, 0.133975, 0]);
});

it("picks colours as matplotlib does", () => {
  expect([0, 0.5, 0.999, 1].map(colourIndex)).toEqual([0, 128, 255, 255]);
  const colours = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : i >> 2));
  const ramp = colourRamp({ stretch: "linear", gamma: 1, invert: false }, colours, 3);
  expect([...ramp]).toEqual([0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
});
