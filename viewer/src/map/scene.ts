/** The layers on the screen: what is drawn in a frame and what has to be fetched for it. */
import type { LayerInfo } from "../api/types";
import type { ColourTables } from "../gl/colours";
import { equalisationTable } from "../gl/equalisation";
import type { Painter, ScreenBox } from "../gl/painter";
import type { Tile, TileCache } from "../tiles/cache";
import type { Placed } from "../tiles/cover";
import type { Decoder } from "../tiles/decoder";
import type { Job, Loader } from "../tiles/loader";
import { TileSource } from "../tiles/source";
import type { CompareLattice } from "./compare";
import { type Laid, layPlain, layWarped, patches } from "./mesh";
import type { ViewTransform } from "./transform";
import type { CompareMode, DisplayStyle, MapProgress } from "./types";

const COARSEST_FIRST = -1e9;
/** A new layer takes over once its view is complete, or with what it has after this long. */
const PATIENCE_MS = 350;
const LONGEST_MS = 2500;

export interface SceneParts {
  painter: Painter;
  serverRendered: boolean;
  tables: ColourTables;
  cache: TileCache;
  decoder: Decoder;
  loader: Loader;
  redraw(): void;
}

/** One layer with its colours. */
export class Shown {
  source: TileSource;
  /** Tiles in the style before, where the server draws the colours. */
  private before: TileSource | null = null;
  private histogram: { edges: number[]; cdf: number[] } | null = null;
  private table: { key: string; values: Float32Array | null } = { key: "", values: null };
  private restyle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly info: LayerInfo,
    public style: DisplayStyle,
    private readonly parts: SceneParts,
  ) {
    this.source = this.makeSource();
  }

  setStyle(style: DisplayStyle): void {
    this.style = style;
    if (!this.parts.serverRendered) return;
    clearTimeout(this.restyle);
    this.restyle = setTimeout(() => {
      this.before?.forget();
      this.before = this.source;
      this.source = this.makeSource();
      this.parts.redraw();
    }, 150);
  }

  setEqualisation(edges: number[], cdf: number[]): void {
    this.histogram = { edges, cdf };
    this.table.key = "";
  }

  get equalisation(): Float32Array | null {
    const { vmin, vmax, stretch, absolute } = this.style;
    if (stretch !== "histeq" || !this.histogram) return null;
    const key = `${vmin} ${vmax} ${absolute}`;
    if (key !== this.table.key) {
      this.table = { key, values: equalisationTable(this.histogram.edges, this.histogram.cdf, this.style) };
    }
    return this.table.values;
  }

  /** Sources to draw, undermost first. */
  get sources(): TileSource[] {
    return this.before ? [this.before, this.source] : [this.source];
  }

  /** The style before is no longer needed. */
  settled(): void {
    this.before?.forget();
    this.before = null;
  }

  forget(): void {
    clearTimeout(this.restyle);
    this.settled();
    this.source.forget();
  }

  private makeSource(): TileSource {
    const { cache, decoder, serverRendered, redraw } = this.parts;
    return new TileSource(this.info, cache, decoder, serverRendered ? this.style : null, redraw);
  }
}

interface Incoming {
  shown: Shown;
  view: ViewTransform;
  since: number;
  ready(): void;
}

export class Scene {
  base: Shown | null = null;
  compare: Shown | null = null;
  lattice: CompareLattice | null = null;
  mode: CompareMode = "opacity";
  value = 1;
  progress: MapProgress = { loading: 0, shown: 0, level: 0, levels: 1, preview: false, outdated: false };
  private incoming: Incoming | null = null;

  constructor(readonly parts: SceneParts) {
    parts.painter.canvas.className = "sky-tiles";
    parts.painter.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%";
  }

  destroy(): void {
    this.cancel();
    this.lattice?.destroy();
    const { loader, decoder, cache, painter } = this.parts;
    loader.stop();
    decoder.destroy();
    cache.clear();
    painter.destroy();
  }

  /** Resolves once enough of a layer is here to take the place of the one on the screen. */
  prepare(shown: Shown, view: ViewTransform): Promise<void> {
    this.cancel();
    return new Promise((resolve) => {
      const timers = [PATIENCE_MS, LONGEST_MS].map((ms) => setTimeout(() => this.parts.redraw(), ms + 5));
      const ready = () => {
        timers.forEach(clearTimeout);
        this.incoming = null;
        resolve();
      };
      this.incoming = { shown, view, since: performance.now(), ready };
      this.parts.redraw();
    });
  }

  /** Give up what was being prepared: its promise resolves, and whoever waits sees that he is outdated. */
  cancel(): void {
    const { incoming } = this;
    incoming?.ready();
    incoming?.shown.forget();
  }

