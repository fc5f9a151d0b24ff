/** FITS writes micro as `u`; people read `µ`. */
import type { HoldingsTree, LayerInfo } from "./types";

/** `uK` → `µK`, `uJy/beam` → `µJy/beam`; everything else as it is. */
export function readableUnits(units: string | null): string | null {
  return units?.replace(/(^|[\s./*(])u(?=[A-Z])/g, "$1µ") ?? null;
}

/** Units as a keyboard types them. */
export const typedUnits = (units: string): string => units.replace(/[µμ]/g, "u");

export const readableLayer = (info: LayerInfo): LayerInfo => ({ ...info, units: readableUnits(info.units) });

export function readableTree(tree: HoldingsTree): HoldingsTree {
  for (const group of tree.map_groups)
    for (const map of group.maps)
      for (const band of map.bands) for (const layer of band.layers) layer.units = readableUnits(layer.units);
  return tree;
}
