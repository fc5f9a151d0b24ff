/** OpenLayers with its coordinates being pixels of a plane. */

import DragPan from "ol/interaction/DragPan";
import { defaults as defaultInteractions } from "ol/interaction/defaults";
import Kinetic from "ol/Kinetic";
import Layer from "ol/layer/Layer";
import OlMap, { type FrameState } from "ol/Map";
import Projection from "ol/proj/Projection";
import View from "ol/View";
import type { LayerInfo } from "../api/types";
import { planeGrid } from "../tiles/cover";

/** Screen pixels for one pixel of the plane at the closest zoom. */
const CLOSEST = 64;
const FAR = 1e9;

const pixels = new Projection({ code: "armillary:pixels", units: "pixels", extent: [-FAR, -FAR, FAR, FAR] });

export const prefersStill = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const duration = (ms: number): number => (prefersStill() ? 0 : ms);

export function makeMap(target: HTMLElement, draws: ((frame: FrameState) => HTMLElement)[]): OlMap {
  return new OlMap({
    target,
    controls: [],
    interactions: interactions(),
    layers: draws.map((render, zIndex) => new Layer({ render, zIndex })),
    view: new View({ projection: pixels, center: [0, 0], resolution: 1 }),
  });
}

/** Keys belong to the page as a whole, which calls `panBy` and `zoomBy`. */
function interactions() {
  const found = defaultInteractions({
    altShiftDragRotate: false,
    pinchRotate: false,
    shiftDragZoom: false,
    keyboard: false,
    dragPan: false,
    zoomDuration: duration(220),
  });
  found.push(new DragPan({ kinetic: prefersStill() ? undefined : new Kinetic(-0.005, 0.05, 100) }));
  return found;
}

/** Resolution at which a box of pixels just fits, with a little air. */
export function fitResolution(size: [number, number], width: number, height: number, air = 1.04): number {
  return Math.max((width * air) / Math.max(size[0], 1), (height * air) / Math.max(size[1], 1), 1e-6);
}

export function makeView(info: LayerInfo, size: [number, number], center: number[], resolution: number): View {
  const { nx, ny, period } = planeGrid(info);
  const whole = fitResolution(size, nx, ny);
  const extent = period === null ? [-0.5, -0.5, nx - 0.5, ny - 0.5] : [-FAR, -0.5, FAR, ny - 0.5];
  return new View({
    projection: pixels,
    center,
    resolution,
    extent,
    constrainOnlyCenter: true,
    smoothExtentConstraint: false,
    multiWorld: true,
    enableRotation: false,
    minResolution: Math.min(1 / CLOSEST, whole / 4),
    maxResolution: whole * 1.6,
    smoothResolutionConstraint: !prefersStill(),
  });
}
