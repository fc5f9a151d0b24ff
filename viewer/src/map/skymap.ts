/** The map: OpenLayers keeps view and gestures, a painter draws the pixels, everything else hangs on events. */
import type OlMap from "ol/Map";
import type { FrameState } from "ol/Map";
import { ApiError, api } from "../api/client";
import type { LayerInfo } from "../api/types";
import { CanvasPainter } from "../gl/canvaspainter";
import { ColourTables } from "../gl/colours";
import { GlPainter } from "../gl/renderer";
import { type PixelBox, SkyModel } from "../sky/skymodel";
import { TileCache } from "../tiles/cache";
import { modulo, planeGrid } from "../tiles/cover";
import { Decoder } from "../tiles/decoder";
import { Loader } from "../tiles/loader";
import { CompareLattice, sameGeometry } from "./compare";
import { makeMap } from "./olview";
import { Overlay } from "./overlay/overlay";
import { PointerWatch, readTile } from "./pointer";
import { Scene, Shown } from "./scene";
import { takeSnapshot } from "./snapshot";
import type {
  CompareMode,
  DisplayStyle,
  MapDrawing,
  MapProgress,
  OverlayOptions,
  PointerReading,
  SkyMapApi,
  ViewPosition,
} from "./types";
import { fitPlace, onPlane, type Place, pixelBox, type Size, Viewport } from "./viewport";

/** Browsers open six connections to a server: one stays free for values and grids. */
const TILES_AT_ONCE = 5;
const TILE_MEMORY = 256 * 2 ** 20;
const SKY_PATIENCE_MS = 1500;
const SAME_FAULT_MS = 10_000;

export class SkyMap extends EventTarget implements SkyMapApi {
  private readonly map: OlMap;
  private readonly view: Viewport;
  private readonly scene: Scene;
  private readonly overlay: Overlay;
  private readonly pointer: PointerWatch;
  private readonly watcher: ResizeObserver;
  private sky: SkyModel | null = null;
  /** Counts calls of `setLayer`: only the newest takes effect. */
  private turn = 0;
  /** Counts where to go: a position that is found too late is not gone to any more. */
  private journey = 0;
  private readonly told = { view: "", progress: "", faults: new Map<string, number>() };

  constructor(private readonly element: HTMLElement) {
    super();
    // Fingers move the map, not the page.
    element.style.touchAction = "none";
    this.scene = this.makeScene();
    this.overlay = new Overlay(element);
    this.map = makeMap(element, [(frame) => this.drawTiles(frame), (frame) => this.drawOverlay(frame)]);
    this.view = new Viewport(this.map);
    this.pointer = new PointerWatch(element, this.overlay, {
      reading: (sx, sy) => this.reading(sx, sy),
      emit: (name, detail) => this.emit(name, detail),
      move: (x, y) => this.goToPixel(x, y, undefined, false),
      divide: (place) => this.divide(place),
    });
    this.map.on("postrender", () => this.afterFrame());
    this.map.on("moveend", () => this.moveEnded());
    this.map.on("singleclick", (event) => this.clicked(event.pixel as [number, number]));
    this.map.on("change:size", () => this.view.resized());
    this.watcher = new ResizeObserver(() => this.map.updateSize());
    this.watcher.observe(element);
    this.scene.parts.tables.load().then(this.redraw, (error) => this.fault(error));
    addEventListener("online", this.online);
  }

  get serverRendered(): boolean {
    return this.scene.parts.serverRendered;
  }

  async setLayer(info: LayerInfo, style: DisplayStyle): Promise<void> {
    const turn = ++this.turn;
    const before = this.view.info;
    const sky = this.sky && before && sameGeometry(before, info) ? this.sky : new SkyModel(info, this.redraw);
    const shown = new Shown(info, style, this.scene.parts);
    void sky.load();
    const size = await this.view.laidOut();
    const place = await this.placeFor(info, sky, size);
    if (turn === this.turn && this.scene.base) await this.scene.prepare(shown, this.view.at(info, place, size));
    if (turn === this.turn) {
      this.takeOver(info, sky, shown, place, size);
      return;
    }
    if (sky !== this.sky) sky.destroy();
    shown.forget();
  }

  setStyle(style: DisplayStyle): void {
    this.scene.base?.setStyle(style);
    this.redraw();
  }

  setEqualisation(edges: number[], cdf: number[]): void {
    this.scene.base?.setEqualisation(edges, cdf);
    this.redraw();
  }

  async setCompare(info: LayerInfo | null, style?: DisplayStyle): Promise<void> {
    this.scene.compare?.forget();
    this.scene.compare = null;
    const colours = style ?? this.scene.base?.style;
    if (info && colours) this.scene.compare = new Shown(info, colours, this.scene.parts);
    this.bindCompare();
    this.redraw();
  }

