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
    const a = 3 * (j * nx + i);
    return this.mix(
      out,
      [a, a + 3, a + 3 * nx, a + 3 * nx + 3],
      [(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy],
    );
  }

  private mix(out: Vec3, corners: number[], weights: number[]): boolean {
    let [vx, vy, vz] = [0, 0, 0];
    for (let k = 0; k < 4; k++) {
      // A corner off the sky only matters where it has weight.
      if (weights[k] < 1e-9) continue;
      vx += weights[k] * this.data[corners[k]];
      vy += weights[k] * this.data[corners[k] + 1];
      vz += weights[k] * this.data[corners[k] + 2];
    }
    const length = Math.hypot(vx, vy, vz);
    if (!(length > 1e-6)) return false;
    out[0] = vx / length;
    out[1] = vy / length;
    out[2] = vz / length;
    return true;
  }
}
