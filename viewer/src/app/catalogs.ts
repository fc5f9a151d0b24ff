/** Catalogs over the map: which are on, how they look, what of them is shown. */

import type { SourceGroupInfo } from "../api/sources";
import { sources } from "../api/sources";
import type { LayerInfo, SourceGroupEntry } from "../api/types";
import { CatalogLayer } from "../catalogs/layer";
import { catalogs, type ShownCatalog, shownCatalog } from "../catalogs/store";
import { defaultStyle, PALETTE, type SymbolStyle } from "../catalogs/symbols";
import { decodeCatalogs, encodeCatalogs, type UrlCatalog } from "../catalogs/url";
import { addUrlPart, syncUrl } from "./address";
import { isAbort, session, wordsOf } from "./session";
import { clearSelection, selectSource } from "./sources";
import { store } from "./store-controller";
import { setTable } from "./table";

export const entries = (): readonly SourceGroupEntry[] => store.state.holdings?.source_groups ?? [];
const entryOf = (id: string): SourceGroupEntry | null => entries().find((one) => one.source_group_id === id) ?? null;

let layer: CatalogLayer | null = null;

/** The drawing over the map, made when the first catalog is switched on. */
export function catalogLayer(): CatalogLayer | null {
  if (!layer && session.map) {
    layer = new CatalogLayer(session.map, {
      patch: patchCatalog,
      select: selectSource,
      renew: renewCatalog,
    });
    session.map.addDrawing(layer);
    session.map.addEventListener("click", () => clearSelection());
  }
  return layer;
}

/** Change what is known of a catalog that is on. */
export function patchCatalog(id: string, patch: Partial<ShownCatalog>): void {
  const { shown } = catalogs.state;
  const known = shownCatalog(id);
  if (!known || Object.entries(patch).every(([key, value]) => Object.is(known[key as keyof ShownCatalog], value)))
    return;
  catalogs.set({ shown: shown.map((one) => (one.id === id ? { ...one, ...patch } : one)) });
  session.map?.redraw();
}

export function toggleCatalog(id: string): void {
  if (shownCatalog(id)) hideCatalog(id);
  else showCatalog(id);
  syncUrl("push");
}

/** The first place whose colour no other catalog has. */
function freePlace(): number {
  const taken = new Set(catalogs.state.shown.map((one) => one.style.colour));
  for (let place = 0; place < PALETTE.length; place++) if (!taken.has(defaultStyle(place).colour)) return place;
  return catalogs.state.shown.length;
}

function showCatalog(id: string, wanted: Partial<UrlCatalog> = {}): void {
  const entry = entryOf(id);
  const style = { ...defaultStyle(freePlace(), entry?.style), ...wanted.style };
  const made: ShownCatalog = {
    id,
    name: entry?.name ?? id,
    style,
    filter: wanted.filter ?? "",
    labels: wanted.labels ?? true,
    info: null,
    error: null,
    filterError: null,
    busy: true,
    seen: null,
    sizeScale: null,
    colourScale: null,
  };
  catalogs.set({ shown: [...catalogs.state.shown, made] });
  catalogLayer();
  session.map?.redraw();
  void learn(id, wanted.style !== undefined);
}

/** The sky without an image that stands under catalogs where there is nothing else. */
export const isEmptySky = (info: LayerInfo | null): boolean =>
  info?.notes.some((note) => note.startsWith("No data:")) ?? false;

const AT_ONCE = 4;

/** Catalogs that are all there is to see are switched on. */
export function showOnEmptySky(): void {
  if (!isEmptySky(store.state.info) || catalogs.state.shown.length) return;
  const ready = entries().filter(({ status }) => status === "ready");
  for (const { source_group_id: id } of ready.slice(0, AT_ONCE)) showCatalog(id);
  if (!store.state.narrow) store.set({ leftPanel: "catalogs" });
  syncUrl("replace");
}

/** Ask for the columns. The style that the catalog brings holds unless the address said otherwise. */
async function learn(id: string, styled: boolean): Promise<void> {
  try {
    const info = await sources.info(id);
    const known = shownCatalog(id);
    if (!known) return;
    const bare = !styled && !entryOf(id);
    const place = catalogs.state.shown.indexOf(known);
    const style = sane(bare ? defaultStyle(place, info.style) : known.style, info);
    patchCatalog(id, { info, name: info.name, style, busy: false });
    const { selected } = catalogs.state;
    const changed = known.info !== null && known.info.version !== info.version;
    if (changed && selected?.id === id) void selectSource(selected, null, [selected], "none");
    catalogLayer()?.look();
  } catch (error) {
    if (!isAbort(error)) patchCatalog(id, { error: wordsOf(error), busy: false });
  }
}

/** Without columns that the catalog does not have, or that are no numbers. */
function sane(style: SymbolStyle, info: SourceGroupInfo): SymbolStyle {
  const numeric = (name: string | null) => info.columns.some((column) => column.name === name && column.numeric);
  return {
    ...style,
    sizeColumn: numeric(style.sizeColumn) ? style.sizeColumn : null,
    colourColumn: numeric(style.colourColumn) ? style.colourColumn : null,
  };
}

function hideCatalog(id: string): void {
  const { selected, table } = catalogs.state;
  catalogs.set({ shown: catalogs.state.shown.filter((one) => one.id !== id) });
  if (selected?.id === id) clearSelection("none");
  if (table.id === id) setTable({ open: false, id: null });
  session.map?.redraw();
  // What was fetched for it goes at once: switched on again, it begins anew.
  layer?.look();
}

/** Ask again for a catalog that failed. */
export function retryCatalog(id: string): void {
  const known = shownCatalog(id);
  if (!known) return;
  patchCatalog(id, { error: null, busy: true });
  renewCatalog(id);
}

/** Its file has changed, or may have: ask what it is now. */
export const renewCatalog = (id: string): void => void learn(id, true);

export function setSymbols(id: string, patch: Partial<SymbolStyle>, history: "push" | "replace" = "push"): void {
  const known = shownCatalog(id);
  if (!known) return;
  patchCatalog(id, { style: { ...known.style, ...patch } });
  if ("sizeColumn" in patch || "colourColumn" in patch) catalogLayer()?.look();
  syncUrl(history);
}

export function setFilter(id: string, filter: string): void {
  const known = shownCatalog(id);
  if (!known || known.filter === filter) return;
  patchCatalog(id, { filter, filterError: null, error: null });
  catalogLayer()?.look();
  syncUrl("push");
}

export function setLabels(id: string, labels: boolean): void {
  patchCatalog(id, { labels });
  syncUrl("push");
}

addUrlPart("catalogs", {
  read: () => encodeCatalogs(catalogs.state.shown),
  restore(text) {
    const wanted = decodeCatalogs(text);
    for (const { id } of catalogs.state.shown) if (!wanted.some((one) => one.id === id)) hideCatalog(id);
    for (const one of wanted) {
      const known = shownCatalog(one.id);
      if (!known) showCatalog(one.id, one);
      else patchCatalog(one.id, { style: { ...known.style, ...one.style }, filter: one.filter, labels: one.labels });
    }
    catalogLayer()?.look();
  },
});
