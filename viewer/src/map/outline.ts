/** Borders of regions on the screen: lines of pixels in every copy of the map, distances to them, live tracing. */
import type { Position } from "../sky/regions";
import type { DrawFrame } from "./types";

export type Line = [number, number][];

const MOST_COPIES = 64;

/** Shifts along x at which pixels from `x0` to `x1` come into view on a map that repeats. */
export function shiftsInView(frame: DrawFrame, x0: number, x1: number): number[] {
  const { period } = frame;
  if (period === null) return [0];
  const ends = [frame.toPixel(0, 0)[0], frame.toPixel(frame.width, 0)[0]];
  const first = Math.ceil((Math.min(...ends) - x1) / period);
  const last = Math.floor((Math.max(...ends) - x0) / period);
  return Array.from({ length: Math.max(0, Math.min(last - first + 1, MOST_COPIES)) }, (_, k) => (first + k) * period);
}

/** Lines of pixels as lines of the screen, once for every copy in view. */
export function toScreenLines(frame: DrawFrame, lines: readonly Line[]): Line[] {
  return lines.flatMap((line) => {
    if (line.length === 0) return [];
    const xs = line.map(([x]) => x);
    const shifts = shiftsInView(frame, Math.min(...xs), Math.max(...xs));
    return shifts.map((shift) => line.map(([x, y]) => frame.place(x + shift, y)));
  });
}

/** Distance from a place to the nearest of some lines; infinite without any. */
export function distanceTo(lines: readonly Line[], sx: number, sy: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const line of lines)
    for (let k = 1; k < line.length; k++) least = Math.min(least, toSegment(line[k - 1], line[k], sx, sy));
  return least;
}

function toSegment([ax, ay]: [number, number], [bx, by]: [number, number], sx: number, sy: number): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const share = length > 0 ? Math.min(1, Math.max(0, ((sx - ax) * dx + (sy - ay) * dy) / length)) : 0;
  return Math.hypot(sx - ax - share * dx, sy - ay - share * dy);
}

/** Pixels of a path on the sky, each found from the one before; broken where it cannot be followed. */
export function traced(frame: Pick<DrawFrame, "pixelNear">, path: readonly Position[], seed: [number, number]): Line[] {
  const lines: Line[] = [];
  let line: Line = [];
  let from = seed;
  for (const place of path) {
    const pixel = frame.pixelNear(...place, ...from);
    if (pixel) {
      line.push(pixel);
      from = pixel;
    } else {
      if (line.length > 1) lines.push(line);
      line = [];
    }
  }
  if (line.length > 1) lines.push(line);
  return lines;
}

export function tracePath(context: CanvasRenderingContext2D, lines: readonly Line[]): void {
  context.beginPath();
  for (const line of lines) {
    line.forEach(([x, y], k) => {
      if (k) context.lineTo(x, y);
      else context.moveTo(x, y);
    });
  }
}

/** Points of some lines, well inside the screen, where a label can stand: the uppermost, the lowest, the leftmost. */
export function labelPlaces(lines: readonly Line[], width: number, height: number): [number, number][] {
  const seen = lines.flat().filter(([x, y]) => x > 4 && y > 22 && x < width - 40 && y < height - 4);
  if (seen.length === 0) return [];
  const first = (before: (a: [number, number], b: [number, number]) => boolean) =>
    seen.reduce((best, one) => (before(one, best) ? one : best));
  const near = (a: number, b: number) => Math.abs(a - b) <= 0.5;
  return [
    first((a, b) => (near(a[1], b[1]) ? a[0] < b[0] : a[1] < b[1])),
    first((a, b) => (near(a[1], b[1]) ? a[0] < b[0] : a[1] > b[1])),
    first((a, b) => (near(a[0], b[0]) ? a[1] < b[1] : a[0] < b[0])),
  ];
}
