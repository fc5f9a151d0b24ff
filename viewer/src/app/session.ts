/** What lives beside the state: the map, and words for the person at the screen. */
import type { SkyMapApi } from "../map/types";
import type { Toast } from "./state";
import { store } from "./store-controller";

/** `map` is set once, when the page has its element. */
export const session: { map: SkyMapApi | null } = { map: null };

let nextToast = 1;
const SHOWN_MS = { note: 3500, fault: 9000 };

/** Show a line for a while; the same line twice is shown once. */
export function say(text: string, kind: Toast["kind"] = "note"): void {
  const rest = store.state.toasts.filter((toast) => toast.text !== text);
  const toast = { id: nextToast++, kind, text };
  store.set({ toasts: [...rest.slice(-3), toast] });
  setTimeout(() => dismiss(toast.id), SHOWN_MS[kind]);
}

export function dismiss(id: number): void {
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