  setCompareMode(mode: CompareMode, value: number): void {
    this.scene.mode = mode;
    this.scene.value = Math.min(Math.max(value, 0), 1);
    this.redraw();
  }

  setCompareStyle(style: DisplayStyle): void {
    this.scene.compare?.setStyle(style);
    this.redraw();
  }

  setCompareEqualisation(edges: number[], cdf: number[]): void {
    this.scene.compare?.setEqualisation(edges, cdf);
    this.redraw();
  }

  setOverlays(options: OverlayOptions): void {
    this.overlay.options = options;
    this.redraw();
  }

  setMirror(on: boolean): void {
    this.view.setMirror(on);
    this.redraw();
  }

  fit(animate = true): void {
    this.journey++;
    this.view.fit(animate);
  }

  goToPixel(x: number, y: number, scale?: number, animate = true): void {
    const { place } = this.view;
    this.journey++;
    if (place && Number.isFinite(x) && Number.isFinite(y)) {
      this.view.look({ x, y, scale: scale && scale > 0 ? scale : place.scale }, animate);
      this.outdate();
    }
  }

  async goToSky(ra: number, dec: number, fovDeg?: number, animate = true): Promise<boolean> {
    const { sky } = this;
    if (!sky?.has) return false;
    const journey = ++this.journey;
    const [{ x, y }] = await Promise.all([api.value(sky.info.id, { ra, dec }), soon(sky.load())]);
    if (journey !== this.journey || this.sky !== sky) return true;
    const { place, size } = this.view;
    if (x === null || y === null || !place || !size || !onPlane(sky.info, x, y)) return false;
    const scale = fovDeg ? fovDeg / size[0] / sky.scaleDeg(x, y) : place.scale;
    this.view.look({ x, y, scale }, animate);
    this.outdate();
    return true;
  }

  zoomBy(factor: number): void {
    this.view.zoomBy(factor);
  }

  panBy(dx: number, dy: number): void {
    this.view.panBy(dx, dy);
  }

  oneToOne(): void {
    const { place } = this.view;
    if (place) this.view.look({ ...place, scale: devicePixelRatio }, true);
  }

  get position(): ViewPosition | null {
    const { place, size } = this.view;
    const { sky } = this;
    if (!place || !size || !sky) return null;
    const at = sky.position(place.x, place.y);
    const fov = at && sky.scaleDeg(place.x, place.y) * place.scale * size[0];
    return { ...place, ra: at?.[0] ?? null, dec: at?.[1] ?? null, fov_deg: fov };
  }

  get visibleWindow(): PixelBox | null {
    return this.view.visibleWindow;
  }

  snapshot(): Promise<Blob> {
    this.map.renderSync();
    return takeSnapshot(this.element, [this.scene.parts.painter.canvas, this.overlay.canvas]);
  }

  addDrawing(drawing: MapDrawing): () => void {
    const remove = this.overlay.drawings.add(drawing);
    this.redraw();
    return () => {
      remove();
      this.redraw();
    };
  }

  updateSize(): void {
    this.map.updateSize();
  }

