/** Boxes on the map: outlines with labels, handles of the selected one, and drawing a new one. */
import { api } from "../api/client";
import type { LayerInfo } from "../api/types";
import { BRASS, drawMover, drawSquare, movedOnScreen, pixelOf, placesOf, reachOf } from "../map/handles";
import { distanceTo, type Line, labelPlaces, toScreenLines, traced, tracePath } from "../map/outline";
import { font, haloStroke, haloText, INK, overlaps, type Rect } from "../map/overlay/frame";
import type { DrawFrame, Grab, MapDrawing } from "../map/types";
import { latticeOver, type PixelRectangle, rectangleBetween, regionOfRectangle } from "../sky/rectangle";
import { borderOf, cornersOf, middleOf, moved, type Position, type Region } from "../sky/regions";
import { dragged, type Handle } from "./box-drag";
import { addBox, allBoxes, type Box, boxes, boxOf, dragRegion, hoverBox, selectBox, setRegion } from "./boxes";
import { drawMode, setDrawMode } from "./draw-mode";
import { grouped } from "./numbers";
import { Outlines } from "./outlines";
import { isOpen, showLeft } from "./panels";
import { sayFailure, session } from "./session";
import { store } from "./store-controller";

const NEAR_PX = 6;
const LEAST_PX = 4;
const LABEL = font(12, 600);

interface PlacedHandle {
  handle: Handle;
  sx: number;
  sy: number;
}

export class BoxDrawing implements MapDrawing {
  private readonly outlines = new Outlines(() => session.map?.redraw());
  private readonly seen = new Map<string, Line[]>();
  private handles: PlacedHandle[] = [];
  /** The boxes that are shown, the most important first. */
  private named: Box[] = [];
  private draft: { from: [number, number]; to: [number, number] } | null = null;
  private frame: DrawFrame | null = null;

  draw(context: CanvasRenderingContext2D, frame: DrawFrame): void {
    this.frame = frame;
    this.seen.clear();
    this.handles = [];
    const { selected, hovered } = boxes.state;
    const rank = (box: Box) => (box.id === selected && isOpen("boxes") ? 2 : box.id === hovered ? 1 : 0);
    const shown = allBoxes().filter((box) => box.shown);
    shown.sort((a, b) => rank(a) - rank(b));
    for (const box of shown) this.drawBox(context, frame, box, rank(box));
    this.named = shown.reverse();
    if (this.draft) drawDraft(context, frame, this.draft.from, this.draft.to);
  }

  cursor(sx: number, sy: number): string | null {
    if (drawMode.state.mode === "box") return "crosshair";
    const handle = this.handleAt(sx, sy, 8);
    if (handle) return handle.kind === "middle" ? "move" : "nwse-resize";
    const id = this.boxAt(sx, sy);
    hoverBox(id);
    return id ? "pointer" : null;
  }

  grab(sx: number, sy: number, event: PointerEvent, frame: DrawFrame): Grab | null {
    if (drawMode.state.mode === "box") return this.startDraft(frame, sx, sy);
    if (drawMode.state.mode || event.shiftKey) return null;
    const handle = this.handleAt(sx, sy, reachOf(event));
    const box = handle && boxOf(boxes.state.selected);
    return handle && box ? this.startDrag(frame, box, handle, sx, sy) : null;
  }

  click(sx: number, sy: number): boolean {
    const id = this.boxAt(sx, sy);
    if (!id) return false;
    selectBox(id);
    if (store.state.leftOpen && !store.state.narrow) showLeft("boxes");
    return true;
  }

  /** Move the middle of a box by pixels of the screen. */
  nudge(box: Box, dx: number, dy: number): void {
    const { frame } = this;
    if (!frame) return;
    const { region } = box;
    if (region.kind === "pixels") {
      const [x, y] = [Math.round(dx * Math.max(1, frame.scale)), -Math.round(dy * Math.max(1, frame.scale))];
      setRegion(box.id, { ...region, x0: region.x0 + x, x1: region.x1 + x, y0: region.y0 + y, y1: region.y1 + y });
      return;
    }
    const middle = middleOf(region);
    const lines = this.outlines.lines(frame.info, region) ?? [];
    const to = movedOnScreen(frame, lines, middle, dx, dy);
    if (to) this.settle(box.id, moved(region, middle, to), lines[0]?.[0]);
  }

