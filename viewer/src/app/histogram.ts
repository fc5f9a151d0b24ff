/** Fetching histograms for the panel and for equalisation. */
import { api } from "../api/client";
import type { Histogram } from "../api/types";
import type { DisplayStyle } from "../map/types";
import { axisAround, cumulative, folded, needsBins, type Range } from "../panels/histogram-math";
import { debounced, isAbort, Latest, sayFailure, session, wordsOf } from "./session";
import type { HistogramState } from "./state";
import { store } from "./store-controller";

const BINS = 400;
const EQUALISING_BINS = 6144;
const loading = new Latest();
const equalising = new Latest();
const equalisingCompared = new Latest();

const patch = (change: Partial<HistogramState>) => store.set({ histogram: { ...store.state.histogram, ...change } });

type What = Pick<DisplayStyle, "absolute">;

async function counts(
  id: string,
  { absolute }: What,
  axis: Range,
  bins: number,
  exact: boolean,
  signal: AbortSignal,
): Promise<Histogram> {
  const reach = Math.max(Math.abs(axis[0]), Math.abs(axis[1]));
  const [vmin, vmax] = absolute ? [-reach, reach] : axis;
  const answer = await api.histogram(
    id,
    { bins: absolute ? 2 * bins : bins, exact: exact ? 1 : 0, vmin, vmax },
    signal,
  );
  return absolute ? folded(answer) : answer;
}

/** Load the counts over the axis; a new layer gets an axis about its range. */
export async function loadHistogram({ keepAxis = true, exact = false } = {}): Promise<void> {
  const { layerId, style, histogram } = store.state;
  if (!layerId || !style) return;
  const signal = loading.next();
  const fresh = !keepAxis || histogram.axis === null;
  const axis = fresh ? axisAround([style.vmin, style.vmax]) : (histogram.axis as Range);
  patch({ busy: exact ? "exact" : "sampled", error: null, ...(fresh ? { axis, data: null } : {}) });
  try {
    const data = await counts(layerId, style, axis, BINS, exact, signal);
    patch({ data, busy: "no", ...(fresh ? { axis: snug(axis, data, [style.vmin, style.vmax]) } : {}) });
  } catch (error) {
    if (!isAbort(error)) patch({ busy: "no", error: wordsOf(error) });
  }
}

/** No long stretch of axis where there are no values. */
function snug(axis: Range, data: Histogram, range: Range): Range {
  const margin = 0.04 * (axis[1] - axis[0]);
  const lo = data.minimum === null ? axis[0] : Math.max(axis[0], data.minimum - margin);
  const hi = data.maximum === null ? axis[1] : Math.min(axis[1], data.maximum + margin);
  return [Math.min(lo, range[0] - margin), Math.max(hi, range[1] + margin)];
}

const refine = debounced(() => {
  const { data, axis } = store.state.histogram;
  if (axis && needsBins(data, axis)) void loadHistogram({ exact: data?.exact ?? false });
}, 160);

/** Look at another part of the axis; finer counts follow once it rests. */
export function setAxis(axis: Range): void {
  patch({ axis });
  refine();
}

/** A range set by figures or by a preset: the axis moves where it would not show it well. */
export function showRange(): void {
  const { histogram, style } = store.state;
  if (!style || !histogram.axis) return;
  const [lo, hi] = histogram.axis;
  const share = (style.vmax - style.vmin) / (hi - lo);
  if (style.vmin >= lo && style.vmax <= hi && share > 0.05) return;
  setAxis(axisAround([style.vmin, style.vmax]));
}

/** Show the axis about the range again. */
export function resetAxis(): void {
  void loadHistogram({ keepAxis: false });
}

export const flipLog = (): void => patch({ log: !store.state.histogram.log });

export const exactHistogram = (): Promise<void> => loadHistogram({ exact: true });

/** Another layer is on its way: the counts of the one before are not its own. */
export function forgetHistogram({ vmin, vmax }: DisplayStyle): void {
  loading.cancel();
  patch({ data: null, axis: axisAround([vmin, vmax]), busy: "sampled", error: null });
}

export function cancelHistogram(): void {
  loading.cancel();
  patch({ busy: "no" });
}

/** Shares of a layer's values over the range of a style and as much on either side. */
async function shares(
  id: string,
  style: DisplayStyle,
  signal: AbortSignal,
): Promise<{ edges: number[]; cdf: number[] }> {
  const width = style.vmax - style.vmin;
  const axis: Range = [style.vmin - width, style.vmax + width];
  const data = await counts(id, style, axis, EQUALISING_BINS, false, signal);
  return { edges: data.edges, cdf: cumulative(data) };
}

const equalise = debounced(async () => {
  const { layerId, style } = store.state;
  if (!layerId || style?.stretch !== "histeq") return;
  try {
    const equalisation = await shares(layerId, style, equalising.next());
    session.map?.setEqualisation(equalisation.edges, equalisation.cdf);
    store.set({ equalisation });
  } catch (error) {
    if (!isAbort(error)) patch({ error: wordsOf(error) });
  }
}, 60);

/** The same for a layer that is shown over another. */
export async function equaliseCompared(id: string, style: DisplayStyle): Promise<void> {
  const signal = equalisingCompared.next();
  if (style.stretch !== "histeq") return;
  try {
    const { edges, cdf } = await shares(id, style, signal);
    session.map?.setCompareEqualisation(edges, cdf);
  } catch (error) {
    sayFailure(error);
  }
}

/** The histogram-equalised stretch needs the shares of values over the range. */
export function refreshEqualisation(): void {
  equalise();
}
