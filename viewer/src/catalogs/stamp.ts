/** Stamps the symbols of a catalog onto the map, and the rings round single ones. */
import type { Points } from "../api/points";
import { store } from "../app/store-controller";
import type { DrawFrame } from "../map/types";
import { colourTable } from "../panels/swatch";
import { modulo } from "../tiles/cover";
import type { Mark } from "./marks";
import { Raster } from "./raster";
import { diameterOf, shareOf } from "./scale";
import { type Look, type Sprite, Sprites } from "./sprites";
import type { ShownCatalog } from "./store";
import { BY_COLUMN } from "./symbols";

/** From so many sources on, their symbols are written into memory instead of drawn one by one. */
const MANY = 1500;
const COLOURS = 48;
/** Of what has no number to be coloured by. */
const NO_COLOUR = "#9aa6b6";
/** Half a symbol may reach into the view from beside it. */
const EDGE = 16;

/** From pixels of the plane to those of the screen: straight lines stay straight. */
interface Affine {
  x0: number;
  y0: number;
  dx: number;
  dy: number;
  /** Screen pixels after which the map repeats; 0 where it does not. */
  turn: number;
}

function affineOf(frame: DrawFrame): Affine {
  const [x0, y0] = frame.place(0, 0);
  const [x1] = frame.place(1, 0);
  const [, y1] = frame.place(0, 1);
  return { x0, y0, dx: x1 - x0, dy: y1 - y0, turn: frame.period === null ? 0 : Math.abs(frame.period * (x1 - x0)) };
}

type Put = (sprite: Sprite, left: number, top: number) => void;
export type AddMark = (index: number, x: number, y: number, radius: number) => void;

export class Stamper {
  private readonly sprites = new Sprites();
  private context: CanvasRenderingContext2D | null = null;
  private frame: DrawFrame | null = null;
  private ratio = 1;
  private readonly raster = new Raster();
  private sheet: OffscreenCanvas | null = null;

  begin(context: CanvasRenderingContext2D, frame: DrawFrame): void {
    this.context = context;
    this.frame = frame;
    this.ratio = context.getTransform().a || 1;
    this.sprites.use(this.ratio);
    context.save();
    // Whole device pixels: sprites are copied, not resampled.
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  end(): void {
    this.context?.restore();
  }

  /** Draw the sources, every copy of them; how many sources are in the view. */
  stamp(catalog: ShownCatalog, points: Points, add: AddMark): number {
    const { context, frame, ratio } = this;
    const { x, y } = points;
    if (!context || !frame || !x || !y) return 0;
    const { x0, y0, dx, dy, turn } = affineOf(frame);
    const { width, height } = frame;
    const look = this.looks(catalog, points);
    const put = points.count > MANY ? this.intoMemory(context) : this.oneByOne(context);
    let inView = 0;
    for (let k = 0; k < points.count; k++) {
      const sy = y0 + dy * y[k];
      if (!(sy > -EDGE && sy < height + EDGE)) continue;
      const at = x0 + dx * x[k];
      let sx = turn ? modulo(at + EDGE, turn) - EDGE : at;
      if (!(sx > -EDGE && sx < width + EDGE)) continue;
      const { sprite, radius } = look(k);
      const half = sprite.side / 2;
      const top = Math.round(sy * ratio - half);
      let inside = false;
      do {
        put(sprite, Math.round(sx * ratio - half), top);
        add(k, sx, sy, radius);
        inside ||= sx >= 0 && sx <= width && sy >= 0 && sy <= height;
        sx += turn;
      } while (turn && sx < width + EDGE);
      if (inside) inView++;
    }
    if (points.count > MANY) this.showMemory(context);
    return inView;
  }

  private oneByOne(context: CanvasRenderingContext2D): Put {
    return (sprite, left, top) => context.drawImage(sprite.picture, left, top);
  }

  private intoMemory({ canvas }: CanvasRenderingContext2D): Put {
    const { raster } = this;
    raster.begin(canvas.width, canvas.height);
    return (sprite, left, top) => raster.stamp(sprite.bits, left, top);
  }

  private showMemory(context: CanvasRenderingContext2D): void {
    const { width, height, words } = this.raster;
    if (!width || !height) return;
    if (this.sheet?.width !== width || this.sheet.height !== height) this.sheet = new OffscreenCanvas(width, height);
    const bytes = new Uint8ClampedArray(words.buffer, words.byteOffset, words.byteLength);
    this.sheet.getContext("2d")?.putImageData(new ImageData(bytes, width, height), 0, 0);
    context.drawImage(this.sheet, 0, 0);
  }

  /** What each source looks like: found once for all where no column makes a difference. */
  private looks(catalog: ShownCatalog, points: Points): (index: number) => { sprite: Sprite; radius: number } {
    const { style, sizeScale, colourScale } = catalog;
    const make = (look: Look) => ({ sprite: this.sprites.get(look), radius: look.diameter / 2 });
    const sizes = style.sizeColumn && sizeScale ? points.size : null;
    const values = style.colourColumn && colourScale ? points.color : null;
    const plain: Look = { shape: style.shape, colour: style.colour, diameter: style.size, filled: false };
    const one = make(plain);
    if (!sizes && !values) return () => one;
    const colours = values ? spread(style.cmap, style.colour) : null;
    const made = new Map<number, ReturnType<typeof make>>();
    return (index) => {
      const diameter = sizes && sizeScale ? diameterOf(sizeScale, sizes[index], BY_COLUMN) : style.size;
      const share = values && colourScale ? shareOf(colourScale, values[index]) : Number.NaN;
      const step = Number.isNaN(share) ? COLOURS : Math.min(COLOURS - 1, Math.floor(share * COLOURS));
      const key = Math.round(2 * diameter) * (COLOURS + 1) + step;
      let look = made.get(key);
      if (!look) {
        const colour = colours ? (colours[step] ?? NO_COLOUR) : style.colour;
        look = make({ ...plain, colour, diameter: Math.round(2 * diameter) / 2, filled: colours !== null });
        made.set(key, look);
      }
      return look;
    };
  }
}

/** Colours along a colour map. */
function spread(cmap: string, otherwise: string): string[] {
  const table = colourTable(store.state.colormaps, cmap);
  return Array.from({ length: COLOURS }, (_, step) => {
    if (!table) return otherwise;
    const at = 4 * Math.round(((step + 0.5) / COLOURS) * 255);
    return `#${[...table.subarray(at, at + 3)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  });
}

/** A ring round a symbol: under the pointer, or selected. */
export function drawRing(
  context: CanvasRenderingContext2D,
  { x, y, radius }: Pick<Mark, "x" | "y" | "radius">,
  kind: "hover" | "selected",
): void {
  const r = Math.max(radius, 4) + (kind === "selected" ? 5 : 3);
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
  context.lineWidth = kind === "selected" ? 4.5 : 3.5;
  context.strokeStyle = "rgba(4, 7, 12, 0.75)";
  context.stroke();
  context.lineWidth = kind === "selected" ? 2 : 1.5;
  context.strokeStyle = kind === "selected" ? "#ffc35c" : "#ffffff";
  context.stroke();
}
