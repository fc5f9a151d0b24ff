/** Boxes and circles as text of the address and of the browser's memory. Reading is total. Pure. */
import { makeRange, normalPosition, type Position, type Region } from "../sky/regions";

export interface NamedRegion {
  region: Region;
  /** Empty: the name it gets by itself. */
  name: string;
}

export const MOST_BOXES = 100;
export const MOST_CIRCLES = 200;
export const MOST_CORNERS = 64;
export const LONGEST_NAME = 80;
const MOST_PIXELS = 1e9;

/** Seven decimals of a degree: a third of a thousandth of an arcsecond. */
const figure = (value: number): string => String(Number(value.toFixed(7)));
/** Whether a pixel lies in a circle may hang on less. */
const fine = (value: number): string => String(Number(value.toFixed(10)));
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[_!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function unescaped(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** `r,ra0,ra1,dec0,dec1`, `p,ra,dec,ra,dec,…`, `x,layer,x0,y0,x1,y1`; a name behind a colon; joined by `_`. */
export function encodeBoxes(boxes: readonly NamedRegion[]): string {
  return boxes
    .slice(0, MOST_BOXES)
    .map(({ region, name }) => `${encodeRegion(region)}${name ? `:${escaped(name)}` : ""}`)
    .join("_");
}

function encodeRegion(region: Region): string {
  if (region.kind === "range")
    return ["r", ...[region.ra0, region.ra1, region.dec0, region.dec1].map(figure)].join(",");
  if (region.kind === "polygon") return ["p", ...region.corners.flat().map(figure)].join(",");
  if (region.kind === "circle") return ["c", ...[region.ra, region.dec, region.radius].map(figure)].join(",");
  return ["x", escaped(region.layer), region.x0, region.y0, region.x1, region.y1].join(",");
}

export function decodeBoxes(text: string): NamedRegion[] {
  return decodeList(text, MOST_BOXES).filter(({ region }) => region.kind !== "circle");
}

/** `ra,dec,radius`, a name behind a colon; joined by `_`. */
export function encodeCircles(circles: readonly { ra: number; dec: number; radius: number; name: string }[]): string {
  const short = (c: { ra: number; dec: number; radius: number }) => [c.ra, c.dec, c.radius].map(fine).join(",");
  return circles
    .slice(0, MOST_CIRCLES)
    .map((circle) => `${short(circle)}${circle.name ? `:${escaped(circle.name)}` : ""}`)
    .join("_");
}

export function decodeCircles(text: string): { ra: number; dec: number; radius: number; name: string }[] {
  return decodeList(text.replace(/(^|_)(?=[-\d.])/g, "$1c,"), MOST_CIRCLES).flatMap(({ region, name }) =>
    region.kind === "circle" ? [{ ra: region.ra, dec: region.dec, radius: region.radius, name }] : [],
  );
}

function decodeList(text: string, most: number): NamedRegion[] {
  return text
    .split("_", most)
    .map(decodeOne)
    .filter((one) => one !== null);
}

function decodeOne(text: string): NamedRegion | null {
  const at = text.indexOf(":");
  const [kind, ...fields] = (at < 0 ? text : text.slice(0, at)).split(",");
  const name = at < 0 ? "" : (unescaped(text.slice(at + 1)) ?? "").trim().slice(0, LONGEST_NAME);
  const region = decodeRegion(kind, fields);
  return region && { region, name };
}

function decodeRegion(kind: string, fields: string[]): Region | null {
  if (kind === "x") return decodePixels(fields);
  const numbers = fields.map((field) => (field.trim() === "" ? Number.NaN : Number(field)));
  if (!numbers.every((value) => Number.isFinite(value) && Math.abs(value) <= 720)) return null;
  if (kind === "r" && numbers.length === 4) {
    const [ra0, ra1, dec0, dec1] = numbers;
    return Math.abs(dec0) <= 90 && Math.abs(dec1) <= 90 ? makeRange(ra0, ra1, dec0, dec1) : null;
  }
  if (kind === "p") return decodePolygon(numbers);
  if (kind === "c" && numbers.length === 3) {
    const [ra, dec, radius] = numbers;
    if (Math.abs(dec) > 90 || !(radius > 0 && radius <= 90)) return null;
    return { kind: "circle", ra: normalPosition([ra, dec])[0], dec, radius };
  }
  return null;
}

function decodePolygon(numbers: number[]): Region | null {
  const count = numbers.length / 2;
  if (!Number.isInteger(count) || count < 3 || count > MOST_CORNERS) return null;
  const corners = Array.from({ length: count }, (_, k): Position => [numbers[2 * k], numbers[2 * k + 1]]);
  return corners.every(([, dec]) => Math.abs(dec) <= 90)
    ? { kind: "polygon", corners: corners.map(normalPosition) }
    : null;
}

function decodePixels([name, ...fields]: string[]): Region | null {
  const layer = unescaped(name ?? "");
  const [x0, y0, x1, y1] = fields.map(Number);
  const whole = [x0, y0, x1, y1].every((value) => Number.isInteger(value) && Math.abs(value) <= MOST_PIXELS);
  return layer && fields.length === 4 && whole && x1 > x0 && y1 > y0 ? { kind: "pixels", layer, x0, y0, x1, y1 } : null;
}
