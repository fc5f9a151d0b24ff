/** Between the screen (CSS pixels, y downward), map coordinates (OpenLayers) and pixels of the plane. */
import { type Box, modulo } from "../tiles/cover";

export interface ViewState {
  centerX: number; // map coordinates
  centerY: number;
  resolution: number; // full-resolution pixels per CSS pixel
  width: number; // CSS pixels
  height: number;
  mirror: boolean;
  nx: number;
  ny: number;
}

export class ViewTransform {
  constructor(readonly view: ViewState) {}

  /** Pixel of the plane in the middle of the screen. */
  get centre(): [number, number] {
    return [this.plane(this.view.centerX), this.view.centerY];
  }

  /** Sign of x on the screen. */
  get handedness(): 1 | -1 {
    return this.view.mirror ? -1 : 1;
  }

  /** Map coordinate of a pixel column, or the other way round: it is its own inverse. */
  plane(x: number): number {
    return this.view.mirror ? this.view.nx - 1 - x : x;
  }

  toPixel(sx: number, sy: number): [number, number] {
    const { centerX, centerY, resolution, width, height } = this.view;
    return [this.plane(centerX + (sx - width / 2) * resolution), centerY - (sy - height / 2) * resolution];
  }

  toScreen(x: number, y: number): [number, number] {
    const { centerX, centerY, resolution, width, height } = this.view;
    return [(this.plane(x) - centerX) / resolution + width / 2, height / 2 - (y - centerY) / resolution];
  }

  /** What is on the screen, in `u`, `v` from the plane's top left corner. */
  get box(): Box {
    const { width, height, ny } = this.view;
    const [xa, ya] = this.toPixel(0, 0);
    const [xb, yb] = this.toPixel(width, height);
    return { u0: Math.min(xa, xb) + 0.5, u1: Math.max(xa, xb) + 0.5, v0: ny - 0.5 - ya, v1: ny - 0.5 - yb };
  }

  /** The copy of column `x` that is nearest to the middle of the screen. */
  nearest(x: number, period: number | null): number {
    if (period === null) return x;
    const [cx] = this.centre;
    return cx + modulo(x - cx + period / 2, period) - period / 2;
  }
}
