/** How a layer lies on the screen, and which of its tiles the screen needs. */
import { intersect, type Mesh, type Patch, type ScreenBox } from "../gl/painter";
import {
  type Box,
  copies,
  cover,
  factorOf,
  levelFor,
  type Placed,
  type PlaneGrid,
  shownWidth,
  sideOf,
  tileBox,
} from "../tiles/cover";
import type { TileSource } from "../tiles/source";
import type { ViewTransform } from "./transform";

/** A tile that is wanted, and where on the screen it can be. */
export interface Wanted {
  at: Placed;
  clip: Box;
  bounds: ScreenBox;
}

export interface Laid {
  mesh: Mesh;
  level: number;
  wanted: Wanted[];
  /** Device pixels for one full-resolution pixel of the layer. */
  magnification: number;
}

/** A layer whose pixels are the view's own: one rectangle that fills the screen. */
export function layPlain(grid: PlaneGrid, view: ViewTransform, ratio: number): Laid {
  const { width, height, resolution } = view.view;
  const level = levelFor(grid, resolution / ratio);
  const corners = [0, 0, width, 0, 0, height, 0, height, width, 0, width, height];
  const screen = Float32Array.from(corners, (c) => c * ratio);
  const plane = new Float64Array(12);
  for (let i = 0; i < 12; i += 2) {
    const [x, y] = view.toPixel(corners[i], corners[i + 1]);
    plane[i] = x + 0.5;
    plane[i + 1] = grid.ny - 0.5 - y;
  }
  const wanted = cover(grid, level, view.box).map((at) => {
    const clip = tileBox(grid, at);
    return { at, clip, bounds: screenBounds(grid, view, clip, ratio) };
  });
  return { mesh: { screen, plane }, level, wanted, magnification: ratio / resolution };
}

function screenBounds(grid: PlaneGrid, view: ViewTransform, box: Box, ratio: number): ScreenBox {
  const [xa, ya] = view.toScreen(box.u0 - 0.5, grid.ny - 0.5 - box.v0);
  const [xb, yb] = view.toScreen(box.u1 - 0.5, grid.ny - 0.5 - box.v1);
  const screen = { x0: 0, y0: 0, x1: Math.ceil(view.view.width * ratio), y1: Math.ceil(view.view.height * ratio) };
  const bounds = {
    x0: Math.floor(Math.min(xa, xb) * ratio) - 1,
    y0: Math.floor(Math.min(ya, yb) * ratio) - 1,
    x1: Math.ceil(Math.max(xa, xb) * ratio) + 1,
    y1: Math.ceil(Math.max(ya, yb) * ratio) + 1,
  };
  return intersect(bounds, screen) ?? { x0: 0, y0: 0, x1: 0, y1: 0 };
}

/** Patches to draw for what is wanted: the tile itself, else what there is of coarser and finer ones. */
export function patches(source: TileSource, wanted: Wanted[]): Patch[] {
  const found: Patch[] = [];
  for (const { at, clip, bounds } of wanted) {
    const tile = source.standIn(at);
    if (tile) found.push(patch(source.grid, tile, at.copy, clip, bounds));
    if (tile?.level !== at.level) found.push(...finer(source, at, bounds));
  }
  return found;
}

function patch(grid: PlaneGrid, tile: Patch["tile"], copy: number, clip: Box, bounds: ScreenBox): Patch {
  const side = sideOf(grid, tile.level);
  return {
    tile,
    clip,
    u: tile.col * side + copy * (grid.period ?? 0),
    v: tile.row * side,
    factor: factorOf(grid, tile.level),
    bounds,
  };
}

/** Finer tiles that are here already, shown over a coarse one while zooming out. */
function finer(source: TileSource, at: Placed, bounds: ScreenBox): Patch[] {
  const { grid } = source;
  const found: Patch[] = [];
  for (let depth = 1; depth <= 2 && at.level + depth < grid.levels; depth++) {
    const n = 1 << depth;
    for (let k = 0; k < n * n; k++) {
      const child = { ...at, level: at.level + depth, row: at.row * n + (k >> depth), col: at.col * n + (k % n) };
      if (!source.has(child)) continue;
      const tile = source.tile(child);
      if (tile) found.push(patch(grid, tile, at.copy, tileBox(grid, child), bounds));
    }
  }
  return found;
}

/** Pixels of another layer under a lattice of the base's pixels. */
export interface PixelLattice {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  n: number;
  /** `[n][n][2]`: x, y of the other layer, NaN where it shows no such place. */
  pixels: Float64Array;
}

interface Cell {
  screen: number[]; // 4 corners
  plane: number[];
}

/** A layer that lies on another: every cell of the lattice is two triangles. */
export function layWarped(grid: PlaneGrid, lattice: PixelLattice, view: ViewTransform, ratio: number): Laid {
  const cells = latticeCells(grid, lattice, view, ratio);
  const scale = typicalScale(cells);
  let level = levelFor(grid, scale);
  let wanted = tilesUnder(grid, level, cells, view, ratio);
  while (wanted.length > 300 && level > 0) wanted = tilesUnder(grid, --level, cells, view, ratio);
  return { mesh: triangles(cells), level, wanted, magnification: 1 / scale };
}

