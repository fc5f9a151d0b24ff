/** Where a second layer's pixels lie under the view of the first. */
import { api } from "../api/client";
import type { LayerInfo } from "../api/types";
import type { PixelBox } from "../sky/skymodel";
import { planeGrid } from "../tiles/cover";
import { type Warp, WarpBuilder } from "./warp";

/** Points on a side: at first, and where edges and tears want more. The first is also what smooth parts keep. */
const POINTS = 65;
const MORE_POINTS = 257;
const AGAIN_MS = 5000;

/** Whether two layers have the same pixels of sky: then no lattice is needed. */
export function sameGeometry(a: LayerInfo, b: LayerInfo): boolean {
  const sameShape = a.shape[0] === b.shape[0] && a.shape[1] === b.shape[1];
  if (!sameShape || JSON.stringify(a.wcs) !== JSON.stringify(b.wcs)) return false;
  // The summary does not hold the coefficients of distortions ("TAN-SIP"): only one file vouches for those.
  const distorted = a.projection?.includes("-") ?? false;
  return !distorted || JSON.stringify(a.path.slice(0, 2)) === JSON.stringify(b.path.slice(0, 2));
}

export class CompareLattice {
  /** The newest that has arrived; drawn until a better one is here. */
  current: Warp | null = null;
  private asked: PixelBox | null = null;
  private readonly control = new AbortController();

  constructor(
    private readonly base: LayerInfo,
    private readonly other: LayerInfo,
    private readonly onChange: () => void,
    private readonly onFault: (error: unknown) => void,
  ) {}

  look(box: PixelBox): void {
    if (this.asked && fits(this.asked, box)) return;
    const wide = widened(box);
    this.asked = wide;
    this.fetch(wide).catch((error) => {
      if (this.control.signal.aborted) return;
      this.onFault(error);
      setTimeout(() => this.askAgain(wide), AGAIN_MS);
    });
  }

  private askAgain(failed: PixelBox): void {
    if (this.asked !== failed) return;
    this.asked = null;
    this.onChange();
  }

  private async fetch(wide: PixelBox): Promise<void> {
    const grid = planeGrid(this.other);
    for (const n of [POINTS, MORE_POINTS]) {
      const query = { base: this.base.id, ...wide, nx: n, ny: n };
      const pixels = await api.pixelGrid(this.other.id, query, this.control.signal);
      if (this.asked !== wide || pixels.length !== 2 * n * n) return;
      const builder = new WarpBuilder(grid, { ...wide, n, pixels });
      this.current = builder.build((n - 1) / (POINTS - 1));
      this.onChange();
      if (!builder.rough) return;
    }
  }

  destroy(): void {
    this.asked = null;
    this.control.abort();
  }
}

function widened({ x0, y0, x1, y1 }: PixelBox): PixelBox {
  const mx = (x1 - x0) / 4;
  const my = (y1 - y0) / 4;
  return { x0: x0 - mx, y0: y0 - my, x1: x1 + mx, y1: y1 + my };
}

function fits(asked: PixelBox, { x0, y0, x1, y1 }: PixelBox): boolean {
  const inside = x0 >= asked.x0 && x1 <= asked.x1 && y0 >= asked.y0 && y1 <= asked.y1;
  return inside && asked.x1 - asked.x0 < 2.5 * (x1 - x0);
}
