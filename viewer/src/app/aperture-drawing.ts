/** Apertures on the map: true circles of the sky, moved by their inside, resized at their rim, and drawn anew. */
import { BRASS, drawSquare, movedOnScreen, pixelOf, placesOf, reachOf } from "../map/handles";
import { distanceTo, type Line, labelPlaces, toScreenLines, traced, tracePath } from "../map/outline";
import { font, haloStroke, haloText, INK, overlaps, type Rect } from "../map/overlay/frame";
import type { DrawFrame, Grab, MapDrawing } from "../map/types";
import { separationDeg, vector } from "../sky/frames";
import { borderOf, type CircleRegion, contains, moved, type Position } from "../sky/regions";
import {
  type Aperture,
  addAperture,
  apertureOf,
  apertures,
  circleOf,
  dragAperture,
  hoverAperture,
  LARGEST_DEG,
  nameOf,
  SMALLEST_DEG,
  selectAperture,
  setAperture,
} from "./apertures";
import { drawMode, setDrawMode } from "./draw-mode";
import { formatAngle } from "./format";
import { clamp } from "./numbers";
import { Outlines } from "./outlines";
import { isOpen, showLeft } from "./panels";
import { say, session } from "./session";
import { store } from "./store-controller";

const LEAST_PX = 4;
/** Radius on the screen of an aperture that was only clicked. */
const CLICKED_PX = 24;
const apart = (a: Position, b: Position): number => separationDeg(vector(...a), vector(...b));

const panelOpen = (): boolean => isOpen("apertures");

/** 2: selected, 1: under the pointer. */
function rank({ id }: Aperture): 0 | 1 | 2 {
  const { selected, hovered } = apertures.state;
  return id === selected && panelOpen() ? 2 : id === hovered ? 1 : 0;
}

/** Draw the outline of an aperture; its lines on the screen. */
function stroke(context: CanvasRenderingContext2D, frame: DrawFrame, lines: Line[], rank: number): Line[] {
  const screen = toScreenLines(frame, lines);
  tracePath(context, screen);
  context.lineJoin = "round";
  haloStroke(context, rank ? BRASS : INK, rank === 2 ? 2 : 1.5, "rgba(0, 0, 0, 0.55)");
  return screen;
}

export class ApertureDrawing implements MapDrawing {
  private readonly outlines = new Outlines(() => session.map?.redraw());
  private readonly seen = new Map<string, Line[]>();
  private draft: { circle: CircleRegion; lines: Line[]; centre: [number, number] } | null = null;
  private frame: DrawFrame | null = null;

  draw(context: CanvasRenderingContext2D, frame: DrawFrame): void {
    this.frame = frame;
    this.seen.clear();
    if (frame.info.pixel_scale_deg === null) return;
    const sorted = [...apertures.state.list].sort((a, b) => rank(a) - rank(b));
    for (const one of sorted) {
      const circle = circleOf(one);
      const lines = this.outlines.lines(frame.info, circle, apertures.state.live === one.id);
      if (lines) this.seen.set(one.id, stroke(context, frame, lines, rank(one)));
      if (lines && rank(one) === 2) this.centre(context, frame, lines, circle);
    }
    if (this.draft) this.drawDraft(context, frame, this.draft);
  }

  /** Names in the middle over the circles, the most important first; one that would lie on another is left out. */
  labels(context: CanvasRenderingContext2D, frame: DrawFrame, taken: Rect[]): void {
    context.textAlign = "center";
    context.textBaseline = "bottom";
    for (const one of [...apertures.state.list].sort((a, b) => rank(b) - rank(a))) {
      context.font = font(11, rank(one) === 2 ? 600 : 400);
      const half = context.measureText(nameOf(one)).width / 2 + 4;
      const free = labelPlaces(this.seen.get(one.id) ?? [], frame.width, frame.height)
        .map(([x, y]) => ({ x: clamp(x, half, frame.width - half) - half, y: y - 18, w: 2 * half, h: 16 }))
        .find((box) => !taken.some((other) => overlaps(other, box)));
      if (!free) continue;
      taken.push(free);
      haloText(context, nameOf(one), free.x + half, free.y + 14);
    }
  }

