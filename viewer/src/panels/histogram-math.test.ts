import { describe, expect, it } from "vitest";
import type { Histogram } from "../api/types";
import {
  axisAround,
  cumulative,
  folded,
  heights,
  moveEdge,
  needsBins,
  presetRange,
  usable,
  zoomAxis,
} from "./histogram-math";

const data: Histogram = {
  counts: [1, 3, 4, 2],
  edges: [-2, -1, 0, 1, 2],
  nan: 5,
  below: 0,
  above: 1,
  total: 16,
  exact: false,
  minimum: -2,
  maximum: 8,
  mean: 0,
  std: 1,
  percentiles: { "0.5": -1.9, "99.5": 1.8 },
  units: "mK",
  zscale: [-1, 1],
};

describe("presets", () => {
  it("read the histogram", () => {
    expect(presetRange("min–max", data, false, false)).toEqual([-2, 8]);
    expect(presetRange("99 %", data, false, false)).toEqual([-1.9, 1.8]);
    expect(presetRange("zscale", data, false, false)).toEqual([-1, 1]);
    expect(presetRange("95 %", data, false, false)).toBe(null);
  });

  it("keep zero in the middle of signed maps, and at the bottom of absolute values", () => {
    expect(presetRange("99 %", data, true, false)).toEqual([-1.9, 1.9]);
    expect(presetRange("99 %", data, false, true)).toEqual([0, 1.9]);
  });

  it("give a constant image two ends", () => {
    const [lo, hi] = usable([3, 3]);
    expect(lo).toBeLessThan(3);
    expect(hi).toBeGreaterThan(3);
  });
});

describe("the axis", () => {
  it("zooms about a value that stays in place", () => {
    const [lo, hi] = zoomAxis([0, 10], 2.5, 0.5);
    expect((2.5 - lo) / (hi - lo)).toBeCloseTo(0.25, 12);
    expect(hi - lo).toBeCloseTo(5, 12);
  });

  it("never collapses", () => {
    let axis: [number, number] = [1, 2];
    for (let k = 0; k < 200; k++) axis = zoomAxis(axis, 1.5, 0.5);
    expect(axis[1]).toBeGreaterThan(axis[0]);
  });

  it("holds the range with room on both sides", () => {
    expect(axisAround([0, 10])).toEqual([-6, 16]);
  });

  it("asks for bins when those at hand are too coarse or too few", () => {
    expect(needsBins(null, [0, 1])).toBe(true);
    expect(needsBins(data, [-2, 2])).toBe(false);
    expect(needsBins(data, [-0.1, 0.1])).toBe(true);
    expect(needsBins(data, [0, 6])).toBe(true);
    expect(needsBins(data, [-90, 2])).toBe(false);
  });
});

describe("edges and bars", () => {
  it("do not cross", () => {
    expect(moveEdge([0, 1], 0, 5, 0.1)).toEqual([0.9, 1]);
    expect(moveEdge([0, 1], 1, -5, 0.1)).toEqual([0, 0.1]);
    expect(moveEdge([0, 1], 1, 3, 0.1)).toEqual([0, 3]);
  });

  it("reach from 0 to 1", () => {
    expect([...heights([0, 1, 4], false)]).toEqual([0, 0.25, 1]);
    expect(heights([0, 1, 4], true)[2]).toBe(1);
    expect([...heights([0, 0], true)]).toEqual([0, 0]);
  });

  it("fold about zero for absolute values", () => {
    const abs = folded({ ...data, below: 1 });
    expect(abs.counts).toEqual([7, 3]);
    expect(abs.edges).toEqual([0, 1, 2]);
    expect(abs).toMatchObject({ below: 0, above: 2, minimum: 0, maximum: 8 });
  });

  it("add up to a share", () => {
    expect(cumulative(data)).toEqual([0, 0.1, 0.4, 0.8, 1]);
    expect(cumulative({ counts: [0, 0] })).toEqual([0, 0.5, 1]);
  });
});
