/** Every catalog that is on, drawn over the map: asks for the sources of the view, stamps their symbols, meets the pointer. */

import { api } from "../api/client";
import type { Points } from "../api/points";
import { type SkyPart, type SourceRow, sources } from "../api/sources";
import type { LayerInfo } from "../api/types";
import { debounced, wordsOf } from "../app/session";
import type { Rect } from "../map/overlay/frame";
import type { DrawFrame, MapDrawing, SkyMapApi } from "../map/types";
import { planeGrid } from "../tiles/cover";
import { DensityPicture } from "./density";
import { type Box, onPlane, PointsFeed } from "./feed";
import { Labels } from "./labels";
import { type Mark, Marks } from "./marks";
import { Scales } from "./scales";
import { drawRing, Stamper } from "./stamp";
import { catalogs, type ShownCatalog, type SourceKey } from "./store";
import { isMagnitude } from "./symbols";

/** After the last change of the view. */
const SETTLE_MS = 80;
const LIMIT = 20_000;
/** With more in view than this a picture of their density shows more than their symbols. */
const CROWD = 6000;
/** Labels while no more symbols than this are in view. */
const MOST_LABELS = 40;

export interface LayerHost {
  patch(id: string, patch: Partial<ShownCatalog>): void;
  /** The file has changed. */
  renew(id: string): void;
  select(key: SourceKey, at: { ra: number; dec: number }, ties: readonly SourceKey[]): unknown;
}

interface Feeding {
  feed: PointsFeed;
  labels: Labels;
  scales: Scales;
  picture: DensityPicture;
}

/** Where the selected source is on the screen; null while that is not known. */
export type Anchor = { x: number; y: number; radius: number; width: number; height: number } | null;

export class CatalogLayer implements MapDrawing {
  /** Told in every frame where the selected source is. */
  anchored: ((anchor: Anchor) => void) | null = null;
  private readonly feeds = new Map<string, Feeding>();
  private readonly marks = new Marks();
  private readonly stamper = new Stamper();
  private frame: DrawFrame | null = null;
  private drawn: { catalog: ShownCatalog; points: Points }[] = [];
  private hovered: SourceKey | null = null;
  private plane = "";
  private moved = "";
  /** Pixel of the selected source in the plane shown. */
  private place: { key: string; x: number | null; y: number | null } | null = null;
  private readonly settle = debounced(() => this.look(), SETTLE_MS);

  constructor(
    private readonly map: SkyMapApi,
    private readonly host: LayerHost,
  ) {
    map.addEventListener("viewend", () => this.look());
    map.addEventListener("pointer", (event) => (event as CustomEvent).detail === null && this.hover(null));
  }

  /** Ask for what the view needs and is not here. */
  look(): void {
    this.settle.cancel();
    const { frame } = this;
    if (!frame) {
      this.map.redraw();
      return;
    }
    const { shown } = catalogs.state;
    for (const id of [...this.feeds.keys()]) if (!shown.some((one) => one.id === id)) this.drop(id);
    for (const one of shown) if (one.info && one.info.status !== "unavailable") this.ask(one, frame);
  }

  draw(context: CanvasRenderingContext2D, frame: DrawFrame): void {
    this.frame = frame;
    this.follow(frame);
    this.marks.clear();
    this.drawn = [];
    for (const catalog of catalogs.state.shown) this.drawDensity(context, frame, catalog);
    this.stamper.begin(context, frame);
    for (const catalog of catalogs.state.shown) this.drawCatalog(catalog);
    this.stamper.end();
    this.drawHovered(context);
    this.drawSelected(context, frame);
  }

  cursor(sx: number, sy: number): string | null {
    const mark = this.marks.hit(sx, sy);
    this.hover(mark ? this.keyOf(mark) : null);
    return mark ? "pointer" : null;
  }

  click(sx: number, sy: number): boolean {
    const mark = this.marks.hit(sx, sy);
    if (!mark) return false;
    const { points } = this.drawn[mark.catalog];
    const ties = [mark, ...this.marks.beside(mark)].map((one) => this.keyOf(one));
    const at = { ra: points.ra[mark.index], dec: points.dec[mark.index] };
    this.host.select(this.keyOf(mark), at, uniqueKeys(ties));
    return true;
  }

