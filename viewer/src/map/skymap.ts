/** The map: OpenLayers keeps view and gestures, a painter draws the pixels, everything else hangs on events. */

import { easeOut } from "ol/easing";
import type OlMap from "ol/Map";
import type { FrameState } from "ol/Map";
import { ApiError, api } from "../api/client";
import type { LayerInfo } from "../api/types";
import { CanvasPainter } from "../gl/canvaspainter";
import { ColourTables } from "../gl/colours";
import { GlPainter } from "../gl/renderer";
import { type PixelBox, SkyModel } from "../sky/skymodel";
import { TileCache } from "../tiles/cache";
import { type Box, modulo, planeGrid } from "../tiles/cover";
import { Decoder } from "../tiles/decoder";
import { Loader } from "../tiles/loader";
import { CompareLattice, sameGeometry } from "./compare";
import { duration, fitResolution, makeMap, makeView } from "./olview";
import { Overlay } from "./overlay/overlay";
import { PointerWatch, readTile } from "./pointer";
import { Scene, Shown } from "./scene";
import { ViewTransform } from "./transform";
import type {
  CompareMode,
  DisplayStyle,
  MapProgress,
  OverlayOptions,
  PointerReading,
  SkyMapApi,
  ViewPosition,
} from "./types";

/** Browsers open six connections to a server: one stays free for values and grids. */
const TILES_AT_ONCE = 5;
const TILE_MEMORY = 256 * 2 ** 20;
const MOVE_MS = 350;

interface Place {
  x: number;
  y: number;
  scale: number;
}

export class SkyMap extends EventTarget implements SkyMapApi {
  private readonly map: OlMap;
  private readonly scene: Scene;
  private readonly overlay: Overlay;
  private readonly pointer: PointerWatch;
  private sky: SkyModel | null = null;
  private info: LayerInfo | null = null;
  private flipped = false;
  private turn = 0;
  private compareTurn = 0;
  private lastView = "";
  private lastProgress = "";
  private faults = new Map<string, number>();
  private readonly watcher: ResizeObserver;

  constructor(private readonly element: HTMLElement) {
    super();
    const redraw = () => this.map.render();
    const tables = new ColourTables();
    const wantsServer = new URLSearchParams(location.search).get("render") === "server";
    const gl = wantsServer ? null : GlPainter.create(tables, redraw);
    const painter = gl ?? new CanvasPainter();
    const cache = new TileCache(TILE_MEMORY, (tile) => {
      painter.drop(tile);
      tile.bitmap?.close();
    });
    const loader = new Loader({
      limit: TILES_AT_ONCE,
      worthRetrying,
      onFault: (error) => this.fault(error),
      onChange: redraw,
    });
    this.scene = new Scene({ painter, serverRendered: !gl, tables, cache, decoder: new Decoder(), loader, redraw });
    this.overlay = new Overlay(element);
    this.map = makeMap(element, [(frame) => this.drawTiles(frame), (frame) => this.drawOverlay(frame)]);
    this.pointer = new PointerWatch(element, this.overlay, {
      reading: (sx, sy) => this.reading(sx, sy),
      emit: (name, detail) => this.emit(name, detail),
      move: (x, y) => this.goToPixel(x, y, undefined, false),
      divide: (place) => this.divide(place),
    });
    this.map.on("postrender", () => this.afterFrame());
    this.map.on("moveend", () => this.moveEnded());
    this.map.on("singleclick", (event) => this.clicked(event.pixel as [number, number]));
    this.map.on("change:size", () => this.resized());
    this.watcher = new ResizeObserver(() => this.map.updateSize());
    this.watcher.observe(element);
    tables.load().then(redraw, (error) => this.fault(error));
    addEventListener("online", this.online);
  }

  get serverRendered(): boolean {
    return this.scene.parts.serverRendered;
  }

