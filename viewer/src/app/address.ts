/** The page's address follows the state, and the state follows back and forward. */
import { debounced, session } from "./session";
import { type AppState, DEFAULT_OVERLAYS } from "./state";
import { store } from "./store-controller";
import { encodeUrl, splitLayerId, type UrlState, type UrlView } from "./url";

let muted = 0;

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
  };
}

const mixOf = (compare: NonNullable<AppState["compare"]>): number =>
  compare.mode === "swipe" ? compare.swipe : compare.mode === "blink" ? compare.shown : compare.opacity;

function write(how: "push" | "replace"): void {
  if (!store.state.info) return;
  const view = session.map?.position ?? store.state.view;
  const search = `?${encodeUrl(urlState({ ...store.state, view }))}`;
  if (search === location.search) return;
  const address = `${location.pathname}${search}${location.hash}`;
  if (how === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

const later = debounced(() => write("replace"), 250);

/** Put the state into the address: a new entry of the history, or in place once things are quiet. */
export function syncUrl(how: "push" | "replace"): void {
  if (muted > 0) return;
  if (how === "replace") {
    later();
    return;
  }
  later.cancel();
  write("push");
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
  try {
    return await work();
  } finally {
    muted--;
    if (muted === 0) later();
  }
}
