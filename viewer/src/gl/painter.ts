/** What both ways of drawing, WebGL and the plain canvas, have in common. */
import type { DisplayStyle } from "../map/types";
import type { Tile } from "../tiles/cache";
import type { Box } from "../tiles/cover";

/** Where a layer lies on the screen: triangles with a place on the screen and in the layer's plane. */
export interface Mesh {
  /** Device pixels, y downward; two numbers a vertex, three vertices a triangle. */
  screen: Float32Array;
  /** `u`, `v` of the same vertices, full-resolution pixels. */
  plane: Float64Array;
}

/** Device pixels, half-open. */
export interface ScreenBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** One tile to draw: only where the plane is inside `clip` and the screen inside `bounds`. */
export interface Patch {
  tile: Tile;
  clip: Box;
  /** `u`, `v` of the tile's corner and the side of its pixels. */
  u: number;
  v: number;
  factor: number;
  bounds: ScreenBox;
}

export interface Painting {
  mesh: Mesh;
  patches: Patch[];
  style: DisplayStyle;
  equalisation: Float32Array | null;
  opacity: number;
  /** The part of the screen that this layer may cover. */
  window: ScreenBox;
  /** Interpolate between tile pixels instead of showing them as blocks. */
  smooth: boolean;
}

export interface Painter {
  readonly canvas: HTMLCanvasElement;
  begin(width: number, height: number): void;
  paint(painting: Painting): void;
  /** The tile has left memory. */
  drop(tile: Tile): void;
  destroy(): void;
}

export function intersect(a: ScreenBox, b: ScreenBox): ScreenBox | null {
  const box = {
    x0: Math.max(a.x0, b.x0),
    y0: Math.max(a.y0, b.y0),
    x1: Math.min(a.x1, b.x1),
    y1: Math.min(a.y1, b.y1),
  };
  return box.x1 > box.x0 && box.y1 > box.y0 ? box : null;
}
