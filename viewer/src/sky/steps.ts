/** Round steps for graticules and scale bars, and how round places are written. Everything in degrees. */

const ARCMIN = 1 / 60;
const ARCSEC = 1 / 3600;
const TIME_SECOND = 1 / 240;

/** 5, 2, 1 times ever smaller powers of ten, `count` decades below `unit`. */
function decades(unit: number, count: number): number[] {
  const steps: number[] = [];
  for (let d = 1; d <= count; d++) for (const m of [5, 2, 1]) steps.push((m * unit) / 10 ** d);
  return steps;
}

const ascending = (steps: number[]): number[] => steps.sort((a, b) => a - b);
const times = (unit: number, counts: number[]): number[] => counts.map((count) => count * unit);

export const DEGREE_STEPS = ascending([
  ...[90, 60, 45, 30, 20, 15, 10, 5, 2, 1],
  ...times(ARCMIN, [30, 20, 10, 5, 2, 1]),
  ...times(ARCSEC, [30, 20, 10, 5, 2, 1]),
  ...decades(ARCSEC, 7),
]);

export const HOUR_STEPS = ascending([
  ...[90, 60, 45, 30, 15],
  ...times(60 * TIME_SECOND, [30, 20, 10, 5, 2, 1]),
  ...times(TIME_SECOND, [30, 20, 10, 5, 2, 1]),
  ...decades(TIME_SECOND, 7),
]);

const BAR_STEPS = ascending([
  ...[90, 60, 30, 20, 10, 5, 2, 1],
  ...times(ARCMIN, [30, 20, 10, 5, 2, 1]),
  ...times(ARCSEC, [30, 20, 10, 5, 2, 1]),
  ...decades(ARCSEC, 7),
]);

/** The smallest step that is not below `least`, else the largest there is. */
export function stepAtLeast(steps: number[], least: number): number {
  return steps.find((step) => step >= least * (1 - 1e-9)) ?? steps[steps.length - 1];
}

/** Decimals of the last unit that steps of this size need. */
const decimals = (step: number, unit: number): number => Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-6));

/** Split a non-negative angle into units of 1, 1/60 and 1/3600 of `whole`, rounded to what `step` distinguishes. */
function split(value: number, step: number, whole: number): [number, number, string] {
  const second = whole / 3600;
  const places = decimals(step, second);
  const scale = 10 ** places;
  const total = Math.round((value / second) * scale);
  const rest = total % (60 * scale);
  const minutes = Math.floor(total / (60 * scale));
  const seconds = places > 0 ? (rest / scale).toFixed(places) : String(rest / scale);
  return [Math.floor(minutes / 60), minutes % 60, rest === 0 ? "" : seconds];
}

function joined([a, b, c]: [number, number, string], marks: [string, string, string]): string {
  const parts = [`${a}${marks[0]}`];
  if (b > 0 || c) parts.push(`${String(b).padStart(2, "0")}${marks[1]}`);
  if (c) parts.push(`${c.padStart(c.includes(".") ? c.length + Number(c.indexOf(".") < 2) : 2, "0")}${marks[2]}`);
  return parts.join("");
}

export const latitudeLabel = (value: number, step: number): string => {
  const words = joined(split(Math.abs(value), step, 1), ["°", "′", "″"]);
  if (Math.abs(value) < step / 2) return "+0°";
  return `${value < 0 ? "−" : "+"}${words}`;
};

/** `value` in [0, 360); `signed`: from −180 to 180 instead. */
export function longitudeLabel(value: number, step: number, signed: boolean): string {
  const shown = signed && value > 180 + step / 2 ? value - 360 : value;
  return `${shown < -step / 2 ? "−" : ""}${joined(split(Math.abs(shown), step, 1), ["°", "′", "″"])}`;
}

export function hourLabel(value: number, step: number): string {
  return joined(split(value, step, 15), ["h", "m", "s"]);
}

export interface Bar {
  length: number; // in the unit that was given
  label: string;
}

/** The longest round angle that is not above `most` degrees. */
export function angleBar(most: number): Bar {
  const fitting = BAR_STEPS.filter((step) => step <= most * (1 + 1e-9));
  const length = fitting.length ? fitting[fitting.length - 1] : BAR_STEPS[0];
  return { length, label: angleLabel(length) };
}

function angleLabel(angle: number): string {
  const round = (value: number) => String(Number(value.toPrecision(6)));
  if (angle >= 1 - 1e-9) return `${round(angle)}°`;
  if (angle >= ARCMIN * (1 - 1e-9)) return `${round(angle / ARCMIN)}′`;
  if (angle >= ARCSEC * (1 - 1e-9)) return `${round(angle / ARCSEC)}″`;
  if (angle >= (ARCSEC / 1000) * (1 - 1e-9)) return `${round((angle / ARCSEC) * 1000)} mas`;
  return `${round((angle / ARCSEC) * 1e6)} µas`;
}

/** The same for pixels. */
export function pixelBar(most: number): Bar {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1e-6)));
  const length = [5, 2, 1].map((m) => m * power).find((step) => step <= most * (1 + 1e-9)) ?? power;
  return { length, label: `${Number(length.toPrecision(3)).toLocaleString("en").replaceAll(",", " ")} px` };
}