  private drawBox(context: CanvasRenderingContext2D, frame: DrawFrame, box: Box, rank: number): void {
    const live = boxes.state.live === box.id;
    const lines = this.outlines.lines(frame.info, box.region, live);
    if (!lines) return;
    const screen = toScreenLines(frame, lines);
    this.seen.set(box.id, screen);
    tracePath(context, screen);
    context.lineJoin = "round";
    context.setLineDash(box.origin === "drawn" && rank < 2 ? [6, 4] : []);
    haloStroke(context, rank ? BRASS : INK, rank === 2 ? 2 : 1.4, "rgba(0, 0, 0, 0.55)");
    context.setLineDash([]);
    if (rank === 2 && box.origin === "drawn") this.drawHandles(context, frame, box.region, lines);
  }

  away(): void {
    hoverBox(null);
  }

  /** Names of boxes, the most important first; one that would lie on another is left out. */
  labels(context: CanvasRenderingContext2D, frame: DrawFrame, taken: Rect[]): void {
    context.font = LABEL;
    context.textAlign = "left";
    context.textBaseline = "bottom";
    for (const { id, name } of this.named) {
      const words = name.length > 40 ? `${name.slice(0, 39)}…` : name;
      const w = context.measureText(words).width + 4;
      const free = labelPlaces(this.seen.get(id) ?? [], frame.width, frame.height)
        .map(([x, y]) => ({ x: Math.max(2, Math.min(x, frame.width - w - 4)), y: y - 20, w, h: 18 }))
        .find((box) => !taken.some((other) => overlaps(other, box)));
      if (!free) continue;
      taken.push(free);
      haloText(context, words, free.x + 2, free.y + 16);
    }
  }

