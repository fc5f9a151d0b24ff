import { describe, expect, it } from "vitest";
import type { ApertureStatistics } from "../api/regions";
import { aperturesCsv, textCell } from "./aperture-csv";
import type { Aperture } from "./apertures";

const one: Aperture = { id: "a", number: 1, name: "", ra: 1 / 3, dec: -5.25, radius: 1e-7 };
const found = {
  count: 12,
  masked: 0,
  mean: 0.1 + 0.2,
  std: 1e-320,
  min: -1.5e300,
  max: null,
  median: 3,
  sum: 4,
  area_deg2: 5,
  units: "µK",
} as unknown as ApertureStatistics;

describe("apertures as CSV", () => {
  it("keep every figure", () => {
    const [head, row, end] = aperturesCsv([one], () => found, "f090_I").split("\r\n");
    const cells = Object.fromEntries(head.split(",").map((name, k) => [name, row.split(",")[k]]));
    expect(Number(cells.ra_deg)).toBe(one.ra);
    expect(Number(cells.radius_deg)).toBe(one.radius);
    expect(Number(cells.mean)).toBe(found.mean);
    expect(Number(cells.std)).toBe(found.std);
    expect(Number(cells.min)).toBe(found.min);
    expect(cells).toMatchObject({
      name: "Aperture 1",
      layer: "f090_I",
      units: "uK",
      max: "",
      count: "12",
      masked: "0",
    });
    expect(end).toBe("");
  });

  it("have a row where nothing was measured", () => {
    const [head, row] = aperturesCsv([{ ...one, name: "left" }], () => null, "l").split("\r\n");
    expect(row.split(",")).toHaveLength(head.split(",").length);
    expect(row.startsWith("left,")).toBe(true);
  });

  it.each([
    ["=1+1", "'=1+1"],
    [" =cmd", "' =cmd"],
    ["-3", "'-3"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\tx", "'\tx"],
    ['say "hi", now', '"say ""hi"", now"'],
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    ["M 42", "M 42"],
    ["a\nb", '"a\nb"'],
  ])("%j is the cell %j", (text, cell) => {
    expect(textCell(text)).toBe(cell);
  });
});
