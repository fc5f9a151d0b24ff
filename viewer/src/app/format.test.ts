import { describe, expect, it } from "vitest";
import {
  formatAngle,
  formatDec,
  formatLat,
  formatLon,
  formatPixel,
  formatRaHours,
  formatScale,
  formatValue,
} from "./format";
import { fromIcrs, toIcrs } from "./frames";

const ARCSEC = 1 / 3600;

describe("positions", () => {
  it("carry the digits that the pixel scale warrants", () => {
    expect(formatRaHours(83.822083, ARCSEC)).toBe("05h 35m 17.30s");
    expect(formatDec(-5.391111, ARCSEC)).toBe("−05° 23′ 28.0″");
    expect(formatDec(-5.391111, 0.5)).toBe("−05° 23′ 28″");
    expect(formatRaHours(83.822083, 0.04 * ARCSEC)).toBe("05h 35m 17.2999s");
    expect(formatLon(83.822083, 0.5)).toBe("83.82");
  });

  it("never show sixty seconds", () => {
    expect(formatDec(9.99999999, ARCSEC)).toBe("+10° 00′ 00.0″");
    expect(formatRaHours(359.9999999, ARCSEC)).toBe("00h 00m 00.00s");
    expect(formatLon(359.99999999, ARCSEC)).toBe("0.00000");
  });

  it("sign latitudes always and longitudes by convention", () => {
    expect(formatLat(0, ARCSEC)).toBe("+0.00000");
    expect(formatLat(-1e-9, ARCSEC)).toBe("+0.00000");
    expect(formatLat(-5.39, 0.1)).toBe("−5.39");
    expect(formatLon(270, 1, true)).toBe("−90.0");
  });
});

describe("scales, pixels, values", () => {
  it("pick the unit that suits", () => {
    expect(formatAngle(2.5)).toBe("2.5°");
    expect(formatAngle(0.5 / 60)).toBe("30″");
    expect(formatAngle(5 / 60)).toBe("5′");
    expect(formatAngle(1e-7)).toBe("0.36 mas");
    expect(formatScale(2, 1 / 3600)).toBe("2″/px");
    expect(formatScale(4, null)).toBe("1 : 4");
    expect(formatScale(0.25, null)).toBe("4 : 1");
  });

  it("say NaN and units", () => {
    expect(formatValue(null, "mK")).toBe("NaN");
    expect(formatValue(-87.31, "mK", 4)).toBe("−87.31 mK");
    expect(formatPixel(18204.46)).toBe("18\u2009204.5");
    expect(formatPixel(-0.01)).toBe("0.0");
  });
});

describe("frames", () => {
  it("turn back to where they came from", () => {
    for (let ra = 0; ra < 360; ra += 23) {
      for (const dec of [-89, -30, 0, 12, 88]) {
        for (const frame of ["galactic", "ecliptic", "icrs"] as const) {
          const [lon, lat] = fromIcrs(frame, ra, dec);
          const [ra2, dec2] = toIcrs(frame, lon, lat);
          expect(Math.abs(((ra2 - ra + 540) % 360) - 180)).toBeLessThan(1e-9);
          expect(dec2).toBeCloseTo(dec, 9);
        }
      }
    }
  });
});