function latticeCells(grid: PlaneGrid, lattice: PixelLattice, view: ViewTransform, ratio: number): Cell[] {
  const { n, pixels, x0, y0, x1, y1 } = lattice;
  const cells: Cell[] = [];
  const width = view.view.width * ratio;
  const height = view.view.height * ratio;
  for (let j = 0; j < n - 1; j++) {
    for (let i = 0; i < n - 1; i++) {
      const screen: number[] = [];
      const plane: number[] = [];
      for (const [a, b] of [
        [i, j],
        [i + 1, j],
        [i, j + 1],
        [i + 1, j + 1],
      ]) {
        const [sx, sy] = view.toScreen(x0 + ((x1 - x0) * a) / (n - 1), y0 + ((y1 - y0) * b) / (n - 1));
        screen.push(sx * ratio, sy * ratio);
        const k = 2 * (b * n + a);
        plane.push(pixels[k] + 0.5, grid.ny - 0.5 - pixels[k + 1]);
      }
      if (onScreen(screen, width, height) && inOnePiece(plane, grid)) cells.push({ screen, plane });
    }
  }
  return cells;
}

function onScreen(screen: number[], width: number, height: number): boolean {
  const xs = [screen[0], screen[2], screen[4], screen[6]];
  const ys = [screen[1], screen[3], screen[5], screen[7]];
  return Math.max(...xs) > 0 && Math.min(...xs) < width && Math.max(...ys) > 0 && Math.min(...ys) < height;
}

/** False where a corner has no place or the cell is torn apart by the edge of a projection; unwraps `u` in place. */
function inOnePiece(plane: number[], grid: PlaneGrid): boolean {
  for (const value of plane) if (!Number.isFinite(value)) return false;
  for (let k = 2; k < 8; k += 2) {
    if (grid.period) plane[k] += grid.period * Math.round((plane[0] - plane[k]) / grid.period);
    if (Math.abs(plane[k] - plane[0]) > grid.nx / 2 || Math.abs(plane[k + 1] - plane[1]) > grid.ny) return false;
  }
  return true;
}

/** Median over the cells of the layer's pixels per device pixel. */
function typicalScale(cells: Cell[]): number {
  const scales = cells.map(({ screen, plane }) => {
    const area = (c: number[]) => Math.abs((c[2] - c[0]) * (c[5] - c[1]) - (c[3] - c[1]) * (c[4] - c[0]));
    return Math.sqrt(area(plane) / Math.max(area(screen), 1e-12));
  });
  scales.sort((a, b) => a - b);
  return scales.length ? Math.max(scales[scales.length >> 1], 1e-9) : 1;
}

function triangles(cells: Cell[]): Mesh {
  const screen = new Float32Array(12 * cells.length);
  const plane = new Float64Array(12 * cells.length);
  cells.forEach((cell, c) => {
    [0, 1, 2, 2, 1, 3].forEach((corner, i) => {
      for (let axis = 0; axis < 2; axis++) {
        screen[12 * c + 2 * i + axis] = cell.screen[2 * corner + axis];
        plane[12 * c + 2 * i + axis] = cell.plane[2 * corner + axis];
      }
    });
  });
  return { screen, plane };
}

function tilesUnder(grid: PlaneGrid, level: number, cells: Cell[], view: ViewTransform, ratio: number): Wanted[] {
  const screen = { x0: 0, y0: 0, x1: Math.ceil(view.view.width * ratio), y1: Math.ceil(view.view.height * ratio) };
  const found = new Map<string, Wanted>();
  for (const cell of cells) {
    const box = boxOf(cell.plane);
    if (box.v1 <= 0 || box.v0 >= grid.ny) continue;
    if (grid.period === null && (box.u1 <= 0 || box.u0 >= shownWidth(grid))) continue;
    const onto = boxOf(cell.screen);
    const bounds = intersect(
      { x0: Math.floor(onto.u0), y0: Math.floor(onto.v0), x1: Math.ceil(onto.u1), y1: Math.ceil(onto.v1) },
      screen,
    );
    if (!bounds || copies(grid, box.u0, box.u1)[1] - copies(grid, box.u0, box.u1)[0] > 2) continue;
    for (const at of cover(grid, level, box)) add(found, grid, at, bounds);
  }
  return [...found.values()];
}

function add(found: Map<string, Wanted>, grid: PlaneGrid, at: Placed, bounds: ScreenBox): void {
  const key = `${at.row}/${at.col}/${at.copy}`;
  const here = found.get(key);
  if (!here) {
    found.set(key, { at, clip: tileBox(grid, at), bounds: { ...bounds } });
    return;
  }
  here.bounds.x0 = Math.min(here.bounds.x0, bounds.x0);
  here.bounds.y0 = Math.min(here.bounds.y0, bounds.y0);
  here.bounds.x1 = Math.max(here.bounds.x1, bounds.x1);
  here.bounds.y1 = Math.max(here.bounds.y1, bounds.y1);
}

function boxOf(points: number[]): Box {
  return {
    u0: Math.min(points[0], points[2], points[4], points[6]),
    u1: Math.max(points[0], points[2], points[4], points[6]),
    v0: Math.min(points[1], points[3], points[5], points[7]),
    v1: Math.max(points[1], points[3], points[5], points[7]),
  };
}
