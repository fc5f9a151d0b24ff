/** Everything drawn over the tiles, in the same frame as they, on one canvas. */
import { Drawings } from "../drawings";
import type { OverlayOptions } from "../types";
import { contains, MARGIN, type OverlayFrame, type Rect, readColours } from "./frame";
import { COMPASS_RECT, drawCompass, drawDivider, drawReticle, drawScaleBar, scaleBarRect } from "./furniture";
import { GridDrawing } from "./grid";
import { Minimap } from "./minimap";

export type Handle = "minimap" | "divider";

export class Overlay {
  readonly canvas = document.createElement("canvas");
  readonly drawings = new Drawings();
  options: OverlayOptions | null = null;
  private readonly context = this.canvas.getContext("2d");
  private readonly grid = new GridDrawing();
  private readonly minimap = new Minimap();
  private divider: Rect | null = null;

  constructor(private readonly element: HTMLElement) {
    this.canvas.className = "sky-overlay";
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
  }

  draw(frame: OverlayFrame): void {
    const { context, options } = this;
    if (!context) return;
    this.prepare(context, frame);
    const colours = readColours(this.element);
    const mini = this.minimap.lay(options?.minimap ? frame : null);
    if (options?.graticule) this.grid.draw(context, frame, options);
    this.drawings.draw(context, frame);
    // Names of things go before those of lines, which have more places to stand.
    const taken = this.taken(options, frame, mini);
    this.drawings.labels(context, taken);
    if (options?.graticule) this.grid.labels(context, frame, options, taken);
    if (options?.scaleBar) drawScaleBar(context, frame);
    if (options?.compass && frame.sky.has) drawCompass(context, frame);
    this.divider = null;
    if (frame.scene.compare && frame.scene.mode === "swipe") {
      drawDivider(context, frame, colours);
      const { width, height } = frame.view.view;
      this.divider = { x: width * frame.scene.value - 9, y: 0, w: 18, h: height };
    }
    if (options?.reticle) drawReticle(context, frame, colours);
    this.minimap.draw(context, colours);
  }

  forgetThumbnail(): void {
    this.minimap.forget();
  }

  /** What at this place reacts to the pointer instead of the map. */
  handle(sx: number, sy: number): Handle | null {
    if (this.minimap.contains(sx, sy)) return "minimap";
    return this.divider && contains(this.divider, sx, sy) ? "divider" : null;
  }

  minimapPixel(sx: number, sy: number): [number, number] | null {
    return this.minimap.pixel(sx, sy);
  }

  private prepare(context: CanvasRenderingContext2D, { view, ratio }: OverlayFrame): void {
    const width = Math.round(view.view.width * ratio);
    const height = Math.round(view.view.height * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.view.width, view.view.height);
  }

  /** Where labels may not go. */
  private taken(options: OverlayOptions | null, frame: OverlayFrame, mini: Rect | null): Rect[] {
    const taken: Rect[] = [];
    if (options?.scaleBar) taken.push(scaleBarRect(frame));
    if (options?.compass && frame.sky.has) taken.push(COMPASS_RECT);
    if (mini) taken.push({ x: mini.x - 8, y: mini.y - 8, w: mini.w + MARGIN + 8, h: mini.h + MARGIN + 8 });
    return taken;
  }
}
