import { describe, expect, it } from "vitest";
import { diameterOf, makeScale, shareOf, valueAt } from "./scale";
import { defaultStyle, hexColour, isMagnitude, PALETTE } from "./symbols";

const evenly = (lo: number, hi: number, count = 1001) =>
  Array.from({ length: count }, (_, k) => lo + ((hi - lo) * k) / (count - 1));

describe("scales of columns", () => {
  it("leave the outermost hundredth out", () => {
    const scale = makeScale([...evenly(0, 100, 99), 1e9, Number.NaN, Number.POSITIVE_INFINITY]);
    expect(scale?.hi).toBeCloseTo(100, 5);
    expect(scale && shareOf(scale, 1e9)).toBe(1);
  });

  it("draw bright magnitudes large", () => {
    const scale = makeScale(evenly(8, 18), true);
    if (!scale) throw new Error("no scale");
    expect(scale.log).toBe(false);
    expect(diameterOf(scale, 8, [4, 20])).toBe(20);
    expect(diameterOf(scale, 18, [4, 20])).toBe(4);
    expect(diameterOf(scale, 13, [4, 20])).toBeCloseTo(12, 6);
    expect(valueAt(scale, 1)).toBe(scale.lo);
  });

  it("take logarithms over decades", () => {
    const scale = makeScale(evenly(0, 4).map((power) => 10 ** power));
    if (!scale) throw new Error("no scale");
    expect(scale.log).toBe(true);
    expect(shareOf(scale, 100)).toBeCloseTo(0.5, 2);
    expect(shareOf(scale, -3)).toBe(0);
    expect(valueAt(scale, 0.5)).toBeCloseTo(100, 0);
  });

  it.each([0, 0.2, 0.5, 1])("find the value of the share %s", (share) => {
    for (const scale of [makeScale(evenly(-3, 9)), makeScale(evenly(1, 1e6)), makeScale(evenly(5, 20), true)]) {
      if (scale) expect(shareOf(scale, valueAt(scale, share))).toBeCloseTo(share, 9);
    }
  });

  it("know what to do with nothing and with one value", () => {
    expect(makeScale([])).toBeNull();
    expect(makeScale([Number.NaN])).toBeNull();
    const one = makeScale([7, 7]);
    expect(one && shareOf(one, 7)).toBe(0.5);
    expect(one && diameterOf(one, Number.NaN, [4, 20])).toBe(4);
  });
});

describe("magnitudes", () => {
  const column = (name: string, ucd = "", unit = "") => ({ name, ucd, unit });
  it.each([
    column("x", "phot.mag;em.opt.V"),
    column("mag"),
    column("r_mag"),
    column("Vmag"),
    column("phot_g_mean_mag"),
    column("MAG_AUTO"),
    column("x", "", "mag"),
  ])("are $name $ucd $unit", (one) => expect(isMagnitude(one)).toBe(true));
  it.each([
    column("e_Vmag"),
    column("mag_err"),
    column("magnetic"),
    column("flux"),
    column("x", "stat.error;phot.mag"),
    column("image"),
  ])("are not $name $ucd $unit", (one) => expect(isMagnitude(one)).toBe(false));
});

describe("colours", () => {
  it.each([
    ["#F00", "#ff0000"],
    ["56b4e9", "#56b4e9"],
    ["green", PALETTE[2].hex],
    ["#12345", null],
    ["url(x)", null],
    ["", null],
  ])("%s is %s", (text, hex) => expect(hexColour(text)).toBe(hex));

  it("differ from one catalog to the next", () => {
    const styles = PALETTE.map((_, place) => defaultStyle(place));
    expect(new Set(styles.map(({ colour }) => colour)).size).toBe(PALETTE.length);
  });

  it("stand out from a dark sky and from their rim", () => {
    const light = (hex: string) => {
      const [r, g, b] = [1, 3, 5]
        .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    for (const { hex } of PALETTE) expect((light(hex) + 0.05) / (light("#05080d") + 0.05)).toBeGreaterThan(6.5);
  });
});
