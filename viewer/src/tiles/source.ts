/** The tiles of one layer: what is here, what to ask for, which coarser tile stands in. */
import { api, request } from "../api/client";
import type { LayerInfo } from "../api/types";
import type { DisplayStyle } from "../map/types";
import type { Tile, TileCache } from "./cache";
import { ancestor, factorOf, type Placed, type PlaneGrid, planeGrid } from "./cover";
import type { Decoder } from "./decoder";
import type { Job } from "./loader";

/** Means of levels this coarse need the whole file read: a strided sample is shown until they are ready. */
const PREVIEW_FACTOR = 32;
let sources = 0;

export class TileSource {
  readonly grid: PlaneGrid;
  readonly id: string;
  private meansReady: boolean;

  constructor(
    readonly info: LayerInfo,
    private readonly cache: TileCache,
    private readonly decoder: Decoder,
    /** Set where the server draws the colours. */
    readonly style: DisplayStyle | null,
    private readonly onTile: (tile: Tile) => void,
  ) {
    this.grid = planeGrid(info);
    this.id = `${sources++}/`;
    this.meansReady = info.overviews.ready;
  }

  keyOf(at: Placed): string {
    return `${this.id}${at.level}/${at.row}/${at.col}`;
  }

  tile(at: Placed): Tile | undefined {
    return this.cache.use(this.keyOf(at));
  }

  has(at: Placed): boolean {
    return this.cache.has(this.keyOf(at));
  }

  /** The finest tile here that covers this one: itself or the nearest coarser. */
  standIn(at: Placed): Tile | undefined {
    for (let level = at.level; level >= 0; level--) {
      const tile = this.tile(ancestor(at, level));
      if (tile) return tile;
    }
    return undefined;
  }

  /** What still has to be fetched for a tile, or null. A sample is replaced by the means after all else. */
  job(at: Placed, priority: number): Job | null {
    const key = this.keyOf(at);
    const here = this.cache.peek(key);
    if (here && !here.preview) return null;
    const preview = !here && !this.meansReady && factorOf(this.grid, at.level) >= PREVIEW_FACTOR;
    return {
      key: preview ? `${key}?` : key,
      priority: here ? priority + 1e6 : priority,
      run: (signal) => this.load(at, preview, signal),
    };
  }

  forget(): void {
    this.cache.forget(this.id);
  }

  private async load(at: Placed, preview: boolean, signal: AbortSignal): Promise<void> {
    const query = preview ? { preview: 1 } : {};
    const address = (ext: string, more: Record<string, string | number> = {}) =>
      api.tileUrl(this.info, at.level, at.row, at.col, ext, { ...query, ...more });
    const url = this.style ? address("webp", styleQuery(this.style)) : address("q16");
    const response = await request(url, signal);
    const isPreview = response.headers.get("X-Armillary-Preview") === "1";
    const tile = this.style ? await this.picture(at, response) : await this.values(at, response);
    if (signal.aborted) {
      tile.bitmap?.close();
      return;
    }
    tile.preview = isPreview;
    if (!isPreview && factorOf(this.grid, at.level) >= PREVIEW_FACTOR) this.meansReady = true;
    this.cache.put(tile);
    this.onTile(tile);
  }

  private async values(at: Placed, response: Response): Promise<Tile> {
    const data = await this.decoder.decode(await response.arrayBuffer(), "q16", this.info.tile_size);
    return { ...this.empty(at), data, bytes: data.byteLength };
  }

  private async picture(at: Placed, response: Response): Promise<Tile> {
    const bitmap = await createImageBitmap(await response.blob());
    return { ...this.empty(at), bitmap, bytes: 4 * bitmap.width * bitmap.height };
  }

  private empty(at: Placed): Tile {
    const { level, row, col } = at;
    return { key: this.keyOf(at), level, row, col, data: null, bitmap: null, preview: false, bytes: 0, frame: 0 };
  }
}

function styleQuery(style: DisplayStyle): Record<string, string | number> {
  const { vmin, vmax, stretch, cmap, gamma, invert, absolute } = style;
  return { vmin, vmax, stretch, cmap, gamma, invert: invert ? 1 : 0, abs: absolute ? 1 : 0 };
}
