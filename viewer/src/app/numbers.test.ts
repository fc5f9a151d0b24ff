import { describe, expect, it } from "vitest";
import {
  bytesInWords,
  formatNumber,
  grouped,
  niceStep,
  niceTicks,
  parseNumber,
  percent,
  tickLabels,
  unitLabel,
} from "./numbers";

describe("ticks", () => {
  it("are round numbers inside the range", () => {
    expect(niceTicks(-500, 500, 4)).toEqual([-500, 0, 500]);
    expect(niceTicks(-500, 500, 6)).toEqual([-400, -200, 0, 200, 400]);
    expect(niceTicks(0.013, 0.094, 5)).toEqual([0.02, 0.04, 0.06, 0.08]);
  });

  it("hold for any range", () => {
    for (let k = -12; k <= 12; k++) {
      for (const lead of [1, 1.7, 3.3, 9.99]) {
        const [lo, hi] = [-0.3 * lead * 10 ** k, lead * 10 ** k];
        const ticks = niceTicks(lo, hi, 6);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThanOrEqual(8);
        for (const tick of ticks) expect(tick >= lo - 1e-6 * hi && tick <= hi * (1 + 1e-6)).toBe(true);
        expect(ticks).toContain(0);
      }
    }
  });

  it("are none for an empty or endless range", () => {
    expect(niceTicks(1, 1, 5)).toEqual([]);
    expect(niceTicks(Number.NaN, 1, 5)).toEqual([]);
    expect(niceTicks(0, Number.POSITIVE_INFINITY, 5)).toEqual([]);
    expect(niceStep(0, 5)).toBe(1);
  });

  it("share a power of ten where figures would be long", () => {
    expect(tickLabels([0, 2e-5, 4e-5])).toEqual({ labels: ["0", "20", "40"], exponent: -6 });
    expect(tickLabels([-250, 0, 250])).toEqual({ labels: ["−250", "0", "250"], exponent: 0 });
    expect(unitLabel("mK", -6)).toBe("×10⁻⁶ mK");
    expect(unitLabel(null)).toBe("");
  });
});

describe("numbers", () => {
  it.each([
    [0, "0"],
    [-87.3142, "−87.314"],
    [0.0012345, "0.0012345"],
    [1.5e-7, "1.5×10⁻⁷"],
    [-2e12, "−2×10¹²"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "∞"],
    [12345, "12345"],
  ])("%s is written %s", (value, text) => expect(formatNumber(value)).toBe(text));

  it.each([
    ["1e-3", 0.001],
    ["−5", -5],
    [" 12.5 µK ", 12.5],
    ["12.5uK", 12.5],
    ["12.5mK", Number.NaN],
    ["1,5", 1.5],
    ["2.5×10^3", 2500],
    ["1.5×10⁻⁷", 1.5e-7],
    ["+.5", 0.5],
    ["", Number.NaN],
    ["abc", Number.NaN],
    ["1e999", Number.POSITIVE_INFINITY],
  ])("%s is read as %s", (text, value) => expect(parseNumber(text, "µK")).toBe(value));

  it("are read back as they are written", () => {
    for (const value of [1, -3.25, 0.00125, 4.5e-9, -7.25e22, 99999]) {
      expect(parseNumber(formatNumber(value, 6))).toBeCloseTo(value, 10 - Math.log10(Math.abs(value)));
    }
  });

  it("group by thousands and say shares", () => {
    expect(grouped(1234567)).toBe("1\u2009234\u2009567");
    expect(percent(1, 8)).toBe("12.5 %");
    expect(percent(0, 8)).toBe("0 %");
    expect(percent(1, 1e9)).toBe("< 0.01 %");
  });
});

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1 kB"],
  [3_840_000, "3.84 MB"],
  [999_999, "1000 kB"],
  [2e15, "2000 TB"],
])("%d bytes are %s", (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});
