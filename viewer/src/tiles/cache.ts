/** Decoded tiles, bounded by bytes: the least recently drawn go first, those of the current frame stay. */

export interface Tile {
  readonly key: string;
  readonly level: number;
  readonly row: number;
  readonly col: number;
  /** Values, row 0 at the top, `NO_DATA` where there are none; null where the server draws the colours. */
  data: Float32Array | null;
  bitmap: ImageBitmap | null;
  /** A strided sample that waits for its exact version. */
  preview: boolean;
  bytes: number;
  /** Frame that drew it last. */
  frame: number;
}

/** Stands for "no value": shaders cannot be trusted to tell NaN. */
export const NO_DATA = -3.4e38;
export const isData = (value: number): boolean => value > -3.3e38;

export class TileCache {
  private readonly tiles = new Map<string, Tile>();
  private bytes = 0;
  frame = 0;

  constructor(
    private readonly limit: number,
    private readonly onDrop: (tile: Tile) => void,
  ) {}

  get size(): number {
    return this.bytes;
  }

  has(key: string): boolean {
    return this.tiles.has(key);
  }

  peek(key: string): Tile | undefined {
    return this.tiles.get(key);
  }

  /** The tile, counted as used in this frame. */
  use(key: string): Tile | undefined {
    const tile = this.tiles.get(key);
    if (tile && tile.frame !== this.frame) {
      tile.frame = this.frame;
      this.tiles.delete(key);
      this.tiles.set(key, tile);
    }
    return tile;
  }

  put(tile: Tile): void {
    const old = this.tiles.get(tile.key);
    if (old) this.drop(old);
    tile.frame = this.frame;
    this.tiles.set(tile.key, tile);
    this.bytes += tile.bytes;
    this.trim();
  }

  /** Drop the tiles whose key starts with `prefix`. */
  forget(prefix: string): void {
    for (const tile of [...this.tiles.values()]) if (tile.key.startsWith(prefix)) this.drop(tile);
  }

  clear(): void {
    this.forget("");
  }

  private trim(): void {
    for (const tile of this.tiles.values()) {
      if (this.bytes <= this.limit) return;
      if (tile.frame < this.frame - 1) this.drop(tile);
    }
  }

  private drop(tile: Tile): void {
    this.tiles.delete(tile.key);
    this.bytes -= tile.bytes;
    this.onDrop(tile);
  }
}
