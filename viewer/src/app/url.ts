/** The view as the query of the page's address, and back. Reading is total: what makes no sense is left out. */
import type { StretchName } from "../api/types";
import type { CompareMode, DisplayStyle, GridFrame, OverlayOptions } from "../map/types";
import { DEFAULT_OVERLAYS } from "./state";

export interface UrlView {
  ra?: number;
  dec?: number;
  fov?: number;
  x?: number;
  y?: number;
  scale?: number;
}

export interface UrlState {
  layer?: string;
  slice?: number[];
  view: UrlView;
  style: Partial<DisplayStyle>;
  compare?: { id: string; mode: CompareMode; mix: number };
  overlays: Partial<OverlayOptions>;
  mirror: boolean;
  /** What other parts of the page keep in the address, by their names (`addUrlPart`). */
  extra: Record<string, string>;
}

export const STRETCHES: readonly StretchName[] = ["linear", "sqrt", "asinh", "log", "power", "histeq"];
/** Names of the address that other parts of the page may keep. */
export const EXTRA_NAMES = ["catalogs", "boxes", "circles", "source"] as const;
export type ExtraName = (typeof EXTRA_NAMES)[number];
const MODES: readonly CompareMode[] = ["opacity", "blink", "swipe"];
const FRAMES: readonly GridFrame[] = ["icrs", "galactic", "ecliptic"];
const SWITCHES = ["graticule", "scaleBar", "compass", "minimap", "reticle"] as const;
const SWITCH_NAMES: Record<(typeof SWITCHES)[number], string> = {
  graticule: "grid",
  scaleBar: "scalebar",
  compass: "compass",
  minimap: "minimap",
  reticle: "reticle",
};

/** `u_gal@3,1` to its base and slice. */
export function splitLayerId(id: string): { base: string; slice: number[] } {
  const match = /^(.*)@(\d+(?:,\d+)*)$/.exec(id);
  return match ? { base: match[1], slice: match[2].split(",").map(Number) } : { base: id, slice: [] };
}

export const joinLayerId = (base: string, slice: readonly number[] = []): string =>
  slice.some((k) => k !== 0) ? `${base}@${slice.join(",")}` : base;

/** Figures that bring the same view back, and no more of them. */
const short = (value: number, digits: number): string => String(Number(value.toPrecision(digits)));

export function encodeUrl(state: UrlState): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string | undefined) => value !== undefined && query.set(name, value);
  put("layer", state.layer);
  if (state.slice?.some((k) => k !== 0)) put("slice", state.slice.join(","));
  encodeView(state.view, put);
  encodeStyle(state.style, put);
  if (state.compare) {
    put("compare", state.compare.id);
    put("mode", state.compare.mode);
    put("mix", short(state.compare.mix, 3));
  }
  encodeOverlays(state.overlays, put);
  if (state.mirror) put("mirror", "1");
  for (const name of EXTRA_NAMES) put(name, state.extra[name] || undefined);
  return query.toString().replace(/%2C/g, ",").replace(/%40/g, "@");
}

type Put = (name: string, value: string | undefined) => void;

function encodeView(view: UrlView, put: Put): void {
  if (view.ra !== undefined && view.dec !== undefined) {
    put("ra", String(Number(view.ra.toFixed(8))));
    put("dec", String(Number(view.dec.toFixed(8))));
    if (view.fov !== undefined) put("fov", short(view.fov, 6));
  } else if (view.x !== undefined && view.y !== undefined) {
    put("x", String(Number(view.x.toFixed(3))));
    put("y", String(Number(view.y.toFixed(3))));
    if (view.scale !== undefined) put("scale", short(view.scale, 6));
  }
}

function encodeStyle(style: Partial<DisplayStyle>, put: Put): void {
  if (style.vmin !== undefined && style.vmax !== undefined) {
    put("min", short(style.vmin, 8));
    put("max", short(style.vmax, 8));
  }
  put("stretch", style.stretch);
  put("cmap", style.cmap);
  if (style.gamma !== undefined && style.gamma !== 1) put("gamma", short(style.gamma, 3));
  if (style.invert) put("invert", "1");
  if (style.absolute) put("abs", "1");
}