  /** Draw a frame; the canvas holds it until the next event loop turn. */
  draw(view: ViewTransform, ratio: number): HTMLCanvasElement {
    const { painter, cache, loader } = this.parts;
    cache.frame++;
    const width = Math.round(view.view.width * ratio);
    const height = Math.round(view.view.height * ratio);
    painter.begin(width, height);
    const jobs: Job[] = [];
    if (this.base) this.drawLayers(this.base, view, ratio, { x0: 0, y0: 0, x1: width, y1: height }, jobs);
    this.advance(jobs, ratio);
    loader.want(jobs);
    const lattice = this.compare && this.lattice && !this.lattice.current ? 1 : 0;
    this.progress.loading = loader.pending + lattice;
    return painter.canvas;
  }

  private drawLayers(base: Shown, view: ViewTransform, ratio: number, screen: ScreenBox, jobs: Job[]): void {
    const plain = layPlain(base.source.grid, view, ratio);
    this.want(base, plain, 0, jobs);
    this.note(base, plain);
    const alone = !this.compare;
    const swipe = Math.round(screen.x1 * this.value);
    const hidden = !alone && this.mode === "blink" && this.value >= 0.5;
    const left = !alone && this.mode === "swipe" ? { ...screen, x1: swipe } : screen;
    if (!hidden) this.paint(base, plain, 1, left);
    if (!this.compare) return;
    const laid = this.layCompare(this.compare, view, ratio);
    if (!laid) return;
    this.want(this.compare, laid, 0.5, jobs);
    if (this.mode === "blink" && !hidden) return;
    const right = this.mode === "swipe" ? { ...screen, x0: swipe } : screen;
    this.paint(this.compare, laid, this.mode === "opacity" ? this.value : 1, right);
  }

  private layCompare(compare: Shown, view: ViewTransform, ratio: number): Laid | null {
    if (!this.lattice) return layPlain(compare.source.grid, view, ratio);
    const box = view.box;
    const ny = view.view.ny;
    this.lattice.look({ x0: box.u0 - 0.5, x1: box.u1 - 0.5, y0: ny - 0.5 - box.v1, y1: ny - 0.5 - box.v0 });
    return this.lattice.current && layWarped(compare.source.grid, this.lattice.current, view, ratio);
  }

  private paint(shown: Shown, laid: Laid, opacity: number, window: ScreenBox): void {
    const { grid } = shown.source;
    const finest = laid.level === grid.levels - 1;
    const common = { mesh: laid.mesh, style: shown.style, equalisation: shown.equalisation, opacity, window };
    for (const source of shown.sources) {
      const all = patches(source, laid.wanted);
      const crisp = (tile: Tile) => finest && laid.magnification >= 1 && tile.level === grid.levels - 1;
      const blocks = all.filter(({ tile }) => crisp(tile));
      const smooth = all.filter(({ tile }) => !crisp(tile));
      if (smooth.length) this.parts.painter.paint({ ...common, patches: smooth, smooth: true });
      if (blocks.length) this.parts.painter.paint({ ...common, patches: blocks, smooth: false });
    }
  }

  private want(shown: Shown, laid: Laid, offset: number, jobs: Job[]): void {
    const { source } = shown;
    const root: Placed = { level: 0, row: 0, col: 0, copy: 0 };
    source.tile(root);
    const first = source.job(root, COARSEST_FIRST + offset);
    if (first) jobs.push(first);
    laid.wanted.forEach(({ at }, i) => {
      const job = source.job(at, i + offset);
      if (job && job.key !== first?.key) jobs.push(job);
    });
    // A tile wanted in two copies of the sky is one request.
    const seen = new Set<string>();
    for (let i = jobs.length - 1; i >= 0; i--) {
      if (seen.has(jobs[i].key)) jobs.splice(i, 1);
      else seen.add(jobs[i].key);
    }
    if (complete(source, laid)) shown.settled();
  }

  private note(base: Shown, laid: Laid): void {
    const { source } = base;
    const tiles = laid.wanted.map(({ at }) => source.standIn(at));
    this.progress = {
      loading: 0,
      shown: laid.wanted.length,
      level: laid.level,
      levels: source.grid.levels,
      preview: tiles.some((tile) => tile?.preview ?? false),
      outdated: false,
    };
  }

  private advance(jobs: Job[], ratio: number): void {
    const { incoming } = this;
    if (!incoming) return;
    const { source } = incoming.shown;
    const laid = layPlain(source.grid, incoming.view, ratio);
    this.want(incoming.shown, laid, 0.25, jobs);
    const waited = performance.now() - incoming.since;
    const something = source.has({ level: 0, row: 0, col: 0, copy: 0 });
    if (complete(source, laid) || (something && waited > PATIENCE_MS) || waited > LONGEST_MS) incoming.ready();
  }
}

const complete = (source: TileSource, laid: Laid): boolean => laid.wanted.every(({ at }) => source.has(at));
