import { describe, expect, it } from "vitest";
import type { LayerInfo } from "../api/types";
import type { DisplayStyle } from "../map/types";
import { cutId, formOf, type JobWish, slicesOf, tableName, type Weight, weightWords } from "./job-wish";

const style = {
  vmin: -1,
  vmax: 5,
  stretch: "asinh",
  gamma: 1,
  cmap: "gray",
  invert: true,
  absolute: false,
} as DisplayStyle;
const wish: JobWish = {
  layers: ["a", "b@0,3"],
  form: "fits",
  style,
  name: "  Two \n layers ",
  region: { kind: "circle", ra: 10, dec: -5.25, radius: 0.5 },
};

describe("the fields of a job", () => {
  it("name every layer, the region and what it is called", () => {
    expect([...formOf(wish)]).toEqual([
      ["ID", "a"],
      ["ID", "b@0,3"],
      ["POS", "CIRCLE 10 -5.25 0.5"],
      ["RESPONSEFORMAT", "fits"],
      ["RUNID", "Two layers"],
      ["PHASE", "RUN"],
    ]);
  });

  it("have the colours of the screen for pictures only", () => {
    const fields = Object.fromEntries(formOf({ ...wish, form: "png", name: "" }));
    expect(fields).toMatchObject({ vmin: "-1", vmax: "5", stretch: "asinh", cmap: "gray", invert: "1", abs: "0" });
    expect(fields).not.toHaveProperty("RUNID");
    expect(Object.fromEntries(formOf({ ...wish, form: "png", style: null }))).not.toHaveProperty("vmin");
  });

  it("carry a table with its radius and package", () => {
    const file = new File(["ra,dec\n1,2\n"], "my stars.csv");
    const form = formOf({ ...wish, region: undefined, positions: { file, radius: 0.01, packaging: "tar" } });
    expect(form.get("UPLOAD")).toBe("my_stars.csv,param:positions");
    expect((form.get("positions") as File).size).toBe(11);
    expect([form.get("RADIUS"), form.get("PACKAGE"), form.get("POS")]).toEqual(["0.01", "tar", null]);
  });
});

it("names of tables are such as the server takes", () => {
  expect(tableName("2mass Sterne (ä).csv")).toBe("_2mass_Sterne_.csv");
  expect(tableName("x".repeat(200))).toMatch(/^[A-Za-z_][\w.-]{0,63}$/);
  expect(tableName("")).toBe("_");
});

it("a cube is cut whole or at its slice, also at the first", () => {
  const cube = { id: "c", cube: { base: "c", index: [0, 0], axes: [] } } as unknown as LayerInfo;
  expect(cutId(cube, true)).toBe("c");
  expect(cutId(cube, false)).toBe("c@0,0");
  expect(cutId({ id: "plain", cube: null } as LayerInfo, false)).toBe("plain");
  expect(slicesOf([{ length: 3 }, { length: 4 }])).toBe(12);
  expect(slicesOf(undefined)).toBe(1);
});

it("says what it will weigh", () => {
  const weight: Weight = { shape: [594, 1597], planes: 1, bytes: 1.42e6, files: 1, outside: [], fault: "" };
  expect(weightWords(weight)).toBe("1\u2009597 × 594 px · about 1.42 MB");
  expect(weightWords({ ...weight, planes: 40, files: 2 })).toBe("1\u2009597 × 594 × 40 px · 2 files · about 1.42 MB");
});
