/** Circles on the sky whose pixels are measured: which there are, and what is known of them. */
import type { ApertureStatistics } from "../api/regions";
import type { CircleRegion } from "../sky/regions";
import { addUrlPart, syncUrl } from "./address";
import { decodeCircles, encodeCircles, LONGEST_NAME, MOST_CIRCLES } from "./region-codec";
import { say, session } from "./session";
import { Store } from "./state";

export interface Aperture {
  id: string;
  number: number;
  /** Empty: it goes by its number. */
  name: string;
  ra: number;
  dec: number;
  radius: number;
}

export interface Measured {
  /** Layer, version and circle that the numbers are of. */
  key: string;
  busy: boolean;
  data: ApertureStatistics | null;
  fault: string;
}

export interface AperturesState {
  list: readonly Aperture[];
  selected: string | null;
  hovered: string | null;
  /** Id of the one that is being dragged. */
  live: string | null;
  measured: ReadonlyMap<string, Measured>;
}

export const SMALLEST_DEG = 1e-6;
export const LARGEST_DEG = 90;

export const apertures = new Store<AperturesState>({
  list: [],
  selected: null,
  hovered: null,
  live: null,
  measured: new Map(),
});

export const nameOf = (aperture: Aperture): string => aperture.name || `Aperture ${aperture.number}`;
export const circleOf = ({ ra, dec, radius }: Aperture): CircleRegion => ({ kind: "circle", ra, dec, radius });
export const apertureOf = (id: string | null): Aperture | null =>
  apertures.state.list.find((aperture) => aperture.id === id) ?? null;

type Circle = Pick<Aperture, "ra" | "dec" | "radius">;

function changed(patch: Partial<AperturesState>): void {
  apertures.set(patch);
  syncUrl("replace");
  session.map?.redraw();
}

const made = (circle: Circle & { name: string }, number: number): Aperture => ({
  ...circle,
  radius: Math.min(LARGEST_DEG, Math.max(SMALLEST_DEG, circle.radius)),
  id: `aperture-${number}`,
  number,
});

export function addAperture(circle: Circle): string | null {
  const { list } = apertures.state;
  if (list.length >= MOST_CIRCLES) {
    say(`There are ${MOST_CIRCLES} apertures already. Delete one first.`, "fault");
    return null;
  }
  const added = made({ ...circle, name: "" }, Math.max(0, ...list.map(({ number }) => number)) + 1);
  changed({ list: [...list, added], selected: added.id });
  return added.id;
}

const edited = (id: string, patch: Partial<Aperture>): Aperture[] =>
  apertures.state.list.map((aperture) =>
    aperture.id === id ? made({ ...aperture, ...patch }, aperture.number) : aperture,
  );

export const setAperture = (id: string, patch: Partial<Circle> & { name?: string }): void => {
  const name = patch.name?.trim().slice(0, LONGEST_NAME);
  changed({ list: edited(id, name === undefined ? patch : { ...patch, name }), live: null });
};

export function dragAperture(id: string, circle: Circle): void {
  apertures.set({ list: edited(id, circle), live: id });
  session.map?.redraw();
}

export function deleteAperture(id: string): void {
  const { list, selected, measured } = apertures.state;
  const rest = new Map(measured);
  rest.delete(id);
  const at = list.findIndex((aperture) => aperture.id === id);
  const next = list[at + 1] ?? list[at - 1];
  const chosen = selected === id ? (next?.id ?? null) : selected;
  changed({ list: list.filter((aperture) => aperture.id !== id), selected: chosen, measured: rest });
}

export const deleteAllApertures = (): void => changed({ list: [], selected: null, measured: new Map() });

export function selectAperture(id: string | null): void {
  apertures.set({ selected: id });
  session.map?.redraw();
}

export function hoverAperture(id: string | null): void {
  if (apertures.state.hovered === id) return;
  apertures.set({ hovered: id });
  session.map?.redraw();
}

let restored = false;

/** Apertures belong to the page: going back among layers does not take them away. */
export function keepAperturesInAddress(): void {
  addUrlPart("circles", {
    read: () => encodeCircles(apertures.state.list),
    restore: (text) => {
      if (!restored) changed({ list: decodeCircles(text).map((circle, k) => made(circle, k + 1)) });
      restored = true;
    },
  });
}
