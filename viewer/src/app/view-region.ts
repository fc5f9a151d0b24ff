/** What the window shows, as a region of the sky. */
import { api } from "../api/client";
import type { LayerInfo } from "../api/types";
import { latticeOver, type PixelRectangle, rectangleBetween } from "../sky/rectangle";
import { type Shapes, shapesOf } from "../sky/shapes";
import { planeGrid } from "../tiles/cover";
import { mapPlace } from "./boxes";
import { store } from "./store-controller";

/** Whole pixels of the layer in the window; null where none is. */
export function shownRectangle(): PixelRectangle | null {
  const { info, view } = store.state;
  const size = mapPlace();
  return info && view && size && size.width > 0 ? rectangleAround(info, view, size) : null;
}

export function rectangleAround(
  info: LayerInfo,
  { x, y, scale }: { x: number; y: number; scale: number },
  { width, height }: { width: number; height: number },
): PixelRectangle | null {
  const { nx, ny, period } = planeGrid(info);
  // A map that repeats is shown once, however far one looks.
  const [dx, dy] = [
    Math.min((width * scale) / 2, period === null ? Number.POSITIVE_INFINITY : period / 2),
    (height * scale) / 2,
  ];
  const found = rectangleBetween([x - dx, y - dy], [x + dx, y + dy], period === null ? nx : null, ny);
  if (!found || period === null || found.x1 - found.x0 <= period) return found;
  return { ...found, x1: found.x0 + period };
}

export async function shapesIn(info: LayerInfo, rectangle: PixelRectangle, signal: AbortSignal): Promise<Shapes> {
  if (info.pixel_scale_deg === null) return { range: null, polygon: null, circle: null, exact: null };
  const vectors = await api.skyGrid(info.id, latticeOver(rectangle), signal);
  return shapesOf(rectangle, vectors, info.pixel_scale_deg);
}
