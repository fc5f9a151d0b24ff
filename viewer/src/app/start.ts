/** From an empty page to the first layer, and the events of the map. */
import { api } from "../api/client";
import type { MapProgress, SkyMapApi, ViewPosition } from "../map/types";
import { allLayers } from "../panels/tree-model";
import { followAccount } from "./account";
import { extraOf, restoreParts, syncUrl, withoutUrl } from "./address";
import { showOnEmptySky } from "./catalogs";
import { changeCompare, checkCompared, compareWith } from "./compare";
import { startDrawings } from "./drawings";
import { followHoldings } from "./holdings";
import { startJobs } from "./jobs";
import { applyView, checkVersion, openLayer, setStyle } from "./layers";
import { followPointer } from "./readout";
import { Latest, say, sayFailure, session } from "./session";
import { DEFAULT_OVERLAYS } from "./state";
import { store } from "./store-controller";
import { decodeUrl, joinLayerId, type UrlState } from "./url";

const VERSION_MS = 3000;

export async function start(map: SkyMapApi): Promise<void> {
  session.map = map;
  listen(map);
  startDrawings(map);
  startJobs();
  followAccount();
  map.setOverlays(store.state.overlays);
  void api.colormaps().then((colormaps) => store.set({ colormaps }), sayFailure);
  window.addEventListener("popstate", () => void restore(decodeUrl(location.search)));
  setInterval(checkVersions, VERSION_MS);
  const wanted = decodeUrl(location.search);
  const holdings = followHoldings();
  if (wanted.layer) {
    await restore(wanted);
    if (!store.state.info) await holdings.then(() => retryWhileScanning(wanted));
  } else {
    applyOptions(wanted);
    await holdings;
    await openFirst(wanted);
    await restoreParts(wanted.extra);
    if (!wanted.extra.catalogs) showOnEmptySky();
  }
}

function listen(map: SkyMapApi): void {
  const on = <T>(name: string, act: (detail: T) => void) =>
    map.addEventListener(name, (event) => act((event as CustomEvent<T>).detail));
  followPointer(map);
  const seen = (view: ViewPosition) => {
    store.set({ view });
    if (!store.state.layerBusy) syncUrl("replace");
  };
  on<ViewPosition>("view", seen);
  on<ViewPosition>("viewend", seen);
  on<MapProgress>("progress", (progress) => store.set({ progress }));
  on<{ message: string }>("fault", ({ message }) => say(message, "fault"));
  on<number>("swipe", (swipe) => changeCompare({ swipe }));
  on<void>("gone", checkVersions);
}

function checkVersions(): void {
  void checkVersion();
  void checkCompared();
}

/** A layer of the address may be one whose header is still to be read. */
function retryWhileScanning(wanted: UrlState): void {
  if (!store.state.holdings?.scanning) return;
  const end = store.subscribe(["holdings"], ({ holdings, info }) => {
    const here = allLayers(holdings).some((layer) => layer.layer_id === wanted.layer);
    if (!here && !info && holdings?.scanning) return;
    end();
    if (!info) void restore(wanted);
  });
}

/** Show the first layer that can be shown, as soon as there is one. */
async function openFirst(wanted: UrlState): Promise<void> {
  const first = () => allLayers(store.state.holdings).find((layer) => layer.status === "ready");
  const open = (id: string) => openLayer(id, { history: "replace", style: wanted.style, view: wanted.view });
  const now = first();
  if (now) {
    await open(now.layer_id);
    return;
  }
  const end = store.subscribe(["holdings"], () => {
    const layer = first();
    if (!layer || store.state.layerId) return;
    end();
    void open(layer.layer_id).then(() => wanted.extra.catalogs || showOnEmptySky());
  });
}

function applyOptions(wanted: UrlState): void {
  const overlays = { ...DEFAULT_OVERLAYS, ...wanted.overlays };
  store.set({ overlays, mirror: wanted.mirror });
  session.map?.setOverlays(overlays);
  session.map?.setMirror(wanted.mirror);
}

/** What an address leaves out because it is the rule. */
const PLAIN = { gamma: 1, invert: false, absolute: false };

const restoring = new Latest();

/** Bring back what an address says, but for what is changed before it is there; another address takes its place. */
async function restore(wanted: UrlState): Promise<void> {
  const signal = restoring.next();
  const [before, compared] = [extraOf(), store.state.compare?.id];
  await withoutUrl(async () => {
    applyOptions(wanted);
    if (!wanted.layer) return;
    await restoreLayer(wanted, joinLayerId(wanted.layer, wanted.slice));
    if (!signal.aborted && store.state.compare?.id === compared) await restoreCompare(wanted);
    if (!signal.aborted) await restoreParts(wanted.extra, before);
  });
}

async function restoreLayer(wanted: UrlState, id: string): Promise<void> {
  const { info, layerBusy } = store.state;
  const style = { ...PLAIN, ...wanted.style };
  if (info?.id === id && !layerBusy) {
    setStyle(style);
    await applyView(wanted.view);
  } else await openLayer(id, { history: "none", style, view: wanted.view });
}

async function restoreCompare(wanted: UrlState): Promise<void> {
  const { compare } = wanted;
  if (!compare) {
    if (store.state.compare) await compareWith(null, {}, "none");
    return;
  }
  const place = { opacity: { opacity: compare.mix }, swipe: { swipe: compare.mix }, blink: {} }[compare.mode];
  await compareWith(compare.id, { mode: compare.mode, shown: compare.mix > 0.5 ? 1 : 0, ...place }, "none");
}
