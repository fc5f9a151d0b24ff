/** What a person types into the search field becomes a place, or words on what is wrong with it. */
import { type FrameName, toIcrs } from "./frames";

export type Place =
  | { kind: "sky"; ra: number; dec: number; frame: FrameName; lon: number; lat: number }
  | { kind: "pixel"; x: number; y: number }
  /** `name`: what it looks like is the name of an object. */
  | { kind: "error"; message: string; name?: string };

const NUMBER = "[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]?\\d+)?";
const PAIR = new RegExp(`^(${NUMBER})\\s*(?:[,;]\\s*|\\s+)(${NUMBER})$`, "i");
const EXAMPLE = "05 35 17.3 −05 23 28";

const LON_NAMES: Record<FrameName, [string, string]> = {
  icrs: ["Right ascension", "declination"],
  galactic: ["Galactic longitude", "galactic latitude"],
  ecliptic: ["Ecliptic longitude", "ecliptic latitude"],
};

const error = (message: string): Place => ({ kind: "error", message });

/** Signs, primes and spaces of typography become ASCII; commas between numbers stay. */
function plain(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/[\u2032\u2019\u02b9\u00b4]/g, "'")
    .replace(/[\u2033\u201d\u02ba]|''/g, '"')
    .replace(/[\u00ba\u02da]/g, "°")
    .replace(/\s+/g, " ")
    .trim();
}

/** Read a position. `frame` is the one meant where the text names none and is a plain decimal pair. */
export function parsePosition(text: string, frame: FrameName = "icrs"): Place {
  const input = plain(text);
  if (input === "") return error(`Type a position, for example ${EXAMPLE}, or l=163.4 b=-49.8.`);
  return pixels(input) ?? framed(input) ?? packed(input) ?? sexagesimalOrDecimal(input, frame) ?? unknown(text.trim());
}

function pixels(input: string): Place | null {
  const bare = /^(?:pixels|pixel|pix|px)\s*[:=]?\s*(.+)$/i.exec(input);
  const named = new RegExp(`^x\\s*[=:]\\s*(${NUMBER})\\s*[,;]?\\s*y\\s*[=:]\\s*(${NUMBER})$`, "i").exec(input);
  const pair = named ?? (bare && PAIR.exec(bare[1].trim()));
  if (pair) return { kind: "pixel", x: Number(pair[1]), y: Number(pair[2]) };
  if (bare && /^[\d\s.,+-]*$/.test(bare[1])) return error("A pixel position is two numbers, for example px 100 200.");
  return null;
}

const PREFIX: [RegExp, FrameName][] = [
  [/^(?:icrs|j2000|fk5|radec|eq)\b\s*[:=]?\s*/i, "icrs"],
  [/^(?:gal|galactic)\b\s*[:=]?\s*/i, "galactic"],
  [/^(?:ecl|ecliptic)\b\s*[:=]?\s*/i, "ecliptic"],
];
const SUFFIX: [RegExp, FrameName][] = [
  [/\s*,?\s*\(?(?:icrs|j2000|fk5)\)?$/i, "icrs"],
  [/\s*,?\s*\(?(?:gal|galactic)\)?$/i, "galactic"],
  [/\s*,?\s*\(?(?:ecl|ecliptic)\)?$/i, "ecliptic"],
];
const NAMED: [string, string, FrameName][] = [
  ["l", "b", "galactic"],
  ["glon", "glat", "galactic"],
  ["elon", "elat", "ecliptic"],
  ["lambda", "beta", "ecliptic"],
  ["λ", "β", "ecliptic"],
];

