import { describe, expect, it } from "vitest";
import type { HoldingsTree } from "../api/types";
import { buildTree, visibleRows } from "./tree-model";
import { makeIndex, markWords, search, snippet } from "./tree-search";

/** `groups` × `maps` maps of two bands with I, Q, U. */
function many(groups: number, maps: number): HoldingsTree {
  const layer = (id: string, name: string) => ({
    layer_id: id,
    name,
    description: name === "U" ? "Minus the usual sign of Stokes U" : "",
    quantity: name === "I" ? "T" : "P",
    units: "µK",
    status: "ready" as const,
    cube: null,
  });
  const band = (id: string, name: string) => ({
    band_id: id,
    name,
    description: name === "f150" ? "The deep band" : "",
    layers: ["I", "Q", "U"].map((stokes) => layer(`${id}-${stokes}`, stokes)),
  });
  return {
    title: "",
    version: "1",
    scanning: false,
    problems: [],
    map_groups: Array.from({ length: groups }, (_, g) => ({
      map_group_id: `g${g}`,
      name: `Release ${g}`,
      description: g === 1 ? "Superseded" : "",
      maps: Array.from({ length: maps }, (_, m) => ({
        map_id: `m${m}`,
        name: `coadd ${g}-${m}`,
        description: "",
        bands: ["f090", "f150"].map((name) => band(`g${g}m${m}-${name}`, name)),
      })),
    })),
  };
}

const names = (query: string, tree = many(2, 3)) =>
  search(makeIndex(buildTree(tree)), query).rows.map((row) => [...(row.path ?? []), row.node.label].join(" › "));

describe("search in the tree", () => {
  it("finds by every word over the whole path", () => {
    expect(names("0-2 f150 q")).toEqual(["Release 0 › coadd 0-2 › f150 › Q"]);
    expect(names("RELEASE 1 coadd 1-0 f090")).toHaveLength(3);
    expect(names("nothing")).toEqual([]);
  });

  it("finds by descriptions of the layer and of what is above it, and says so", () => {
    expect(names("deep 1-1")).toHaveLength(3);
    const { rows } = search(makeIndex(buildTree(many(2, 3))), "superseded usual");
    expect(rows).toHaveLength(6);
    expect(rows.every((row) => row.node.label === "U")).toBe(true);
    expect(rows[5].described).toBe("Superseded · The deep band · Minus the usual sign of Stokes U");
    expect(search(makeIndex(buildTree(many(2, 3))), "f150").rows.some((row) => row.described)).toBe(false);
  });

  it("finds by id, units and quantity", () => {
    expect(names("g0m1-f090-I")).toEqual(["Release 0 › coadd 0-1 › f090 › I"]);
    expect(names("uk")).toHaveLength(36);
    expect(names("µK P 0-0")).toHaveLength(4);
  });

  it("puts own names before paths before descriptions", () => {
    const tree = many(1, 1);
    tree.map_groups[0].maps[0].bands[1].layers[2].description = "made of f090 too";
    expect(names("f090", tree).at(-1)).toBe("Release 0 › coadd 0-0 › f150 › U");
    expect(names("f090", tree)).toHaveLength(4);
    tree.map_groups[0].maps[0].bands[1].layers[0].name = "f090";
    expect(names("f090", tree)[0]).toContain("f150 › f090");
  });

  it("looks at every layer once, of five thousand too", () => {
    const tree = buildTree(many(10, 84));
    const index = makeIndex(tree);
    expect(index).toHaveLength(5040);
    expect(search(index, "coadd 9-83 f150 u").examined).toBe(5040);
    expect(search(index, "coadd 9-83 f150 u").rows).toHaveLength(1);
    // Closed branches are not walked: the list is as long as what can be seen.
    expect(visibleRows(tree, new Set())).toHaveLength(10);
    expect(visibleRows(tree, new Set(["g:g3"]))).toHaveLength(94);
  });
});

describe("matches", () => {
  it("have their words marked, whatever they hold", () => {
    expect(markWords("Day + night f090", "NIGHT f0")).toEqual(["Day + ", "night", " ", "f0", "90"]);
    expect(markWords("a.b(c", ".b( a")).toEqual(["", "a", "", ".b(", "c"]);
    expect(markWords("Q of quasars", "q")).toEqual(["", "Q", " of quasars"]);
    expect(markWords("abc", "")).toEqual(["abc"]);
  });

  it("show the part of a long description that holds them", () => {
    const text = `${"word ".repeat(60)}needle ${"more ".repeat(60)}`;
    const part = snippet(text, "needle");
    expect(part).toContain("needle");
    expect(part.length).toBeLessThan(100);
    expect(part.startsWith("…") && part.endsWith("…")).toBe(true);
    expect(snippet("short", "x")).toBe("short");
  });
});
