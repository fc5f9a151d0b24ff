/** Names of layers as they are said in one line: `Three bands › r band › I`. */
import type { HoldingsTree, LayerEntry } from "../api/types";
import { store } from "./store-controller";
import { splitLayerId } from "./url";

export interface NamedLayer {
  entry: LayerEntry;
  /** Name of its group of maps. */
  group: string;
  name: string;
}

let made: { holdings: HoldingsTree | null; list: NamedLayer[]; byId: Map<string, NamedLayer> } | null = null;

/** All layers in the order of the tree. */
export function namedLayers(holdings: HoldingsTree | null): NamedLayer[] {
  return known(holdings).list;
}

function known(holdings: HoldingsTree | null) {
  if (made?.holdings === holdings) return made;
  const list = (holdings?.map_groups ?? []).flatMap((group) =>
    group.maps.flatMap((map) =>
      map.bands.flatMap((band) =>
        band.layers.map((entry): NamedLayer => {
          // What there is one of needs no name.
          const words = [map.name, map.bands.length > 1 && band.name, band.layers.length > 1 && entry.name];
          return { entry, group: group.name, name: words.filter(Boolean).join(" › ") };
        }),
      ),
    ),
  );
  made = { holdings, list, byId: new Map(list.map((one) => [one.entry.layer_id, one])) };
  return made;
}

export const namedLayer = (id: string): NamedLayer | null => known(store.state.holdings).byId.get(id) ?? null;

/** Name of a layer, of a slice with its number; ids that are no layer's are names of their own. */
export function layerName(id: string): string {
  const { base, slice } = splitLayerId(id);
  const name = namedLayer(base)?.name ?? base;
  return slice.length ? `${name}, slice ${slice.map((k) => k + 1).join(", ")}` : name;
}
