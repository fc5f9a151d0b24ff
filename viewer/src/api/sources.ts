/** Catalogs: what the server says of their columns, their sources in a view, and their rows. */
import { apiUrl, json, request } from "./client";
import { decodePoints, type Points } from "./points";
import type { SourceGroupEntry } from "./types";
import { readableUnits } from "./units";

export interface SourceColumn {
  name: string;
  dtype: string;
  unit: string | null;
  ucd: string | null;
  description: string | null;
  numeric: boolean;
}

export interface SourceGroupInfo {
  id: string;
  name: string;
  description: string;
  status: "ready" | "unavailable";
  count: number;
  /** Rows without a place on the sky. */
  skipped: { total: number; missing: number; not_finite: number; out_of_range: number };
  columns: SourceColumn[];
  ra_column: string | null;
  dec_column: string | null;
  name_column: string | null;
  center: { ra: number; dec: number } | null;
  style: SourceGroupEntry["style"];
  version: string;
  notes: string[];
}

/** Integers that a number cannot hold come as text. */
export type Cell = string | number | boolean | null | Cell[];

export interface RowPage {
  total: number;
  start: number;
  columns: string[];
  row: number[];
  rows: Cell[][];
  version: string;
}

export interface SourceRow {
  row: number;
  ra: number | null;
  dec: number | null;
  values: Record<string, Cell>;
}

type Query = Record<string, string | number | boolean | undefined>;

/** A part of the sky: pixels of a layer, or a circle in degrees. */
export type SkyPart =
  | { layer: string; x0: number; y0: number; x1: number; y1: number }
  | { ra: number; dec: number; radius: number };

export interface RowsWish {
  start?: number;
  count?: number;
  sort?: string;
  descending?: boolean;
  filter?: string;
  search?: string;
  columns?: readonly string[];
  part?: SkyPart | null;
  v?: string;
}

export interface PointsWish {
  part: SkyPart;
  limit?: number;
  size?: string | null;
  color?: string | null;
  /** Sources of such a `size` come first where not all of them are sent. */
  first?: "largest" | "smallest";
  filter?: string;
  search?: string;
  /** Of more sources than this a few will do, where a picture of their density comes with them. */
  crowd?: number;
  v?: string;
}

const sourcePath = (id: string, rest = "") => `sources/${encodeURIComponent(id)}${rest}`;
const orNothing = (text: string | null | undefined): string | undefined => text?.trim() || undefined;

function rowsQuery({ part, columns, filter, search, descending, ...rest }: RowsWish): Query {
  return {
    ...rest,
    descending: descending ? 1 : undefined,
    filter: orNothing(filter),
    search: orNothing(search),
    columns: columns?.length ? columns.map(listed).join(",") : undefined,
    ...part,
  };
}

/** A name in a list of names between commas, as in CSV. */
const listed = (name: string): string => (/[",]/.test(name) ? `"${name.replace(/"/g, '""')}"` : name);

/** JSON in which integers beyond what a number holds are kept as text. */
export function parseExact<T>(text: string): T {
  const keep = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source
      ? /^-?\d+$/.test(context.source)
        ? context.source
        : value
      : value;
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}

async function exact<T>(path: string, query: Query, signal?: AbortSignal): Promise<T> {
  return parseExact(await (await request(apiUrl(path, query), signal)).text());
}

export const sources = {
  async info(id: string, signal?: AbortSignal): Promise<SourceGroupInfo> {
    const info = await json<SourceGroupInfo>(sourcePath(id), {}, signal);
    const columns = info.columns.map((column) => ({ ...column, unit: readableUnits(column.unit) }));
    return { ...info, columns };
  },
  async points(id: string, { part, filter, search, size, color, first, ...rest }: PointsWish, signal?: AbortSignal) {
    const query: Query = {
      ...part,
      ...rest,
      size: size ?? undefined,
      color: color ?? undefined,
      first: size ? first : undefined,
      filter: orNothing(filter),
      search: orNothing(search),
    };
    const response = await request(apiUrl(sourcePath(id, "/points"), query), signal);
    return decodePoints(await response.arrayBuffer()) satisfies Points;
  },
  rows: (id: string, wish: RowsWish, signal?: AbortSignal) =>
    exact<RowPage>(sourcePath(id, "/rows"), rowsQuery(wish), signal),
  row: (id: string, row: number, signal?: AbortSignal) => exact<SourceRow>(sourcePath(id, `/rows/${row}`), {}, signal),
  /** Where the rows can be had as CSV: for a link. */
  csvUrl: (id: string, wish: RowsWish): string =>
    apiUrl(sourcePath(id, "/rows"), { ...rowsQuery({ start: 0, count: 100_000, ...wish }), format: "csv" }),
};
