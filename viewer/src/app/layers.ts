/** Opening layers, their styles, and noticing that a file has changed. */
import { ApiError, api } from "../api/client";
import type { LayerInfo } from "../api/types";
import type { DisplayStyle } from "../map/types";
import { defaultRange } from "../panels/histogram-math";
import { allLayers } from "../panels/tree-model";
import { syncUrl } from "./address";
import { forgetHistogram, loadHistogram, refreshEqualisation, showRange } from "./histogram";
import { isAbort, Latest, say, sayFailure, session, wordsOf } from "./session";
import { store } from "./store-controller";
import { joinLayerId, splitLayerId, type UrlView } from "./url";

const styles = new Map<string, DisplayStyle>();
const opening = new Latest();
let before: string | null = null;
/** The layer that came last to its picture, view and counts. */
let settled: string | null = null;

/** The layer that was shown before this one. */
export const previousLayer = (): string | null => before;

export const baseOf = (info: LayerInfo): string => info.cube?.base ?? splitLayerId(info.id).base;

export function defaultStyle(info: LayerInfo): DisplayStyle {
  const [vmin, vmax] = defaultRange(info);
  return { vmin, vmax, stretch: info.stretch, gamma: 1, cmap: info.cmap, invert: false, absolute: false };
}

/** The style a layer was left with, else its own. */
export const styleOf = (info: LayerInfo): DisplayStyle => styles.get(baseOf(info)) ?? defaultStyle(info);

export interface OpenOptions {
  style?: Partial<DisplayStyle>;
  view?: UrlView;
  history?: "push" | "replace" | "none";
}

export async function openLayer(id: string, options: OpenOptions = {}): Promise<boolean> {
  const signal = opening.next();
  const last = store.state.info;
  store.set({ layerId: id, layerBusy: true, layerError: null });
  try {
    const info = await api.layer(id, signal);
    await show(info, options, last, signal);
    return !signal.aborted;
  } catch (error) {
    if (isAbort(error) || signal.aborted) return false;
    refused(id, error, last);
    return false;
  }
}

async function show(info: LayerInfo, options: OpenOptions, last: LayerInfo | null, signal: AbortSignal): Promise<void> {
  const style = { ...styleOf(info), ...options.style };
  const sameBase = last !== null && baseOf(last) === baseOf(info);
  if (last && !sameBase) before = last.id;
  styles.set(baseOf(info), style);
  store.set({ info, layerId: info.id, style, exact: null, pointer: null });
  if (!sameBase) {
    stopCube();
    forgetHistogram(style);
  }
  await session.map?.setLayer(info, style);
  if (signal.aborted) return;
  if (options.view) await applyView(options.view);
  if (signal.aborted) return;
  if (store.state.style) session.map?.setStyle(store.state.style); // it may have been changed meanwhile
  store.set({ layerBusy: false });
  settled = info.id;
  void loadHistogram({ keepAxis: sameBase });
  if (store.state.style?.stretch === "histeq") refreshEqualisation();
  if (options.history !== "none") syncUrl(options.history ?? "push");
  document.title = `${info.path.at(-2) === undefined ? info.name : `${info.path[1] ?? info.name}`} · Armillary`;
}

function stopCube(): void {
  store.set({ playback: { ...store.state.playback, playing: false, axis: 0 } });
}

/** A layer that does not open leaves the one before in place, or says why there is none. */
function refused(id: string, error: unknown, last: LayerInfo | null): void {
  const missing = error instanceof ApiError && error.status === 404;
  const words = missing ? `There is no layer “${id}” here. It may have been renamed or removed.` : wordsOf(error);
  if (last) {
    say(`${words} The layer before stays.`, "fault");
    store.set({ layerId: last.id, layerBusy: false });
    // It had only begun to be shown; should it be refused itself, it is not asked for again and again.
    if (last.id !== settled && last.id !== id) void openLayer(last.id);
  } else store.set({ layerId: null, layerError: words, layerBusy: false });
}

