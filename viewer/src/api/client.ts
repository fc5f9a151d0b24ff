/** Requests to the server this page came from. Every call can be aborted; failures are ApiError with words for people. */
import type { Colormaps, HeaderEntry, Histogram, HoldingsTree, LayerInfo, ValueAnswer } from "./types";
import { readableLayer, readableTree } from "./units";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

type Query = Record<string, string | number | boolean | undefined>;

/** Address below the folder this page was served from: works under any root path. */
export function apiUrl(path: string, query: Query = {}): string {
  const url = new URL(`api/${path}`, new URL(".", document.baseURI));
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

export async function request(url: string, signal?: AbortSignal, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal, credentials: "same-origin" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The server does not answer. Is Armillary still running?");
  }
  if (response.ok) return response;
  if (response.status === 401 || response.status === 404) refusals.dispatchEvent(new Event("refused"));
  throw await failure(response);
}

/** Says `refused` when an answer may mean that a login has ended: what is denied looks like what is missing. */
export const refusals = new EventTarget();

/** Change something: `csrf` is what `GET /api/session` gave. */
export async function post(path: string, csrf: string | null, body: object = {}): Promise<Response> {
  const headers = { "Content-Type": "application/json", ...(csrf ? { "X-Armillary-CSRF": csrf } : {}) };
  return request(apiUrl(path), undefined, { method: "POST", headers, body: JSON.stringify(body) });
}

async function failure(response: Response): Promise<ApiError> {
  try {
    const { error } = await response.json();
    return new ApiError(response.status, error.code, error.message);
  } catch {
    return new ApiError(response.status, "http", `The server answered ${response.status} ${response.statusText}.`);
  }
}

export async function json<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return (await request(apiUrl(path, query), signal)).json();
}

export const layerPath = (id: string, rest = "") => `layers/${encodeURIComponent(id)}${rest}`;

export const api = {
  holdings: async (signal?: AbortSignal) => readableTree(await json<HoldingsTree>("holdings", {}, signal)),
  layer: async (id: string, signal?: AbortSignal) => readableLayer(await json<LayerInfo>(layerPath(id), {}, signal)),
  value: (id: string, at: { x: number; y: number } | { ra: number; dec: number }, signal?: AbortSignal) =>
    json<ValueAnswer>(layerPath(id, "/values"), at, signal),
  histogram: (
    id: string,
    query: { bins?: number; exact?: 0 | 1; vmin?: number; vmax?: number } = {},
    signal?: AbortSignal,
  ) => json<Histogram>(layerPath(id, "/histogram"), query, signal),
  headers: (id: string, signal?: AbortSignal) => json<HeaderEntry[]>(layerPath(id, "/headers"), {}, signal),
  colormaps: (signal?: AbortSignal) => json<Colormaps>("colormaps", {}, signal),
  tileUrl: (info: LayerInfo, level: number, row: number, col: number, ext: string, query: Query = {}) =>
    apiUrl(layerPath(info.id, `/tiles/${level}/${row}/${col}.${ext}`), { v: info.version, ...query }),
  imageUrl: (id: string, ext: string, query: Query) => apiUrl(layerPath(id, `/image.${ext}`), query),
  /** Unit vectors in ICRS, `[ny][nx][3]`, row 0 at `y0`. */
  async skyGrid(id: string, query: Query, signal?: AbortSignal): Promise<Float64Array> {
    return new Float64Array(await (await request(apiUrl(layerPath(id, "/skygrid"), query), signal)).arrayBuffer());
  },
  /** Pixels of layer `id`, `[ny][nx][2]`, under a grid of pixels of layer `base`. */
  async pixelGrid(id: string, query: Query, signal?: AbortSignal): Promise<Float64Array> {
    return new Float64Array(await (await request(apiUrl(layerPath(id, "/pixelgrid"), query), signal)).arrayBuffer());
  },
};
