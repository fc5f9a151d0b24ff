/** Tables of the colour maps, fetched once. */
import { api } from "../api/client";
import type { Colormaps } from "../api/types";

export type Table = Uint8Array; // 256 × RGBA

function grey(): Table {
  const table = new Uint8Array(1024);
  for (let i = 0; i < 256; i++) table.set([i, i, i, 255], 4 * i);
  return table;
}

function unpack(base64: string): Table {
  const bytes = atob(base64);
  const table = new Uint8Array(1024).fill(255);
  for (let i = 0; i < 256; i++) {
    for (let channel = 0; channel < 3; channel++) table[4 * i + channel] = bytes.charCodeAt(3 * i + channel);
  }
  return table;
}

/** The same colours from the other end. */
export function reversed(table: Table): Table {
  const out = new Uint8Array(1024);
  for (let i = 0; i < 256; i++) out.set(table.subarray(4 * (255 - i), 4 * (256 - i)), 4 * i);
  return out;
}

export class ColourTables {
  private readonly tables = new Map<string, Table>([["gray", grey()]]);
  private maps: Colormaps | null = null;

  async load(): Promise<void> {
    this.maps = await api.colormaps();
  }

  /** Table of a colour map, grey while the tables are on their way or the name is not known. */
  table(name: string): Table {
    const known = this.tables.get(name);
    if (known) return known;
    const table = this.find(name);
    if (table) this.tables.set(name, table);
    return table ?? (this.tables.get("gray") as Table);
  }

  private find(name: string): Table | null {
    const packed = this.maps?.tables[name];
    if (packed) return unpack(packed);
    const base = name.endsWith("_r") ? name.slice(0, -2) : `${name}_r`;
    const other = this.maps?.tables[base];
    return other ? reversed(unpack(other)) : null;
  }
}
