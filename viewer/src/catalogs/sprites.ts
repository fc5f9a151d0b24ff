/** Symbols drawn once and stamped many times: a symbol costs one copy of a small picture. */
import { type Bits, bitsOf } from "./raster";
import type { Shape } from "./symbols";

export interface Sprite {
  picture: CanvasImageSource;
  /** Side in device pixels. */
  side: number;
  /** The same picture in memory. */
  bits: Bits;
}

export interface Look {
  shape: Shape;
  /** `#rrggbb` */
  colour: string;
  /** Diameter in CSS pixels. */
  diameter: number;
  filled: boolean;
}

const RIM = "#05080d";
const MOST = 4096;
/** Diameters are told apart to half a pixel. */
const STEPS = 2;

/** Outline of a symbol of radius `r` round the origin. */
export function trace(path: Pick<Path2D, "moveTo" | "lineTo" | "arc" | "closePath">, shape: Shape, r: number): void {
  const polygon = (...corners: [number, number][]) => {
    corners.forEach(([x, y], k) => {
      if (k === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    });
    path.closePath();
  };
  const line = (x0: number, y0: number, x1: number, y1: number) => {
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
  };
  const square = 0.86 * r;
  const cross = 0.78 * r;
  if (shape === "circle") {
    path.moveTo(r, 0);
    path.arc(0, 0, r, 0, 2 * Math.PI);
    path.closePath();
  } else if (shape === "square") polygon([-square, -square], [square, -square], [square, square], [-square, square]);
  else if (shape === "diamond") polygon([0, -1.12 * r], [1.12 * r, 0], [0, 1.12 * r], [-1.12 * r, 0]);
  else if (shape === "triangle") polygon([0, -1.12 * r], [r, 0.72 * r], [-r, 0.72 * r]);
  else if (shape === "plus") {
    line(-r, 0, r, 0);
    line(0, -r, 0, r);
  } else {
    line(-cross, -cross, cross, cross);
    line(-cross, cross, cross, -cross);
  }
}

const open = (shape: Shape): boolean => shape === "plus" || shape === "cross";

function paint(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, look: Look): void {
  const { shape, colour, diameter, filled } = look;
  const width = diameter < 7 ? 1.25 : diameter > 16 ? 1.75 : 1.5;
  const path = new Path2D();
  trace(path, shape, Math.max(1, diameter / 2 - width / 2));
  context.lineJoin = "round";
  context.lineCap = "round";
  context.strokeStyle = RIM;
  context.lineWidth = width + 1.8;
  context.stroke(path);
  if (filled && !open(shape)) {
    context.fillStyle = colour;
    context.fill(path);
    // The dark end of a colour map would be lost on a dark sky.
    context.strokeStyle = "rgba(255, 255, 255, 0.6)";
    context.lineWidth = 0.9;
    context.stroke(path);
    return;
  }
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

export class Sprites {
  private readonly made = new Map<string, Sprite>();
  private ratio = 0;

  /** For one ratio of device to CSS pixels at a time. */
  use(ratio: number): void {
    if (ratio === this.ratio && this.made.size < MOST) return;
    this.made.clear();
    this.ratio = ratio;
  }

  get(look: Look): Sprite {
    const diameter = Math.round(look.diameter * STEPS) / STEPS;
    const key = `${look.shape} ${look.colour} ${diameter} ${look.filled}`;
    let sprite = this.made.get(key);
    if (!sprite) {
      sprite = this.make({ ...look, diameter });
      this.made.set(key, sprite);
    }
    return sprite;
  }

  private make(look: Look): Sprite {
    const side = 2 * Math.ceil(((1.12 * look.diameter + 5) / 2) * this.ratio);
    const canvas = new OffscreenCanvas(side, side);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) return { picture: canvas, side, bits: bitsOf(new Uint8ClampedArray(4 * side * side), side) };
    context.translate(side / 2, side / 2);
    context.scale(this.ratio, this.ratio);
    paint(context, look);
    const bits = bitsOf(context.getImageData(0, 0, side, side).data, side);
    return { picture: canvas.transferToImageBitmap(), side, bits };
  }
}

/** A symbol as a picture for a panel: an SVG path of a box of 16. */
export function symbolPath(shape: Shape, r: number): string {
  const words: string[] = [];
  const at = (x: number, y: number) => `${(8 + x).toFixed(2)} ${(8 + y).toFixed(2)}`;
  if (shape === "circle") return `M${at(r, 0)}A${r} ${r} 0 1 1 ${at(-r, 0)}A${r} ${r} 0 1 1 ${at(r, 0)}Z`;
  trace(
    {
      moveTo: (x, y) => words.push(`M${at(x, y)}`),
      lineTo: (x, y) => words.push(`L${at(x, y)}`),
      arc: () => undefined,
      closePath: () => words.push("Z"),
    },
    shape,
    r,
  );
  return words.join("");
}
