/** Where the map looks: OpenLayers' view in the words of pixels of the plane. */
import { easeOut } from "ol/easing";
import type OlMap from "ol/Map";
import type { LayerInfo } from "../api/types";
import type { PixelBox } from "../sky/skymodel";
import { type Box, modulo, planeGrid } from "../tiles/cover";
import { duration, fitResolution, makeView } from "./olview";
import { ViewTransform } from "./transform";

const MOVE_MS = 350;

/** Pixel in the middle and full-resolution pixels per CSS pixel. */
export interface Place {
  x: number;
  y: number;
  scale: number;
}

export type Size = [number, number];

/** Where a view is in the coordinates of the map. */
interface Goal {
  center: number[];
  resolution: number;
}

export class Viewport {
  info: LayerInfo | null = null;
  private flipped = false;
  /** Where a move under way ends. */
  private goal: Goal | null = null;

  constructor(private readonly map: OlMap) {}

  get size(): Size | null {
    const size = this.map.getSize();
    return size && size[0] > 0 && size[1] > 0 ? [size[0], size[1]] : null;
  }

  /** Size of the map, waiting for the page to be laid out if need be. */
  async laidOut(): Promise<Size> {
    for (let i = 0; i < 100; i++) {
      this.map.updateSize();
      if (this.size) return this.size;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return [1, 1];
  }

  /** Start anew with a layer; `keep`: its pixels are those of the layer before. */
  install(info: LayerInfo, place: Place, size: Size, keep: boolean): void {
    this.info = info;
    if (keep) return;
    const { centerX, centerY, resolution } = this.at(info, place, size).view;
    this.renew(info, size, { center: [centerX, centerY], resolution });
  }

  setMirror(on: boolean): void {
    const place = this.place;
    this.flipped = on;
    if (place) this.look(place, false);
  }

  /** How a layer looks from a place. */
  at(info: LayerInfo, { x, y, scale }: Place, size: Size): ViewTransform {
    const nx = info.shape[1];
    return this.seen(info, [this.mirrors(info) ? nx - 1 - x : x, y], scale, size);
  }

  /** The transform of a centre in map coordinates. */
  seen(info: LayerInfo, [centerX, centerY]: number[], resolution: number, [width, height]: number[]): ViewTransform {
    const [ny, nx] = info.shape;
    return new ViewTransform({ centerX, centerY, resolution, width, height, mirror: this.mirrors(info), nx, ny });
  }

  /** The view as it stands now, null before the first layer. */
  get transform(): ViewTransform | null {
    const view = this.map.getView();
    const center = view.getCenter();
    const resolution = view.getResolution();
    const { info, size } = this;
    return info && center && resolution && size ? this.seen(info, center, resolution, size) : null;
  }

  /** Middle of the view; of a full circle the copy inside the plane. */
  get place(): Place | null {
    const { transform, info } = this;
    if (!transform || !info) return null;
    const [x, y] = transform.centre;
    const { period } = planeGrid(info);
    return { x: period === null ? x : modulo(x + 0.5, period) - 0.5, y, scale: transform.view.resolution };
  }

  get visibleWindow(): PixelBox | null {
    const { transform, info } = this;
    if (!info || !transform) return null;
    const { nx, ny, period } = planeGrid(info);
    const box = pixelBox(transform.box, ny);
    const turn = period === null ? 0 : Math.floor((box.x0 + 0.5) / period);
    const whole = period !== null && turn !== Math.floor((box.x1 + 0.5) / period);
    const shift = turn * (period ?? 0);
    const clip = (value: number, length: number) => Math.min(Math.max(value, 0), length);
    return {
      x0: whole ? 0 : clip(Math.floor(box.x0 - shift + 0.5), nx),
      x1: whole ? nx : clip(Math.ceil(box.x1 - shift + 0.5), nx),
      y0: clip(Math.floor(box.y0 + 0.5), ny),
      y1: clip(Math.ceil(box.y1 + 0.5), ny),
    };
  }

  look(place: Place, animate: boolean): void {
    const { info, transform: now } = this;
    if (!info || !now) return;
    const view = this.map.getView();
    const x = animate ? now.nearest(place.x, planeGrid(info).period) : place.x;
    const target = this.at(info, { ...place, x }, [now.view.width, now.view.height]).view;
    const resolution = view.getConstrainedResolution(target.resolution) ?? target.resolution;
    const wanted = [target.centerX, target.centerY];
    const center = view.getConstrainedCenter(wanted, resolution) ?? wanted;
    this.move({ center, resolution }, animate ? duration(MOVE_MS) : 0);
  }

  fit(animate: boolean): void {
    const { info, size } = this;
    if (info && size) this.look(fitPlace(info, size), animate);
  }

  zoomBy(factor: number): void {
    const view = this.map.getView();
    const center = view.getCenter();
    const resolution = view.getResolution();
    if (!center || !resolution || !(factor > 0)) return;
    this.move({ center, resolution: view.getConstrainedResolution(resolution / factor) ?? resolution }, duration(200));
  }

  panBy(dx: number, dy: number): void {
    const view = this.map.getView();
    const [cx, cy] = view.getCenter() ?? [0, 0];
    const resolution = view.getResolution() ?? 1;
    const center = view.getConstrainedCenter([cx + dx * resolution, cy - dy * resolution], resolution);
    if (center) this.move({ center, resolution }, duration(120));
  }

  /** Of a full circle, bring the centre back into the plane: panning is endless, numbers are not. */
  normalise(): void {
    const period = this.info && planeGrid(this.info).period;
    const view = this.map.getView();
    const center = view.getCenter();
    if (!period || !center || view.getAnimating()) return;
    if (center[0] < -0.5 || center[0] >= period - 0.5) {
      view.setCenter([modulo(center[0] + 0.5, period) - 0.5, center[1]]);
    }
  }

  /** The widest zoom depends on the size of the map: a new view, at the same place or where a move was going. */
  resized(): void {
    const { info, size } = this;
    const view = this.map.getView();
    const center = view.getCenter();
    if (!info || !size || !center) return;
    const here = { center, resolution: view.getResolution() ?? 1 };
    this.renew(info, size, (view.getAnimating() && this.goal) || here);
  }

  private renew(info: LayerInfo, size: Size, { center, resolution }: Goal): void {
    this.goal = null;
    this.map.setView(makeView(info, size, center, resolution));
  }

  private move(goal: Goal, ms: number): void {
    const view = this.map.getView();
    view.cancelAnimations();
    this.goal = null;
    if (ms > 0) {
      // Moves of OpenLayers' own, as by a wheel, have no goal here.
      const ended = () => {
        if (this.goal === goal) this.goal = null;
      };
      this.goal = goal;
      view.animate({ ...goal, duration: ms, easing: easeOut }, ended);
    } else {
      view.setResolution(goal.resolution);
      view.setCenter(goal.center);
    }
  }

  /** As stored, but with right ascension growing to the left. */
  private mirrors(info: LayerInfo): boolean {
    return (info.parity === 1) !== this.flipped;
  }
}

/** Pixels (centres at integers) behind a box of `u`, `v`. */
export function pixelBox(box: Box, ny: number): PixelBox {
  return { x0: box.u0 - 0.5, x1: box.u1 - 0.5, y0: ny - 0.5 - box.v1, y1: ny - 0.5 - box.v0 };
}

/** The part of a layer that holds data, just fitting the map. */
export function fitPlace(info: LayerInfo, size: Size): Place {
  let [x0, y0, x1, y1] = info.coverage;
  if (!(x1 > x0 && y1 > y0)) [x0, y0, x1, y1] = [0, 0, info.shape[1], info.shape[0]];
  return { x: (x0 + x1 - 1) / 2, y: (y0 + y1 - 1) / 2, scale: fitResolution(size, x1 - x0, y1 - y0) };
}

export const onPlane = ({ shape: [ny, nx] }: LayerInfo, x: number, y: number): boolean =>
  x >= -0.5 && y >= -0.5 && x <= nx && y <= ny;
