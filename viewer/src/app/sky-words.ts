/** A position in the frame that the page shows, for cards: more digits than the pixels of a map warrant. */
import { formatDec, formatLat, formatLon, formatRaHours } from "./format";
import { fromIcrs } from "./frames";
import { store } from "./store-controller";

/** A tenth of an arcsecond. */
const FINE_DEG = 1 / 36_000;

export interface SkyWords {
  /** Name of a coordinate and its value, in the frame of the page. */
  pairs: [string, string][];
  /** For the clipboard. */
  plain: string;
}

const NAMES = { galactic: ["l", "b"], ecliptic: ["λ", "β"] } as const;

/** `scaleDeg`: what one pixel covers, where the position is that of a pixel. */
export function skyWords(ra: number, dec: number, scaleDeg = FINE_DEG): SkyWords {
  const { frame, raConvention } = store.state.overlays;
  const half = raConvention === "±180";
  const degrees = `${formatLon(ra, scaleDeg, half)} ${formatLat(dec, scaleDeg)}`;
  if (frame === "icrs") {
    const pairs: [string, string][] = [
      ["RA", formatRaHours(ra, scaleDeg)],
      ["Dec", formatDec(dec, scaleDeg)],
      ["degrees", degrees],
    ];
    return { pairs, plain: `${pairs[0][1]} ${pairs[1][1]}` };
  }
  const [lon, lat] = fromIcrs(frame, ra, dec);
  const [first, second] = NAMES[frame];
  const pairs: [string, string][] = [
    [first, formatLon(lon, scaleDeg, half)],
    [second, formatLat(lat, scaleDeg)],
    ["RA Dec", degrees],
  ];
  return { pairs, plain: `${first}=${pairs[0][1]} ${second}=${pairs[1][1]}` };
}
