/** FITS writes micro as `u`; people read `µ`. */
import type { HoldingsTree, LayerInfo } from "./types";

const RAISED: Record<string, string> = { "2": "²", "3": "³", "4": "⁴" };

/** `uK` → `µK`, `uJy/beam` → `µJy/beam`, `uK2` and `uK**2` → `µK²`; everything else as it is. */
export function readableUnits(units: string | null): string | null {
  const micro = units?.replace(/(^|[\s./*(])u(?=[A-Z])/g, "$1µ") ?? null;
  return micro?.replace(/(?<=[A-Za-z])(?:\*\*|\^)?([234])(?![0-9.])/g, (_, power: string) => RAISED[power]) ?? null;
}

const TYPED: Record<string, string> = { "²": "2", "³": "3", "⁴": "4" };

/** Units as a keyboard types them. */
export const typedUnits = (units: string): string =>
  units.replace(/[µμ]/g, "u").replace(/[²³⁴]/g, (power) => TYPED[power]);

export const readableLayer = (info: LayerInfo): LayerInfo => ({ ...info, units: readableUnits(info.units) });

export function readableTree(tree: HoldingsTree): HoldingsTree {
  for (const group of tree.map_groups)
    for (const map of group.maps)
      for (const band of map.bands) for (const layer of band.layers) layer.units = readableUnits(layer.units);
  return tree;
}
