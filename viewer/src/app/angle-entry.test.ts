import { describe, expect, it } from "vitest";
import { editableAngle, parseAngle } from "./angle-entry";

describe("angles", () => {
  it.each([
    ["30″", 30 / 3600],
    ['30"', 30 / 3600],
    ["30 arcsec", 30 / 3600],
    ["1.5'", 0.025],
    ["1,5′", 0.025],
    ["12 arcmin", 0.2],
    ["0.2 deg", 0.2],
    ["2°", 2],
    ["1e-3", 1e-3],
  ])("%s is %f°", (text, degrees) => {
    expect(parseAngle(text)).toBeCloseTo(degrees, 12);
  });

  it("without a unit are in the one that stood there", () => {
    expect(parseAngle("30", 1 / 3600)).toBeCloseTo(30 / 3600, 12);
  });

  it.each(["", "x", "1 x", "″", "--1"])("%j is none", (text) => {
    expect(parseAngle(text)).toBeNaN();
  });

  it.each([1e-5, 0.004, 0.3, 12, 89.99])("%f comes back as it is shown", (degrees) => {
    expect(parseAngle(editableAngle(degrees))).toBeCloseTo(degrees, 9);
  });
});