  async setLayer(info: LayerInfo, style: DisplayStyle): Promise<void> {
    const turn = ++this.turn;
    const sky = new SkyModel(info, () => this.map.render());
    const loaded = sky.load();
    const shown = new Shown(info, style, this.scene.parts);
    const size = await this.size();
    const place = await this.placeFor(info, sky, loaded, size);
    if (turn === this.turn && this.scene.base) {
      await this.scene.prepare(shown, this.transformOf(info, place, size));
    }
    if (turn !== this.turn) {
      sky.destroy();
      shown.forget();
      return;
    }
    this.takeOver(info, sky, shown, place, size);
  }

  setStyle(style: DisplayStyle): void {
    this.scene.base?.setStyle(style);
    this.map.render();
  }

  setEqualisation(edges: number[], cdf: number[]): void {
    this.scene.base?.setEqualisation(edges, cdf);
    this.map.render();
  }

  async setCompare(info: LayerInfo | null, style?: DisplayStyle): Promise<void> {
    const turn = ++this.compareTurn;
    this.dropCompare();
    if (!info || !this.info) return;
    const fallback = this.scene.base?.style as DisplayStyle;
    const shown = new Shown(info, style ?? fallback, this.scene.parts);
    if (turn !== this.compareTurn) return;
    this.scene.compare = shown;
    this.bindCompare();
    this.map.render();
  }

  setCompareMode(mode: CompareMode, value: number): void {
    this.scene.mode = mode;
    this.scene.value = Math.min(Math.max(value, 0), 1);
    this.map.render();
  }

  setCompareStyle(style: DisplayStyle): void {
    this.scene.compare?.setStyle(style);
    this.map.render();
  }

  /** As `setEqualisation`, for the layer that is compared with. */
  setCompareEqualisation(edges: number[], cdf: number[]): void {
    this.scene.compare?.setEqualisation(edges, cdf);
    this.map.render();
  }

  setOverlays(options: OverlayOptions): void {
    this.overlay.options = options;
    this.map.render();
  }

  setMirror(on: boolean): void {
    const place = this.place();
    this.flipped = on;
    if (this.info && place) this.look(place, false);
  }

  fit(animate = true): void {
    const size = this.map.getSize() as [number, number] | undefined;
    if (this.info && size) this.look(fitPlace(this.info, size), animate);
  }

  goToPixel(x: number, y: number, scale?: number, animate = true): void {
    const place = this.place();
    if (place && Number.isFinite(x) && Number.isFinite(y)) this.look({ x, y, scale: scale ?? place.scale }, animate);
  }

  async goToSky(ra: number, dec: number, fovDeg?: number, animate = true): Promise<boolean> {
    const { info, sky } = this;
    const size = this.map.getSize();
    if (!info || !sky?.has || !size) return false;
    const { x, y } = await api.value(info.id, { ra, dec });
    const place = this.place();
    if (x === null || y === null || this.info !== info || !place || !onPlane(info, x, y)) return false;
    const scale = fovDeg ? fovDeg / size[0] / sky.scaleDeg(x, y) : place.scale;
    this.look({ x, y, scale }, animate);
    return true;
  }

  zoomBy(factor: number): void {
    const view = this.map.getView();
    const resolution = view.getResolution();
    if (!resolution || !(factor > 0)) return;
    view.cancelAnimations();
    const target = view.getConstrainedResolution(resolution / factor) ?? resolution;
    view.animate({ resolution: target, duration: duration(200), easing: easeOut });
  }

  panBy(dx: number, dy: number): void {
    const view = this.map.getView();
    const [cx, cy] = view.getCenter() ?? [0, 0];
    const resolution = view.getResolution() ?? 1;
    view.cancelAnimations();
    const center = view.getConstrainedCenter([cx + dx * resolution, cy - dy * resolution], resolution);
    if (center) view.animate({ center, duration: duration(120), easing: easeOut });
  }

  oneToOne(): void {
    const place = this.place();
    if (place) this.look({ ...place, scale: devicePixelRatio }, true);
  }

