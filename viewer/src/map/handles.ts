/** Points of a drawing that a hand or a key moves. */
import type { Position } from "../sky/regions";
import { type Line, shiftsInView } from "./outline";
import type { DrawFrame } from "./types";

export const BRASS = "#e0a64a";
const SIZE = 4.5;

/** The pixel of a position, sought from the nearest point of the lines drawn beside it; not wrapped. */
export function pixelOf(frame: DrawFrame, lines: readonly Line[], at: Position): [number, number] | null {
  const cos = Math.max(Math.cos((at[1] * Math.PI) / 180), 1e-3);
  let seed: [number, number] | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const line of lines)
    for (const [x, y] of line) {
      const place = frame.position(x, y);
      if (!place) continue;
      const across = Math.abs(place[0] - at[0]);
      const far = Math.hypot(Math.min(across, 360 - across) * cos, place[1] - at[1]);
      if (far < least) [seed, least] = [[x, y], far];
    }
  return seed && frame.pixelNear(...at, ...seed);
}

/** Places of a pixel on the screen, in every copy in view. */
export const placesOf = (frame: DrawFrame, [x, y]: [number, number]): [number, number][] =>
  shiftsInView(frame, x - frame.scale * SIZE, x + frame.scale * SIZE).map((shift) => frame.place(x + shift, y));

export function drawSquare(context: CanvasRenderingContext2D, sx: number, sy: number): void {
  context.fillStyle = "#17120a";
  context.fillRect(sx - SIZE - 1, sy - SIZE - 1, 2 * SIZE + 2, 2 * SIZE + 2);
  context.fillStyle = BRASS;
  context.fillRect(sx - SIZE, sy - SIZE, 2 * SIZE, 2 * SIZE);
}

/** A cross of arrows: what is moved as a whole. */
export function drawMover(context: CanvasRenderingContext2D, sx: number, sy: number): void {
  context.beginPath();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    const [ex, ey] = [sx + 9 * dx, sy + 9 * dy];
    context.moveTo(sx, sy);
    context.lineTo(ex, ey);
    context.moveTo(ex - 3 * dx + 3 * dy, ey - 3 * dy + 3 * dx);
    context.lineTo(ex, ey);
    context.lineTo(ex - 3 * dx - 3 * dy, ey - 3 * dy - 3 * dx);
  }
  context.lineJoin = "miter";
  context.lineWidth = 3.5;
  context.strokeStyle = "#17120a";
  context.stroke();
  context.lineWidth = 1.5;
  context.strokeStyle = BRASS;
  context.stroke();
}

/** How near a pointer must come: fingers are thick. */
export const reachOf = (event: { pointerType?: string } | null): number => (event?.pointerType === "touch" ? 20 : 8);

/** Where a position goes that moves by `dx`, `dy` pixels of the screen; null off the sky. */
export function movedOnScreen(
  frame: DrawFrame,
  lines: readonly Line[],
  at: Position,
  dx: number,
  dy: number,
): Position | null {
  // Before its lines are here, it is sought from the middle of the screen.
  const middle = frame.toPixel(frame.width / 2, frame.height / 2);
  const pixel = pixelOf(frame, lines, at) ?? frame.pixelNear(...at, ...middle);
  if (!pixel) return null;
  const [sx, sy] = frame.place(...pixel);
  return frame.position(...frame.toPixel(sx + dx, sy + dy));
}
