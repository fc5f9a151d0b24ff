/**
 * Which tiles a view needs. Positions are `u` to the right and `v` downward, in full-resolution pixels from the top
 * left corner of the plane, so that tile (row, col) of a level starts at (col · side, row · side).
 */
import type { LayerInfo } from "../api/types";

export interface PlaneGrid {
  nx: number;
  ny: number;
  tileSize: number;
  levels: number;
  /** Pixels of a full circle where the plane repeats along x, else null. */
  period: number | null;
}

export interface Box {
  u0: number;
  v0: number;
  u1: number;
  v1: number;
}

/** A tile and which copy of the sky it is drawn at: shifted right by `copy` periods. */
export interface Placed {
  level: number;
  row: number;
  col: number;
  copy: number;
}

/** How much a tile pixel may exceed a device pixel before the finer level is used. */
const MAGNIFY_TOLERANCE = 2 ** 0.25;
const MOST_TILES = 600;

export function planeGrid(info: LayerInfo): PlaneGrid {
  const period = info.full_circle && info.wrap_period_px && info.wrap_period_px > 0 ? info.wrap_period_px : null;
  return { nx: info.shape[1], ny: info.shape[0], tileSize: info.tile_size, levels: info.levels, period };
}

/** Side in full-resolution pixels of one pixel of a level. */
export const factorOf = (grid: PlaneGrid, level: number): number => 2 ** (grid.levels - 1 - level);

/** Side in full-resolution pixels of one tile of a level. */
export const sideOf = (grid: PlaneGrid, level: number): number => grid.tileSize * factorOf(grid, level);

/** The level whose pixels are the largest that still fit a device pixel; `scale`: full-resolution pixels in one. */
export function levelFor(grid: PlaneGrid, scale: number): number {
  const halvings = Math.floor(Math.log2(Math.max(scale, 1e-12) * MAGNIFY_TOLERANCE));
  return grid.levels - 1 - Math.min(Math.max(halvings, 0), grid.levels - 1);
}

/** First and last copy of the plane that a box touches. */
export function copies(grid: PlaneGrid, u0: number, u1: number): [number, number] {
  if (grid.period === null) return [0, 0];
  return [Math.floor(u0 / grid.period), Math.ceil(u1 / grid.period) - 1];
}

/** Part of the plane, in its own copy, that is drawn: a full circle shows its repeated columns once. */
export const shownWidth = (grid: PlaneGrid): number =>
  grid.period === null ? grid.nx : Math.min(grid.nx, grid.period);

function range(low: number, high: number, side: number, length: number): [number, number] {
  if (high <= 0 || low >= length) return [0, -1];
  const last = Math.ceil(length / side) - 1;
  return [Math.max(0, Math.floor(low / side)), Math.min(last, Math.ceil(high / side) - 1)];
}

/** Tiles of `level` that a box touches, nearest to its middle first. */
export function cover(grid: PlaneGrid, level: number, box: Box): Placed[] {
  const side = sideOf(grid, level);
  const [row0, row1] = range(box.v0, box.v1, side, grid.ny);
  const [first, last] = copies(grid, box.u0, box.u1);
  const found: Placed[] = [];
  for (let copy = first; copy <= last; copy++) {
    const shift = copy * (grid.period ?? 0);
    const [col0, col1] = range(box.u0 - shift, box.u1 - shift, side, shownWidth(grid));
    for (let row = row0; row <= row1; row++) {
      for (let col = col0; col <= col1; col++) {
        if (found.length < MOST_TILES) found.push({ level, row, col, copy });
      }
    }
  }
  if (found.length < 2) return found;
  const middleU = (box.u0 + box.u1) / 2;
  const middleV = (box.v0 + box.v1) / 2;
  const distance = (tile: Placed) =>
    Math.hypot((tile.col + 0.5) * side + tile.copy * (grid.period ?? 0) - middleU, (tile.row + 0.5) * side - middleV);
  return found.sort((a, b) => distance(a) - distance(b));
}

/** The tile's own part of the plane in its copy. */
export function tileBox(grid: PlaneGrid, tile: Placed): Box {
  const side = sideOf(grid, tile.level);
  const shift = tile.copy * (grid.period ?? 0);
  return {
    u0: tile.col * side + shift,
    v0: tile.row * side,
    u1: Math.min((tile.col + 1) * side, shownWidth(grid)) + shift,
    v1: Math.min((tile.row + 1) * side, grid.ny),
  };
}

/** The tile of a coarser level that holds this one. */
export const ancestor = (tile: Placed, level: number): Placed => ({
  level,
  row: tile.row >> (tile.level - level),
  col: tile.col >> (tile.level - level),
  copy: tile.copy,
});

/** `x` brought into [0, period). */
export const modulo = (x: number, period: number): number => ((x % period) + period) % period;
