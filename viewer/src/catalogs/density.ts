/** How dense the sources of a catalog lie, where they are too many to be drawn one by one: a picture under the symbols. */
import type { Density } from "../api/points";
import type { DrawFrame } from "../map/types";

/** Opacities of the lowest and of the highest density. */
const FAINT = 0.1;
const FULL = 0.9;
/** Beside symbols the picture steps back. */
const BEHIND = 0.7;

/** Red, green, blue and alpha of each grade; grade 0 is nothing. A dense sky is lighter, not only more opaque. */
export function gradeColours(hex: string): Uint32Array {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const table = new Uint8ClampedArray(4 * 256);
  for (let grade = 1; grade < 256; grade++) {
    const share = (grade - 1) / 254;
    const light = 0.55 * Math.max(0, share - 0.6) * 2.5;
    const mixed = [red, green, blue].map((channel) => channel + light * (255 - channel));
    table.set([...mixed, 255 * (FAINT + (FULL - FAINT) * share)], 4 * grade);
  }
  return new Uint32Array(table.buffer);
}

/** The pixels of a picture, first row at the top: rows of planes grow upwards. */
export function picturePixels({ nx, ny, grades }: Density, colours: Uint32Array): Uint32Array {
  const pixels = new Uint32Array(nx * ny);
  for (let row = 0; row < ny; row++) {
    const from = (ny - 1 - row) * nx;
    for (let k = 0; k < nx; k++) pixels[row * nx + k] = colours[grades[from + k]];
  }
  return pixels;
}

export class DensityPicture {
  private canvas: OffscreenCanvas | null = null;
  private density: Density | null = null;
  private colour = "";

  /** Draw it where it belongs, as often as the map repeats. */
  draw(context: CanvasRenderingContext2D, frame: DrawFrame, density: Density, colour: string, behind: boolean): void {
    const canvas = this.paint(density, colour);
    if (!canvas) return;
    const { x0, y0, x1, y1, nx, ny } = density;
    const [left, top] = frame.place(x0, y1);
    const [right, bottom] = frame.place(x1, y0);
    const turn = frame.period === null ? 0 : Math.abs(frame.place(frame.period, 0)[0] - frame.place(0, 0)[0]);
    const [near, far] = [Math.min(left, right), Math.max(left, right)];
    const first = turn ? Math.ceil(-far / turn) : 0;
    const last = turn ? Math.floor((frame.width - near) / turn) : 0;
    context.save();
    context.globalAlpha = behind ? BEHIND : 1;
    context.imageSmoothingQuality = "high";
    for (let copy = first; copy <= last; copy++) {
      context.save();
      context.transform((right - left) / nx, 0, 0, (bottom - top) / ny, left + copy * turn, top);
      context.drawImage(canvas, 0, 0);
      context.restore();
    }
    context.restore();
  }

  private paint(density: Density, colour: string): OffscreenCanvas | null {
    if (density === this.density && colour === this.colour) return this.canvas;
    this.density = density;
    this.colour = colour;
    const { nx, ny } = density;
    this.canvas = new OffscreenCanvas(nx, ny);
    const pixels = picturePixels(density, gradeColours(colour));
    this.canvas
      .getContext("2d")
      ?.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer as ArrayBuffer), nx, ny), 0, 0);
    return this.canvas;
  }
}
