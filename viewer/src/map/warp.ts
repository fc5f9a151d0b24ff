/** A layer that lies on another: triangles between a lattice of the base's pixels and the layer's own. */
import type { Box, PlaneGrid } from "../tiles/cover";

/** Pixels of another layer under a lattice of the base's pixels. */
export interface PixelLattice {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  n: number;
  /** `[n][n][2]`: x, y of the other layer, NaN where it shows no such place. */
  pixels: Float64Array;
}

/** Triangles: three vertices each, two numbers a vertex. */
export interface Warp {
  base: Float64Array; // x, y of the base
  plane: Float64Array; // u, v of the layer
}

/** A step this many times longer than its neighbours is a tear of the projection, not a stretch. */
const TEAR = 5;

/** Node of the lattice, and the u, v that it stands for. */
type Vertex = [k: number, u: number, v: number];

export class WarpBuilder {
  private readonly u: Float64Array;
  private readonly v: Float64Array;
  private readonly torn: [Uint8Array, Uint8Array];
  private readonly base: number[] = [];
  private readonly plane: number[] = [];

  constructor(
    private readonly grid: PlaneGrid,
    private readonly lattice: PixelLattice,
  ) {
    const count = lattice.n ** 2;
    this.u = Float64Array.from({ length: count }, (_, k) => lattice.pixels[2 * k] + 0.5);
    this.v = Float64Array.from({ length: count }, (_, k) => grid.ny - 0.5 - lattice.pixels[2 * k + 1]);
    this.torn = [this.tears(1), this.tears(lattice.n)];
  }

  /** Whether the lattice is too coarse for an edge, a tear or a pole inside it. */
  get rough(): boolean {
    if (this.torn.some((edges) => edges.includes(1))) return true;
    const gone = this.u.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
    return gone > 0 && gone < this.u.length;
  }

  /** Squares of `block` cells are taken as one where nothing is torn inside. */
  build(block: number): Warp {
    const { n } = this.lattice;
    for (let j = 0; j < n - 1; j += block) {
      for (let i = 0; i < n - 1; i += block) {
        if (block > 1 && this.whole(i, j, block)) this.cell(i, j, block);
        else for (let k = 0; k < block * block; k++) this.cell(i + (k % block), j + Math.floor(k / block), 1);
      }
    }
    return { base: Float64Array.from(this.base), plane: Float64Array.from(this.plane) };
  }

  private step(a: number, b: number): number {
    return Math.hypot(this.turned(this.u[b] - this.u[a]), this.v[b] - this.v[a]);
  }

  private tears(stride: number): Uint8Array {
    const { n } = this.lattice;
    const torn = new Uint8Array(n * n);
    for (let k = 0; k < n * n; k++) {
      const along = stride === 1 ? k % n : Math.floor(k / n);
      if (along >= n - 1) continue;
      const before = along > 0 ? this.step(k - stride, k) : Number.NaN;
      const after = along < n - 2 ? this.step(k + stride, k + 2 * stride) : Number.NaN;
      const usual = Math.max(Number.isFinite(before) ? before : 0, Number.isFinite(after) ? after : 0);
      if (usual > 0 && this.step(k, k + stride) > TEAR * usual) torn[k] = 1;
    }
    return torn;
  }

  private whole(i: number, j: number, block: number): boolean {
    const { n } = this.lattice;
    for (let b = 0; b <= block; b++) {
      for (let a = 0; a <= block; a++) {
        const k = (j + b) * n + i + a;
        if (!Number.isFinite(this.u[k]) || (a < block && this.torn[0][k]) || (b < block && this.torn[1][k]))
          return false;
      }
    }
    return true;
  }

  private cell(i: number, j: number, size: number): void {
    const { n } = this.lattice;
    const a = j * n + i;
    const [b, c, d] = [a + size, a + size * n, a + size * n + size];
    if (size === 1 && (this.torn[0][a] || this.torn[0][c])) this.mend(i, [a, c], 1);
    else if (size === 1 && (this.torn[1][a] || this.torn[1][b])) this.mend(j, [a, b], n);
    // The diagonal that leaves out a corner without a place saves the other half of the cell.
    else if (Number.isFinite(this.u[b]) && Number.isFinite(this.u[c])) this.triangles([a, b, c], [c, b, d]);
    else this.triangles([a, b, d], [a, d, c]);
  }

  private triangles(...corners: number[][]): void {
    for (const three of corners) this.triangle(three.map((k) => [k, this.u[k], this.v[k]]));
  }

  /**
   * A cell that is torn between its `near` corners and those one `stride` on: each side is continued across it. What
   * is too much of that lies outside the layer, where there is nothing to draw.
   */
  private mend(along: number, near: number[], stride: number): void {
    if (along < 1 || along > this.lattice.n - 3) return;
    const far = near.map((k) => k + stride);
    const beyond = (k: number, before: number, at: number): Vertex => [
      at,
      this.u[k] + this.turned(this.u[k] - this.u[before]),
      2 * this.v[k] - this.v[before],
    ];
    const here = (k: number): Vertex => [k, this.u[k], this.v[k]];
    this.quad(
      near.map(here),
      near.map((k) => beyond(k, k - stride, k + stride)),
    );
    this.quad(
      far.map(here),
      far.map((k) => beyond(k, k + stride, k - stride)),
    );
  }

  private quad([a, b]: Vertex[], [c, d]: Vertex[]): void {
    this.triangle([a, b, c]);
    this.triangle([c, b, d]);
  }

  /** A difference of columns by the shorter way round. */
  private turned(du: number): number {
    const { period } = this.grid;
    return period === null ? du : du - period * Math.round(du / period);
  }

  private triangle(corners: Vertex[]): void {
    if (!corners.every(([, u, v]) => Number.isFinite(u) && Number.isFinite(v))) return;
    const { n, x0, y0, x1, y1 } = this.lattice;
    const first = corners[0][1];
    for (const [k, u, v] of corners) {
      this.base.push(x0 + ((x1 - x0) * (k % n)) / (n - 1), y0 + ((y1 - y0) * Math.floor(k / n)) / (n - 1));
      this.plane.push(first + this.turned(u - first), v);
    }
  }
}

/** Smallest box around three vertices that start at `first`. */
export function triangleBox(points: ArrayLike<number>, first: number): Box {
  const [ua, ub, uc] = [points[first], points[first + 2], points[first + 4]];
  const [va, vb, vc] = [points[first + 1], points[first + 3], points[first + 5]];
  return { u0: Math.min(ua, ub, uc), u1: Math.max(ua, ub, uc), v0: Math.min(va, vb, vc), v1: Math.max(va, vb, vc) };
}

/** Twice the area of the triangle that starts at `first`. */
export function triangleArea(points: ArrayLike<number>, first: number): number {
  const [ax, ay, bx, by] = [points[first], points[first + 1], points[first + 2], points[first + 3]];
  return Math.abs((bx - ax) * (points[first + 5] - ay) - (by - ay) * (points[first + 4] - ax));
}
