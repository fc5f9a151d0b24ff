import { describe, expect, it } from "vitest";
import {
  angleBar,
  DEGREE_STEPS,
  HOUR_STEPS,
  hourLabel,
  latitudeLabel,
  longitudeLabel,
  pixelBar,
  stepAtLeast,
} from "./steps";

const ARCSEC = 1 / 3600;

describe("steps", () => {
  it("ascend and divide a turn, or each other, without rest", () => {
    for (const steps of [DEGREE_STEPS, HOUR_STEPS]) {
      for (let i = 1; i < steps.length; i++) expect(steps[i]).toBeGreaterThan(steps[i - 1]);
      for (const step of steps.filter((s) => s > 1e-4)) expect((360 / step) % 1).toBeCloseTo(0, 6);
    }
  });

  it("are the next round value above, down to micro-arcseconds", () => {
    expect(stepAtLeast(DEGREE_STEPS, 3)).toBe(5);
    expect(stepAtLeast(DEGREE_STEPS, 0.3)).toBe(20 / 60);
    expect(stepAtLeast(DEGREE_STEPS, 0.003 * ARCSEC) / ARCSEC).toBeCloseTo(0.005, 12);
    expect(stepAtLeast(DEGREE_STEPS, 1000)).toBe(90);
    expect(stepAtLeast(HOUR_STEPS, 14)).toBe(15);
  });
});

describe("labels", () => {
  it.each([
    [40, 1, "+40°"],
    [-5.5, 0.5, "−5°30′"],
    [0, 10, "+0°"],
    [-0.25 / 60, 0.25 / 60, "−0°00′15″"],
    [45 + 1e-5 * ARCSEC, 1e-5 * ARCSEC, "+45°00′00.00001″"],
    [89.99999999, 1 / 60, "+90°"],
  ])("latitude %f by steps of %f: %s", (value, step, words) => expect(latitudeLabel(value, step)).toBe(words));

  it.each([
    [330, 30, false, "330°"],
    [330, 30, true, "−30°"],
    [180, 30, true, "180°"],
    [359 + 59 / 60 + 59.5 * ARCSEC, 0.5 * ARCSEC, false, "359°59′59.5″"],
    [359.5, 0.5, true, "−0°30′"],
    [2, 1, true, "2°"],
  ])("longitude %f by steps of %f, signed %s: %s", (value, step, signed, words) =>
    expect(longitudeLabel(value, step, signed)).toBe(words),
  );

  it.each([
    [75, 15, "5h"],
    [83.75, 1.25, "5h35m"],
    [83.75 + 5 / 240, 5 / 240, "5h35m05s"],
    [5 / 240 / 10, 0.5 / 240, "0h00m00.5s"],
    [0, 15, "0h"],
  ])("%f in hours by steps of %f: %s", (value, step, words) => expect(hourLabel(value, step)).toBe(words));
});

describe("scale bars", () => {
  it.each([
    [77, 60, "60°"],
    [1.5, 1, "1°"],
    [0.4, 20 / 60, "20′"],
    [0.01, 30 / 3600, "30″"],
    [0.7 / 3600, 0.5 / 3600, "500 mas"],
    [3e-6 / 3600, 2e-6 / 3600, "2 µas"],
  ])("the longest round angle up to %f°", (most, length, label) => {
    expect(angleBar(most).length).toBeCloseTo(length, 12);
    expect(angleBar(most).label).toBe(label);
  });

  it.each([
    [130, "100 px"],
    [2600, "2 000 px"],
    [0.9, "0.5 px"],
    [5, "5 px"],
  ])("pixels up to %f", (most, label) => expect(pixelBar(most).label).toBe(label));
});
