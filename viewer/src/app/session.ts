/** What lives beside the state: the map, and words for the person at the screen. */
import type { SkyMapApi } from "../map/types";
import type { Toast } from "./state";
import { store } from "./store-controller";

/** `map` is set once, when the page has its element. */
export const session: { map: SkyMapApi | null } = { map: null };

let nextToast = 1;
const SHOWN_MS = { note: 4500, fault: 9000 };

const timers = new Map<number, ReturnType<typeof setTimeout>>();

/** Show a line for a while; what is said again stays longer instead of standing there twice. */
export function say(text: string, kind: Toast["kind"] = "note"): void {
  const known = store.state.toasts.find((toast) => toast.text === text);
  const toast = known ?? { id: nextToast++, kind, text };
  if (!known) store.set({ toasts: [...store.state.toasts.slice(-3), toast] });
  clearTimeout(timers.get(toast.id));
  timers.set(
    toast.id,
    setTimeout(() => dismiss(toast.id), SHOWN_MS[kind]),
  );
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  store.set({ toasts: store.state.toasts.filter((toast) => toast.id !== id) });
}

/** The words of a failure; requests that were taken back are none. */
export function sayFailure(error: unknown): void {
  if (isAbort(error)) return;
  say(wordsOf(error), "fault");
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Only the last of a series of requests counts: `next()` takes back the one before. */
export class Latest {
  private controller: AbortController | null = null;

  next(): AbortSignal {
    this.cancel();
    this.controller = new AbortController();
    return this.controller.signal;
  }

  cancel(): void {
    this.controller?.abort();
    this.controller = null;
  }
}

/** Call `work` once things have been quiet for `ms`. */
export function debounced(work: () => void, ms: number): { (): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(work, ms);
  };
  return Object.assign(later, { cancel: () => clearTimeout(timer) });
}
