import { describe, expect, it } from "vitest";
import { STRETCHES } from "../app/url";
import { equalisationTable } from "../gl/equalisation";
import type { DisplayStyle } from "../map/types";
import { barTicks, placeOf } from "./scale";

const style: DisplayStyle = {
  vmin: -10,
  vmax: 990,
  stretch: "linear",
  gamma: 1,
  cmap: "gray",
  invert: false,
  absolute: false,
};

describe("the colour bar", () => {
  it("runs from 0 to 1 and never back, in every stretch", () => {
    const equal = equalisationTable([-10, 0, 5, 100, 990], [0, 0.5, 0.8, 0.9, 1], style);
    for (const stretch of STRETCHES) {
      for (const gamma of [0.5, 1, 3]) {
        const places = Array.from({ length: 101 }, (_, k) =>
          placeOf({ ...style, stretch, gamma }, -10 + 10 * k, equal),
        );
        expect(places[0]).toBeCloseTo(0, 9);
        expect(places[100]).toBeCloseTo(1, 9);
        for (let k = 1; k < places.length; k++) expect(places[k]).toBeGreaterThanOrEqual(places[k - 1]);
      }
    }
  });

  it("puts zero of a symmetric range in the middle", () => {
    expect(placeOf({ ...style, vmin: -500, vmax: 500 }, 0)).toBe(0.5);
  });

  it("has ticks apart from each other in every stretch", () => {
    for (const stretch of STRETCHES) {
      const { ticks } = barTicks({ ...style, stretch }, 280);
      expect(ticks.length).toBeGreaterThanOrEqual(3);
      for (let k = 1; k < ticks.length; k++) expect((ticks[k].place - ticks[k - 1].place) * 280).toBeGreaterThan(14);
    }
  });

  it("names round values", () => {
    const { ticks, exponent } = barTicks({ ...style, vmin: -500, vmax: 500 }, 280);
    expect(ticks.map((tick) => tick.label)).toEqual(["−400", "−200", "0", "200", "400"]);
    expect(exponent).toBe(0);
  });
});
