/** What becomes of a box when one of its handles is dragged. Pure. */
import type { DrawFrame } from "../map/types";
import { moved, type PixelRegion, type PolygonRegion, type Position, type Region, resizedRange } from "../sky/regions";

export type Handle = { kind: "middle" } | { kind: "corner"; corner: number };
type Pixel = [number, number];

export interface DragStart {
  region: Region;
  /** Pixels of its corners. */
  pixels: (Pixel | null)[];
}

/** The region after a drag between two pixels; null where it would leave the sky. */
export function dragged(
  frame: Pick<DrawFrame, "position">,
  start: DragStart,
  handle: Handle,
  from: Pixel,
  to: Pixel,
): Region | null {
  const { region } = start;
  if (region.kind === "pixels") return draggedPixels(region, handle, from, to);
  const target = frame.position(...to);
  const origin = frame.position(...from);
  if (!target || !origin) return null;
  if (handle.kind === "middle") return moved(region, origin, target);
  if (region.kind === "range") return resizedRange(region, handle.corner, target);
  return region.kind === "polygon" ? draggedCorner(frame, region, start.pixels, handle.corner, to, target) : null;
}

function draggedPixels(region: PixelRegion, handle: Handle, from: Pixel, to: Pixel): PixelRegion {
  const { x0, y0, x1, y1 } = region;
  if (handle.kind === "middle") {
    const [dx, dy] = [Math.round(to[0] - from[0]), Math.round(to[1] - from[1])];
    return { ...region, x0: x0 + dx, x1: x1 + dx, y0: y0 + dy, y1: y1 + dy };
  }
  const east = handle.corner === 1 || handle.corner === 2;
  const top = handle.corner >= 2;
  const across = span(east ? x0 : x1, Math.round(to[0] + 0.5));
  const along = span(top ? y0 : y1, Math.round(to[1] + 0.5));
  return { ...region, x0: across[0], x1: across[1], y0: along[0], y1: along[1] };
}

/** At least one pixel between a fixed edge and a dragged one. */
const span = (fixed: number, edge: number): [number, number] =>
  edge === fixed ? [fixed, fixed + 1] : [Math.min(fixed, edge), Math.max(fixed, edge)];

/** Of four corners the neighbours follow, so that what looks like a rectangle stays one; of others only that corner. */
function draggedCorner(
  frame: Pick<DrawFrame, "position">,
  region: PolygonRegion,
  pixels: (Pixel | null)[],
  corner: number,
  to: Pixel,
  target: Position,
): PolygonRegion | null {
  const corners = [...region.corners];
  corners[corner] = target;
  if (corners.length === 4 && pixels.every((pixel) => pixel !== null)) {
    const sides = parallelogram(pixels as Pixel[], corner, to);
    if (!sides) return null;
    for (const [k, pixel] of sides) {
      const place = frame.position(...pixel);
      if (!place) return null;
      corners[k] = place;
    }
  }
  return { kind: "polygon", corners };
}

/** New places of the two neighbours of a dragged corner; null where nothing would be left. */
function parallelogram(pixels: Pixel[], corner: number, to: Pixel): [number, Pixel][] | null {
  const [before, opposite, after] = [(corner + 3) % 4, (corner + 2) % 4, (corner + 1) % 4];
  const [ox, oy] = pixels[opposite];
  const a: Pixel = [pixels[before][0] - ox, pixels[before][1] - oy];
  const b: Pixel = [pixels[after][0] - ox, pixels[after][1] - oy];
  const det = a[0] * b[1] - a[1] * b[0];
  if (Math.abs(det) < 1e-9) return null;
  const [dx, dy] = [to[0] - ox, to[1] - oy];
  const s = (dx * b[1] - dy * b[0]) / det;
  const t = (a[0] * dy - a[1] * dx) / det;
  if (Math.abs(s) < 1e-3 || Math.abs(t) < 1e-3) return null;
  return [
    [before, [ox + s * a[0], oy + s * a[1]]],
    [after, [ox + t * b[0], oy + t * b[1]]],
  ];
}