/** Positions that say which frame they are in. */
function framed(input: string): Place | null {
  for (const [first, second, frame] of NAMED) {
    const match = new RegExp(`^${first}\\s*[=:]?\\s*(.+?)[\\s,;]+${second}\\s*[=:]?\\s*(.+)$`, "i").exec(input);
    if (match) return frameAngles(match[1], match[2], frame);
  }
  const equatorial = /^(?:ra|α)\s*[=:]?\s*(.+?)[\s,;]+(?:dec|de|δ)\s*[=:]?\s*(.+)$/i.exec(input);
  if (equatorial) return sexagesimalOrDecimal(`${equatorial[1]}, ${equatorial[2]}`, "icrs");
  for (const [pattern, frame] of [...PREFIX, ...SUFFIX]) {
    const rest = input.replace(pattern, "");
    if (rest !== input) return sexagesimalOrDecimal(rest.trim(), frame) ?? null;
  }
  return null;
}

function frameAngles(lonText: string, latText: string, frame: FrameName): Place | null {
  const [lon, lat] = [angle(lonText), angle(latText)];
  return lon === null || lat === null ? null : place(lon, lat, frame);
}

/** An angle in degrees: decimal, with or without a degree sign, or degrees, minutes and seconds. */
function angle(text: string): number | null {
  const t = text.trim().replace(/\s*(?:deg|d|°)$/i, "");
  if (new RegExp(`^${NUMBER}$`, "i").test(t)) return Number(t);
  const parts = sexagesimalParts(text, "d");
  return typeof parts === "number" ? parts : null;
}

/** Names that hold the position: `J053517.3-052328`, `SDSS J…`, `G163.402-49.871`. */
function packed(input: string): Place | null {
  const galactic = /^(?:[a-z0-9]+ )?g(\d{1,3}(?:\.\d+)?)([-+]\d{1,2}(?:\.\d+)?)$/i.exec(input);
  if (galactic) return place(Number(galactic[1]), Number(galactic[2]), "galactic");
  const j = /^(?:[\w+-]+[ -]?)?j ?(\d{4,6}(?:\.\d+)?)([-+])(\d{4,6}(?:\.\d+)?)$/i.exec(input);
  if (!j) return null;
  const ra = unpack(j[1]);
  const dec = unpack(j[3]);
  if (ra === null || dec === null) return null;
  if (typeof ra === "string" || typeof dec === "string")
    return error(`In ${input}, ${typeof ra === "string" ? ra : dec}`);
  return place(ra * 15, j[2] === "-" ? -dec : dec, "icrs");
}

/** `053517.3` to 5.588 (hours or degrees); words when minutes or seconds pass 60. */
function unpack(figures: string): number | string | null {
  const [whole, fraction] = figures.split(".");
  if (whole.length % 2) return null;
  const part = fraction === undefined ? 0 : Number(`0.${fraction}`);
  const fields = whole.match(/\d\d/g)?.map(Number) ?? [];
  fields[fields.length - 1] += part;
  return combine(fields);
}

function combine(fields: number[]): number | string {
  const [whole, minutes = 0, seconds = 0] = fields;
  if (minutes >= 60) return `minutes must be below 60, not ${minutes}.`;
  if (seconds >= 60) return `seconds must be below 60, not ${seconds}.`;
  return whole + minutes / 60 + seconds / 3600;
}

/** One angle of up to three fields in the marks of hours (`h m s`) or degrees (`° ' "`). */
function sexagesimalParts(text: string, unit: "h" | "d"): number | string | null {
  const marks = unit === "h" ? "h" : "(?:d|°|deg)";
  const f = "(\\d+(?:\\.\\d*)?)";
  const marked = new RegExp(`^([-+]?)\\s*${f}\\s*${marks}(?:\\s*${f}\\s*(?:m|'))?(?:\\s*${f}\\s*(?:s|")?)?$`, "i");
  const colons = new RegExp(`^([-+]?)\\s*${f}\\s*[: ]\\s*${f}(?:\\s*[: ]\\s*${f})?$`);
  const match = marked.exec(text.trim()) ?? colons.exec(text.trim());
  if (!match) return null;
  const value = combine(match.slice(2).map((field) => (field === undefined ? 0 : Number(field))));
  return typeof value === "string" ? value : match[1] === "-" ? -value : value;
}

