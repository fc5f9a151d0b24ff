/** Playing through the slices of a cube. */
import { openSlice } from "./layers";
import { store } from "./store-controller";
import { splitLayerId } from "./url";

let timer: ReturnType<typeof setTimeout> | undefined;
/** Grows whenever playing begins or ends: who awaits something meanwhile sees that its turn is over. */
let turn = 0;

/** Index and length of the axis that is played; null where there is no cube, and while another layer is on its way. */
function axisState(): { index: number[]; axis: number; length: number } | null {
  const { info, playback } = store.state;
  if (!info?.cube) return null;
  const { base, slice } = splitLayerId(store.state.layerId ?? "");
  if (base !== info.cube.base) return null;
  const axis = Math.min(playback.axis, info.cube.axes.length - 1);
  // The slice asked for last, which may still be on its way: quick steps add up.
  return { index: info.cube.axes.map((_, k) => slice[k] ?? 0), axis, length: info.cube.axes[axis].length };
}

export async function stepSlice(by: number): Promise<void> {
  const at = axisState();
  if (!at || at.length < 2) return;
  at.index[at.axis] = (at.index[at.axis] + by + at.length) % at.length;
  await openSlice(at.index);
}

/** A slice by its number along an axis; out of range is brought within. */
export async function goToSlice(axis: number, k: number): Promise<void> {
  const at = axisState();
  const length = store.state.info?.cube?.axes[axis]?.length;
  if (!at || !length) return;
  at.index[axis] = Math.min(length - 1, Math.max(0, Math.round(k)));
  await openSlice(at.index);
}

export function togglePlay(reverse = store.state.playback.reverse): void {
  const { playback, info } = store.state;
  if (!info?.cube) return;
  const playing = !(playback.playing && playback.reverse === reverse);
  store.set({ playback: { ...playback, playing, reverse } });
  clearTimeout(timer);
  turn++;
  if (playing) void run(turn);
}

/** One slice after another: at the rate asked for, or as fast as tiles arrive. */
async function run(mine: number): Promise<void> {
  const over = () => mine !== turn || !store.state.playback.playing;
  if (over()) return;
  const started = performance.now();
  await stepSlice(store.state.playback.reverse ? -1 : 1);
  await tilesHere(1500);
  if (over()) return;
  const rest = 1000 / store.state.playback.rate - (performance.now() - started);
  timer = setTimeout(() => void run(mine), Math.max(0, rest));
}

/** Resolves once no tile is on its way, or after `ms`. */
function tilesHere(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      end();
      clearTimeout(limit);
      resolve();
    };
    const limit = setTimeout(done, ms);
    const end = store.subscribe(["progress"], (state) => state.progress?.loading === 0 && done());
    if ((store.state.progress?.loading ?? 0) === 0)
      requestAnimationFrame(() => !store.state.progress?.loading && done());
  });
}

export function setRate(rate: number): void {
  store.set({ playback: { ...store.state.playback, rate } });
}

export function setAxis(axis: number): void {
  store.set({ playback: { ...store.state.playback, axis } });
}