  get position(): ViewPosition | null {
    const place = this.place();
    const size = this.map.getSize();
    if (!place || !size) return null;
    const sky = this.sky?.position(place.x, place.y) ?? null;
    const fov = sky && this.sky ? this.sky.scaleDeg(place.x, place.y) * place.scale * size[0] : null;
    return { ...place, ra: sky?.[0] ?? null, dec: sky?.[1] ?? null, fov_deg: fov };
  }

  get visibleWindow(): PixelBox | null {
    const view = this.transform();
    if (!this.info || !view) return null;
    const { nx, ny, period } = planeGrid(this.info);
    const box = pixelBox(view.box, ny);
    const whole = period !== null && Math.floor(box.x0 / period) !== Math.floor(box.x1 / period);
    const shift = period === null || whole ? 0 : period * Math.floor(box.x0 / period);
    const clip = (value: number, length: number) => Math.min(Math.max(value, 0), length);
    return {
      x0: whole ? 0 : clip(Math.floor(box.x0 - shift + 0.5), nx),
      x1: whole ? nx : clip(Math.ceil(box.x1 - shift + 0.5), nx),
      y0: clip(Math.floor(box.y0 + 0.5), ny),
      y1: clip(Math.ceil(box.y1 + 0.5), ny),
    };
  }

