/** What is under the pointer: the displayed value at once, the exact one when it rests. */
import { api } from "../api/client";
import type { ValueAnswer } from "../api/types";
import type { PointerReading, SkyMapApi } from "../map/types";
import { formatDec, formatLat, formatLon, formatPixel, formatRaHours } from "./format";
import { fromIcrs } from "./frames";
import { isAbort, Latest } from "./session";
import type { AppState } from "./state";
import { store } from "./store-controller";

const asking = new Latest();

/** Whether two places lie in the same pixel. */
export const samePixel = (a: { x: number; y: number }, b: { x: number | null; y: number | null }): boolean =>
  b.x !== null && b.y !== null && Math.round(a.x) === Math.round(b.x) && Math.round(a.y) === Math.round(b.y);

export function followPointer(map: SkyMapApi): void {
  map.addEventListener("pointer", (event) => pointed((event as CustomEvent<PointerReading | null>).detail));
  map.addEventListener("rest", (event) => void rested((event as CustomEvent<PointerReading>).detail));
}

function pointed(reading: PointerReading | null): void {
  const { exact } = store.state;
  const keep = reading !== null && exact !== null && samePixel(reading, exact);
  if (!keep) asking.cancel();
  store.set({ pointer: reading, exact: keep ? exact : null });
}

async function rested(reading: PointerReading): Promise<void> {
  const id = store.state.info?.id;
  if (!id) return;
  try {
    const exact = await api.value(id, { x: reading.x, y: reading.y }, asking.next());
    const { pointer, info } = store.state;
    if (pointer && info?.id === id && samePixel(pointer, exact)) store.set({ exact });
  } catch (error) {
    // The displayed value stays; the next rest asks again.
    if (!isAbort(error)) store.set({ exact: null });
  }
}

export interface ReadoutWords {
  ra: string;
  dec: string;
  raDeg: string;
  decDeg: string;
  galactic: [string, string] | null;
  ecliptic: [string, string] | null;
  x: string;
  y: string;
}

/** Coordinates of a reading, with the digits that the layer's pixels warrant. */
export function positionWords(
  state: Pick<AppState, "info" | "overlays">,
  at: PointerReading,
  exact: ValueAnswer | null,
): ReadoutWords {
  const scale = state.info?.pixel_scale_deg ?? null;
  const half = state.overlays.raConvention === "±180";
  const sky = at.ra !== null && at.dec !== null ? ([at.ra, at.dec] as const) : null;
  const pair = (frame: "galactic" | "ecliptic"): [string, string] | null => {
    if (!sky) return null;
    const same = exact !== null && exact.ra === at.ra && exact.dec === at.dec;
    const [lon, lat] = (same ? exact[frame] : null) ?? fromIcrs(frame, sky[0], sky[1]);
    return [formatLon(lon, scale), formatLat(lat, scale)];
  };
  return {
    ra: sky ? formatRaHours(sky[0], scale) : "",
    dec: sky ? formatDec(sky[1], scale) : "",
    raDeg: sky ? formatLon(sky[0], scale, half) : "",
    decDeg: sky ? formatLat(sky[1], scale) : "",
    galactic: pair("galactic"),
    ecliptic: pair("ecliptic"),
    x: formatPixel(at.x),
    y: formatPixel(at.y),
  };
}
