/** Everything drawn over the tiles, in the same frame as they. */
import type { SkyModel } from "../sky/skymodel";
import type { Scene } from "./scene";
import type { ViewTransform } from "./transform";
import type { OverlayOptions } from "./types";

export interface OverlayFrame {
  view: ViewTransform;
  sky: SkyModel;
  scene: Scene;
  ratio: number;
}

export class Overlay {
  readonly canvas = document.createElement("canvas");
  options: OverlayOptions | null = null;

  constructor(readonly element: HTMLElement) {
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
  }

  draw(_frame: OverlayFrame): void {}

  forgetThumbnail(): void {}

  owns(_sx: number, _sy: number): boolean {
    return false;
  }

  minimapPixel(_sx: number, _sy: number): [number, number] | null {
    return null;
  }
}
