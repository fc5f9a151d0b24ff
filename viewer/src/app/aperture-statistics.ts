/** Numbers of apertures follow their circles and the layer: a moment after the last change, two at a time. */
import { aperture as ask } from "../api/regions";
import type { LayerInfo } from "../api/types";
import { posText } from "../sky/regions";
import { type Aperture, apertures, circleOf, type Measured } from "./apertures";
import { debounced, isAbort, wordsOf } from "./session";
import { store } from "./store-controller";

const QUIET_MS = 200;
const AT_ONCE = 2;

const running = new Map<string, { key: string; control: AbortController }>();

const keyOf = (info: LayerInfo, aperture: Aperture): string =>
  `${info.id} ${info.version} ${posText(circleOf(aperture))}`;

function note(id: string, measured: Measured): void {
  if (!apertures.state.list.some((aperture) => aperture.id === id)) return;
  apertures.set({ measured: new Map(apertures.state.measured).set(id, measured) });
}

/** Start what is due and free, take back what nobody waits for any more. */
function look(): void {
  const { info } = store.state;
  const { list, live, measured } = apertures.state;
  const wanted = new Map(
    info && info.pixel_scale_deg !== null
      ? list.filter(({ id }) => id !== live).map((one) => [one.id, { one, key: keyOf(info, one) }] as const)
      : [],
  );
  for (const [id, { key, control }] of running)
    if (wanted.get(id)?.key !== key) {
      control.abort();
      running.delete(id);
    }
  for (const [id, { one, key }] of wanted) {
    if (running.size >= AT_ONCE) return;
    if (info && measured.get(id)?.key !== key && !running.has(id)) void measure(info, one, key);
  }
}

async function measure(info: LayerInfo, one: Aperture, key: string): Promise<void> {
  const control = new AbortController();
  running.set(one.id, { key, control });
  const before = apertures.state.measured.get(one.id);
  // Without a key: should this be taken back, what was measured before is due again.
  note(one.id, { key: "", busy: true, data: before?.data ?? null, fault: "" });
  try {
    const data = await ask(info.id, { ra: one.ra, dec: one.dec, radius: one.radius }, control.signal);
    note(one.id, { key, busy: false, data, fault: "" });
  } catch (error) {
    if (control.signal.aborted || isAbort(error)) return;
    note(one.id, { key, busy: false, data: null, fault: wordsOf(error) });
  } finally {
    if (running.get(one.id)?.control === control) running.delete(one.id);
    look();
  }
}

export function startStatistics(): void {
  const soon = debounced(look, QUIET_MS);
  apertures.subscribe(["list", "live"], soon);
  store.subscribe(["info"], soon);
  soon();
}
