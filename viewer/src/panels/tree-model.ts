/** The tree of layers as rows of a list: pure, so that hundreds of maps cost nothing but what is in view. */
import type { HoldingsTree, LayerEntry } from "../api/types";

export interface TreeNode {
  key: string;
  label: string;
  /** Said after the label in a quieter voice. */
  aside: string;
  title: string;
  layer: LayerEntry | null;
  children: TreeNode[];
}

export interface TreeRow {
  node: TreeNode;
  level: number; // 1 at the top, as in ARIA
  position: number; // among its siblings, from 1
  siblings: number;
  open: boolean;
  parent: string | null;
  /** Of a match: names of the branches above it, and the descriptions where these are what matched. */
  path?: string[];
  described?: string;
}

export interface LayerPlace {
  group: number;
  map: number;
  band: number;
  layer: number;
}

/** What is said on the right of a layer: `T · µK`. */
export function layerMeta(layer: LayerEntry): string {
  const quantity = layer.quantity && layer.quantity !== layer.name ? layer.quantity : "";
  const depth = layer.cube ? layer.cube.axes.map((axis) => `${axis.length}×`).join("") : "";
  return [depth, quantity, layer.units ?? ""].filter(Boolean).join(" · ");
}

const branch = (key: string, label: string, title: string, children: TreeNode[]): TreeNode => ({
  key,
  label,
  aside: "",
  title,
  layer: null,
  children,
});

/** A branch with a single layer below it becomes that layer, under the branch's name. */
function folded(node: TreeNode): TreeNode {
  const only = node.children.length === 1 ? node.children[0] : null;
  if (!only?.layer) return node;
  const words = [only.label, ...only.aside.split(" · ")].filter((word) => word && !saysNothing(word, node.label));
  const title = [node.title, only.title].filter(Boolean).join(" ");
  return { ...only, label: node.label, aside: words.join(" · "), title };
}

/** Names that only repeat the file's, or that every such file has. */
export const saysNothing = (word: string, label: string): boolean =>
  /^(HDU \d+|image|primary|data|compressed_image)$/i.test(word) || label.startsWith(word);

export function buildTree(holdings: HoldingsTree | null): TreeNode[] {
  return (holdings?.map_groups ?? []).map((group) =>
    branch(
      `g:${group.map_group_id}`,
      group.name,
      group.description,
      group.maps.map((map) =>
        folded(
          branch(
            `${group.map_group_id}/${map.map_id}`,
            map.name,
            map.description,
            map.bands.map((band) =>
              folded(
                branch(
                  `${group.map_group_id}/${map.map_id}/${band.band_id}`,
                  band.name,
                  band.description,
                  band.layers.map(leaf),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

const leaf = (layer: LayerEntry): TreeNode => ({
  key: `l:${layer.layer_id}`,
  label: layer.name,
  aside: "",
  title: layer.description,
  layer,
  children: [],
});

/** Rows in view order. */
export function visibleRows(tree: readonly TreeNode[], open: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const walk = (nodes: readonly TreeNode[], level: number, parent: string | null) => {
    nodes.forEach((node, index) => {
      const isOpen = open.has(node.key);
      rows.push({ node, level, position: index + 1, siblings: nodes.length, open: isOpen, parent });
      if (isOpen) walk(node.children, level + 1, node.key);
    });
  };
  walk(tree, 1, null);
  return rows;
}

/** Row whose label starts with what was typed, from the one after `at` around; −1 where there is none. */
export function typedAhead(rows: readonly TreeRow[], at: number, typed: string): number {
  const low = typed.toLowerCase();
  // More letters of one word may be those of the row one is on; the same letter again goes on to the next.
  const same = [...low].every((letter) => letter === low[0]);
  const sought = same ? low[0] : low;
  const from = same ? at + 1 : Math.max(at, 0);
  for (let k = 0; k < rows.length; k++) {
    const row = (from + k) % rows.length;
    if (rows[row].node.label.toLowerCase().startsWith(sought)) return row;
  }
  return -1;
}

/** Keys of the branches above a layer: what must be open to see it. */
export function pathTo(tree: readonly TreeNode[], layerId: string): string[] {
  for (const node of tree) {
    if (node.layer?.layer_id === layerId) return [node.key];
    const below = pathTo(node.children, layerId);
    if (below.length) return [node.key, ...below];
  }
  return [];
}

/** Layers in the order of the tree. */
export function allLayers(holdings: HoldingsTree | null): LayerEntry[] {
  return (holdings?.map_groups ?? []).flatMap((group) =>
    group.maps.flatMap((map) => map.bands.flatMap((band) => band.layers)),
  );
}

export function findLayer(holdings: HoldingsTree | null, layerId: string): LayerEntry | null {
  return allLayers(holdings).find((layer) => layer.layer_id === layerId) ?? null;
}

/** Where a layer stands in the holdings, or null. */
export function placeOf(holdings: HoldingsTree | null, layerId: string): LayerPlace | null {
  const groups = holdings?.map_groups ?? [];
  for (let group = 0; group < groups.length; group++)
    for (let map = 0; map < groups[group].maps.length; map++)
      for (let band = 0; band < groups[group].maps[map].bands.length; band++) {
        const layer = groups[group].maps[map].bands[band].layers.findIndex((entry) => entry.layer_id === layerId);
        if (layer >= 0) return { group, map, band, layer };
      }
  return null;
}
