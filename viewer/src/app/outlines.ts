/** Borders of regions in pixels of a layer: the server's, and what stands in for them until they are here. */
import { outline } from "../api/regions";
import type { LayerInfo } from "../api/types";
import type { Line } from "../map/outline";
import { type PixelRegion, posText, type Region } from "../sky/regions";
import { splitLayerId } from "./url";

const MOST_KEPT = 1500;
const AT_ONCE = 2;
const AGAIN_MS = 15_000;

interface Kept {
  lines: Line[];
  exact: boolean;
  /** When to ask again after a failure, or once for what is not exact. */
  due: number;
}

export class Outlines {
  private readonly kept = new Map<string, Kept>();
  private readonly waiting = new Map<string, () => Promise<void>>();
  private running = 0;

  constructor(
    private readonly changed: () => void,
    private readonly ask: typeof outline = outline,
  ) {}

  /** What is known now; null while it is nothing. Unless `live` (it is being dragged) the exact one is fetched. */
  lines(info: LayerInfo, region: Region, live = false): Line[] | null {
    if (region.kind === "pixels") return isOf(region, info) ? [pixelLine(region)] : [];
    if (info.pixel_scale_deg === null) return [];
    const key = keyOf(info, region);
    const known = this.kept.get(key);
    if (known) this.keep(key, known);
    if (!live && !known?.exact && (known?.due ?? 0) <= Date.now()) this.fetch(key, info, region);
    return known?.lines ?? null;
  }

  /** Lines to draw until the server has answered. */
  provide(info: LayerInfo, region: Region, lines: Line[]): void {
    if (region.kind === "pixels") return;
    const key = keyOf(info, region);
    if (!this.kept.get(key)?.exact) this.keep(key, { lines, exact: false, due: 0 });
  }

  private fetch(key: string, info: LayerInfo, region: Exclude<Region, PixelRegion>): void {
    if (this.waiting.has(key)) return;
    this.waiting.set(key, async () => {
      try {
        const { lines } = await this.ask(info.id, region);
        this.keep(key, { lines, exact: true, due: 0 });
      } catch {
        this.keep(key, { lines: this.kept.get(key)?.lines ?? [], exact: false, due: Date.now() + AGAIN_MS });
      }
    });
    this.next();
  }

  private next(): void {
    for (const [key, work] of this.waiting) {
      if (this.running >= AT_ONCE) return;
      if (this.busy.has(key)) continue;
      this.running++;
      this.busy.add(key);
      void work().finally(() => {
        this.running--;
        this.busy.delete(key);
        this.waiting.delete(key);
        this.changed();
        this.next();
      });
    }
  }

  private readonly busy = new Set<string>();

  private keep(key: string, value: Kept): void {
    this.kept.delete(key);
    this.kept.set(key, value);
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value ?? "");
  }
}

/** Slices of a cube lie on one another, layers of one version have one geometry. */
const keyOf = (info: LayerInfo, region: Exclude<Region, PixelRegion>): string =>
  `${splitLayerId(info.id).base} ${info.version} ${posText(region)}`;

export const isOf = (region: PixelRegion, info: LayerInfo): boolean =>
  splitLayerId(region.layer).base === splitLayerId(info.id).base;

const pixelLine = ({ x0, y0, x1, y1 }: PixelRegion): Line => [
  [x0 - 0.5, y0 - 0.5],
  [x1 - 0.5, y0 - 0.5],
  [x1 - 0.5, y1 - 0.5],
  [x0 - 0.5, y1 - 0.5],
  [x0 - 0.5, y0 - 0.5],
];