  away(): void {
    hoverAperture(null);
  }

  cursor(sx: number, sy: number, frame: DrawFrame): string | null {
    if (drawMode.state.mode === "aperture") return "crosshair";
    const found = this.at(frame, sx, sy, 8);
    hoverAperture(found?.one.id ?? null);
    if (!found) return null;
    if (!panelOpen()) return found.rim ? "pointer" : null;
    return found.rim ? "ew-resize" : this.grabbable(frame, found.one) ? "move" : null;
  }

  grab(sx: number, sy: number, event: PointerEvent, frame: DrawFrame): Grab | null {
    if (drawMode.state.mode === "aperture") return this.startDraft(frame, sx, sy);
    if (drawMode.state.mode || event.shiftKey) return null;
    const found = this.at(frame, sx, sy, reachOf(event));
    if (!found || !panelOpen()) return null;
    if (!found.rim && !this.grabbable(frame, found.one)) return null;
    return this.startDrag(frame, found.one, found.rim, sx, sy);
  }

  click(sx: number, sy: number, frame: DrawFrame): boolean {
    const found = this.at(frame, sx, sy, 8);
    if (!found || (!found.rim && !(panelOpen() && this.grabbable(frame, found.one)))) return false;
    this.select(found.one.id);
    return true;
  }

  /** Move the centre by pixels of the screen. */
  nudge(one: Aperture, dx: number, dy: number): void {
    const { frame } = this;
    if (!frame) return;
    const lines = this.outlines.lines(frame.info, circleOf(one)) ?? [];
    const to = movedOnScreen(frame, lines, [one.ra, one.dec], dx, dy);
    if (!to) return;
    const circle = { ...circleOf(one), ra: to[0], dec: to[1] };
    if (lines[0]) this.trace(frame, circle, lines[0][0]);
    setAperture(one.id, { ra: to[0], dec: to[1] });
  }

  private select(id: string): void {
    selectAperture(id);
    if (store.state.leftOpen && !store.state.narrow) showLeft("apertures");
  }

  private centre(context: CanvasRenderingContext2D, frame: DrawFrame, lines: Line[], circle: CircleRegion): void {
    const pixel = pixelOf(frame, lines, [circle.ra, circle.dec]);
    for (const [sx, sy] of pixel ? placesOf(frame, pixel) : []) {
      context.beginPath();
      context.moveTo(sx - 5, sy);
      context.lineTo(sx + 5, sy);
      context.moveTo(sx, sy - 5);
      context.lineTo(sx, sy + 5);
      haloStroke(context, BRASS, 1.4);
    }
    // One point of the rim shows that it can be taken.
    const east = lines[0]?.[Math.floor(lines[0].length / 4)];
    for (const [sx, sy] of east ? placesOf(frame, east) : []) drawSquare(context, sx, sy);
  }

  private drawDraft(
    context: CanvasRenderingContext2D,
    frame: DrawFrame,
    { circle, lines, centre }: NonNullable<ApertureDrawing["draft"]>,
  ): void {
    const screen = toScreenLines(frame, lines);
    tracePath(context, screen);
    context.fillStyle = "rgba(224, 166, 74, 0.12)";
    context.fill();
    haloStroke(context, BRASS, 1.6, "rgba(0, 0, 0, 0.55)");
    const [sx, sy] = frame.place(...centre);
    context.font = font(12);
    context.textAlign = "center";
    context.textBaseline = "middle";
    haloText(context, formatAngle(circle.radius), sx, sy);
  }

