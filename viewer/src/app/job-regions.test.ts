import { describe, expect, it } from "vitest";
import type { JobInfo } from "../api/jobs";
import { posText, type SkyRegion } from "../sky/regions";
import { readPos, regionsOf } from "./job-regions";

describe("regions of a job", () => {
  it.each(["CIRCLE 150.1 -2.2 0.05", "RANGE 359 1 -0.5 0.5", "POLYGON 1 1 2 1 2 2"])(
    "%s is read as it is written",
    (text) => {
      expect(posText(readPos(text) as SkyRegion)).toBe(text);
      expect(posText(readPos(text.toLowerCase()) as SkyRegion)).toBe(text);
    },
  );

  it.each([
    "",
    "CIRCLE 1 2",
    "POLYGON 1 2 3 4",
    "POLYGON 1 2 3 4 5 6 7",
    "RANGE 1 2 3",
    "RANGE 1 2 -Inf Inf",
    "BOX 1 2 3 4",
  ])("“%s” is none to be shown", (text) => expect(readPos(text)).toBeNull());

  it("come from every parameter that has one", () => {
    const parameters = [
      { name: "ID", value: "CIRCLE 1 2 3" },
      { name: "pos", value: "CIRCLE 1 2 3" },
      { name: "CIRCLE", value: "4 5 6" },
      { name: "POLYGON", value: "1 1 2 1 2 2" },
      { name: "POS", value: "nonsense" },
    ];
    expect(regionsOf({ parameters } as JobInfo).map(({ kind }) => kind)).toEqual(["circle", "circle", "polygon"]);
    expect(regionsOf(null)).toEqual([]);
  });
});
