/** An angle as a person types it: `30″`, `1.5'`, `0.2 deg`, `12 arcmin`. Pure. */
import { parseNumber } from "./numbers";

const UNITS: [RegExp, number][] = [
  [/(?:°|deg|degrees?|d)$/i, 1],
  [/(?:″|"|''|arcsec(?:onds?)?|as|s)$/i, 1 / 3600],
  [/(?:′|'|arcmin(?:utes?)?|am|m)$/i, 1 / 60],
];

/** Degrees; without a unit `otherwise` (degrees in one unit) is meant. NaN where it is no angle. */
export function parseAngle(text: string, otherwise = 1): number {
  const plain = text.trim();
  for (const [unit, factor] of UNITS) {
    const bare = plain.replace(unit, "");
    if (bare !== plain) return parseNumber(bare) * factor;
  }
  return parseNumber(plain) * otherwise;
}

export type AngleUnit = "°" | "′" | "″";
export const FACTORS: Record<AngleUnit, number> = { "°": 1, "′": 1 / 60, "″": 1 / 3600 };

/** The unit that says an angle best. */
export function unitFor(degrees: number): AngleUnit {
  if (degrees >= 0.99995) return "°";
  return degrees * 60 >= 0.99995 ? "′" : "″";
}

/** Six figures in the unit that suits, to be edited. */
export function editableAngle(degrees: number): string {
  const unit = unitFor(degrees);
  return `${Number((degrees / FACTORS[unit]).toPrecision(6))}${unit}`;
}