/** Split into longitude and latitude: at a comma, before the sign of the latitude, or in the middle. */
function halves(input: string): [string, string] | null {
  const comma = /^([^,;]+)[,;]\s*([^,;]+)$/.exec(input);
  if (comma) return [comma[1].trim(), comma[2].trim()];
  const sign = /^(.*[\dhms°'"d])\s*([-+].*)$/i.exec(input);
  if (sign) return [sign[1].trim(), sign[2].trim()];
  const seconds = /^(.*?s)\s*(\d.*)$/i.exec(input);
  if (seconds) return [seconds[1].trim(), seconds[2].trim()];
  const fields = input.split(" ");
  if (fields.length < 2 || fields.length % 2) return null;
  const middle = fields.length / 2;
  return [fields.slice(0, middle).join(" "), fields.slice(middle).join(" ")];
}

function sexagesimalOrDecimal(input: string, frame: FrameName): Place | null {
  const bare = input.replace(/(\d\.?)\s*(?:deg\b|d\b|°)(?=\s*(?:[,;]|[-+]|\s|$))/gi, (whole, digit, at) =>
    /^\s*(?:\d+(?:\.\d*)?\s*['m"])/.test(input.slice(at + whole.length)) ? whole : digit,
  );
  const pair = PAIR.exec(bare.trim());
  if (pair) return place(Number(pair[1]), Number(pair[2]), frame);
  const parts = halves(input);
  if (!parts) return null;
  const hours = frame === "icrs" && !/^[-+]?\s*\d+(?:\.\d*)?\s*(?:d|°)/i.test(parts[0]);
  const lon = sexagesimalParts(parts[0], hours ? "h" : "d") ?? decimal(parts[0]);
  const lat = sexagesimalParts(parts[1], "d") ?? decimal(parts[1]);
  if (lon === null || lat === null) return null;
  if (typeof lon === "string") return error(`In ${parts[0]}, ${lon}`);
  if (typeof lat === "string") return error(`In ${parts[1]}, ${lat}`);
  const inHours = hours && !new RegExp(`^${NUMBER}$`).test(parts[0]);
  if (inHours && (lon < 0 || lon >= 24)) {
    return error(`Right ascension in hours runs from 0 to 24, not ${parts[0]}. Example: ${EXAMPLE}.`);
  }
  return place(inHours ? lon * 15 : lon, lat, frame);
}

function decimal(text: string): number | null {
  const t = text.replace(/\s*(?:deg|d|°)$/i, "");
  return new RegExp(`^${NUMBER}$`, "i").test(t) ? Number(t) : null;
}

function place(lon: number, lat: number, frame: FrameName): Place {
  const [lonName, latName] = LON_NAMES[frame];
  if (!(lon >= -360 && lon <= 360)) {
    return error(`${lonName} runs from 0° to 360°, not ${lon}°. Example: 83.82 −5.39.`);
  }
  if (!(lat >= -90 && lat <= 90)) {
    const name = latName.charAt(0).toUpperCase() + latName.slice(1);
    return error(`${name} runs from −90° to +90°, not ${lat}°. Example: 83.82 −5.39.`);
  }
  const [ra, dec] = toIcrs(frame, lon, lat);
  return { kind: "sky", ra, dec, frame, lon: lon < 0 ? lon + 360 : lon, lat };
}

function unknown(text: string): Place {
  if (/^[-+−]?[\d.][\d\s.,:;+\-−°'"′″hmsd]*$/i.test(text)) {
    return error(
      `“${text}” is not a whole position. Two coordinates are needed, for example ${EXAMPLE} or 83.82 −5.39.`,
    );
  }
  return {
    kind: "error",
    message: `“${text}” looks like a name, and names are not looked up here. Type a position, for example ${EXAMPLE}.`,
    name: text,
  };
}
