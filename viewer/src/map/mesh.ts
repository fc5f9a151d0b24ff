/** How a layer lies on the screen, and which of its tiles the screen needs. */
import { intersect, type Mesh, type Patch, type ScreenBox } from "../gl/painter";
import { type Box, cover, factorOf, levelFor, type Placed, type PlaneGrid, sideOf, tileBox } from "../tiles/cover";
import type { TileSource } from "../tiles/source";
import type { ViewTransform } from "./transform";
import { triangleArea, triangleBox, type Warp } from "./warp";

/** A warped layer that would need more tiles than this is drawn from a coarser level. */
const MOST_WARPED = 300;

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

/** A layer that lies on another. */
export function layWarped(grid: PlaneGrid, warp: Warp, view: ViewTransform, ratio: number): Laid {
  const mesh = onScreen(warp, view, ratio);
  const scale = typicalScale(mesh);
  let level = levelFor(grid, scale);
  let wanted = tilesUnder(grid, level, mesh, view, ratio);
  while (wanted.length > MOST_WARPED && level > 0) wanted = tilesUnder(grid, --level, mesh, view, ratio);
  return { mesh, level, wanted, magnification: 1 / scale };
}

/** The triangles that touch the screen. */
function onScreen({ base, plane }: Warp, view: ViewTransform, ratio: number): Mesh {
  const { centerX, centerY, resolution, width, height } = view.view;
  const screen = new Float32Array(base.length);
  const kept = new Float64Array(base.length);
  let count = 0;
  for (let t = 0; t < base.length; t += 6) {
    for (let k = 0; k < 6; k += 2) {
      screen[count + k] = ((view.plane(base[t + k]) - centerX) / resolution + width / 2) * ratio;
      screen[count + k + 1] = (height / 2 - (base[t + k + 1] - centerY) / resolution) * ratio;
    }
    const box = triangleBox(screen, count);
    if (box.u1 <= 0 || box.v1 <= 0 || box.u0 >= width * ratio || box.v0 >= height * ratio) continue;
    kept.set(plane.subarray(t, t + 6), count);
    count += 6;
  }
  return { screen: screen.subarray(0, count), plane: kept.subarray(0, count) };
}

/** Median over the triangles of the layer's pixels per device pixel. */
function typicalScale({ screen, plane }: Mesh): number {
  const scales: number[] = [];
  for (let t = 0; t < screen.length; t += 6) {
    scales.push(Math.sqrt(triangleArea(plane, t) / Math.max(triangleArea(screen, t), 1e-12)));
  }
  scales.sort((a, b) => a - b);
  return scales.length ? Math.max(scales[scales.length >> 1], 1e-9) : 1;
}

function tilesUnder(grid: PlaneGrid, level: number, mesh: Mesh, view: ViewTransform, ratio: number): Wanted[] {
  const whole = { x0: 0, y0: 0, x1: Math.ceil(view.view.width * ratio), y1: Math.ceil(view.view.height * ratio) };
  const found = new Map<string, Wanted>();
  for (let t = 0; t < mesh.screen.length; t += 6) {
    const box = triangleBox(mesh.plane, t);
    const onto = triangleBox(mesh.screen, t);
    const bounds = intersect(
      { x0: Math.floor(onto.u0), y0: Math.floor(onto.v0), x1: Math.ceil(onto.u1), y1: Math.ceil(onto.v1) },
      whole,
    );
    if (bounds) for (const at of cover(grid, level, box)) add(found, grid, at, bounds);
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
