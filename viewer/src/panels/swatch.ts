/** Strips of colour, drawn from the tables of the server. */
import type { Colormaps } from "../api/types";

const unpacked = new Map<string, Uint8ClampedArray>();

/** 256 × RGBA of a colour map, or null while it is not known. */
export function colourTable(maps: Colormaps | null, name: string): Uint8ClampedArray | null {
  const known = unpacked.get(name);
  if (known || !maps) return known ?? null;
  const own = maps.tables[name];
  const other = maps.tables[name.endsWith("_r") ? name.slice(0, -2) : `${name}_r`];
  const packed = own ?? other;
  if (!packed) return null;
  const bytes = atob(packed);
  const table = new Uint8ClampedArray(1024).fill(255);
  for (let k = 0; k < 256; k++) {
    const from = own ? k : 255 - k;
    for (let c = 0; c < 3; c++) table[4 * k + c] = bytes.charCodeAt(3 * from + c);
  }
  unpacked.set(name, table);
  return table;
}

/** Paint the map on a canvas of 256 × 1: CSS gives it its size. */
export function paintSwatch(canvas: HTMLCanvasElement, table: Uint8ClampedArray | null, invert = false): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  canvas.width = 256;
  canvas.height = 1;
  if (!table) return;
  const pixels = context.createImageData(256, 1);
  for (let k = 0; k < 256; k++) {
    const from = 4 * (invert ? 255 - k : k);
    pixels.data.set(table.subarray(from, from + 4), 4 * k);
  }
  context.putImageData(pixels, 0, 0);
}