  async snapshot(): Promise<Blob> {
    this.map.renderSync();
    const tiles = this.scene.parts.painter.canvas;
    const canvas = document.createElement("canvas");
    canvas.width = tiles.width;
    canvas.height = tiles.height;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("This browser cannot take a picture of the map.");
    context.fillStyle = backgroundOf(this.element);
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(tiles, 0, 0);
    context.drawImage(this.overlay.canvas, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve, reject) => {
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made."))),
        "image/png",
      );
    });
  }

  updateSize(): void {
    this.map.updateSize();
  }

  destroy(): void {
    this.turn++;
    this.compareTurn++;
    removeEventListener("online", this.online);
    this.watcher.disconnect();
    this.pointer.destroy();
    this.scene.cancel();
    this.scene.lattice?.destroy();
    this.sky?.destroy();
    const { loader, decoder, cache, painter } = this.scene.parts;
    loader.stop();
    decoder.destroy();
    cache.clear();
    this.map.setTarget(undefined);
    this.map.dispose();
    painter.destroy();
  }

  private readonly online = () => {
    this.scene.parts.loader.forgive();
    this.map.render();
  };

  // --- view -------------------------------------------------------------------------------------------------------

  private mirrorOf(info: LayerInfo): boolean {
    return (info.parity === 1) !== this.flipped;
  }

  private transformOf(info: LayerInfo, { x, y, scale }: Place, [width, height]: [number, number]): ViewTransform {
    const mirror = this.mirrorOf(info);
    const [ny, nx] = info.shape;
    const centerX = mirror ? nx - 1 - x : x;
    return new ViewTransform({ centerX, centerY: y, resolution: scale, width, height, mirror, nx, ny });
  }

  /** The view as it stands now, null before the first layer. */
  private transform(): ViewTransform | null {
    const { info } = this;
    const view = this.map.getView();
    const center = view.getCenter();
    const resolution = view.getResolution();
    const size = this.map.getSize();
    if (!info || !center || !resolution || !size) return null;
    return this.frameTransform(info, center, resolution, size);
  }

  private frameTransform(info: LayerInfo, center: number[], resolution: number, size: number[]): ViewTransform {
    const [ny, nx] = info.shape;
    const [width, height] = size;
    const [centerX, centerY] = center;
    return new ViewTransform({ centerX, centerY, resolution, width, height, mirror: this.mirrorOf(info), nx, ny });
  }

  /** Middle of the view; of a full circle the copy inside the plane. */
  private place(): Place | null {
    const view = this.transform();
    if (!view || !this.info) return null;
    const [x, y] = view.centre;
    const { period } = planeGrid(this.info);
    return { x: period === null ? x : modulo(x + 0.5, period) - 0.5, y, scale: view.view.resolution };
  }

  private look(place: Place, animate: boolean): void {
    const { info } = this;
    const now = this.transform();
    if (!info || !now) return;
    const view = this.map.getView();
    const x = animate ? now.nearest(place.x, planeGrid(info).period) : place.x;
    const target = this.transformOf(info, { ...place, x }, [now.view.width, now.view.height]).view;
    const resolution = view.getConstrainedResolution(target.resolution) ?? target.resolution;
    const center = view.getConstrainedCenter([target.centerX, target.centerY], resolution) ?? [x, place.y];
    view.cancelAnimations();
    if (animate && duration(MOVE_MS) > 0) view.animate({ center, resolution, duration: MOVE_MS, easing: easeOut });
    else {
      view.setResolution(resolution);
      view.setCenter(center);
    }
  }

  /** Size of the map, waiting for the page to be laid out if need be. */
  private async size(): Promise<[number, number]> {
    for (let i = 0; i < 100; i++) {
      this.map.updateSize();
      const size = this.map.getSize();
      if (size && size[0] > 0 && size[1] > 0) return [size[0], size[1]];
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return [1, 1];
  }

  private async placeFor(
    info: LayerInfo,
    sky: SkyModel,
    loaded: Promise<void>,
    size: [number, number],
  ): Promise<Place> {
    const before = this.info;
    const position = this.position;
    if (!before || !position) return fitPlace(info, size);
    if (sameGeometry(before, info)) return position;
    if (position.ra !== null && position.dec !== null && position.fov_deg !== null && sky.has) {
      const there = await api.value(info.id, { ra: position.ra, dec: position.dec }).catch(() => null);
      await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, 1500))]);
      if (there?.x == null || there.y === null || !onPlane(info, there.x, there.y)) return fitPlace(info, size);
      const scale = position.fov_deg / size[0] / sky.scaleDeg(there.x, there.y);
      return { x: there.x, y: there.y, scale };
    }
    const sameShape = before.shape[0] === info.shape[0] && before.shape[1] === info.shape[1];
    return sameShape ? position : fitPlace(info, size);
  }

  private takeOver(info: LayerInfo, sky: SkyModel, shown: Shown, place: Place, size: [number, number]): void {
    const { scene } = this;
    const same = this.info !== null && sameGeometry(this.info, info);
    scene.base?.forget();
    scene.base = shown;
    this.sky?.destroy();
    this.sky = sky;
    this.info = info;
    if (!same) {
      const { centerX, centerY, resolution } = this.transformOf(info, place, size).view;
      this.map.setView(makeView(info, size, [centerX, centerY], resolution));
    }
    this.bindCompare();
    this.overlay.forgetThumbnail();
    this.map.render();
  }

  private bindCompare(): void {
    const { scene, info } = this;
    scene.lattice?.destroy();
    scene.lattice = null;
    const other = scene.compare?.info;
    if (!other || !info || sameGeometry(info, other)) return;
    scene.lattice = new CompareLattice(
      info,
      other,
      () => this.map.render(),
      (error) => this.fault(error),
    );
  }

  private dropCompare(): void {
    this.scene.compare?.forget();
    this.scene.compare = null;
    this.scene.lattice?.destroy();
    this.scene.lattice = null;
    this.map.render();
  }

  private resized(): void {
    const { info } = this;
    const size = this.map.getSize();
    const view = this.map.getView();
    const center = view.getCenter();
    if (!info || !size || !center || !(size[0] > 0)) return;
    // The widest zoom depends on the size of the map.
    this.map.setView(makeView(info, [size[0], size[1]], center, view.getResolution() ?? 1));
  }

  // --- frames -----------------------------------------------------------------------------------------------------

  private drawTiles(frame: FrameState): HTMLElement {
    const { center, resolution } = frame.viewState;
    const { scene, info } = this;
    const { canvas } = scene.parts.painter;
    canvas.className = "sky-tiles";
    canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%";
    if (info) scene.draw(this.frameTransform(info, center, resolution, frame.size), devicePixelRatio);
    return canvas;
  }

  private drawOverlay(frame: FrameState): HTMLElement {
    const { info, sky, scene } = this;
    const { center, resolution } = frame.viewState;
    if (info && sky) {
      const view = this.frameTransform(info, center, resolution, frame.size);
      sky.look(pixelBox(view.box, info.shape[0]));
      this.overlay.draw({ view, sky, scene, ratio: devicePixelRatio });
    }
    return this.overlay.canvas;
  }

  private afterFrame(): void {
    const { position } = this;
    if (!position) return;
    const now = JSON.stringify(position);
    if (now !== this.lastView) {
      this.lastView = now;
      this.emit("view", position);
    }
    const { progress } = this.scene;
    const state = JSON.stringify(progress);
    if (state !== this.lastProgress) {
      this.lastProgress = state;
      this.emit<MapProgress>("progress", { ...progress });
    }
    this.pointer.refresh();
  }

  private moveEnded(): void {
    const { info, position } = this;
    if (!info || !position) return;
    const { period } = planeGrid(info);
    const view = this.map.getView();
    const center = view.getCenter();
    if (period !== null && center && (center[0] < -0.5 || center[0] >= period - 0.5) && !view.getAnimating()) {
      view.setCenter([modulo(center[0] + 0.5, period) - 0.5, center[1]]);
    }
    this.emit("viewend", position);
  }

  private clicked([sx, sy]: [number, number]): void {
    const reading = this.reading(sx, sy);
    if (reading && !this.overlay.handle(sx, sy)) this.emit("click", reading);
  }

  private reading(sx: number, sy: number): PointerReading | null {
    const view = this.transform();
    const { base } = this.scene;
    if (!view || !base || !this.info) return null;
    let [x, y] = view.toPixel(sx, sy);
    const { period } = planeGrid(this.info);
    if (period !== null) x = modulo(x + 0.5, period) - 0.5;
    const sky = this.sky?.position(x, y) ?? null;
    const level = this.scene.progress.level;
    return { x, y, ra: sky?.[0] ?? null, dec: sky?.[1] ?? null, ...readTile(base.source, level, x, y) };
  }

  private divide(place: number): void {
    this.setCompareMode("swipe", place);
    this.emit("swipe", this.scene.value);
  }

  // --- events -----------------------------------------------------------------------------------------------------

  private emit<T>(name: string, detail: T): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  private fault(error: unknown): void {
    if (error instanceof ApiError && error.status === 410) {
      this.emit("gone", undefined);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    const now = performance.now();
    // One and the same trouble of twenty tiles is told once.
    if (now - (this.faults.get(message) ?? Number.NEGATIVE_INFINITY) < 10_000) return;
    this.faults.set(message, now);
    this.emit("fault", { message });
  }
}

