/**
 * Many symbols at once: their pixels are written into memory and go to the screen as one picture. Twenty thousand
 * symbols take some milliseconds whatever the graphics card is; a call of the canvas for each takes ten times that.
 */

/** Alphas from here on count as whole. */
const OPAQUE = 250;

/** The pixels of a sprite that are not empty. */
export interface Bits {
  side: number;
  /** Columns and rows from the upper left corner. */
  dx: Int16Array;
  dy: Int16Array;
  /** As ImageData has them: red in the lowest byte, alpha in the highest, not multiplied. */
  colours: Int32Array;
}

export function bitsOf(pixels: Uint8ClampedArray, side: number): Bits {
  const words = new Int32Array(pixels.buffer, pixels.byteOffset, side * side);
  const covered: number[] = [];
  for (let k = 0; k < words.length; k++) if (words[k] >>> 24 > 3) covered.push(k);
  return {
    side,
    dx: Int16Array.from(covered, (k) => k % side),
    dy: Int16Array.from(covered, (k) => Math.floor(k / side)),
    colours: Int32Array.from(covered, (k) => words[k]),
  };
}

/** A colour laid on another (Porter & Duff 1984), both not multiplied by their alpha. */
export function over(top: number, under: number): number {
  const a = top >>> 24;
  const below = under >>> 24;
  if (a >= OPAQUE || below === 0) return top;
  if (below >= OPAQUE) {
    // Two channels at a time; what is lost is one step of 256 at most.
    const rest = 256 - a;
    const rb = (Math.imul(top & 0xff00ff, a) + Math.imul(under & 0xff00ff, rest)) >>> 8;
    const g = (Math.imul(top & 0xff00, a) + Math.imul(under & 0xff00, rest)) >>> 8;
    return (rb & 0xff00ff) | (g & 0xff00) | 0xff000000;
  }
  const rest = (below * (255 - a)) / 255;
  const alpha = a + rest;
  const mix = (shift: number) => Math.round((((top >>> shift) & 255) * a + ((under >>> shift) & 255) * rest) / alpha);
  return (Math.round(alpha) << 24) | (mix(16) << 16) | (mix(8) << 8) | mix(0);
}

export class Raster {
  width = 0;
  height = 0;
  words = new Int32Array(0);
  private offsets = new Map<Bits, Int32Array>();

  begin(width: number, height: number): void {
    if (width !== this.width || height !== this.height) {
      this.words = new Int32Array(width * height);
      this.offsets.clear();
      this.width = width;
      this.height = height;
    } else this.words.fill(0);
    if (this.offsets.size > 4096) this.offsets.clear();
  }

  stamp(bits: Bits, left: number, top: number): void {
    const { width, height, words } = this;
    const { side, colours } = bits;
    if (left < 0 || top < 0 || left + side > width || top + side > height) {
      this.stampClipped(bits, left, top);
      return;
    }
    const offsets = this.offsetsOf(bits);
    const start = top * width + left;
    for (let k = 0; k < colours.length; k++) {
      const at = start + offsets[k];
      const under = words[at];
      words[at] = under === 0 ? colours[k] : over(colours[k], under);
    }
  }

  private stampClipped({ dx, dy, colours }: Bits, left: number, top: number): void {
    const { width, height, words } = this;
    for (let k = 0; k < colours.length; k++) {
      const x = left + dx[k];
      const y = top + dy[k];
      if (x >= 0 && y >= 0 && x < width && y < height) words[y * width + x] = over(colours[k], words[y * width + x]);
    }
  }

  private offsetsOf(bits: Bits): Int32Array {
    let known = this.offsets.get(bits);
    if (!known) {
      known = Int32Array.from(bits.dx, (dx, k) => bits.dy[k] * this.width + dx);
      this.offsets.set(bits, known);
    }
    return known;
  }
}
