import { expect, it } from "vitest";
import { rowAt, topsOf } from "./tree-rows";

it("finds the row at a height", () => {
  const tops = topsOf([30, 45, 30, 60]);
  expect([...tops]).toEqual([0, 30, 75, 105, 165]);
  expect([-5, 0, 29.9, 30, 74, 75, 104, 105, 164, 900].map((y) => rowAt(tops, y))).toEqual([
    0, 0, 0, 1, 1, 2, 2, 3, 3, 3,
  ]);
  expect(rowAt(topsOf([]), 10)).toBe(0);
});
