import { describe, expect, it } from "vitest";
import type { HoldingsTree, LayerEntry } from "../api/types";
import { allLayers, buildTree, findLayer, layerMeta, pathTo, placeOf, typedAhead, visibleRows } from "./tree-model";

const layer = (layer_id: string, name: string): LayerEntry => ({
  layer_id,
  name,
  description: "",
  quantity: name.length === 1 ? name : null,
  units: "mK",
  status: "ready",
  cube: null,
});
const band = (band_id: string, name: string, layers: LayerEntry[]) => ({ band_id, name, description: "", layers });
const map = (map_id: string, bands: ReturnType<typeof band>[]) => ({
  map_id,
  name: `${map_id}.fits`,
  description: "",
  bands,
});

const holdings: HoldingsTree = {
  title: "data",
  version: "1",
  scanning: false,
  problems: [],
  map_groups: [
    {
      map_group_id: "data",
      name: "data",
      description: "",
      maps: [
        map("single", [band("single-0", "HDU 0", [layer("single", "U")])]),
        map("stokes", [
          band("f090", "f090", [layer("s-I", "I"), layer("s-Q", "Q")]),
          band("f150", "f150", [layer("s150", "I")]),
        ]),
      ],
    },
  ],
};

describe("the tree", () => {
  const tree = buildTree(holdings);

  it("folds branches with one layer into that layer", () => {
    expect(tree[0].children[0]).toMatchObject({ label: "single.fits", aside: "U", layer: { layer_id: "single" } });
    expect(tree[0].children[1].layer).toBe(null);
    expect(tree[0].children[1].children[1]).toMatchObject({ label: "f150", layer: { layer_id: "s150" } });
  });

  it("shows what is open", () => {
    expect(visibleRows(tree, new Set()).map((row) => row.node.label)).toEqual(["data"]);
    const open = new Set(["g:data", "data/stokes", "data/stokes/f090"]);
    const rows = visibleRows(tree, open);
    expect(rows.map((row) => [row.level, row.node.label])).toEqual([
      [1, "data"],
      [2, "single.fits"],
      [2, "stokes.fits"],
      [3, "f090"],
      [4, "I"],
      [4, "Q"],
      [3, "f150"],
    ]);
    expect(rows[4]).toMatchObject({ position: 1, siblings: 2, parent: "data/stokes/f090" });
  });

  it("knows the way to a layer", () => {
    expect(pathTo(tree, "s-Q")).toEqual(["g:data", "data/stokes", "data/stokes/f090", "l:s-Q"]);
    expect(pathTo(tree, "none")).toEqual([]);
    expect(allLayers(holdings).map((entry) => entry.layer_id)).toEqual(["single", "s-I", "s-Q", "s150"]);
    expect(findLayer(holdings, "s-Q")?.name).toBe("Q");
    expect(placeOf(holdings, "s150")).toEqual({ group: 0, map: 1, band: 1, layer: 0 });
  });

  it("says units and depth", () => {
    const cube = {
      axes: [{ name: "FREQ", length: 16, unit: "Hz", values: null, labels: null }],
      index: [0],
      base: "c",
    };
    expect(layerMeta({ ...layer("c", "cube"), quantity: "T", cube })).toBe("16× · T · mK");
    expect(layerMeta(layer("s-I", "I"))).toBe("mK");
  });

  it("finds the next row by its first letters", () => {
    const rows = visibleRows(tree, new Set(["g:data", "data/stokes"]));
    const label = (at: number, typed: string) => rows[typedAhead(rows, at, typed)]?.node.label;
    expect(label(0, "s")).toBe("single.fits");
    expect(label(1, "s")).toBe("stokes.fits");
    expect(label(1, "st")).toBe("stokes.fits");
    expect(label(1, "ss")).toBe("stokes.fits");
    expect(label(2, "F1")).toBe("f150");
    expect(label(4, "f")).toBe("f090");
    expect(typedAhead(rows, 0, "x")).toBe(-1);
    expect(typedAhead([], -1, "x")).toBe(-1);
  });
});
