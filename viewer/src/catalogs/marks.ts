/** The symbols that the last frame drew, in CSS pixels: what the pointer can meet. */

export interface Mark {
  /** Which catalog, in the order of drawing. */
  catalog: number;
  /** Which of its points. */
  index: number;
  x: number;
  y: number;
  radius: number;
}

/** Pixels beside a symbol that still mean it. */
const REACH = 4;
/** Symbols this close to the one that was meant may have been meant as well. */
const TIE = 5;
const MOST_TIES = 24;

export class Marks {
  length = 0;
  private places = new Float32Array(3 * 1024);
  private whose = new Uint32Array(2 * 1024);

  clear(): void {
    this.length = 0;
  }

  add(catalog: number, index: number, x: number, y: number, radius: number): void {
    if (3 * (this.length + 1) > this.places.length) this.grow();
    const at = this.length++;
    this.places[3 * at] = x;
    this.places[3 * at + 1] = y;
    this.places[3 * at + 2] = radius;
    this.whose[2 * at] = catalog;
    this.whose[2 * at + 1] = index;
  }

  /** The symbol whose centre is nearest, of those that a place lies on or close to; the topmost of equals. */
  hit(x: number, y: number): Mark | null {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < this.length; k++) {
      const dx = this.places[3 * k] - x;
      const dy = this.places[3 * k + 1] - y;
      const far = dx * dx + dy * dy;
      const reach = this.places[3 * k + 2] + REACH;
      if (far <= least && far <= reach * reach) {
        least = far;
        best = k;
      }
    }
    return best < 0 ? null : this.mark(best);
  }

  /** Symbols that lie on top of one, nearest first, itself not among them. */
  beside(mark: Mark): Mark[] {
    const near: [number, Mark][] = [];
    for (let k = 0; k < this.length; k++) {
      const far = Math.hypot(this.places[3 * k] - mark.x, this.places[3 * k + 1] - mark.y);
      const itself = this.whose[2 * k] === mark.catalog && this.whose[2 * k + 1] === mark.index;
      if (far <= TIE && !itself) near.push([far, this.mark(k)]);
    }
    return near
      .sort(([a], [b]) => a - b)
      .slice(0, MOST_TIES)
      .map(([, one]) => one);
  }

  /** A symbol by what it stands for, the first of its copies. */
  find(catalog: number, index: number): Mark | null {
    for (let k = 0; k < this.length; k++) {
      if (this.whose[2 * k] === catalog && this.whose[2 * k + 1] === index) return this.mark(k);
    }
    return null;
  }

  /** The symbols of one catalog. */
  of(catalog: number): Mark[] {
    const found: Mark[] = [];
    for (let k = 0; k < this.length; k++) if (this.whose[2 * k] === catalog) found.push(this.mark(k));
    return found;
  }

  private mark(k: number): Mark {
    const [x, y, radius] = this.places.subarray(3 * k, 3 * k + 3);
    return { catalog: this.whose[2 * k], index: this.whose[2 * k + 1], x, y, radius };
  }

  private grow(): void {
    const places = new Float32Array(2 * this.places.length);
    places.set(this.places);
    this.places = places;
    const whose = new Uint32Array(2 * this.whose.length);
    whose.set(this.whose);
    this.whose = whose;
  }
}
