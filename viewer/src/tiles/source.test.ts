import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LayerInfo } from "../api/types";
import { type Tile, TileCache } from "./cache";
import type { Decoder } from "./decoder";
import { TileSource } from "./source";

const info = {
  id: "map@3",
  shape: [20000, 20000],
  tile_size: 512,
  levels: 7,
  version: "v1",
  full_circle: false,
  wrap_period_px: null,
  overviews: { ready: false, progress: 0 },
} as unknown as LayerInfo;

const root = { level: 0, row: 0, col: 0, copy: 0 };
const fine = { level: 6, row: 5, col: 9, copy: 0 };
let urls: URL[] = [];
let sampled = true;

function make(ready = false): { source: TileSource; arrived: Tile[] } {
  const arrived: Tile[] = [];
  const decoder = { decode: async () => new Float32Array(512 * 512) } as unknown as Decoder;
  const layer = { ...info, overviews: { ready, progress: 0 } };
  const source = new TileSource(layer, new TileCache(1e9, () => {}), decoder, null, (tile) => arrived.push(tile));
  return { source, arrived };
}

beforeEach(() => {
  urls = [];
  sampled = true;
  vi.stubGlobal("document", { baseURI: "http://host/base/" });
  vi.stubGlobal("fetch", async (url: string) => {
    urls.push(new URL(url));
    const headers: HeadersInit = sampled && url.includes("preview") ? { "X-Armillary-Preview": "1" } : {};
    return new Response(new ArrayBuffer(8), { headers });
  });
});
afterEach(() => vi.unstubAllGlobals());

describe("TileSource", () => {
  it("shows a sample of coarse levels at once and asks for the means after everything else", async () => {
    const { source, arrived } = make();
    await source.job(root, 1)?.run(new AbortController().signal);
    expect(urls[0].pathname).toBe("/base/api/layers/map%403/tiles/0/0/0.q16");
    expect(urls[0].searchParams.get("preview")).toBe("1");
    expect(urls[0].searchParams.get("v")).toBe("v1");
    expect(arrived[0].preview).toBe(true);
    const again = source.job(root, 1);
    expect(again?.priority).toBeGreaterThan(1e5);
    await again?.run(new AbortController().signal);
    expect(urls[1].searchParams.has("preview")).toBe(false);
    expect(source.tile(root)?.preview).toBe(false);
    expect(source.job(root, 1)).toBeNull();
  });

  it("asks for the means at once where they are ready or cheap", async () => {
    await make(true).source.job(root, 0)?.run(new AbortController().signal);
    await make(false).source.job(fine, 0)?.run(new AbortController().signal);
    expect(urls.map((url) => url.searchParams.has("preview"))).toEqual([false, false]);
  });

  it("takes what the server calls exact as exact, even if a sample would have done", async () => {
    sampled = false;
    const { source } = make();
    await source.job(root, 0)?.run(new AbortController().signal);
    expect(source.job(root, 0)).toBeNull();
  });

  it("stands a coarser tile in for one that is not here, the finest there is", async () => {
    const { source } = make(true);
    expect(source.standIn(fine)).toBeUndefined();
    for (const at of [root, { level: 4, row: 1, col: 2, copy: 0 }]) {
      await source.job(at, 0)?.run(new AbortController().signal);
    }
    expect(source.standIn(fine)?.level).toBe(4);
    expect(source.standIn({ ...fine, col: 30 })?.level).toBe(0);
  });

  it("throws away what comes after it was aborted", async () => {
    const { source, arrived } = make(true);
    const control = new AbortController();
    const running = source.job(root, 0)?.run(control.signal);
    control.abort();
    await running;
    expect(arrived).toEqual([]);
    expect(source.has(root)).toBe(false);
  });
});
