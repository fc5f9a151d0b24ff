/** Drawings over the map: what draws them and which of them the pointer meant. */
import { type Vec3, vector } from "../sky/frames";
import type { Jacobian, SkyModel } from "../sky/skymodel";
import { modulo } from "../tiles/cover";
import type { OverlayFrame, Rect } from "./overlay/frame";
import type { DrawFrame, Grab, MapDrawing } from "./types";

const ROUNDS = 24;
const CLOSE_PX = 0.02;

/** The frame as drawings see it. */
export class DrawingFrame implements DrawFrame {
  constructor(private readonly frame: OverlayFrame) {}

  get width(): number {
    return this.frame.view.view.width;
  }

  get height(): number {
    return this.frame.view.view.height;
  }

  get info() {
    return this.frame.sky.info;
  }

  get scale(): number {
    return this.frame.view.view.resolution;
  }

  get period(): number | null {
    return this.frame.sky.grid.period;
  }

  place(x: number, y: number): [number, number] {
    return this.frame.view.toScreen(x, y);
  }

  toScreen(x: number, y: number): [number, number][] {
    const { view, sky } = this.frame;
    const { period } = sky.grid;
    if (period === null) return [view.toScreen(x, y)];
    const { u0, u1 } = view.box;
    const places: [number, number][] = [];
    for (let at = u0 + modulo(x + 0.5 - u0, period) - 0.5; at < u1; at += period) places.push(view.toScreen(at, y));
    return places;
  }

  nearest(x: number, y: number): [number, number] {
    const { view, sky } = this.frame;
    return view.toScreen(view.nearest(x, sky.grid.period), y);
  }

  toPixel(sx: number, sy: number): [number, number] {
    return this.frame.view.toPixel(sx, sy);
  }

  position(x: number, y: number): [number, number] | null {
    return this.frame.sky.position(x, y);
  }

  pixelNear(ra: number, dec: number, x: number, y: number): [number, number] | null {
    return pixelNear(this.frame.sky, ra, dec, x, y);
  }
}

/**
 * Newton's iteration on the grid of unit vectors: each step goes along the great circle as far as the goal is, halved
 * while it leaves the sky. The antipode, where the tangent plane sees nothing to do, is no answer.
 */
export function pixelNear(
  sky: Pick<SkyModel, "jacobian">,
  ra: number,
  dec: number,
  x: number,
  y: number,
): [number, number] | null {
  const goal = vector(ra, dec);
  let slope = sky.jacobian(x, y, 1);
  for (let round = 0; slope && round < ROUNDS; round++) {
    const move = toward(slope, goal);
    if (!move) return null;
    const step = Math.hypot(...move);
    if (step < CLOSE_PX) return dot(slope.v, goal) > 0 ? [x + move[0], y + move[1]] : null;
    slope = null;
    for (let share = 1; !slope && share > 0.05; share /= 2) {
      slope = sky.jacobian(x + share * move[0], y + share * move[1], Math.max(Math.min(step, 4), 0.25));
      if (slope) [x, y] = [x + share * move[0], y + share * move[1]];
    }
  }
  return null;
}

/** Pixels to go from the foot of `slope` toward `goal`, by least squares; null where the map is degenerate. */
function toward({ v, dx, dy }: Jacobian, goal: Vec3): [number, number] | null {
  const along = dot(v, goal);
  const aside: Vec3 = [goal[0] - along * v[0], goal[1] - along * v[1], goal[2] - along * v[2]];
  const sine = Math.hypot(...aside);
  const stretch = sine > 1e-12 ? Math.atan2(sine, along) / sine : 1;
  const [xx, xy, yy] = [dot(dx, dx), dot(dx, dy), dot(dy, dy)];
  const [bx, by] = [dot(dx, aside) * stretch, dot(dy, aside) * stretch];
  const det = xx * yy - xy * xy;
  if (!(det > 1e-12 * xx * yy)) return null;
  return [(yy * bx - xy * by) / det, (xx * by - xy * bx) / det];
}

const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export class Drawings {
  private readonly all: MapDrawing[] = [];
  private frame: DrawingFrame | null = null;

  add(drawing: MapDrawing): () => void {
    this.all.push(drawing);
    return () => {
      const at = this.all.indexOf(drawing);
      if (at >= 0) this.all.splice(at, 1);
    };
  }

  draw(context: CanvasRenderingContext2D, frame: OverlayFrame): void {
    this.frame = new DrawingFrame(frame);
    for (const drawing of this.all) {
      context.save();
      drawing.draw(context, this.frame);
      context.restore();
    }
  }

  /** Names over all that was drawn; those of the lowest drawing choose their places first. */
  labels(context: CanvasRenderingContext2D, taken: Rect[]): void {
    for (const drawing of this.all) {
      if (!this.frame || !drawing.labels) continue;
      context.save();
      drawing.labels(context, this.frame, taken);
      context.restore();
    }
  }

  cursor(sx: number, sy: number): string | null {
    let found: string | null = null;
    for (const drawing of [...this.all].reverse()) {
      if (found !== null) drawing.away?.();
      else if (this.frame) found = drawing.cursor?.(sx, sy, this.frame) ?? null;
    }
    return found;
  }

  grab(sx: number, sy: number, event: PointerEvent): Grab | null {
    return this.first((drawing, frame) => drawing.grab?.(sx, sy, event, frame) ?? null);
  }

  click(sx: number, sy: number): boolean {
    return this.first((drawing, frame) => drawing.click?.(sx, sy, frame) || null) ?? false;
  }

  /** Asked from the topmost down. */
  private first<T>(ask: (drawing: MapDrawing, frame: DrawingFrame) => T | null): T | null {
    if (!this.frame) return null;
    for (let k = this.all.length - 1; k >= 0; k--) {
      const answer = ask(this.all[k], this.frame);
      if (answer !== null) return answer;
    }
    return null;
  }
}
