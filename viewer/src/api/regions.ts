/** Cutouts, outlines and apertures: what the server says of regions. */
import type { DisplayStyle } from "../map/types";
import { posText, type Region, type SkyRegion } from "../sky/regions";
import { apiUrl, json, layerPath } from "./client";
import { readableUnits } from "./units";

export type CutoutFormat = "fits" | "png" | "jpg" | "webp";

export interface Outline {
  /** Pixels of the layer, broken where the map ends or wraps. */
  lines: [number, number][][];
  inside: boolean;
}

export interface CutoutEstimate {
  bytes: number;
  shape: [number, number];
  pixels: number;
  window: [number, number, number, number];
  /** Most pixels that one cutout may have. */
  limit: number;
}

export interface ApertureStatistics {
  count: number;
  masked: number;
  mean: number | null;
  std: number | null;
  min: number | null;
  max: number | null;
  median: number | null;
  sum: number | null;
  area_deg2: number | null;
  units: string | null;
  radius_deg: number;
  ra: number;
  dec: number;
  version: string;
}

type Query = Record<string, string | number>;

const regionQuery = (region: Region): Query =>
  region.kind === "pixels" ? { x0: region.x0, y0: region.y0, x1: region.x1, y1: region.y1 } : { POS: posText(region) };

export function styleQuery(style: DisplayStyle): Query {
  const { vmin, vmax, stretch, cmap, gamma, invert, absolute } = style;
  return { vmin, vmax, stretch, cmap, gamma, invert: invert ? 1 : 0, abs: absolute ? 1 : 0 };
}

export interface CutoutWish {
  region: Region;
  format: CutoutFormat;
  /** NaN outside the region, where its bounding box is larger. */
  mask: boolean;
  style: DisplayStyle | null;
}

function cutoutQuery({ region, format, mask, style }: CutoutWish): Query {
  const picture = format !== "fits" && style ? styleQuery(style) : {};
  return { ...regionQuery(region), format, mask: mask ? 1 : 0, ...picture };
}

/** The address of a cutout, for a link: the browser streams it into a file. */
export const cutoutUrl = (layer: string, wish: CutoutWish): string =>
  apiUrl(layerPath(layer, "/cutout"), cutoutQuery(wish));

export const estimateCutout = (layer: string, wish: CutoutWish, signal?: AbortSignal): Promise<CutoutEstimate> =>
  json(layerPath(layer, "/cutout"), { ...cutoutQuery(wish), estimate: 1 }, signal);

export const outline = (layer: string, region: SkyRegion, signal?: AbortSignal): Promise<Outline> =>
  json(layerPath(layer, "/outline"), { POS: posText(region) }, signal);

export async function aperture(
  layer: string,
  at: { ra: number; dec: number; radius: number },
  signal?: AbortSignal,
): Promise<ApertureStatistics> {
  const answer = await json<ApertureStatistics>(layerPath(layer, "/aperture"), at, signal);
  return { ...answer, units: readableUnits(answer.units) };
}
