/** Draws tiles whose colours the server made, on a plain canvas. */
import type { Tile } from "../tiles/cache";
import { intersect, type Mesh, type Painter, type Painting, type Patch } from "./painter";

export class CanvasPainter implements Painter {
  readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d");
  private readonly scratch = document.createElement("canvas");

  begin(width: number, height: number): void {
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.context?.setTransform(1, 0, 0, 1, 0, 0);
    this.context?.clearRect(0, 0, width, height);
  }

  paint(painting: Painting): void {
    const { context } = this;
    if (!context) return;
    if (painting.opacity >= 1 || painting.mesh.screen.length === RECTANGLE) {
      context.globalAlpha = painting.opacity;
      drawPatches(context, painting);
      context.globalAlpha = 1;
      return;
    }
    // Triangles overlap by a hair: drawn see-through one by one, the mesh would show.
    const aside = this.aside();
    if (!aside) return;
    drawPatches(aside, painting);
    context.globalAlpha = painting.opacity;
    context.drawImage(aside.canvas, 0, 0);
    context.globalAlpha = 1;
  }

  drop(_tile: Tile): void {}

  destroy(): void {
    this.canvas.width = 0;
    this.scratch.width = 0;
  }

  private aside(): CanvasRenderingContext2D | null {
    // Setting the size clears.
    this.scratch.width = this.canvas.width;
    this.scratch.height = this.canvas.height;
    return this.scratch.getContext("2d");
  }
}

/** Numbers of a mesh that is nothing but one rectangle. */
const RECTANGLE = 12;

function drawPatches(context: CanvasRenderingContext2D, { mesh, patches, window, smooth }: Painting): void {
  context.imageSmoothingEnabled = smooth;
  context.imageSmoothingQuality = "high";
  for (const patch of patches) {
    const bounds = intersect(patch.bounds, window);
    if (!bounds || !patch.tile.bitmap) continue;
    context.save();
    context.beginPath();
    context.rect(bounds.x0, bounds.y0, bounds.x1 - bounds.x0, bounds.y1 - bounds.y0);
    context.clip();
    const whole = mesh.screen.length === RECTANGLE;
    for (let t = 0; t < mesh.screen.length; t += whole ? RECTANGLE : 6) drawTriangle(context, mesh, t, patch, whole);
    context.restore();
  }
}

/** The part of a tile under one triangle of the mesh; `whole`: under the rectangle of which it is one half. */
function drawTriangle(context: CanvasRenderingContext2D, mesh: Mesh, t: number, patch: Patch, whole: boolean): void {
  const { screen, plane } = mesh;
  const { clip, tile, factor } = patch;
  const us = [plane[t], plane[t + 2], plane[t + 4]];
  const vs = [plane[t + 1], plane[t + 3], plane[t + 5]];
  if (Math.max(...us) <= clip.u0 || Math.min(...us) >= clip.u1) return;
  if (Math.max(...vs) <= clip.v0 || Math.min(...vs) >= clip.v1 || !tile.bitmap) return;
  const [au, av, bu, bv] = [us[1] - us[0], vs[1] - vs[0], us[2] - us[0], vs[2] - vs[0]];
  const det = au * bv - av * bu;
  if (Math.abs(det) < 1e-12) return;
  const [x, y] = [screen[t], screen[t + 1]];
  const [ax, ay, bx, by] = [screen[t + 2] - x, screen[t + 3] - y, screen[t + 4] - x, screen[t + 5] - y];
  context.save();
  if (!whole) clipTo(context, screen, t);
  context.transform(
    (ax * bv - bx * av) / det,
    (ay * bv - by * av) / det,
    (bx * au - ax * bu) / det,
    (by * au - ay * bu) / det,
    x,
    y,
  );
  const [w, h] = [clip.u1 - clip.u0, clip.v1 - clip.v0];
  const [left, top] = [clip.u0 - patch.u, clip.v0 - patch.v];
  const [dx, dy] = [clip.u0 - us[0], clip.v0 - vs[0]];
  context.drawImage(tile.bitmap, left / factor, top / factor, w / factor, h / factor, dx, dy, w, h);
  context.restore();
}

/** Clip to a triangle grown by half a pixel, so that neighbours leave no gap. */
function clipTo(context: CanvasRenderingContext2D, screen: Float32Array, t: number): void {
  const cx = (screen[t] + screen[t + 2] + screen[t + 4]) / 3;
  const cy = (screen[t + 1] + screen[t + 3] + screen[t + 5]) / 3;
  context.beginPath();
  for (let k = t; k < t + 6; k += 2) {
    context.lineTo(screen[k] + 0.5 * Math.sign(screen[k] - cx), screen[k + 1] + 0.5 * Math.sign(screen[k + 1] - cy));
  }
  context.closePath();
  context.clip();
}
