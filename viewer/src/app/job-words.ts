/** What is said of a job. Pure. */
import type { JobInfo, JobResult, Phase } from "../api/jobs";
import { separationDeg, vector } from "../sky/frames";
import { middleOf, type SkyRegion, sizeOf } from "../sky/regions";
import { formatAngle } from "./format";
import { readPos } from "./job-regions";
import { bytesInWords, grouped, typographic } from "./numbers";

export type Tone = "quiet" | "live" | "good" | "bad";

interface PhaseWords {
  word: string;
  tone: Tone;
  tip: string;
}

const WORDS: Record<Phase, PhaseWords> = {
  PENDING: { word: "Not started", tone: "quiet", tip: "The job is there, nobody has started it" },
  QUEUED: { word: "Waiting", tone: "live", tip: "It waits for a free worker" },
  EXECUTING: { word: "Running", tone: "live", tip: "A worker is at it" },
  COMPLETED: { word: "Done", tone: "good", tip: "The results are ready" },
  ERROR: { word: "Failed", tone: "bad", tip: "It ended with an error" },
  ABORTED: { word: "Stopped", tone: "quiet", tip: "It was stopped before its end" },
  ARCHIVED: { word: "Archived", tone: "quiet", tip: "Its results are gone, what was asked for is kept" },
};

export const phaseWords = (phase: Phase): PhaseWords =>
  WORDS[phase] ?? { word: "Unknown", tone: "quiet", tip: `The server calls it ${phase}` };

/** Whether something is still going to happen by itself. */
export const isActive = (phase: Phase): boolean => phaseWords(phase).tone === "live";

const PACKAGE = /^application\/(x-)?(zip|tar|gtar|gzip)/;

export const isPackage = (result: JobResult): boolean =>
  result.id === "package" || (PACKAGE.test(result.media_type) && !result.empty);

export interface Outcome {
  /** All results that are one cutout each. */
  files: JobResult[];
  empty: number;
  package: JobResult | null;
  bytes: number;
}

export function outcome(results: readonly JobResult[]): Outcome {
  const found = results.find(isPackage) ?? null;
  const files = results.filter((result) => result !== found);
  const bytes = found ? found.size : files.reduce((sum, { size, empty }) => sum + (empty ? 0 : size), 0);
  return { files, empty: files.filter(({ empty }) => empty).length, package: found, bytes };
}

/** What is downloaded by one click: the package, or the only result that holds pixels. */
export function mainResult(results: readonly JobResult[]): JobResult | null {
  const { files, package: found } = outcome(results);
  const full = files.filter(({ empty }) => !empty);
  if (found) return full.length || files.length === 0 ? found : null;
  return full.length === 1 ? full[0] : null;
}

