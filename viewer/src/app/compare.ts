/** A second layer over the first: opacity, blink, swipe. */
import { api } from "../api/client";
import type { CompareMode } from "../map/types";
import { allLayers } from "../panels/tree-model";
import { syncUrl } from "./address";
import { equaliseCompared } from "./histogram";
import { previousLayer, styleOf } from "./layers";
import { Latest, say, sayFailure, session } from "./session";
import type { CompareState } from "./state";
import { store } from "./store-controller";
import { splitLayerId } from "./url";

const BLINK_MS = 600;
const loading = new Latest();
let timer: ReturnType<typeof setInterval> | undefined;

export async function compareWith(
  id: string | null,
  start: Partial<CompareState> = {},
  entry: "push" | "none" = "push",
): Promise<void> {
  stopBlinking();
  const signal = loading.next();
  if (!id) {
    store.set({ compare: null });
    await session.map?.setCompare(null);
    if (entry === "push") syncUrl("push");
    return;
  }
  const kept = store.state.compare;
  const compare: CompareState = {
    mode: kept?.mode ?? "opacity",
    opacity: kept?.opacity ?? 0.5,
    swipe: kept?.swipe ?? 0.5,
    shown: 1,
    playing: false,
    ...start,
    id,
    info: null,
  };
  store.set({ compare });
  try {
    const info = await api.layer(id, signal);
    const style = styleOf(info);
    await session.map?.setCompare(info, style);
    if (signal.aborted) return;
    void equaliseCompared(id, style);
    store.set({ compare: { ...(store.state.compare ?? compare), info } });
    apply();
    if (entry === "push") syncUrl("push");
  } catch (error) {
    if (signal.aborted) return;
    store.set({ compare: null });
    void session.map?.setCompare(null);
    sayFailure(error);
  }
}

/** Has the file of the second layer changed? Then it is loaded anew. */
export async function checkCompared(): Promise<void> {
  const before = store.state.compare?.info;
  if (!before || document.visibilityState !== "visible") return;
  const info = await api.layer(before.id).catch(() => null);
  if (!info || info.version === before.version || store.state.compare?.info !== before) return;
  const style = styleOf(info);
  store.set({ compare: { ...store.state.compare, info } });
  await session.map?.setCompare(info, style);
  void equaliseCompared(info.id, style);
  apply();
  say("The file of the second layer changed on disk; showing the new pixels.");
}

/** Bring the map to the mode and value of the state. */
function apply(): void {
  const { compare } = store.state;
  if (!compare) return;
  const value = { opacity: compare.opacity, swipe: compare.swipe, blink: compare.shown }[compare.mode];
  session.map?.setCompareMode(compare.mode, value);
}

export function changeCompare(change: Partial<CompareState>): void {
  const { compare } = store.state;
  if (!compare) return;
  store.set({ compare: { ...compare, ...change } });
  apply();
  syncUrl("replace");
}

export function setCompareMode(mode: CompareMode): void {
  if (mode !== "blink") stopBlinking();
  changeCompare({ mode, ...(mode === "blink" ? { shown: 1 } : {}) });
}

function stopBlinking(): void {
  clearInterval(timer);
  timer = undefined;
  if (store.state.compare?.playing) changeCompare({ playing: false });
}

export function toggleBlinking(): void {
  if (store.state.compare?.playing) {
    stopBlinking();
    return;
  }
  changeCompare({ mode: "blink", playing: true });
  clearInterval(timer);
  timer = setInterval(() => changeCompare({ shown: store.state.compare?.shown ? 0 : 1 }), BLINK_MS);
}

/** A partner where none is chosen: the layer before this one, else its neighbour. */
function partner(): string | null {
  const current = splitLayerId(store.state.layerId ?? "").base;
  const last = previousLayer();
  if (last && splitLayerId(last).base !== current) return last;
  const layers = allLayers(store.state.holdings).filter((layer) => layer.status === "ready");
  const at = layers.findIndex((layer) => layer.layer_id === current);
  const neighbour = layers[at + 1] ?? layers[at - 1];
  return neighbour && neighbour.layer_id !== current ? neighbour.layer_id : null;
}

async function ensurePartner(mode: CompareMode): Promise<boolean> {
  if (store.state.compare) return true;
  const id = partner();
  if (!id) {
    say("There is no second layer to compare with.");
    return false;
  }
  await compareWith(id, { mode });
  return store.state.compare !== null;
}

/** The key: show the one, then the other. */
export async function blinkOnce(): Promise<void> {
  const had = store.state.compare !== null;
  if (!(await ensurePartner("blink")) || !had) return;
  const { compare } = store.state;
  if (compare?.playing) return stopBlinking();
  changeCompare({ mode: "blink", shown: compare?.mode === "blink" && compare.shown ? 0 : 1 });
}

export async function swipe(): Promise<void> {
  const had = store.state.compare !== null;
  if (!(await ensurePartner("swipe")) || !had) return;
  setCompareMode(store.state.compare?.mode === "swipe" ? "opacity" : "swipe");
}
