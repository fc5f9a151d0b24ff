import { expect, it } from "vitest";
import { equalisationTable } from "./equalisation";

const range = { vmin: 0, vmax: 10, absolute: false };

it("is a straight line for evenly spread values, whatever the form of the histogram", () => {
  for (const cdf of [
    [0, 0.5, 1],
    [0.5, 1],
  ]) {
    const table = equalisationTable([0, 5, 10], cdf, range) as Float32Array;
    expect(table[0]).toBe(0);
    expect(table[table.length - 1]).toBe(1);
    expect(table[Math.round(0.3 * (table.length - 1))]).toBeCloseTo(0.3, 3);
  }
});

it("counts between vmin and vmax only", () => {
  const table = equalisationTable([0, 5, 10, 20], [0, 60, 90, 100], { ...range, vmin: 5, vmax: 20 }) as Float32Array;
  expect(table[Math.round((5 / 15) * (table.length - 1))]).toBeCloseTo(0.75, 3);
});

it("takes both signs together for absolute values", () => {
  const table = equalisationTable([-10, 0, 10], [0, 50, 100], { ...range, absolute: true }) as Float32Array;
  expect(table[(table.length - 1) >> 1]).toBeCloseTo(0.5, 3);
});

it("has no table where the histogram is empty, flat or of another size", () => {
  expect(equalisationTable([], [], range)).toBeNull();
  expect(equalisationTable([0, 10], [0, 0], range)).toBeNull();
  expect(equalisationTable([0, 5, 10], [1], range)).toBeNull();
});
