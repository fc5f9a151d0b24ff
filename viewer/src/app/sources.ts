/** The selected source: its row, its place in the address, going to it. */
import { type SourceRow, sources } from "../api/sources";
import { catalogs, type Selected, type SourceKey } from "../catalogs/store";
import { decodeSource, encodeSource } from "../catalogs/url";
import { addUrlPart, syncUrl } from "./address";
import { isAbort, Latest, say, sayFailure, session, wordsOf } from "./session";

const reading = new Latest();

/** Select a source: its row is read, its card opens. */
export function selectSource(
  key: SourceKey,
  known: { ra: number; dec: number } | null = null,
  ties: readonly SourceKey[] = [key],
  history: "push" | "none" = "push",
): Promise<SourceRow | null> {
  const selected: Selected = {
    ...key,
    ra: known?.ra ?? null,
    dec: known?.dec ?? null,
    values: null,
    error: null,
    ties,
  };
  catalogs.set({ selected });
  session.map?.redraw();
  if (history === "push") syncUrl("push");
  return readSource(key);
}

async function readSource(key: SourceKey): Promise<SourceRow | null> {
  const same = () => catalogs.state.selected?.id === key.id && catalogs.state.selected.row === key.row;
  const patch = (change: Partial<Selected>) => {
    const { selected } = catalogs.state;
    if (selected && same()) catalogs.set({ selected: { ...selected, ...change } });
    session.map?.redraw();
  };
  try {
    const found = await sources.row(key.id, key.row, reading.next());
    patch({ values: found.values, ra: found.ra, dec: found.dec });
    return found;
  } catch (error) {
    if (!isAbort(error)) patch({ error: wordsOf(error) });
    return null;
  }
}

export function clearSelection(history: "push" | "none" = "push"): void {
  if (!catalogs.state.selected) return;
  reading.cancel();
  catalogs.set({ selected: null });
  session.map?.redraw();
  if (history === "push") syncUrl("push");
}

/** Bring a source into the middle of the map and select it. */
export async function goToSource(key: SourceKey): Promise<void> {
  const found = await selectSource(key);
  if (!found) return;
  if (found.ra === null || found.dec === null) {
    say("This row has no position: it is in the table only.");
    return;
  }
  try {
    if ((await session.map?.goToSky(found.ra, found.dec)) === false) say("This source lies outside the layer shown.");
  } catch (error) {
    sayFailure(error);
  }
}

addUrlPart("source", {
  read: () => encodeSource(catalogs.state.selected),
  restore(text) {
    const wanted = decodeSource(text);
    const { selected } = catalogs.state;
    if (!wanted) clearSelection("none");
    else if (selected?.id !== wanted.id || selected.row !== wanted.row)
      void selectSource(wanted, null, [wanted], "none");
  },
});
