/** Boxes of the holdings and drawn ones: which there are, which are shown, where they are kept. */
import type { BoxEntry } from "../api/types";
import { makeRange, middleOf, type Region, raSpan, type SkyRegion, sizeOf } from "../sky/regions";
import { addUrlPart, syncUrl, syncUrlOnArrival } from "./address";
import { decodeBoxes, encodeBoxes, LONGEST_NAME, MOST_BOXES } from "./region-codec";
import { say, sayFailure, session } from "./session";
import { Store } from "./state";
import { store } from "./store-controller";
import { remember, remembered } from "./theme";

export interface Box {
  id: string;
  /** Given by the holdings, or drawn here. */
  origin: "given" | "drawn";
  name: string;
  description: string;
  region: Region;
  shown: boolean;
}

interface Drawn {
  number: number;
  name: string;
  region: Region;
  shown: boolean;
}

export interface BoxesState {
  drawn: readonly Drawn[];
  /** Ids of given boxes that are not shown. */
  off: ReadonlySet<string>;
  selected: string | null;
  hovered: string | null;
  /** Id of the box that is being dragged. */
  live: string | null;
}

export const boxes = new Store<BoxesState>({ drawn: [], off: new Set(), selected: null, hovered: null, live: null });

const idOf = (drawn: Drawn): string => `drawn-${drawn.number}`;

const drawnBox = (drawn: Drawn): Box => ({
  id: idOf(drawn),
  origin: "drawn",
  name: drawn.name || `Box ${drawn.number}`,
  description: "",
  region: drawn.region,
  shown: drawn.shown,
});

const givenBox = (entry: BoxEntry, off: ReadonlySet<string>): Box => ({
  id: `given-${entry.box_id}`,
  origin: "given",
  name: entry.name || entry.box_id,
  description: entry.description,
  region: makeRange(entry.bottom_right_ra, entry.top_left_ra, entry.top_left_dec, entry.bottom_right_dec),
  shown: !off.has(entry.box_id),
});

export const givenBoxes = (): Box[] =>
  (store.state.holdings?.boxes ?? []).map((entry) => givenBox(entry, boxes.state.off));
export const drawnBoxes = (): Box[] => boxes.state.drawn.map(drawnBox);
export const allBoxes = (): Box[] => [...givenBoxes(), ...drawnBoxes()];
export const boxOf = (id: string | null): Box | null => allBoxes().find((box) => box.id === id) ?? null;

const memory = (): string => `armillary.boxes:${new URL(".", document.baseURI).pathname}`;

function save(): void {
  const { drawn, off } = boxes.state;
  const hidden = drawn.flatMap((box, k) => (box.shown ? [] : [k]));
  remember(memory(), JSON.stringify({ boxes: encodeBoxes(drawn), hidden, off: [...off] }));
}

function changed(patch: Partial<BoxesState>): void {
  boxes.set(patch);
  save();
  syncUrl("replace");
  session.map?.redraw();
}

const edit = (id: string, patch: Partial<Drawn>): Drawn[] =>
  boxes.state.drawn.map((drawn) => (idOf(drawn) === id ? { ...drawn, ...patch } : drawn));

/** Add a box; its id, or null where there are too many. */
export function addBox(region: Region): string | null {
  const { drawn } = boxes.state;
  if (drawn.length >= MOST_BOXES) {
    say(`There are ${MOST_BOXES} boxes already. Delete one first.`, "fault");
    return null;
  }
  const added = { number: nextNumber(drawn), name: "", region, shown: true };
  changed({ drawn: [...drawn, added], selected: idOf(added) });
  return idOf(added);
}

const nextNumber = (drawn: readonly Drawn[]): number => Math.max(0, ...drawn.map(({ number }) => number)) + 1;

export const setRegion = (id: string, region: Region): void => changed({ drawn: edit(id, { region }), live: null });

/** While it is dragged nothing is written down. */
export function dragRegion(id: string, region: Region): void {
  boxes.set({ drawn: edit(id, { region }), live: id });
  session.map?.redraw();
}

export const renameBox = (id: string, name: string): void =>
  changed({ drawn: edit(id, { name: name.trim().slice(0, LONGEST_NAME) }) });

export function deleteBox(id: string): void {
  const { drawn, selected } = boxes.state;
  changed({ drawn: drawn.filter((box) => idOf(box) !== id), selected: selected === id ? null : selected });
}

