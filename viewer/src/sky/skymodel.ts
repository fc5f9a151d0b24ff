/** The sky of one layer: unit vectors from the server for the whole plane, and finer ones for the view. */
import { api } from "../api/client";
import type { LayerInfo } from "../api/types";
import { type PlaneGrid, planeGrid } from "../tiles/cover";
import { DEG, lonLat, separationDeg, type Vec3 } from "./frames";
import { type Lattice, VectorGrid } from "./vectorgrid";

const WHOLE_POINTS = 129;
const VIEW_POINTS = 97;

/** Part of the plane in pixels (not wrapped). */
export interface PixelBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Change of the unit vector for one pixel along x and along y. */
export interface Jacobian {
  v: Vec3;
  dx: Vec3;
  dy: Vec3;
}

export class SkyModel {
  readonly has: boolean;
  readonly grid: PlaneGrid;
  private whole: VectorGrid | null = null;
  private loading: Promise<void> | null = null;
  private near: VectorGrid | null = null;
  /** Grows whenever better vectors have come. */
  generation = 0;
  private asked: Lattice | null = null;
  private control = new AbortController();

  constructor(
    readonly info: LayerInfo,
    private readonly onChange: () => void,
  ) {
    this.has = info.pixel_scale_deg !== null;
    this.grid = planeGrid(info);
  }

  /** Fetch the vectors of the whole plane, once; failures leave the layer without a sky for the moment. */
  load(): Promise<void> {
    this.loading ??= this.fetchWhole();
    return this.loading;
  }

  /** Make sure that the vectors of what is in view are here or on their way. */
  look(box: PixelBox): void {
    if (!this.has || (this.asked && stillGood(this.asked, box))) return;
    const lattice = around(box);
    this.asked = lattice;
    this.fetch(lattice).then(
      (grid) => {
        if (this.asked !== lattice) return;
        this.near = grid;
        this.changed();
      },
      () => {
        // The whole-plane vectors serve until the next move asks again.
        if (this.asked === lattice) setTimeout(() => this.asked === lattice && this.forgetAsked(), 5000);
      },
    );
  }

  /** Unit vector (ICRS) at a pixel into `out`; false off the sky. */
  vector(x: number, y: number, out: Vec3): boolean {
    if (this.near?.sample(x, y, out)) return true;
    return this.coarse(x, y, out);
  }

  /** Right ascension and declination at a pixel. */
  position(x: number, y: number): [number, number] | null {
    const v: Vec3 = [0, 0, 0];
    return this.vector(x, y, v) ? lonLat(v) : null;
  }

  jacobian(x: number, y: number, step: number): Jacobian | null {
    const v: Vec3 = [0, 0, 0];
    if (!this.vector(x, y, v)) return null;
    const dx = this.slope(x, y, step, 0);
    const dy = this.slope(x, y, 0, step);
    return dx && dy ? { v, dx, dy } : null;
  }

  /**
   * Degrees of sky in one pixel around (x, y), the larger of both axes. Always from the vectors of the whole plane,
   * so that a field of view turned into a scale and back is the same.
   */
  scaleDeg(x: number, y: number): number {
    const nominal = this.info.pixel_scale_deg ?? 0;
    const { nx, ny } = this.grid;
    const step = Math.max(nx, ny) / (WHOLE_POINTS - 1);
    const a: Vec3 = [0, 0, 0];
    const b: Vec3 = [0, 0, 0];
    let scale = 0;
    for (const [sx, sy] of [
      [step, 0],
      [0, step],
    ]) {
      if (this.coarse(x - sx / 2, y - sy / 2, a) && this.coarse(x + sx / 2, y + sy / 2, b)) {
        scale = Math.max(scale, separationDeg(a, b) / step);
      }
    }
    return scale > 0.05 * nominal && scale < 20 * nominal ? scale : nominal;
  }

  destroy(): void {
    this.control.abort();
  }

  private changed(): void {
    this.generation++;
    this.onChange();
  }

