/** Search in the tree of layers: names, paths, ids, units, quantities and descriptions. Pure. */
import { typedUnits } from "../api/units";
import { layerMeta, type TreeNode, type TreeRow } from "./tree-model";

/** A layer with what can be searched, made once for each tree. */
export interface Entry {
  node: TreeNode;
  /** Names of the branches above. */
  path: string[];
  /** In small letters: own names, then those and the path, then all. */
  own: string;
  named: string;
  whole: string;
  /** Descriptions of it and of what is above it. */
  said: string;
}

export interface Found {
  rows: TreeRow[];
  /** Entries that were looked at. */
  examined: number;
}

export function makeIndex(tree: readonly TreeNode[]): Entry[] {
  const entries: Entry[] = [];
  const walk = (nodes: readonly TreeNode[], path: string[], said: string[]) => {
    for (const node of nodes) {
      const title = node.title ? [...said, node.title] : said;
      if (node.layer) entries.push(entryOf(node, path, title));
      else walk(node.children, [...path, node.label], title);
    }
  };
  walk(tree, [], []);
  return entries;
}

function entryOf(node: TreeNode, path: string[], said: string[]): Entry {
  const { layer } = node;
  const units = layer?.units ? `${layer.units} ${typedUnits(layer.units)}` : "";
  const own = [node.label, node.aside, layer?.name].filter(Boolean).join(" ").toLowerCase();
  const facts = [layer?.layer_id, layer?.quantity, units, layer && layerMeta(layer)].filter(Boolean).join(" ");
  const named = `${path.join(" ")} ${facts}`.toLowerCase().concat(" ", own);
  return { node, path, own, named, whole: `${named} ${said.join(" ").toLowerCase()}`, said: said.join(" · ") };
}

export const wordsOfQuery = (query: string): string[] => query.toLowerCase().split(/\s+/).filter(Boolean);

/** Whether a text holds a word. A single letter means a name of its own, such as Q. */
type Holds = (text: string) => boolean;

function holder(word: string): Holds {
  if (!/^[a-z0-9]$/.test(word)) return (text) => text.includes(word);
  const alone = new RegExp(`(?:^|[^a-z0-9])${word}(?![a-z0-9])`);
  return (text) => alone.test(text);
}

/** Whether a text in small letters holds every word of a query. */
export function holdsWords(query: string): Holds {
  const words = wordsOfQuery(query).map(holder);
  return (text) => words.every((holds) => holds(text));
}

/** Layers that hold every word, those first whose own names do, then by path, then by description. */
export function search(index: readonly Entry[], query: string): Found {
  const all = holdsWords(query);
  const ranks: Entry[][] = [[], [], []];
  for (const entry of index) {
    if (!all(entry.whole)) continue;
    const rank = all(entry.own) ? 0 : all(entry.named) ? 1 : 2;
    ranks[rank].push(entry);
  }
  const hits = ranks.flat();
  return {
    examined: index.length,
    rows: hits.map(({ node, path, named, said }, k) => ({
      node,
      level: 1,
      position: k + 1,
      siblings: hits.length,
      open: false,
      parent: null,
      path,
      described: all(named) ? undefined : said,
    })),
  };
}

/** `text` cut into parts, every second of which is a word of the query. */
export function markWords(text: string, query: string): string[] {
  const words = wordsOfQuery(query).sort((a, b) => b.length - a.length);
  if (words.length === 0) return [text];
  const patterns = words.map((word) =>
    /^[a-z0-9]$/.test(word) ? `\\b${word}\\b` : word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
  );
  return text.split(new RegExp(`(${patterns.join("|")})`, "gi"));
}

/** A part of a long text around the first word of the query, with dots where it is cut. */
export function snippet(text: string, query: string, length = 90): string {
  if (text.length <= length) return text;
  const low = text.toLowerCase();
  const found = wordsOfQuery(query)
    .map((word) => low.indexOf(word))
    .filter((at) => at >= 0);
  const first = found.length ? Math.min(...found) : 0;
  const start = first < length * 0.6 ? 0 : first - Math.floor(length / 3);
  const end = Math.min(text.length, start + length);
  return `${start > 0 ? "…" : ""}${text.slice(start, end).trim()}${end < text.length ? "…" : ""}`;
}
