/** Sources by viewport: what has to be asked for a view, and which answers serve it. */
import type { Points } from "../api/points";
import { isAbort, Latest } from "../app/session";
import { modulo } from "../tiles/cover";

/** Part of a plane in pixels (centres at integers), not wrapped. */
export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface PlaneSize {
  nx: number;
  ny: number;
  /** Pixels after which the plane repeats along x; null where it does not. */
  period: number | null;
}

export interface Answer {
  /** What was asked for. */
  box: Box;
  /** Width of the view it was asked for, in pixels. */
  width: number;
  points: Points;
}

/** Asked for on every side of the view, as a share of it: short moves need no request. */
const MARGIN = 0.25;
/** A choice is asked for anew once the view is this much narrower. */
const FINER = 0.72;
const KEPT = 12;

const width = (box: Box): number => box.x1 - box.x0;

/** The part of the plane that a view shows, moved so that its middle lies in the plane; null off the plane. */
export function onPlane(view: Box, { nx, ny, period }: PlaneSize): Box | null {
  const y0 = Math.max(view.y0, -0.5);
  const y1 = Math.min(view.y1, ny - 0.5);
  if (!(y1 > y0)) return null;
  if (period === null) {
    const x0 = Math.max(view.x0, -0.5);
    const x1 = Math.min(view.x1, nx - 0.5);
    return x1 > x0 ? { x0, y0, x1, y1 } : null;
  }
  if (width(view) >= period) return { x0: -0.5, x1: period - 0.5, y0, y1 };
  const middle = (view.x0 + view.x1) / 2;
  const shift = modulo(middle + 0.5, period) - 0.5 - middle;
  return { x0: view.x0 + shift, x1: view.x1 + shift, y0, y1 };
}

/** What to ask for a view (as `onPlane` gives it). */
export function askedBox(view: Box, plane: PlaneSize): Box {
  const dx = MARGIN * width(view);
  const dy = MARGIN * (view.y1 - view.y0);
  const wide = { x0: view.x0 - dx, x1: view.x1 + dx, y0: view.y0 - dy, y1: view.y1 + dy };
  const box = { ...wide, y0: Math.max(wide.y0, -0.5), y1: Math.min(wide.y1, plane.ny - 0.5) };
  const { period } = plane;
  if (period === null) return { ...box, x0: Math.max(box.x0, -0.5), x1: Math.min(box.x1, plane.nx - 0.5) };
  return width(box) >= period ? { ...box, x0: -0.5, x1: period - 0.5 } : box;
}

/** Whether an answer holds all that can be shown of a view. */
export function serves(answer: Answer, view: Box, period: number | null): boolean {
  const { box, points } = answer;
  if (!points.complete && width(view) < FINER * answer.width) return false;
  const slack = 1e-6 * width(view);
  if (view.y0 < box.y0 - slack || view.y1 > box.y1 + slack) return false;
  if (period !== null && width(box) >= period - slack) return true;
  const turns = period === null ? [0] : [-period, 0, period];
  return turns.some((turn) => view.x0 + turn >= box.x0 - slack && view.x1 + turn <= box.x1 + slack);
}

export interface FeedWish {
  /** All that an answer depends on besides the box. */
  key: string;
  view: Box;
  plane: PlaneSize;
  ask(box: Box, signal: AbortSignal): Promise<Points>;
}

/** The answers of one catalog. The last one stays until the next is here. */
export class PointsFeed {
  current: Answer | null = null;
  busy = false;
  /** Whether the last request failed. */
  private wrong = false;
  private key = "";
  private known: Answer[] = [];
  private asked: Box | null = null;
  private readonly asking = new Latest();

  constructor(
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** `keep`: what is drawn lies where it lay also under the new key. */
  look(wish: FeedWish, keep: boolean): void {
    if (wish.key !== this.key) this.renew(wish.key, keep);
    const view = onPlane(wish.view, wish.plane);
    if (!view) {
      this.stop();
      return;
    }
    const { period } = wish.plane;
    const fresh = this.current !== null && this.known.includes(this.current);
    if (fresh && this.current && serves(this.current, view, period)) {
      this.stop();
      if (this.wrong) this.show(this.current);
      return;
    }
    const known = this.known.find((answer) => serves(answer, view, period));
    if (known) {
      this.stop();
      this.show(known);
      return;
    }
    const box = askedBox(view, wish.plane);
    if (this.asked && sameBox(this.asked, box)) return;
    void this.fetch(wish, box, width(view));
  }

  /** Nothing drawn is true any more. */
  forget(): void {
    this.stop();
    this.key = "";
    this.known = [];
    this.current = null;
  }

  private renew(key: string, keep: boolean): void {
    const { current } = this;
    this.forget();
    this.key = key;
    if (keep) this.current = current;
  }

  private async fetch(wish: FeedWish, box: Box, viewWidth: number): Promise<void> {
    const signal = this.asking.next();
    this.asked = box;
    this.busy = true;
    this.changed();
    try {
      const points = await wish.ask(box, signal);
      if (signal.aborted) return;
      this.asked = null;
      this.busy = false;
      this.show({ box, width: viewWidth, points });
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      this.asked = null;
      this.busy = false;
      this.wrong = true;
      this.failed(error);
    }
  }

  private show(answer: Answer): void {
    this.known = [answer, ...this.known.filter((other) => other !== answer)].slice(0, KEPT);
    this.current = answer;
    this.wrong = false;
    this.changed();
  }

  /** What was under way is not waited for any more. */
  private stop(): void {
    this.asking.cancel();
    this.asked = null;
    if (!this.busy) return;
    this.busy = false;
    this.changed();
  }
}

const sameBox = (a: Box, b: Box): boolean => a.x0 === b.x0 && a.x1 === b.x1 && a.y0 === b.y0 && a.y1 === b.y1;
