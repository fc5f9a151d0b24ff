/** Apertures as CSV (RFC 4180), every figure kept. Pure. */
import type { ApertureStatistics } from "../api/regions";
import { typedUnits } from "../api/units";
import { type Aperture, nameOf } from "./apertures";

const NUMBERS = ["count", "masked", "mean", "std", "min", "max", "median", "sum", "area_deg2"] as const;
const HEAD = ["name", "ra_deg", "dec_deg", "radius_deg", "layer", "units", ...NUMBERS];

/** Text as a cell. What a spreadsheet would take for a formula is led by an apostrophe. */
export function textCell(text: string): string {
  const safe = /^[\s]*[=+\-@\t\r|%]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

const numberCell = (value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value) ? "" : String(value);

export function aperturesCsv(
  list: readonly Aperture[],
  statistics: (id: string) => ApertureStatistics | null,
  layer: string,
): string {
  const rows = list.map((aperture) => {
    const found = statistics(aperture.id);
    return [
      textCell(nameOf(aperture)),
      ...[aperture.ra, aperture.dec, aperture.radius].map(numberCell),
      textCell(layer),
      textCell(typedUnits(found?.units ?? "")),
      ...NUMBERS.map((name) => numberCell(found?.[name])),
    ];
  });
  return `${[HEAD, ...rows].map((row) => row.join(",")).join("\r\n")}\r\n`;
}
