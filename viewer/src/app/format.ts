/** Positions and scales in words, with no more digits than the pixels warrant. */
import { formatNumber, typographic } from "./numbers";

/** Decimals of a degree that tell a tenth of a pixel of `scaleDeg` apart. */
export function degreeDecimals(scaleDeg: number | null): number {
  if (!scaleDeg || !(scaleDeg > 0)) return 4;
  return Math.min(9, Math.max(1, Math.ceil(-Math.log10(scaleDeg / 10) - 1e-9)));
}

interface Sexagesimal {
  negative: boolean;
  parts: [string, string, string];
}

/** Split `value` (hours or degrees) so that rounding never shows 60 seconds. */
function sexagesimal(value: number, decimals: number, period?: number): Sexagesimal {
  const factor = 10 ** decimals;
  let units = Math.round(Math.abs(value) * 3600 * factor);
  if (period) units %= period * 3600 * factor;
  const seconds = units % (60 * factor);
  const minutes = Math.floor(units / (60 * factor)) % 60;
  const whole = Math.floor(units / (3600 * factor));
  const width = decimals > 0 ? decimals + 3 : 2;
  return {
    negative: value < 0 && units > 0,
    parts: [pad(whole), pad(minutes), (seconds / factor).toFixed(decimals).padStart(width, "0")],
  };
}

const pad = (n: number) => String(n).padStart(2, "0");

/** Decimals of seconds of arc for a pixel scale: a tenth of a pixel, 0 to 4. */
export function arcsecDecimals(scaleDeg: number | null): number {
  if (!scaleDeg || !(scaleDeg > 0)) return 1;
  return Math.min(4, Math.max(0, Math.ceil(-Math.log10((scaleDeg * 3600) / 10) - 1e-9)));
}

/** `05h 35m 17.3s`; one decimal more than declination, for a second of time is 15″. */
export function formatRaHours(ra: number, scaleDeg: number | null): string {
  const decimals = Math.min(5, arcsecDecimals(scaleDeg) + 1);
  const { parts } = sexagesimal((((ra % 360) + 360) % 360) / 15, decimals, 24);
  return `${parts[0]}h ${parts[1]}m ${parts[2]}s`;
}

/** `−05° 23′ 28.1″` */
export function formatDec(dec: number, scaleDeg: number | null): string {
  const { negative, parts } = sexagesimal(dec, arcsecDecimals(scaleDeg));
  return `${negative ? "−" : "+"}${parts[0]}° ${parts[1]}′ ${parts[2]}″`;
}

/** `083.82083`: longitude padded so that figures never jump. `half` gives −180 to 180. */
export function formatLon(lon: number, scaleDeg: number | null, half = false): string {
  const decimals = degreeDecimals(scaleDeg);
  const full = ((lon % 360) + 360) % 360;
  const turn = Number(full.toFixed(decimals)) >= 360 ? 0 : full;
  const shown = half && turn > 180 ? turn - 360 : turn;
  return typographic(shown.toFixed(decimals));
}

/** `−05.3911`: always signed. */
export function formatLat(lat: number, scaleDeg: number | null): string {
  const text = Math.abs(lat).toFixed(degreeDecimals(scaleDeg));
  return `${lat < 0 && Number(text) !== 0 ? "−" : "+"}${text}`;
}

/** An angle with the unit that suits it: `1.5°`, `12′`, `0.27″`, `3.1 mas`. */
export function formatAngle(degrees: number, digits = 3): string {
  const size = Math.abs(degrees);
  if (size >= 0.99995) return `${trim(degrees, digits)}°`;
  if (size * 60 >= 0.99995) return `${trim(degrees * 60, digits)}′`;
  if (size * 3600 >= 0.00995) return `${trim(degrees * 3600, digits)}″`;
  return `${trim(degrees * 3.6e6, digits)} mas`;
}

const trim = (value: number, digits: number) => typographic(String(Number(value.toPrecision(digits))));

/** What one pixel of the screen covers: of sky where there is one, otherwise of pixels. */
export function formatScale(scale: number, pixelScaleDeg: number | null): string {
  if (pixelScaleDeg) return `${formatAngle(scale * pixelScaleDeg)}/px`;
  return scale >= 1 ? `1 : ${trim(scale, 3)}` : `${trim(1 / scale, 3)} : 1`;
}

/** A pixel coordinate with one decimal, groups of three apart by thin spaces. */
export function formatPixel(value: number): string {
  const [whole, fraction] = Math.abs(value).toFixed(1).split(".");
  const negative = value < 0 && Number(`${whole}.${fraction}`) !== 0;
  return `${negative ? "−" : ""}${whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009")}.${fraction}`;
}

/** A value with its units, NaN in words. */
export function formatValue(value: number | null, units: string | null, digits = 6): string {
  if (value === null) return "NaN";
  return units ? `${formatNumber(value, digits)} ${units}` : formatNumber(value, digits);
}
