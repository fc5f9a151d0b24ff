/** What is asked of the server in a job, and what it will weigh. */
import { ApiError } from "../api/client";
import { type CutoutEstimate, estimateCutout, styleQuery } from "../api/regions";
import type { LayerInfo } from "../api/types";
import type { DisplayStyle } from "../map/types";
import { posText, type SkyRegion } from "../sky/regions";
import { many } from "./job-words";
import { layerName, namedLayer } from "./layer-names";
import { bytesInWords, grouped } from "./numbers";
import { splitLayerId } from "./url";

export type JobForm = "fits" | "png" | "jpeg";
export type Packaging = "zip" | "tar" | "none";

export interface JobWish {
  /** Ids of layers, with their slices where one is meant. */
  layers: readonly string[];
  form: JobForm;
  /** Colours of pictures; null where several layers have each their own. */
  style: DisplayStyle | null;
  name: string;
  region?: SkyRegion;
  positions?: { file: File; radius: number; packaging: Packaging };
}

export const LONGEST_JOB_NAME = 120;

/** Fields of the request that makes the job and starts it. */
export function formOf(wish: JobWish): FormData {
  const form = new FormData();
  for (const id of wish.layers) form.append("ID", id);
  if (wish.region) form.append("POS", posText(wish.region));
  if (wish.positions) {
    form.append("RADIUS", String(wish.positions.radius));
    form.append("PACKAGE", wish.positions.packaging);
  }
  form.append("RESPONSEFORMAT", wish.form);
  if (wish.form !== "fits" && wish.style)
    for (const [key, value] of Object.entries(styleQuery(wish.style))) form.append(key, String(value));
  const name = wish.name.trim().replace(/\s+/g, " ").slice(0, LONGEST_JOB_NAME);
  if (name) form.append("RUNID", name);
  form.append("PHASE", "RUN");
  if (wish.positions) {
    form.append("UPLOAD", `${tableName(wish.positions.file.name)},param:positions`);
    form.append("positions", wish.positions.file, wish.positions.file.name);
  }
  return form;
}

/** A file's name as a name of a table may be: the server's words call it so. */
export function tableName(file: string): string {
  const name = file.replace(/[^A-Za-z0-9_.-]+/g, "_").slice(-63);
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

/** The id of what is cut: all slices of a cube, or the one that is shown. */
export function cutId(info: LayerInfo, allSlices: boolean): string {
  const base = info.cube?.base ?? splitLayerId(info.id).base;
  return info.cube && !allSlices ? `${base}@${info.cube.index.join(",")}` : base;
}

export const slicesOf = (axes: readonly { length: number }[] | undefined): number =>
  (axes ?? []).reduce((count, { length }) => count * length, 1);

/** How many planes an id means. */
function planesOf(id: string): number {
  const { base, slice } = splitLayerId(id);
  return slice.length ? 1 : slicesOf(namedLayer(base)?.entry.cube?.axes);
}

export interface Weight {
  /** Of one result of the first layer. */
  shape: [number, number];
  planes: number;
  bytes: number;
  files: number;
  /** Layers that have no pixel there. */
  outside: string[];
  /** Why it cannot be had. */
  fault: string;
}

const MOST_ASKED = 8;

const askForm = (form: JobForm) => (form === "jpeg" ? "jpg" : form);

/** What each result will weigh, as the server estimates it; more than a few layers are taken to be like the first ones. */
export async function weigh(
  wish: Pick<JobWish, "layers" | "form" | "style">,
  region: SkyRegion,
  signal: AbortSignal,
): Promise<Weight> {
  const asked = wish.layers.slice(0, MOST_ASKED);
  const cutout = { region, format: askForm(wish.form), mask: true, style: wish.style } as const;
  const answers = await Promise.all(asked.map((id) => estimateOf(id, cutout, signal)));
  const found = answers.filter((one) => one.estimate !== null);
  const outside = answers.filter(({ estimate }) => estimate === null).map(({ id }) => layerName(id));
  if (found.length === 0) return { ...NOTHING, outside, fault: nowhere(outside) };
  const large = found.find(({ estimate }) => estimate && estimate.pixels > estimate.limit);
  const bytes = found.reduce((sum, { id, estimate }) => sum + (estimate?.bytes ?? 0) * planesOf(id), 0);
  return {
    shape: found[0].estimate?.shape ?? [0, 0],
    planes: planesOf(found[0].id),
    bytes: (bytes * wish.layers.length) / asked.length,
    files: wish.layers.length,
    outside,
    fault: large?.estimate ? tooLarge(large.estimate) : "",
  };
}

const NOTHING: Weight = { shape: [0, 0], planes: 1, bytes: 0, files: 0, outside: [], fault: "" };

type Cutout = Parameters<typeof estimateCutout>[1];

/** Null where the layer has no pixel there; fails with what else is wrong. */
async function estimateOf(id: string, cutout: Cutout, signal: AbortSignal) {
  const { base, slice } = splitLayerId(id);
  try {
    return { id, estimate: await estimateCutout(slice.length ? id : base, cutout, signal) };
  } catch (error) {
    if (error instanceof ApiError && error.code === "region_outside") return { id, estimate: null };
    throw error;
  }
}

const nowhere = (names: string[]): string =>
  names.length === 1 ? "This layer has no pixel there." : "None of these layers has a pixel there.";

const mega = (value: number) => `${Number((value / 1e6).toPrecision(3))} Mpx`;

export const tooLarge = ({ pixels, limit }: CutoutEstimate): string =>
  `${mega(pixels)} are more than one cutout may have (${mega(limit)}). Make it smaller.`;

/** `597 × 594 px · about 1.42 MB` */
export function weightWords({ shape: [ny, nx], planes, bytes, files }: Weight): string {
  const deep = planes > 1 ? ` × ${grouped(planes)}` : "";
  const size = `${grouped(nx)} × ${grouped(ny)}${deep} px`;
  return [size, files > 1 ? many(files, "file") : "", `about ${bytesInWords(bytes)}`].filter(Boolean).join(" · ");
}