  /** The aperture under a place: a rim first, else the smallest that holds it. */
  private at(frame: DrawFrame, sx: number, sy: number, reach: number): { one: Aperture; rim: boolean } | null {
    let rim: Aperture | null = null;
    let least = reach;
    for (const one of apertures.state.list) {
      const far = distanceTo(this.seen.get(one.id) ?? [], sx, sy);
      if (far <= least) [rim, least] = [one, far];
    }
    if (rim && this.screenRadius(frame, rim) > 2 * least) return { one: rim, rim: true };
    const place = frame.position(...frame.toPixel(sx, sy));
    const inside = place ? apertures.state.list.filter((one) => contains(circleOf(one), place)) : [];
    const one = inside.sort((a, b) => a.radius - b.radius)[0] ?? rim;
    return one && { one, rim: false };
  }

  private screenRadius(frame: DrawFrame, one: Aperture): number {
    return one.radius / ((frame.info.pixel_scale_deg ?? 1) * frame.scale);
  }

  /** The inside of what fills the view is the map's. */
  private grabbable(frame: DrawFrame, one: Aperture): boolean {
    return this.screenRadius(frame, one) < 0.45 * Math.min(frame.width, frame.height);
  }

  private startDraft(frame: DrawFrame, sx: number, sy: number): Grab | null {
    const centre = frame.toPixel(sx, sy);
    const place = frame.position(...centre);
    if (!place) {
      say("There is no sky here: start inside the map.");
      return { move: () => undefined, end: () => undefined };
    }
    const pixelDeg = (frame.info.pixel_scale_deg ?? 1) * frame.scale;
    const circle: CircleRegion = { kind: "circle", ra: place[0], dec: place[1], radius: CLICKED_PX * pixelDeg };
    let apartPx = 0;
    return {
      move: (x, y) => {
        const now = this.frame ?? frame; // the wheel may have moved the map
        const at = now.position(...now.toPixel(x, y));
        apartPx = Math.max(apartPx, Math.hypot(x - sx, y - sy));
        if (!at || apartPx < LEAST_PX) return;
        circle.radius = Math.min(LARGEST_DEG, Math.max(SMALLEST_DEG, apart(place, at)));
        const lines = borderOf(circle).flatMap((path) => traced(frame, path, centre));
        this.draft = { circle: { ...circle }, lines, centre };
        session.map?.redraw();
      },
      end: (cancelled) => {
        this.draft = null;
        if (!cancelled) this.finishDraft(frame, circle, centre);
        session.map?.redraw();
      },
    };
  }

  private finishDraft(frame: DrawFrame, circle: CircleRegion, seed: [number, number]): void {
    setDrawMode(null);
    const id = addAperture({ ra: circle.ra, dec: circle.dec, radius: circle.radius });
    const one = apertureOf(id);
    if (one) this.trace(frame, circleOf(one), seed);
    showLeft("apertures");
  }

  private startDrag(frame: DrawFrame, one: Aperture, rim: boolean, sx: number, sy: number): Grab {
    const from = frame.position(...frame.toPixel(sx, sy));
    const before = circleOf(one);
    let after = before;
    let went = false;
    return {
      move: (x, y) => {
        went ||= Math.hypot(x - sx, y - sy) >= LEAST_PX;
        const now = this.frame ?? frame; // the wheel may have moved the map
        const pixel = now.toPixel(x, y);
        const to = now.position(...pixel);
        if (!to || !from || !went) return;
        const radius = Math.min(LARGEST_DEG, Math.max(SMALLEST_DEG, apart([before.ra, before.dec], to)));
        after = rim ? { ...before, radius } : moved(before, from, to);
        this.trace(now, after, pixel);
        dragAperture(one.id, after);
      },
      end: (cancelled) => {
        if (went) setAperture(one.id, cancelled ? before : after);
        this.select(one.id);
      },
    };
  }

  /** Lines that serve until the server's are here. */
  private trace(frame: DrawFrame, circle: CircleRegion, seed: [number, number]): void {
    this.outlines.provide(
      frame.info,
      circle,
      borderOf(circle).flatMap((path) => traced(frame, path, seed)),
    );
  }
}
