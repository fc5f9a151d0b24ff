/** Numbers for people: round ticks, figures that fit, and what a person may type. */
import { typedUnits } from "../api/units";

const MINUS = "\u2212";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A round step (1, 2 or 5 times a power of ten) that cuts `span` into at most about `count` parts. */
export function niceStep(span: number, count: number): number {
  if (!(span > 0) || !Number.isFinite(span)) return 1;
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  const round = lead <= 1.0000001 ? 1 : lead <= 2.0000001 ? 2 : lead <= 5.0000001 ? 5 : 10;
  return round * power;
}

/** Round numbers within `[lo, hi]`, at most about `count` of them. */
export function niceTicks(lo: number, hi: number, count: number): number[] {
  if (!(hi > lo) || !Number.isFinite(hi - lo)) return [];
  const step = niceStep(hi - lo, count);
  const first = Math.ceil(lo / step - 1e-9);
  const last = Math.floor(hi / step + 1e-9);
  const ticks: number[] = [];
  for (let k = first; k <= last && ticks.length < 1000; k++) ticks.push(roundTo(k * step, step));
  return ticks;
}

function roundTo(value: number, step: number): number {
  const digits = Math.min(100, Math.max(0, -Math.floor(Math.log10(step)) + 2));
  const rounded = digits > 20 ? Number(value.toPrecision(12)) : Number(value.toFixed(digits));
  return rounded === 0 ? 0 : rounded;
}

export function superscript(n: number): string {
  const figures = String(Math.abs(n)).replace(/\d/g, (d) => SUPERSCRIPTS[Number(d)]);
  return n < 0 ? `⁻${figures}` : figures;
}

/** `-1.5` with the minus of typography. */
export const typographic = (text: string): string => text.replace(/-/g, MINUS);

/** A value with `digits` significant figures: plain from 0.001 to 99 999, otherwise m×10ⁿ. */
export function formatNumber(value: number, digits = 5): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 10 ** Math.max(5, digits)) {
    const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
    return typographic(value.toFixed(Math.min(20, decimals)));
  }
  const [mantissa, exponent] = value.toExponential(Math.max(0, digits - 1)).split("e");
  return typographic(`${mantissa.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")}×10${superscript(Number(exponent))}`);
}

/** As short as it can be said in a field that a person edits; plain ASCII so that it can be typed back. */
export function formatEditable(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return "";
  return String(Number(value.toPrecision(digits)));
}

export interface TickLabels {
  labels: string[];
  /** Common power of ten taken out of all labels; 0 where there is none. */
  exponent: number;
}

/** Labels of a set of ticks: equal decimals, and a shared power of ten where figures would be long. */
export function tickLabels(ticks: readonly number[]): TickLabels {
  const largest = Math.max(0, ...ticks.map(Math.abs));
  if (largest === 0) return { labels: ticks.map(() => "0"), exponent: 0 };
  const power = Math.floor(Math.log10(largest));
  const exponent = power >= 5 || power <= -4 ? Math.floor(power / 3) * 3 : 0;
  const scaled = ticks.map((tick) => tick / 10 ** exponent);
  return { labels: scaled.map((tick) => typographic(shortest(tick))), exponent };
}

function shortest(value: number): string {
  const text = String(Number(value.toPrecision(6)));
  return text === "-0" ? "0" : text;
}

/** `×10⁻⁶ mK`: what stands behind labels from `tickLabels`. */
export function unitLabel(units: string | null, exponent = 0): string {
  const factor = exponent === 0 ? "" : `×10${superscript(exponent)}`;
  return [factor, units ?? ""].filter(Boolean).join(" ");
}

/**
 * A number as a person types it: `1e-3`, `−5`, `1,5`, `2.5×10^3`, with the layer's unit behind it or none.
 * NaN where it is not a number.
 */
export function parseNumber(text: string, units: string | null = null): number {
  let t = typedUnits(text.trim().replace(/[\u2212\u2013\u2012]/g, "-"));
  if (units && t.toLowerCase().endsWith(typedUnits(units).toLowerCase())) t = t.slice(0, -units.length);
  t = t
    .replace(/[\s\u2009\u202f']/g, "")
    .replace(/[×x*]10\^?([-+⁻]?[\d⁰¹²³⁴⁵⁶⁷⁸⁹]+)$/i, (_, exponent: string) => `e${plainFigures(exponent)}`);
  if (/^[-+]?\d+,\d+$/.test(t)) t = t.replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(t) ? Number(t) : Number.NaN;
}

function plainFigures(text: string): string {
  return text.replace("⁻", "-").replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (s) => String(SUPERSCRIPTS.indexOf(s)));
}

/** `1 234 567`, thin spaces between groups of three. */
export function grouped(value: number): string {
  return typographic(String(Math.round(value))).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
}

/** Share of a whole: `0`, `< 0.01 %`, `12.3 %`. */
export function percent(part: number, whole: number): string {
  if (!(whole > 0) || part <= 0) return "0 %";
  const share = (100 * part) / whole;
  if (share < 0.01) return "< 0.01 %";
  return `${share >= 10 ? share.toFixed(1) : share.toFixed(2)} %`;
}

export const clamp = (value: number, lo: number, hi: number): number => Math.min(hi, Math.max(lo, value));

/** `812 B`, `3.8 MB`: thousands, three figures. */
export function bytesInWords(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3 + 1e-9));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}
