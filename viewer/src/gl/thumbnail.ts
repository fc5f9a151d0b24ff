/** The whole plane in small, coloured like the map, on a canvas of its own. */
import type { DisplayStyle } from "../map/types";
import { isData, type Tile } from "../tiles/cache";
import type { Table } from "./colours";
import { colourRamp } from "./stretch";

const STEPS = 1024;

export interface Picture {
  style: DisplayStyle;
  table: Table;
  equalisation: Float32Array | null;
}

/** Colours at `STEPS` places between vmin and vmax, as 32-bit pixels. */
function ramp({ style, table, equalisation }: Picture): Uint32Array {
  return new Uint32Array(colourRamp(style, table, STEPS, equalisation).buffer);
}

/** Draw the first `width` × `height` pixels of a tile. */
export function thumbnail(tile: Tile, width: number, height: number, picture: Picture): HTMLCanvasElement | null {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return null;
  if (tile.bitmap) context.drawImage(tile.bitmap, 0, 0);
  if (tile.data) context.putImageData(colour(tile.data, width, height, picture), 0, 0);
  return canvas;
}

function colour(data: Float32Array, width: number, height: number, picture: Picture): ImageData {
  const { vmin, vmax, absolute } = picture.style;
  const colours = ramp(picture);
  const side = Math.round(Math.sqrt(data.length));
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const scale = (STEPS - 1) / (vmax - vmin);
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      const value = data[row * side + col];
      if (!isData(value)) continue;
      const place = ((absolute ? Math.abs(value) : value) - vmin) * scale + 0.5;
      pixels[row * width + col] = colours[place <= 0 ? 0 : place >= STEPS ? STEPS - 1 : Math.floor(place)];
    }
  }
  return image;
}
