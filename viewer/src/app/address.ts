/** The page's address follows the state, and the state follows back and forward. */
import { debounced } from "./session";
import { type AppState, DEFAULT_OVERLAYS } from "./state";
import { store } from "./store-controller";
import { type ExtraName, encodeUrl, splitLayerId, type UrlState, type UrlView } from "./url";

let muted = 0;
/** The next change of the address is a new entry: somebody acted before there was anything to write. */
let entryIsDue = false;

/** A part of the page that keeps something in the address. */
export interface UrlPart {
  /** What it says now, empty when it has nothing to say. */
  read(): string;
  /** Bring back what an address says; empty when it says nothing. */
  restore(text: string): void | Promise<void>;
}

const parts = new Map<ExtraName, UrlPart>();

/** Keep something in the address under `name`. Call `syncUrl` when it changes. */
export function addUrlPart(name: ExtraName, part: UrlPart): void {
  parts.set(name, part);
}

/** What the parts say now. */
export const extraOf = (): Record<string, string> =>
  Object.fromEntries([...parts].map(([name, part]) => [name, part.read()]).filter(([, text]) => text));

/** Bring back what an address says of the parts, but for those that somebody has changed from `before` meanwhile. */
export async function restoreParts(extra: Record<string, string>, before = extraOf()): Promise<void> {
  const kept = ([name, part]: [ExtraName, UrlPart]) => !entryIsDue || part.read() === (before[name] ?? "");
  await Promise.all([...parts].filter(kept).map(([name, part]) => part.restore(extra[name] ?? "")));
}

function viewOf(state: AppState): UrlView {
  const { view } = state;
  if (!view) return {};
  if (view.ra !== null && view.dec !== null) return { ra: view.ra, dec: view.dec, fov: view.fov_deg ?? undefined };
  return { x: view.x, y: view.y, scale: view.scale };
}

export function urlState(state: AppState): UrlState {
  const { base, slice } = splitLayerId(state.layerId ?? "");
  const { compare } = state;
  return {
    layer: base || undefined,
    slice,
    view: viewOf(state),
    style: state.style ?? {},
    compare: compare ? { id: compare.id, mode: compare.mode, mix: mixOf(compare) } : undefined,
    overlays: state.overlays ?? DEFAULT_OVERLAYS,
    mirror: state.mirror,
    extra: extraOf(),
  };
}

const mixOf = (compare: NonNullable<AppState["compare"]>): number =>
  compare.mode === "swipe" ? compare.swipe : compare.mode === "blink" ? compare.shown : compare.opacity;

/** What the address is to say, empty before there is a layer. */
const searchNow = (): string => (store.state.info ? `?${encodeUrl(urlState(store.state))}` : "");

function put(search: string, how: "push" | "replace"): boolean {
  if (!search || search === location.search) return false;
  const address = `${location.pathname}${search}${location.hash}`;
  if (how === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  return true;
}

/** What the entry is to say once things are quiet, kept from when it was told: what comes after is the next one's. */
let waiting = "";

function settle(): void {
  later.cancel();
  if (put(waiting, entryIsDue ? "push" : "replace")) entryIsDue = false;
  waiting = "";
}

const later = debounced(() => {
  // The address is still that of the layer before.
  if (store.state.layerBusy) return later();
  waiting = searchNow();
  settle();
}, 250);

function forget(): void {
  later.cancel();
  waiting = "";
  entryIsDue = false;
}

/** Put the state into the address: a new entry of the history, or in place once things are quiet. */
export function syncUrl(how: "push" | "replace"): void {
  if (muted > 0 || store.state.layerBusy) {
    entryIsDue ||= how === "push";
    if (muted === 0) later();
    return;
  }
  if (how === "replace") {
    waiting = searchNow();
    later();
    return;
  }
  settle();
  put(searchNow(), "push");
  entryIsDue = false;
}

/** The map has set out for another place: once it is there the address has a new entry. */
export function syncUrlOnArrival(): void {
  if (muted > 0 || store.state.layerBusy) {
    syncUrl("push");
    return;
  }
  settle();
  entryIsDue = true;
  later();
}

/** Write at once what waits: the address that is shared is the one on the screen. */
export function flushUrl(): string {
  if (muted === 0 && !store.state.layerBusy) {
    waiting = searchNow();
    settle();
  }
  return location.href;
}

/** While `work` runs nothing is written: the address is what is being restored. */
export async function withoutUrl<T>(work: () => Promise<T>): Promise<T> {
  muted++;
  forget();
  try {
    return await work();
  } finally {
    muted--;
    if (muted === 0) later();
  }
}