  /** The part of the layer that is in view, as a condition on rows; null off the plane. */
  get part(): SkyPart | null {
    const { frame } = this;
    if (!frame || frame.info.wcs === null) return null;
    const box = onPlane(viewBox(frame), planeGrid(frame.info));
    return box && { layer: frame.info.id, ...box };
  }

  // --- asking ---

  /** Notice that the view has moved, or that another plane is shown. */
  private follow(frame: DrawFrame): void {
    const plane = planeKey(frame.info);
    if (plane !== this.plane) {
      this.plane = plane;
      this.place = null;
      for (const { feed } of this.feeds.values()) feed.forget();
    }
    const { x0, y0, x1, y1 } = viewBox(frame);
    const moved = `${plane} ${x0} ${y0} ${x1} ${y1}`;
    if (moved === this.moved) return;
    this.moved = moved;
    if (catalogs.state.shown.length) this.settle();
  }

  private ask(catalog: ShownCatalog, frame: DrawFrame): void {
    const { id, style, filter, info } = catalog;
    if (!info || frame.info.wcs === null) return;
    const { feed, scales } = this.feeding(id);
    const { sizeColumn: size, colourColumn: color } = style;
    scales.look(catalog);
    const key = JSON.stringify([this.plane, size, color, filter, info.version]);
    const column = info.columns.find((one) => one.name === size);
    const first = column && isMagnitude(column) ? "smallest" : "largest";
    feed.look(
      {
        key,
        view: viewBox(frame),
        plane: planeGrid(frame.info),
        ask: (box, signal) =>
          sources.points(
            id,
            {
              part: { layer: frame.info.id, ...box },
              limit: LIMIT,
              size,
              color,
              first,
              filter,
              crowd: CROWD,
              v: info.version,
            },
            signal,
          ),
      },
      true,
    );
  }

  private feeding(id: string): Feeding {
    let known = this.feeds.get(id);
    if (!known) {
      const feed = new PointsFeed(
        () => this.fed(id),
        (error) => this.failed(id, error),
      );
      known = {
        feed,
        labels: new Labels(() => this.map.redraw()),
        scales: new Scales((scales) => this.host.patch(id, scales)),
        picture: new DensityPicture(),
      };
      this.feeds.set(id, known);
    }
    return known;
  }

  private drop(id: string): void {
    this.feeds.get(id)?.feed.forget();
    this.feeds.delete(id);
  }

  private fed(id: string): void {
    const feed = this.feeds.get(id)?.feed;
    if (!feed) return;
    this.host.patch(id, feed.busy ? { busy: true } : { busy: false, error: null, filterError: null });
    this.map.redraw();
  }

  private failed(id: string, error: unknown): void {
    const { status } = error as { status?: number };
    if (status === 410) {
      this.host.renew(id);
      return;
    }
    const wrong = status === 422;
    const words = wordsOf(error);
    const filtered = catalogs.state.shown.find((one) => one.id === id)?.filter;
    this.host.patch(id, wrong && filtered ? { busy: false, filterError: words } : { busy: false, error: words });
  }

  // --- drawing ---

  private drawDensity(context: CanvasRenderingContext2D, frame: DrawFrame, { id, style }: ShownCatalog): void {
    const feeding = this.feeds.get(id);
    const points = feeding?.feed.current?.points;
    if (points?.density) feeding?.picture.draw(context, frame, points.density, style.colour, points.count > 0);
  }

  private drawCatalog(catalog: ShownCatalog): void {
    const feeding = this.feeds.get(catalog.id);
    const points = feeding?.feed.current?.points;
    if (!points?.x || !points.y) return;
    const at = this.drawn.push({ catalog, points }) - 1;
    const inView = this.stamper.stamp(catalog, points, (index, x, y, radius) =>
      this.marks.add(at, index, x, y, radius),
    );
    const { total, count: drawn, complete } = points;
    const density = points.density && { low: points.density.low, high: points.density.high };
    const { seen } = catalog;
    const now = { inView, total, drawn, complete, density };
    if (JSON.stringify(seen) !== JSON.stringify(now)) {
      queueMicrotask(() => this.host.patch(catalog.id, { seen: now }));
    }
  }