export async function applyView(view: UrlView): Promise<void> {
  const { map } = session;
  if (!map) return;
  if (view.ra !== undefined && view.dec !== undefined) {
    if (store.state.info?.center) await map.goToSky(view.ra, view.dec, view.fov, false).catch(sayFailure);
  } else if (view.x !== undefined && view.y !== undefined) map.goToPixel(view.x, view.y, view.scale, false);
}

/** Change how values become colours: the map follows before this returns. */
export function setStyle(patch: Partial<DisplayStyle>, history: "push" | "replace" = "replace"): void {
  const { style, info } = store.state;
  if (!style || !info) return;
  const next = { ...style, ...patch };
  if (!(next.vmin < next.vmax)) return;
  styles.set(baseOf(info), next);
  session.map?.setStyle(next);
  store.set({ style: next });
  const equalised = next.stretch === "histeq";
  if (equalised && (style.stretch !== "histeq" || "vmin" in patch || "vmax" in patch || "absolute" in patch)) {
    refreshEqualisation();
  }
  syncUrl(history);
}

/** Back to what the layer starts with: its automatic range, as fits signed or absolute values. */
export function autoRange(): void {
  const { info, style } = store.state;
  if (!info || !style) return;
  const [vmin, vmax] = defaultRange(info);
  const reach = Math.max(Math.abs(vmin), Math.abs(vmax));
  setStyle(style.absolute ? { vmin: 0, vmax: reach } : { vmin, vmax });
  showRange();
}

export function toggleAbsolute(): void {
  const { style } = store.state;
  if (!style) return;
  const absolute = !style.absolute;
  const reach = Math.max(Math.abs(style.vmin), Math.abs(style.vmax));
  if (absolute) setStyle({ absolute, vmin: Math.max(0, style.vmin), vmax: reach }, "push");
  else if (store.state.info?.range_symmetric) setStyle({ absolute, vmin: -reach, vmax: reach }, "push");
  else {
    setStyle({ absolute }, "push");
    autoRange();
  }
  void loadHistogram({ keepAxis: false });
}

/** The next or previous layer that can be shown. */
export function stepLayer(by: 1 | -1): void {
  const layers = allLayers(store.state.holdings).filter((layer) => layer.status === "ready");
  const { base } = splitLayerId(store.state.layerId ?? "");
  const at = layers.findIndex((layer) => splitLayerId(layer.layer_id).base === base);
  const next = layers[(at + by + layers.length) % layers.length];
  if (next && next.layer_id !== store.state.layerId) void openLayer(next.layer_id);
}

export function openSlice(slice: number[]): Promise<boolean> {
  const { info } = store.state;
  if (!info?.cube) return Promise.resolve(false);
  return openLayer(joinLayerId(info.cube.base, slice), { history: "replace" });
}

const checking = new Latest();

/** Has the file changed? Then the layer is loaded anew, style and place as they were. */
export async function checkVersion(): Promise<void> {
  const { info, layerBusy, playback } = store.state;
  if (!info || layerBusy || playback.playing || document.visibilityState !== "visible") return;
  try {
    const fresh = await api.layer(info.id, checking.next());
    if (store.state.info?.id !== info.id || store.state.layerBusy) return;
    if (fresh.version !== info.version) await replaceLayer(fresh);
    else if (JSON.stringify(fresh) !== JSON.stringify(info)) store.set({ info: fresh });
  } catch (error) {
    if (error instanceof ApiError) sayFailure(error);
  }
}

async function replaceLayer(fresh: LayerInfo): Promise<void> {
  const { style } = store.state;
  if (!style) return;
  store.set({ info: fresh, exact: null });
  await session.map?.setLayer(fresh, style);
  const { info } = store.state;
  if (info?.id !== fresh.id || info.version !== fresh.version) return;
  if (store.state.style) session.map?.setStyle(store.state.style); // it may have been changed meanwhile
  void loadHistogram({ keepAxis: true });
  refreshEqualisation();
  say("The file changed on disk; showing the new pixels.");
}
