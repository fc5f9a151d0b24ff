/** The whole plane in a corner, with the part in view. */
import { type Picture, thumbnail } from "../../gl/thumbnail";
import type { Tile } from "../../tiles/cache";
import { factorOf, modulo } from "../../tiles/cover";
import { type Colours, contains, haloStroke, MARGIN, type OverlayFrame, type Rect } from "./frame";

const MOST_W = 168;
const MOST_H = 96;
const LEAST = 10;

export class Minimap {
  private box: Rect | null = null;
  private frame: OverlayFrame | null = null;
  private picture: HTMLCanvasElement | null = null;
  private drawn: { tile: Tile; words: string; equalisation: Float32Array | null } | null = null;

  /** Place on the screen, null while hidden. */
  get rect(): Rect | null {
    return this.box;
  }

  /** Find the place for a frame, or hide (null). */
  lay(frame: OverlayFrame | null): Rect | null {
    this.frame = frame;
    this.box = null;
    if (!frame) return null;
    const { width, height, nx, ny } = frame.view.view;
    const scale = Math.min(MOST_W / nx, MOST_H / ny);
    const w = Math.max(LEAST, Math.round(nx * scale));
    const h = Math.max(LEAST, Math.round(ny * scale));
    if (w + 4 * MARGIN > width || h + 4 * MARGIN > height) return null;
    this.box = { x: width - MARGIN - w, y: height - MARGIN - h, w, h };
    return this.box;
  }

  draw(context: CanvasRenderingContext2D, colours: Colours): void {
    const { box, frame } = this;
    if (!box || !frame) return;
    context.save();
    context.beginPath();
    context.roundRect(box.x - 3, box.y - 3, box.w + 6, box.h + 6, 6);
    context.fillStyle = "rgba(6, 8, 11, 0.78)";
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = colours.line;
    context.stroke();
    context.beginPath();
    context.roundRect(box.x, box.y, box.w, box.h, 3);
    context.clip();
    this.drawPlane(context, box, frame);
    this.drawView(context, box, frame, colours);
    context.restore();
  }

  contains(x: number, y: number): boolean {
    return this.box !== null && contains(this.box, x, y);
  }

  /** Pixel of the plane at a place on the minimap, or beside it. */
  pixel(sx: number, sy: number): [number, number] | null {
    const { box, frame } = this;
    if (!box || !frame) return null;
    const { nx, ny } = frame.view.view;
    const clamp = (value: number) => Math.min(Math.max(value, 0), 1);
    const across = clamp((sx - box.x) / box.w) * nx - 0.5;
    return [frame.view.plane(across), (1 - clamp((sy - box.y) / box.h)) * ny - 0.5];
  }

  forget(): void {
    this.drawn = null;
    this.picture = null;
  }

  private drawPlane(context: CanvasRenderingContext2D, box: Rect, frame: OverlayFrame): void {
    const picture = this.refresh(frame);
    if (!picture) return;
    const { source } = frame.scene.base ?? {};
    if (!source) return;
    const factor = factorOf(source.grid, 0);
    context.save();
    context.translate(frame.view.view.mirror ? box.x + box.w : box.x, box.y);
    context.scale(frame.view.handedness, 1);
    context.imageSmoothingQuality = "high";
    const { nx, ny } = source.grid;
    context.imageSmoothingEnabled = box.w < nx / factor;
    context.drawImage(picture, 0, 0, nx / factor, ny / factor, 0, 0, box.w, box.h);
    context.restore();
  }

  private refresh({ scene }: OverlayFrame): HTMLCanvasElement | null {
    const { base } = scene;
    const tile = base?.source.tile({ level: 0, row: 0, col: 0, copy: 0 });
    if (!base || !tile) return this.picture;
    const table = scene.parts.tables.table(base.style.cmap);
    const { equalisation } = base;
    const words = JSON.stringify(base.style) + String(table[4 * 128]);
    const { drawn } = this;
    if (drawn?.tile === tile && drawn.words === words && drawn.equalisation === equalisation) return this.picture;
    const { grid } = base.source;
    const factor = factorOf(grid, 0);
    const look: Picture = { style: base.style, table, equalisation };
    this.picture = thumbnail(tile, Math.ceil(grid.nx / factor), Math.ceil(grid.ny / factor), look);
    this.drawn = { tile, words, equalisation };
    return this.picture;
  }

  private drawView(context: CanvasRenderingContext2D, box: Rect, { view, sky }: OverlayFrame, colours: Colours): void {
    const { nx, ny, width, height } = view.view;
    const { period } = sky.grid;
    const [xa, ya] = view.toPixel(0, 0);
    const [xb, yb] = view.toPixel(width, height);
    const px = box.w / nx;
    const left = (Math.min(view.plane(xa), view.plane(xb)) + 0.5) * px;
    const top = ((ny - 0.5 - ya) / ny) * box.h;
    const w = Math.max(Math.abs(xb - xa) * px, 4);
    const h = Math.max(((ya - yb) / ny) * box.h, 4);
    const turn = period === null ? 0 : period * px;
    const everything = turn > 0 && w >= turn;
    const starts = turn && !everything ? [modulo(left, turn), modulo(left, turn) - turn] : [everything ? 0 : left];
    context.beginPath();
    for (const start of starts) {
      const x0 = Math.max(start, 1);
      const x1 = Math.min(everything ? box.w : start + w, box.w - 1);
      const y0 = Math.min(Math.max(top, 1), box.h - 3);
      const y1 = Math.max(Math.min(top + h, box.h - 1), 3);
      if (x1 > x0 + 1) context.rect(box.x + x0, box.y + y0, x1 - x0, y1 - y0);
    }
    haloStroke(context, colours.accent, 1.5, "rgba(0, 0, 0, 0.55)");
  }
}
