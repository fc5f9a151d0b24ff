/** Draws tiles whose colours the server made, on a plain canvas. */
import type { Tile } from "../tiles/cache";
import { intersect, type Mesh, type Painter, type Painting, type Patch } from "./painter";

export class CanvasPainter implements Painter {
  readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d");

  begin(width: number, height: number): void {
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.context?.setTransform(1, 0, 0, 1, 0, 0);
    this.context?.clearRect(0, 0, width, height);
  }

  paint({ mesh, patches, opacity, window, smooth }: Painting): void {
    const { context } = this;
    if (!context) return;
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = smooth;
    context.imageSmoothingQuality = "high";
    for (const patch of patches) {
      const bounds = intersect(patch.bounds, window);
      if (!bounds || !patch.tile.bitmap) continue;
      context.save();
      context.beginPath();
      context.rect(bounds.x0, bounds.y0, bounds.x1 - bounds.x0, bounds.y1 - bounds.y0);
      context.clip();
      for (let first = 0; first < mesh.screen.length / 2; first += 6) drawCell(context, mesh, first, patch);
      context.restore();
    }
    context.globalAlpha = 1;
  }

  drop(_tile: Tile): void {}

  destroy(): void {
    this.canvas.width = 0;
  }
}

/**
 * A cell of the mesh, two triangles (0, 1, 2 and the far corner 5), drawn as the parallelogram of its first three
 * corners: cells are small enough for the difference not to show.
 */
function drawCell(context: CanvasRenderingContext2D, mesh: Mesh, first: number, patch: Patch): void {
  const { screen, plane } = mesh;
  const s = (i: number, axis: number) => screen[2 * (first + i) + axis];
  const p = (i: number, axis: number) => plane[2 * (first + i) + axis];
  const us = [p(0, 0), p(1, 0), p(2, 0), p(5, 0)];
  const vs = [p(0, 1), p(1, 1), p(2, 1), p(5, 1)];
  const { clip, tile, factor } = patch;
  if (Math.max(...us) <= clip.u0 || Math.min(...us) >= clip.u1) return;
  if (Math.max(...vs) <= clip.v0 || Math.min(...vs) >= clip.v1 || !tile.bitmap) return;
  const [au, av, bu, bv] = [us[1] - us[0], vs[1] - vs[0], us[2] - us[0], vs[2] - vs[0]];
  const det = au * bv - av * bu;
  if (Math.abs(det) < 1e-12) return;
  const [ax, ay, bx, by] = [s(1, 0) - s(0, 0), s(1, 1) - s(0, 1), s(2, 0) - s(0, 0), s(2, 1) - s(0, 1)];
  const m = [
    (ax * bv - bx * av) / det,
    (ay * bv - by * av) / det,
    (bx * au - ax * bu) / det,
    (by * au - ay * bu) / det,
  ];
  context.save();
  clipTo(
    context,
    [0, 1, 5, 2].map((i) => [s(i, 0), s(i, 1)]),
  );
  context.transform(m[0], m[1], m[2], m[3], s(0, 0), s(0, 1));
  context.translate(-us[0], -vs[0]);
  const u0 = (clip.u0 - patch.u) / factor;
  const v0 = (clip.v0 - patch.v) / factor;
  const [w, h] = [(clip.u1 - clip.u0) / factor, (clip.v1 - clip.v0) / factor];
  context.drawImage(tile.bitmap, u0, v0, w, h, clip.u0, clip.v0, clip.u1 - clip.u0, clip.v1 - clip.v0);
  context.restore();
}

/** Clip to a quadrilateral grown by half a pixel, so that neighbours leave no gap. */
function clipTo(context: CanvasRenderingContext2D, corners: number[][]): void {
  const cx = corners.reduce((sum, c) => sum + c[0], 0) / 4;
  const cy = corners.reduce((sum, c) => sum + c[1], 0) / 4;
  context.beginPath();
  for (const [x, y] of corners) context.lineTo(x + 0.5 * Math.sign(x - cx), y + 0.5 * Math.sign(y - cy));
  context.closePath();
  context.clip();
}
