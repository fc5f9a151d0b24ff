/** Unit vectors on a lattice of pixels, interpolated between: the viewer's whole knowledge of a projection. */
import type { Vec3 } from "./frames";

export interface Lattice {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  nx: number;
  ny: number;
}

export class VectorGrid {
  constructor(
    readonly lattice: Lattice,
    private readonly data: Float64Array,
  ) {
    if (data.length !== lattice.nx * lattice.ny * 3) throw new RangeError("The sky grid has the wrong size.");
  }

  holds(x: number, y: number): boolean {
    const { x0, y0, x1, y1 } = this.lattice;
    return x >= x0 && x <= x1 && y >= y0 && y <= y1;
  }

  /** Write the unit vector at a pixel into `out`; false outside the lattice or off the sky. */
  sample(x: number, y: number, out: Vec3): boolean {
    const { x0, y0, x1, y1, nx, ny } = this.lattice;
    if (!this.holds(x, y)) return false;
    const gx = ((x - x0) / (x1 - x0)) * (nx - 1);
    const gy = ((y - y0) / (y1 - y0)) * (ny - 1);
    const i = Math.min(Math.floor(gx), nx - 2);
    const j = Math.min(Math.floor(gy), ny - 2);
    const fx = gx - i;
    const fy = gy - j;
    const low = 3 * (j * nx + i);
    const high = low + 3 * nx;
    out[0] = 0;
    out[1] = 0;
    out[2] = 0;
    this.add(out, low, (1 - fx) * (1 - fy));
    this.add(out, low + 3, fx * (1 - fy));
    this.add(out, high, (1 - fx) * fy);
    this.add(out, high + 3, fx * fy);
    const length = Math.sqrt(out[0] * out[0] + out[1] * out[1] + out[2] * out[2]);
    if (!(length > 1e-6)) return false;
    out[0] /= length;
    out[1] /= length;
    out[2] /= length;
    return true;
  }

  /** A corner off the sky (NaN) only matters where it has weight. */
  private add(out: Vec3, k: number, weight: number): void {
    if (weight < 1e-9) return;
    out[0] += weight * this.data[k];
    out[1] += weight * this.data[k + 1];
    out[2] += weight * this.data[k + 2];
  }
}