  private drawHandles(context: CanvasRenderingContext2D, frame: DrawFrame, region: Region, lines: Line[]): void {
    const add = (handle: Handle, pixel: [number, number] | null) => {
      for (const [sx, sy] of pixel ? placesOf(frame, pixel) : []) this.handles.push({ handle, sx, sy });
    };
    if (region.kind === "pixels") {
      const { x0, y0, x1, y1 } = region;
      lines[0]?.slice(0, 4).forEach((pixel, k) => {
        add({ kind: "corner", corner: k }, pixel);
      });
      if (lines.length) add({ kind: "middle" }, [(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2]);
    } else {
      cornersOf(region).forEach((corner, k) => {
        add({ kind: "corner", corner: k }, pixelOf(frame, lines, corner));
      });
      add({ kind: "middle" }, pixelOf(frame, lines, middleOf(region)));
    }
    for (const { handle, sx, sy } of this.handles)
      if (handle.kind === "middle") drawMover(context, sx, sy);
      else drawSquare(context, sx, sy);
  }

  private handleAt(sx: number, sy: number, reach: number): Handle | null {
    const near = this.handles
      .map(({ handle, sx: hx, sy: hy }) => ({ handle, far: Math.hypot(sx - hx, sy - hy) }))
      .filter(({ far }) => far <= reach + 2)
      .sort((a, b) => a.far - b.far);
    return near[0]?.handle ?? null;
  }

  private boxAt(sx: number, sy: number): string | null {
    let best: string | null = null;
    let least = NEAR_PX;
    for (const [id, lines] of this.seen) {
      const far = distanceTo(lines, sx, sy);
      if (far <= least) [best, least] = [id, far];
    }
    return best;
  }

  private startDraft(frame: DrawFrame, sx: number, sy: number): Grab {
    const from = frame.toPixel(sx, sy);
    this.draft = { from, to: from };
    const place = (x: number, y: number) => (this.frame ?? frame).toPixel(x, y);
    return {
      move: (x, y) => {
        this.draft = { from, to: place(x, y) };
        session.map?.redraw();
      },
      end: (cancelled) => {
        const to = this.draft?.to ?? from;
        const apart = Math.hypot(to[0] - from[0], to[1] - from[1]) / frame.scale;
        if (cancelled || apart < LEAST_PX) this.draft = null;
        else void this.finishDraft(frame, from, to);
        session.map?.redraw();
      },
    };
  }

  private async finishDraft(frame: DrawFrame, from: [number, number], to: [number, number]): Promise<void> {
    setDrawMode(null);
    try {
      const { info, period } = frame;
      const [ny, nx] = info.shape;
      const rectangle = rectangleBetween(from, to, period === null ? nx : null, ny);
      if (!rectangle) return;
      const region = await regionFor(info, rectangle);
      this.outlines.provide(info, region, [rectangleLine(rectangle)]);
      addBox(region);
      showLeft("boxes");
    } catch (error) {
      sayFailure(error);
    } finally {
      this.draft = null;
      session.map?.redraw();
    }
  }

  private startDrag(frame: DrawFrame, box: Box, handle: Handle, sx: number, sy: number): Grab {
    const from = frame.toPixel(sx, sy);
    const lines = this.outlines.lines(frame.info, box.region) ?? [];
    let region = box.region;
    const pixels = box.region.kind === "pixels" ? [] : cornersOf(box.region).map((c) => pixelOf(frame, lines, c));
    return {
      move: (x, y) => {
        const to = (this.frame ?? frame).toPixel(x, y);
        region = dragged(frame, { region: box.region, pixels }, handle, from, to) ?? region;
        this.trace(frame, region, to);
        dragRegion(box.id, region);
      },
      end: (cancelled) => setRegion(box.id, cancelled ? box.region : region),
    };
  }

  private settle(id: string, region: Region, seed: [number, number] | undefined): void {
    if (this.frame && seed) this.trace(this.frame, region, seed);
    setRegion(id, region);
  }

  /** Lines that serve until the server's are here. */
  private trace(frame: DrawFrame, region: Region, seed: [number, number]): void {
    if (region.kind === "pixels") return;
    this.outlines.provide(
      frame.info,
      region,
      borderOf(region).flatMap((path) => traced(frame, path, seed)),
    );
  }
}

/** What was drawn, exactly: the server knows where the corners are. */
async function regionFor(info: LayerInfo, rectangle: PixelRectangle): Promise<Region> {
  if (info.pixel_scale_deg === null) return { kind: "pixels", layer: info.id, ...rectangle };
  const vectors = await api.skyGrid(info.id, latticeOver(rectangle));
  return regionOfRectangle(info.id, rectangle, vectors, info.pixel_scale_deg);
}

const rectangleLine = ({ x0, y0, x1, y1 }: PixelRectangle): Line => [
  [x0 - 0.5, y0 - 0.5],
  [x1 - 0.5, y0 - 0.5],
  [x1 - 0.5, y1 - 0.5],
  [x0 - 0.5, y1 - 0.5],
  [x0 - 0.5, y0 - 0.5],
];

function drawDraft(context: CanvasRenderingContext2D, frame: DrawFrame, from: Position, to: Position): void {
  const [ax, ay] = frame.place(...from);
  const [bx, by] = frame.place(...to);
  context.fillStyle = "rgba(224, 166, 74, 0.12)";
  context.fillRect(Math.min(ax, bx), Math.min(ay, by), Math.abs(bx - ax), Math.abs(by - ay));
  context.beginPath();
  context.rect(ax, ay, bx - ax, by - ay);
  haloStroke(context, BRASS, 1.6, "rgba(0, 0, 0, 0.55)");
  const size = [Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])].map((side) => grouped(Math.max(1, side)));
  context.font = font(12);
  context.textAlign = "left";
  context.textBaseline = "bottom";
  haloText(context, `${size[0]} × ${size[1]} px`, Math.min(ax, bx) + 2, Math.max(14, Math.min(ay, by) - 4));
}