function worthRetrying(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 0 || error.status >= 500 || error.status === 429 || error.status === 408;
}

/** Pixels (centres at integers) behind a box of `u`, `v`. */
function pixelBox(box: Box, ny: number): PixelBox {
  return { x0: box.u0 - 0.5, x1: box.u1 - 0.5, y0: ny - 0.5 - box.v1, y1: ny - 0.5 - box.v0 };
}

/** The part of a layer that holds data, just fitting the map. */
function fitPlace(info: LayerInfo, size: [number, number]): Place {
  let [x0, y0, x1, y1] = info.coverage;
  if (!(x1 > x0 && y1 > y0)) [x0, y0, x1, y1] = [0, 0, info.shape[1], info.shape[0]];
  const scale = fitResolution(size, x1 - x0, y1 - y0);
  return { x: (x0 + x1 - 1) / 2, y: (y0 + y1 - 1) / 2, scale };
}

const onPlane = ({ shape: [ny, nx] }: LayerInfo, x: number, y: number): boolean =>
  x >= -0.5 && y >= -0.5 && x <= nx && y <= ny;

function backgroundOf(element: HTMLElement): string {
  for (let at: HTMLElement | null = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour && colour !== "transparent" && colour !== "rgba(0, 0, 0, 0)") return colour;
  }
  return "#000";
}

export function createSkyMap(element: HTMLElement): SkyMapApi {
  return new SkyMap(element);
}
