/** Regions that a job was asked for, to be shown and gone to. Pure. */
import type { JobInfo } from "../api/jobs";
import { makeRange, type Position, type SkyRegion } from "../sky/regions";

const MOST = 50;

/** A region from SODA's `POS`; null where it is none, or one without ends. */
export function readPos(text: string): SkyRegion | null {
  const [kind, ...words] = text.trim().split(/[\s,]+/);
  const values = words.map(Number);
  if (!values.every(Number.isFinite)) return null;
  switch (kind.toUpperCase()) {
    case "CIRCLE":
      return values.length === 3 ? { kind: "circle", ra: values[0], dec: values[1], radius: values[2] } : null;
    case "RANGE":
      return values.length === 4 ? makeRange(values[0], values[1], values[2], values[3]) : null;
    case "POLYGON":
      if (values.length < 6 || values.length % 2) return null;
      return {
        kind: "polygon",
        corners: Array.from({ length: values.length / 2 }, (_, k): Position => [values[2 * k], values[2 * k + 1]]),
      };
    default:
      return null;
  }
}

export function regionsOf(info: JobInfo | null): SkyRegion[] {
  const found: SkyRegion[] = [];
  for (const { name, value } of info?.parameters ?? []) {
    const key = name.toUpperCase();
    const text = key === "POS" ? value : key === "CIRCLE" || key === "POLYGON" ? `${key} ${value}` : null;
    const region = text && readPos(text);
    if (region && found.length < MOST) found.push(region);
  }
  return found;
}