  destroy(): void {
    this.turn++;
    removeEventListener("online", this.online);
    this.watcher.disconnect();
    this.pointer.destroy();
    this.scene.destroy();
    this.sky?.destroy();
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  readonly redraw = (): void => this.map.render();

  private readonly online = (): void => {
    this.scene.parts.loader.forgive();
    this.redraw();
  };

  private makeScene(): Scene {
    const tables = new ColourTables();
    const asked = new URLSearchParams(location.search).get("render") === "server";
    const gl = asked ? null : GlPainter.create(tables, this.redraw);
    const painter = gl ?? new CanvasPainter();
    const cache = new TileCache(TILE_MEMORY, (tile) => {
      painter.drop(tile);
      tile.bitmap?.close();
    });
    const loader = new Loader({
      limit: TILES_AT_ONCE,
      worthRetrying,
      onFault: (error) => this.fault(error),
      onChange: this.redraw,
    });
    const decoder = new Decoder();
    return new Scene({ painter, serverRendered: !gl, tables, cache, decoder, loader, redraw: this.redraw });
  }

  /** Where a new layer is looked at: the same sky if there is one, else the same pixels, else all of it. */
  private async placeFor(info: LayerInfo, sky: SkyModel, size: Size): Promise<Place> {
    const before = this.view.info;
    const { position } = this;
    if (!before || !position) return fitPlace(info, size);
    if (sameGeometry(before, info)) return position;
    const { ra, dec, fov_deg } = position;
    if (ra !== null && dec !== null && fov_deg !== null && sky.has) {
      const there = await api.value(info.id, { ra, dec }).catch(() => null);
      await soon(sky.load());
      if (there?.x == null || there.y === null || !onPlane(info, there.x, there.y)) return fitPlace(info, size);
      return { x: there.x, y: there.y, scale: fov_deg / size[0] / sky.scaleDeg(there.x, there.y) };
    }
    const sameShape = before.shape[0] === info.shape[0] && before.shape[1] === info.shape[1];
    return sameShape ? position : fitPlace(info, size);
  }

  private takeOver(info: LayerInfo, sky: SkyModel, shown: Shown, place: Place, size: Size): void {
    const before = this.view.info;
    this.scene.base?.forget();
    this.scene.base = shown;
    if (this.sky !== sky) this.sky?.destroy();
    this.sky = sky;
    this.view.install(info, place, size, before !== null && sameGeometry(before, info));
    this.bindCompare();
    this.overlay.forgetThumbnail();
    this.pointer.renew();
    this.outdate();
  }

  /** What was told of tiles is not true of what comes with the next frame. */
  private outdate(): void {
    const outdated = { ...this.scene.progress, outdated: true };
    this.told.progress = JSON.stringify(outdated);
    this.emit<MapProgress>("progress", outdated);
    this.redraw();
  }

  private bindCompare(): void {
    const { scene } = this;
    const base = this.view.info;
    const other = scene.compare?.info;
    scene.lattice?.destroy();
    scene.lattice = null;
    // Layers without a sky lie pixel on pixel.
    if (!base || !other || sameGeometry(base, other) || base.wcs === null || other.wcs === null) return;
    scene.lattice = new CompareLattice(base, other, this.redraw, (error) => this.fault(error));
  }

  private drawTiles(frame: FrameState): HTMLElement {
    const { center, resolution } = frame.viewState;
    const { canvas } = this.scene.parts.painter;
    const { info } = this.view;
    // Before the first layer a canvas that nothing was drawn on would show as grey.
    canvas.style.visibility = info ? "" : "hidden";
    if (info) this.scene.draw(this.view.seen(info, center, resolution, frame.size), devicePixelRatio);
    return canvas;
  }

  private drawOverlay(frame: FrameState): HTMLElement {
    const { sky, scene } = this;
    const { center, resolution } = frame.viewState;
    const { info } = this.view;
    if (info && sky) {
      const view = this.view.seen(info, center, resolution, frame.size);
      sky.look(pixelBox(view.box, info.shape[0]));
      this.overlay.draw({ view, sky, scene, ratio: devicePixelRatio });
    }
    return this.overlay.canvas;
  }

  private afterFrame(): void {
    const { position } = this;
    if (!position) return;
    const words = JSON.stringify(position);
    if (words !== this.told.view) {
      this.told.view = words;
      this.emit("view", position);
    }
    const { progress } = this.scene;
    const state = JSON.stringify(progress);
    if (state !== this.told.progress) {
      this.told.progress = state;
      this.emit<MapProgress>("progress", { ...progress });
    }
    this.pointer.refresh();
  }

  private moveEnded(): void {
    this.view.normalise();
    if (this.position) this.emit("viewend", this.position);
  }

  private clicked([sx, sy]: [number, number]): void {
    const reading = this.reading(sx, sy);
    if (this.overlay.handle(sx, sy) || this.overlay.drawings.click(sx, sy)) return;
    if (reading) this.emit("click", reading);
  }

  private reading(sx: number, sy: number): PointerReading | null {
    const { transform, info } = this.view;
    const { base, progress } = this.scene;
    if (!transform || !base || !info) return null;
    const { period } = planeGrid(info);
    const [across, y] = transform.toPixel(sx, sy);
    const x = period === null ? across : modulo(across + 0.5, period) - 0.5;
    const at = this.sky?.position(x, y) ?? null;
    return { x, y, ra: at?.[0] ?? null, dec: at?.[1] ?? null, ...readTile(base.source, progress.level, x, y) };
  }

  private divide(place: number): void {
    this.setCompareMode("swipe", place);
    this.emit("swipe", this.scene.value);
  }

  private emit<T>(name: string, detail: T): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Tell of a failure, but of one and the same trouble of twenty tiles only once. */
  private fault(error: unknown): void {
    const gone = error instanceof ApiError && error.status === 410;
    const message = error instanceof Error ? error.message : String(error);
    const now = performance.now();
    if (now - (this.told.faults.get(message) ?? Number.NEGATIVE_INFINITY) < SAME_FAULT_MS) return;
    this.told.faults.set(message, now);
    if (gone) this.emit("gone", undefined);
    else this.emit("fault", { message });
  }
}

/** The scale of the sky is worth a short wait, no more. */
const soon = (loading: Promise<void>): Promise<unknown> =>
  Promise.race([loading, new Promise((resolve) => setTimeout(resolve, SKY_PATIENCE_MS))]);

function worthRetrying(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 0 || error.status >= 500 || error.status === 429 || error.status === 408;
}

export function createSkyMap(element: HTMLElement): SkyMapApi {
  return new SkyMap(element);
}
