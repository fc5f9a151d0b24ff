/** The tree of what is on offer: asked for until every header is read, then now and then. */
import { api, apiUrl } from "../api/client";
import type { HoldingsTree } from "../api/types";
import { readableTree } from "../api/units";
import { wordsOf } from "./session";
import { store } from "./store-controller";

const SCANNING_MS = 800;
const QUIET_MS = 15_000;
const RETRY_MS = 4000;

let etag: string | null = null;

/** The tree, or null where it is the one we have. */
async function fetchHoldings(): Promise<HoldingsTree | null> {
  const headers: Record<string, string> = etag ? { "If-None-Match": etag } : {};
  const response = await fetch(apiUrl("holdings"), { headers, credentials: "same-origin" }).catch(() => null);
  if (response?.status === 304) return null;
  if (!response?.ok) return api.holdings(); // fails with words
  etag = response.headers.get("ETag");
  return readableTree(await response.json());
}

async function refresh(): Promise<number> {
  try {
    const tree = await fetchHoldings();
    if (tree && tree.version !== undefined) store.set({ holdings: tree });
    if (store.state.holdingsError) store.set({ holdingsError: null });
    return store.state.holdings?.scanning ? SCANNING_MS : QUIET_MS;
  } catch (error) {
    store.set({ holdingsError: wordsOf(error) });
    return RETRY_MS;
  }
}

/** Resolves once the first answer is here; goes on in the background while the page is in view. */
export async function followHoldings(): Promise<void> {
  const later = (ms: number) => setTimeout(tick, ms);
  const tick = async () => {
    later(document.visibilityState === "visible" ? await refresh() : QUIET_MS);
  };
  later(await refresh());
}