function encodeOverlays(overlays: Partial<OverlayOptions>, put: Put): void {
  if (overlays.frame && overlays.frame !== DEFAULT_OVERLAYS.frame) put("frame", overlays.frame);
  if (overlays.raConvention === "±180") put("lon", "180");
  if (overlays.raHours) put("hours", "1");
  for (const name of SWITCHES) {
    const on = overlays[name];
    if (on !== undefined && on !== DEFAULT_OVERLAYS[name]) put(SWITCH_NAMES[name], on ? "1" : "0");
  }
}

export function decodeUrl(search: string): UrlState {
  const query = new URLSearchParams(search);
  const layer = query.get("layer") || undefined;
  const slice = query.get("slice");
  return {
    layer,
    slice: slice && /^\d{1,9}(,\d{1,9}){0,4}$/.test(slice) ? slice.split(",").map(Number) : undefined,
    view: decodeView(query),
    style: decodeStyle(query),
    compare: decodeCompare(query),
    overlays: decodeOverlays(query),
    mirror: query.get("mirror") === "1",
    extra: Object.fromEntries(EXTRA_NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name) ?? ""]] : []))),
  };
}

function number(query: URLSearchParams, name: string, lo = -1e300, hi = 1e300): number | undefined {
  const text = query.get(name);
  if (text === null || text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= lo && value <= hi ? value : undefined;
}

function oneOf<T extends string>(query: URLSearchParams, name: string, allowed: readonly T[]): T | undefined {
  const text = query.get(name);
  return allowed.find((item) => item === text);
}

function decodeView(query: URLSearchParams): UrlView {
  const ra = number(query, "ra", -360, 720);
  const dec = number(query, "dec", -90, 90);
  if (ra !== undefined && dec !== undefined) return defined({ ra, dec, fov: number(query, "fov", 1e-9, 1e5) });
  const x = number(query, "x", -1e9, 1e9);
  const y = number(query, "y", -1e9, 1e9);
  if (x !== undefined && y !== undefined) return defined({ x, y, scale: number(query, "scale", 1e-6, 1e9) });
  return {};
}

function decodeStyle(query: URLSearchParams): Partial<DisplayStyle> {
  const vmin = number(query, "min");
  const vmax = number(query, "max");
  const range = vmin !== undefined && vmax !== undefined && vmin < vmax;
  const cmap = query.get("cmap");
  return defined({
    vmin: range ? vmin : undefined,
    vmax: range ? vmax : undefined,
    stretch: oneOf(query, "stretch", STRETCHES),
    cmap: cmap && /^[A-Za-z0-9_.-]{1,64}$/.test(cmap) ? cmap : undefined,
    gamma: number(query, "gamma", 0.1, 10),
    invert: query.get("invert") === "1" || undefined,
    absolute: query.get("abs") === "1" || undefined,
  });
}

function decodeCompare(query: URLSearchParams): UrlState["compare"] {
  const id = query.get("compare");
  if (!id) return undefined;
  return { id, mode: oneOf(query, "mode", MODES) ?? "opacity", mix: number(query, "mix", 0, 1) ?? 0.5 };
}

function decodeOverlays(query: URLSearchParams): Partial<OverlayOptions> {
  const overlays: Partial<OverlayOptions> = {};
  const frame = oneOf(query, "frame", FRAMES);
  if (frame) overlays.frame = frame;
  if (query.get("lon") === "180") overlays.raConvention = "±180";
  if (query.get("hours") === "1") overlays.raHours = true;
  for (const name of SWITCHES) {
    const text = query.get(SWITCH_NAMES[name]);
    if (text === "1" || text === "0") overlays[name] = text === "1";
  }
  return overlays;
}

/** Without the keys that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
