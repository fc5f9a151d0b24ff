import { describe, expect, it } from "vitest";
import type { HoldingsTree, LayerEntry } from "../api/types";
import { layerName, namedLayers } from "./layer-names";
import { store } from "./store-controller";

const layer = (layer_id: string, name: string) => ({ layer_id, name }) as LayerEntry;
const band = (name: string, ...layers: LayerEntry[]) => ({ band_id: name, name, description: "", layers });
const holdings = {
  map_groups: [
    {
      name: "Survey",
      maps: [
        { name: "Plain", bands: [band("only", layer("plain", "HDU 0"))] },
        { name: "Bands", bands: [band("g", layer("g", "g")), band("r", layer("r", "r"))] },
        { name: "Day", bands: [band("f090", layer("i", "I"), layer("q", "Q"))] },
        { name: "Night", bands: [band("f090", layer("ni", "I"), layer("nq", "Q")), band("f150", layer("n5", "I"))] },
      ],
    },
  ],
} as unknown as HoldingsTree;

describe("names of layers in one line", () => {
  it("say no more than tells them apart", () => {
    expect(namedLayers(holdings).map(({ name }) => name)).toEqual([
      "Plain",
      "Bands › g",
      "Bands › r",
      "Day › I",
      "Day › Q",
      "Night › f090 › I",
      "Night › f090 › Q",
      "Night › f150",
    ]);
    expect(namedLayers(null)).toEqual([]);
  });

  it("name slices from one, and leave what is no layer as it is", () => {
    store.set({ holdings });
    expect(layerName("plain@2,0")).toBe("Plain, slice 3, 1");
    expect(layerName("unknown/one")).toBe("unknown/one");
  });
});
