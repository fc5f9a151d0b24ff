import { describe, expect, it } from "vitest";
import { parseNumber } from "../app/numbers";
import { readableUnits, typedUnits } from "./units";

describe("units", () => {
  it.each([
    ["uK", "µK"],
    ["uJy/beam", "µJy/beam"],
    ["10**-3 uK_CMB", "10**-3 µK_CMB"],
    ["count", "count"],
    ["u", "u"],
    ["Jy/beam", "Jy/beam"],
    ["nanomaggy", "nanomaggy"],
    ["uK2", "µK²"],
    ["erg/s/cm2", "erg/s/cm²"],
    ["H20", "H20"],
    ["cm-2", "cm-2"],
  ])("%s reads %s", (written, read) => {
    expect(readableUnits(written)).toBe(read);
    expect(typedUnits(read)).toBe(written);
  });

  it.each(["K**2", "K^2", "K2"])("%s is a square", (written) => {
    expect(readableUnits(written)).toBe("K²");
  });

  it("keeps no units as none", () => {
    expect(readableUnits(null)).toBeNull();
  });

  it.each(["-300 uK", "−300 µK", "-300μK", "-300"])("takes %s typed", (text) => {
    expect(parseNumber(text, "µK")).toBe(-300);
  });
});