  labels(context: CanvasRenderingContext2D, _: DrawFrame, taken: Rect[]): void {
    if (this.marks.length === 0 || this.marks.length > MOST_LABELS) return;
    const { frame } = this;
    for (const [at, { catalog, points }] of this.drawn.entries()) {
      const column = catalog.info?.name_column;
      const feeding = this.feeds.get(catalog.id);
      const box = feeding?.feed.current?.box;
      if (!frame || !feeding || !box || !column || !catalog.labels || !points.complete) continue;
      feeding.labels.look(catalog, column, points, { layer: frame.info.id, ...box });
      feeding.labels.draw(context, this.marks.of(at), points, taken);
    }
  }

  private drawHovered(context: CanvasRenderingContext2D): void {
    const mark = this.hovered && this.find(this.hovered);
    if (mark) drawRing(context, mark, "hover");
  }

  private drawSelected(context: CanvasRenderingContext2D, frame: DrawFrame): void {
    const { selected } = catalogs.state;
    const at = selected && this.selectedPlace(selected, frame);
    if (!at) {
      this.anchored?.(null);
      return;
    }
    const mark = this.find(selected);
    const [x, y] = frame.nearest(...at);
    const radius = mark?.radius ?? 6;
    drawRing(context, { x, y, radius }, "selected");
    this.anchored?.({ x, y, radius, width: frame.width, height: frame.height });
  }

  /** Pixel of the selected source: of its symbol, else found from its position. */
  private selectedPlace(
    selected: SourceKey & Pick<SourceRow, "ra" | "dec">,
    frame: DrawFrame,
  ): [number, number] | null {
    // An answer that comes when another plane is shown is of no use.
    const key = `${this.plane} ${selected.id} ${selected.row} ${selected.ra} ${selected.dec}`;
    const points = this.drawn.find(({ catalog }) => catalog.id === selected.id)?.points;
    const index = points ? points.row.indexOf(selected.row) : -1;
    if (points?.x && points.y && index >= 0) this.place = { key, x: points.x[index], y: points.y[index] };
    if (this.place?.key !== key) {
      this.place = { key, x: null, y: null };
      const { ra, dec } = selected;
      if (ra !== null && dec !== null) void this.locate(key, frame.info.id, ra, dec);
    }
    const { x, y } = this.place;
    return x === null || y === null ? null : [x, y];
  }

  private async locate(key: string, layer: string, ra: number, dec: number): Promise<void> {
    const found = await api.value(layer, { ra, dec }).catch(() => null);
    if (this.place?.key !== key || this.place.x !== null || !found) return;
    this.place = { key, x: found.x, y: found.y };
    this.map.redraw();
  }

  // --- the pointer ---

  private keyOf({ catalog, index }: Mark): SourceKey {
    const { catalog: shown, points } = this.drawn[catalog];
    return { id: shown.id, row: points.row[index] };
  }

  private find(key: SourceKey): Mark | null {
    const at = this.drawn.findIndex(({ catalog }) => catalog.id === key.id);
    const index = at < 0 ? -1 : this.drawn[at].points.row.indexOf(key.row);
    return index < 0 ? null : this.marks.find(at, index);
  }

  private hover(key: SourceKey | null): void {
    if (key?.id === this.hovered?.id && key?.row === this.hovered?.row) return;
    this.hovered = key;
    this.map.redraw();
  }
}

/** What makes the pixels of sources: layers of one geometry share them. */
function planeKey(info: LayerInfo): string {
  return JSON.stringify([info.shape, info.wcs, info.projection, info.wrap_period_px, info.wcs ? "" : info.id]);
}

function viewBox(frame: DrawFrame): Box {
  const [xa, ya] = frame.toPixel(0, 0);
  const [xb, yb] = frame.toPixel(frame.width, frame.height);
  return { x0: Math.min(xa, xb), x1: Math.max(xa, xb), y0: Math.min(ya, yb), y1: Math.max(ya, yb) };
}

function uniqueKeys(keys: SourceKey[]): SourceKey[] {
  const seen = new Set<string>();
  return keys.filter(({ id, row }) => {
    const key = `${id} ${row}`;
    return !seen.has(key) && seen.add(key);
  });
}
