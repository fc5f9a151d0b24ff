/** The page's address follows the state, and the state follows back and forward. */
import { debounced } from "./session";
import { type AppState, DEFAULT_OVERLAYS } from "./state";
import { store } from "./store-controller";
import { type ExtraName, encodeUrl, splitLayerId, type UrlState, type UrlView } from "./url";

let muted = 0;

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

export async function restoreParts(extra: Record<string, string>): Promise<void> {
  await Promise.all([...parts].map(([name, part]) => part.restore(extra[name] ?? "")));
}

const extraOf = (): Record<string, string> =>
  Object.fromEntries([...parts].map(([name, part]) => [name, part.read()]).filter(([, text]) => text));

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

function write(how: "push" | "replace"): void {
  if (!store.state.info) return;
  // The view that was told last, not where the map stands by now: each telling is followed by a writing.
  const search = `?${encodeUrl(urlState(store.state))}`;
  if (search === location.search) return;
  const address = `${location.pathname}${search}${location.hash}`;
  if (how === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

let entryIsDue = false;

/** While a layer is on its way the address is still that of the one before. */
const later = debounced(() => {
  if (store.state.layerBusy) return later();
  write(entryIsDue ? "push" : "replace");
  entryIsDue = false;
}, 250);

/** Put the state into the address: a new entry of the history, or in place once things are quiet. */
export function syncUrl(how: "push" | "replace"): void {
  if (muted > 0) return;
  if (how === "replace") {
    later();
    return;
  }
  later.cancel();
  entryIsDue = false;
  write("push");
}

/** The map has set out for another place: once it is there the address has a new entry. */
export function syncUrlOnArrival(): void {
  if (muted > 0) return;
  if (!store.state.layerBusy) flushUrl();
  entryIsDue = true;
  later();
}

/** Write at once what waits: the address that is shared is the one on the screen. */
export function flushUrl(): string {
  later.cancel();
  write("replace");
  return location.href;
}

/** While `work` runs nothing is written: the address is what is being restored. */
export async function withoutUrl<T>(work: () => Promise<T>): Promise<T> {
  muted++;
  later.cancel();
  entryIsDue = false;
  try {
    return await work();
  } finally {
    muted--;
    if (muted === 0) later();
  }
}