export function showBox(box: Box, shown: boolean): void {
  if (box.origin === "drawn") changed({ drawn: edit(box.id, { shown }) });
  else {
    const off = new Set(boxes.state.off);
    if (shown) off.delete(box.id.slice("given-".length));
    else off.add(box.id.slice("given-".length));
    changed({ off });
  }
}

export function showAll(shown: boolean): void {
  const off = new Set(shown ? [] : (store.state.holdings?.boxes ?? []).map((entry) => entry.box_id));
  changed({ off, drawn: boxes.state.drawn.map((box) => ({ ...box, shown })) });
}

export function selectBox(id: string | null): void {
  boxes.set({ selected: id });
  session.map?.redraw();
}

export function hoverBox(id: string | null): void {
  if (boxes.state.hovered === id) return;
  boxes.set({ hovered: id });
  session.map?.redraw();
}

/** Bring a region into view, with some air around it. */
export async function goToRegion(region: Region): Promise<void> {
  const { map } = session;
  if (!map) return;
  if (region.kind === "pixels") map.goToPixel(...pixelMiddle(region), pixelScale(region), true);
  else if (region.kind === "range" && raSpan(region) > 300) map.fit(true);
  else await goToSkyRegion(region).catch(sayFailure);
  syncUrlOnArrival();
}

const AIR = 1.25;

async function goToSkyRegion(region: SkyRegion): Promise<void> {
  const [width, height] = sizeOf(region);
  const fov = AIR * Math.max(width, height * aspect(), 1e-6);
  if (!(await session.map?.goToSky(...middleOf(region), Math.min(fov, 360), true)))
    say("The middle of this region lies outside the layer that is shown.", "fault");
}

export const mapPlace = (): DOMRect | undefined =>
  document.querySelector("armillary-app")?.shadowRoot?.querySelector("#map")?.getBoundingClientRect();

function aspect(): number {
  const size = mapPlace();
  return size && size.height > 0 ? size.width / size.height : 1.5;
}

const pixelMiddle = ({ x0, y0, x1, y1 }: { x0: number; y0: number; x1: number; y1: number }): [number, number] => [
  (x0 + x1 - 1) / 2,
  (y0 + y1 - 1) / 2,
];

function pixelScale({ x0, y0, x1, y1 }: { x0: number; y0: number; x1: number; y1: number }): number {
  const size = mapPlace();
  return AIR * Math.max((x1 - x0) / (size?.width ?? 800), (y1 - y0) / (size?.height ?? 600));
}

interface Remembered {
  boxes: Drawn[];
  off: string[];
}

function recall(): Remembered {
  try {
    const saved = JSON.parse(remembered(memory()) ?? "{}");
    const hidden = new Set<unknown>(Array.isArray(saved.hidden) ? saved.hidden : []);
    const off = Array.isArray(saved.off) ? saved.off.filter((id: unknown) => typeof id === "string") : [];
    const found = decodeBoxes(typeof saved.boxes === "string" ? saved.boxes : "");
    return { off, boxes: found.map((box, k) => ({ ...box, number: k + 1, shown: !hidden.has(k) })) };
  } catch {
    return { off: [], boxes: [] };
  }
}

/** Boxes of the address first; those this browser remembers stay at hand, hidden where the address has its own. */
export function restoreBoxes(text: string): void {
  const named = decodeBoxes(text).map((box) => ({ ...box, number: 0, shown: true }));
  const kept = recall();
  const known = new Set(named.map((box) => encodeBoxes([{ ...box, name: "" }])));
  const others = kept.boxes
    .filter((box) => !known.has(encodeBoxes([{ ...box, name: "" }])))
    .map((box) => ({ ...box, shown: box.shown && named.length === 0 }));
  const drawn = [...named, ...others].slice(0, MOST_BOXES).map((box, k) => ({ ...box, number: k + 1 }));
  boxes.set({ drawn, off: new Set(kept.off) });
  session.map?.redraw();
}

let restored = false;

/** Drawn boxes belong to the page: going back among layers does not take them away. */
export function keepBoxesInAddress(): void {
  addUrlPart("boxes", {
    read: () => encodeBoxes(boxes.state.drawn.filter((box) => box.shown)),
    restore: (text) => {
      if (!restored) restoreBoxes(text);
      restored = true;
    },
  });
}