  private async fetchWhole(): Promise<void> {
    if (!this.has) return;
    try {
      this.whole = await this.fetch(wholeLattice(this.grid));
      this.changed();
    } catch {
      this.loading = null;
    }
  }

  private forgetAsked(): void {
    this.asked = null;
  }

  private coarse(x: number, y: number, out: Vec3): boolean {
    const { period } = this.grid;
    const { ny } = this.grid;
    const at = period === null ? x : x - period * Math.floor((x + 0.5) / period);
    // The outer half of the outermost rows may lie beyond a pole.
    const row = y >= -0.5 && y <= ny - 0.5 ? Math.min(Math.max(y, 0), ny - 1) : y;
    return this.whole?.sample(at, period === null ? y : row, out) ?? false;
  }

  /** Derivative along (sx, sy), from whichever sides are on the sky. */
  private slope(x: number, y: number, sx: number, sy: number): Vec3 | null {
    const a: Vec3 = [0, 0, 0];
    const b: Vec3 = [0, 0, 0];
    const back = this.vector(x - sx, y - sy, a) ? 1 : 0;
    if (!back) this.vector(x, y, a);
    const forth = this.vector(x + sx, y + sy, b) ? 1 : 0;
    if (!forth) this.vector(x, y, b);
    const length = (back + forth) * Math.max(sx, sy);
    return length > 0 ? [(b[0] - a[0]) / length, (b[1] - a[1]) / length, (b[2] - a[2]) / length] : null;
  }

  private async fetch(lattice: Lattice): Promise<VectorGrid> {
    return new VectorGrid(lattice, await api.skyGrid(this.info.id, { ...lattice }, this.control.signal));
  }
}

/** The whole plane with a margin; a full circle from seam to seam. */
function wholeLattice({ nx, ny, period }: PlaneGrid): Lattice {
  const points = { nx: WHOLE_POINTS, ny: WHOLE_POINTS };
  if (period !== null) return { x0: -0.5, y0: 0, x1: period - 0.5, y1: Math.max(ny - 1, 1), ...points };
  return { x0: -0.5, y0: -0.5, x1: nx - 0.5, y1: ny - 0.5, ...points };
}

function around({ x0, y0, x1, y1 }: PixelBox): Lattice {
  const mx = (x1 - x0) / 2;
  const my = (y1 - y0) / 2;
  return { x0: x0 - mx, y0: y0 - my, x1: x1 + mx, y1: y1 + my, nx: VIEW_POINTS, ny: VIEW_POINTS };
}

/** Whether a lattice holds the view and is not much coarser than a fresh one would be. */
function stillGood(lattice: Lattice, { x0, y0, x1, y1 }: PixelBox): boolean {
  const inside = x0 >= lattice.x0 && x1 <= lattice.x1 && y0 >= lattice.y0 && y1 <= lattice.y1;
  return inside && lattice.x1 - lattice.x0 < 4.5 * (x1 - x0);
}

/**
 * Direction on the plane (pixels) in which a tangent vector of the sky points, of unit length; null where the
 * projection is degenerate.
 */
export function directionOnPlane({ dx, dy }: Jacobian, tangent: Vec3): [number, number] | null {
  const dot = (a: Vec3, b: Vec3) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const [xx, xy, yy] = [dot(dx, dx), dot(dx, dy), dot(dy, dy)];
  const [bx, by] = [dot(dx, tangent), dot(dy, tangent)];
  const det = xx * yy - xy * xy;
  if (!(det > 1e-12 * xx * yy)) return null;
  const ax = (yy * bx - xy * by) / det;
  const ay = (xx * by - xy * bx) / det;
  const length = Math.hypot(ax, ay);
  return length > 0 ? [ax / length, ay / length] : null;
}

/** Unit tangents to the north and to the east at a place, null at the poles. */
export function northEast(v: Vec3): { north: Vec3; east: Vec3 } | null {
  const cos = Math.hypot(v[0], v[1]);
  if (cos < 1e-9 * DEG) return null;
  const east: Vec3 = [-v[1] / cos, v[0] / cos, 0];
  return { east, north: [-v[2] * east[1], v[2] * east[0], cos] };
}