export const many = (count: number, one: string, several = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : several}`;

/** Whether there are results, and not one of them holds a pixel. */
export function isHollow(results: readonly JobResult[]): boolean {
  const { files, empty } = outcome(results);
  return files.length > 0 && empty === files.length;
}

export function outcomeWords(results: readonly JobResult[]): string {
  const { files, empty, bytes } = outcome(results);
  if (isHollow(results))
    return files.length === 1 ? "Empty: no pixel there" : `All ${grouped(files.length)} empty: no pixel there`;
  if (files.length === 0 && bytes === 0) return "No results";
  const count = files.length > 1 ? many(files.length, "file") : "";
  return [empty ? `${count}, ${grouped(empty)} empty` : count, bytesInWords(bytes)].filter(Boolean).join(" · ");
}

/** One line under the name of a job. */
export function lineOf(job: { phase: Phase; created: string | null; info: JobInfo | null }, now = new Date()): string {
  const { phase, info } = job;
  const when = whenWords((info?.ended ?? null) || job.created, now, true);
  if (phase === "EXECUTING" && info && info.progress.total > 0)
    return `${grouped(info.progress.done)} of ${grouped(info.progress.total)}`;
  if (phase === "COMPLETED" && info) {
    const { empty } = outcome(info.results);
    return [outcomeWords(info.results), empty ? "" : when].filter(Boolean).join(" · ");
  }
  return when;
}

/** Share done, null where it is not known. */
export function shareOf(info: JobInfo | null): number | null {
  if (!info || !(info.progress.total > 0)) return null;
  return Math.min(1, Math.max(0, info.progress.done / info.progress.total));
}

const pad = (value: number): string => String(value).padStart(2, "0");

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Time of this place: `14:02` today, else with its date; `short`: the date alone. */
export function whenWords(iso: string | null, now = new Date(), short = false): string {
  const when = iso ? new Date(iso) : null;
  if (!when || Number.isNaN(when.getTime())) return "";
  const time = `${pad(when.getHours())}:${pad(when.getMinutes())}`;
  const day = (date: Date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  if (day(when) === day(now)) return time;
  if (!short) return `${day(when)} ${time}`;
  return when.getFullYear() === now.getFullYear() ? `${when.getDate()} ${MONTHS[when.getMonth()]}` : day(when);
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationWords(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  const left = Math.floor((whole % 3600) / 60);
  return left ? `${Math.floor(whole / 3600)} h ${left} min` : `${Math.floor(whole / 3600)} h`;
}

/** How long a job that has ended took, or has been at it; empty before its start. */
export function tookWords(info: JobInfo, now = Date.now()): string {
  if (!info.started) return "";
  const ended = info.ended ? Date.parse(info.ended) : now;
  return durationWords(ended - Date.parse(info.started));
}

const valuesOf = (info: JobInfo, name: string): string[] =>
  info.parameters.filter((one) => one.name.toUpperCase() === name).map(({ value }) => value);

const FORMS: [RegExp, string][] = [
  [/png/i, "PNG"],
  [/jpe?g/i, "JPEG"],
  [/fits/i, "FITS"],
];

export const formWord = (value: string): string => FORMS.find(([pattern]) => pattern.test(value))?.[1] ?? value;

/** `12′ × 8′`: width and height of a region. */
export function sizeWords(region: SkyRegion): string {
  if (region.kind === "circle") return `radius ${formatAngle(region.radius, 3)}`;
  const [width, height] = region.kind === "polygon" ? sidesOf(region.corners) : sizeOf(region);
  return `${formatAngle(width, 3)} × ${formatAngle(height, 3)}`;
}

/** Lengths of the first two sides. */
function sidesOf(corners: readonly (readonly [number, number])[]): [number, number] {
  const side = (k: number) => separationDeg(vector(...corners[k]), vector(...corners[k + 1]));
  return [side(0), side(1)];
}

/** A region as SODA writes it, said for people: `Circle of 3′ at 150.1 +2.2`. */
export function regionWords(pos: string): string {
  const [kind, ...numbers] = pos.trim().split(/[\s,]+/);
  const values = numbers.map(Number);
  const short = (value: number) => typographic(String(Number(value.toFixed(5))));
  const signed = (value: number) => (value >= 0 ? `+${short(value)}` : short(value));
  const known = kind.toUpperCase();
  if (known === "CIRCLE" && values.length === 3)
    return `Circle of ${formatAngle(values[2])} at ${short(values[0])}° ${signed(values[1])}°`;
  if (known === "RANGE" && values.length === 4)
    return `RA ${short(values[0])}° to ${short(values[1])}°, Dec ${signed(values[2])}° to ${signed(values[3])}°`;
  const region = known === "POLYGON" ? readPos(pos) : null;
  if (region?.kind !== "polygon") return pos;
  const [ra, dec] = middleOf(region);
  const { length } = region.corners;
  return `${length === 4 ? sizeWords(region) : `Polygon of ${length} corners`} around ${short(ra)}° ${signed(dec)}°`;
}

function few(words: string[], most = 3): string {
  const rest = words.length - most;
  return rest > 0 ? `${words.slice(0, most).join(", ")} and ${grouped(rest)} more` : words.join(", ");
}

/** What was asked for, as lines of word and text. */
export function askedWords(info: JobInfo, nameOf: (layer: string) => string): [string, string][] {
  const regions = [
    ...valuesOf(info, "POS").map(regionWords),
    ...valuesOf(info, "CIRCLE").map((value) => regionWords(`CIRCLE ${value}`)),
    ...valuesOf(info, "POLYGON").map((value) => regionWords(`POLYGON ${value}`)),
  ];
  const radius = Number(valuesOf(info, "RADIUS")[0]);
  const lines: [string, string][] = [
    ["Region", few(regions, 2)],
    ["Positions", few(info.uploads.map(({ name, size }) => `${name} (${bytesInWords(size)})`))],
    ["Radius", radius > 0 ? formatAngle(radius) : ""],
    ["Layer", few(valuesOf(info, "ID").map(nameOf))],
    ["Wavelength", few(valuesOf(info, "BAND").map((value) => `${value} m`))],
    ["Time", few(valuesOf(info, "TIME").map((value) => `MJD ${value}`))],
    ["Polarization", few(valuesOf(info, "POL"))],
    ["Format", valuesOf(info, "RESPONSEFORMAT").map(formWord)[0] ?? "FITS"],
  ];
  return lines.filter(([, text]) => text);
}

/** What a job is called: its own name, else what was asked for. */
export function titleOf(job: { id: string; runId: string; info: JobInfo | null }): string {
  if (job.runId) return job.runId;
  const { info } = job;
  const asked = info ? askedWords(info, (layer) => layer).find(([word]) => word !== "Format") : undefined;
  return asked ? asked[1] : `Job ${job.id.slice(0, 8)}`;
}
