import { describe, expect, it } from "vitest";
import type { HoldingsTree } from "../api/types";
import { suggestionsFor } from "./suggestions";

const layer = (layer_id: string, status: "ready" | "unavailable" = "ready") => ({
  layer_id,
  name: layer_id,
  description: "",
  quantity: null,
  units: null,
  status,
  cube: null,
});
const holdings: HoldingsTree = {
  title: "",
  version: "1",
  scanning: false,
  problems: [],
  map_groups: [
    {
      map_group_id: "g",
      name: "Orion survey",
      description: "",
      maps: Array.from({ length: 20 }, (_, k) => ({
        map_id: `m${k}`,
        name: `field ${k}`,
        description: "",
        bands: [
          {
            band_id: `b${k}`,
            name: "r",
            description: "",
            layers: [layer(`one${k}`), layer(`two${k}`, k ? "unavailable" : "ready")],
          },
        ],
      })),
    },
  ],
  source_groups: [
    {
      source_group_id: "stars",
      name: "Stars of Orion",
      description: "bright",
      status: "ready",
      count: null,
      style: { color: null, shape: null, size: null, size_column: null },
    },
  ],
  boxes: [
    {
      box_id: "trapezium",
      name: "Trapezium",
      description: "in Orion",
      top_left_ra: 84,
      top_left_dec: -5,
      bottom_right_ra: 83,
      bottom_right_dec: -6,
    },
  ],
};

describe("suggestions", () => {
  it("come from layers, catalogs and boxes, not too many of each", () => {
    const found = suggestionsFor("orion", holdings);
    expect(found.map(({ kind }) => kind)).toEqual(["catalog", ...Array(6).fill("layer"), "box"]);
    expect(found[0]).toMatchObject({ id: "stars", label: "Stars of Orion", aside: "bright" });
    expect(found.at(-1)?.id).toBe("given-trapezium");
  });

  it("say where a layer is, and leave out what cannot be shown", () => {
    expect(suggestionsFor("two0", holdings)).toEqual([
      { kind: "layer", id: "two0", label: "field 0 › r › two0", aside: "Orion survey" },
    ]);
    expect(suggestionsFor("two3", holdings)).toEqual([]);
  });

  it("hold drawn boxes too", () => {
    const drawn = [{ id: "drawn-1", name: "My field", description: "" }];
    expect(suggestionsFor("my", holdings, drawn)).toEqual([
      { kind: "box", id: "drawn-1", label: "My field", aside: "" },
    ]);
  });

  it("wait for two letters and for the tree", () => {
    expect(suggestionsFor("o", holdings)).toEqual([]);
    expect(suggestionsFor("orion", null)).toEqual([]);
  });
});
