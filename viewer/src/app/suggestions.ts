/** Layers, catalogs and boxes that the search field offers for what is typed, from the tree that is here. Pure. */
import type { HoldingsTree } from "../api/types";
import { buildTree } from "../panels/tree-model";
import { type Entry, holdsWords, makeIndex, search } from "../panels/tree-search";

export interface Suggestion {
  kind: "layer" | "catalog" | "box";
  id: string;
  label: string;
  /** Said after the label in a quieter voice. */
  aside: string;
}

interface Named {
  id: string;
  name: string;
  description: string;
}

const MOST = { layer: 6, other: 3 };
const SHORTEST = 2;
const indices = new WeakMap<HoldingsTree, Entry[]>();

function indexOf(holdings: HoldingsTree): Entry[] {
  const known = indices.get(holdings) ?? makeIndex(buildTree(holdings));
  indices.set(holdings, known);
  return known;
}

/** Catalogs and boxes that are called so, then layers, then what only says so in its description. */
export function suggestionsFor(
  text: string,
  holdings: HoldingsTree | null,
  drawn: readonly Named[] = [],
): Suggestion[] {
  const query = text.trim();
  if (!holdings || query.length < SHORTEST) return [];
  const catalogs = (holdings.source_groups ?? []).map((one) => ({ ...one, id: one.source_group_id }));
  const boxes = (holdings.boxes ?? []).map((one) => ({ ...one, id: `given-${one.box_id}` }));
  const others = [...named("catalog", catalogs, query), ...named("box", [...boxes, ...drawn], query)];
  const holds = holdsWords(query);
  const called = others.filter(({ label }) => holds(label.toLowerCase()));
  return [...called, ...layersFor(query, holdings), ...others.filter((one) => !called.includes(one))];
}

function layersFor(query: string, holdings: HoldingsTree): Suggestion[] {
  const rows = search(indexOf(holdings), query).rows.filter(({ node }) => node.layer?.status === "ready");
  return rows.slice(0, MOST.layer).map(({ node, path = [] }) => ({
    kind: "layer",
    id: node.layer?.layer_id ?? "",
    label: [...path.slice(1), node.label].join(" › "),
    aside: path[0] ?? "",
  }));
}

function named(kind: "catalog" | "box", list: readonly Named[], query: string): Suggestion[] {
  const holds = holdsWords(query);
  return list
    .filter(({ name, description, id }) => holds(`${name} ${description} ${id}`.toLowerCase()))
    .slice(0, MOST.other)
    .map(({ id, name, description }) => ({ kind, id, label: name || id, aside: description }));
}
