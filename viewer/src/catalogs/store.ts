/** What the page knows of catalogs: which are on, which source is selected, the table. `app/catalogs.ts` changes it. */
import type { SourceGroupInfo, SourceRow } from "../api/sources";
import { Store } from "../app/state";
import { remembered } from "../app/theme";
import type { ValueScale } from "./scale";
import type { SymbolStyle } from "./symbols";

/** What the map shows of a catalog. */
export interface Seen {
  /** Sources with a symbol in the view. */
  inView: number;
  /** Of the part of the sky that was asked for: how many there are, how many of them are drawn. */
  total: number;
  drawn: number;
  complete: boolean;
  /** Sources per square degree from where to where the picture is graded; null where there is none. */
  density: { low: number; high: number } | null;
}

export interface ShownCatalog {
  id: string;
  name: string;
  style: SymbolStyle;
  filter: string;
  labels: boolean;
  info: SourceGroupInfo | null;
  /** Why its sources are not shown. */
  error: string | null;
  /** The filter is what is wrong. */
  filterError: string | null;
  busy: boolean;
  seen: Seen | null;
  sizeScale: ValueScale | null;
  colourScale: ValueScale | null;
}

export interface SourceKey {
  id: string;
  row: number;
}

export interface Selected extends SourceKey {
  ra: number | null;
  dec: number | null;
  values: SourceRow["values"] | null;
  error: string | null;
  /** Sources under the same place: this one and those that lie on it. */
  ties: readonly SourceKey[];
}

export interface TableState {
  open: boolean;
  id: string | null;
  height: number;
  inView: boolean;
}

export interface CatalogsState {
  shown: readonly ShownCatalog[];
  selected: Selected | null;
  table: TableState;
}

export const TABLE_KEY = "armillary.table-height";
export const LOWEST_TABLE = 140;
const TABLE_HEIGHT = 280;

export const catalogs = new Store<CatalogsState>({
  shown: [],
  selected: null,
  table: { open: false, id: null, height: Number(remembered(TABLE_KEY)) || TABLE_HEIGHT, inView: false },
});

export const shownCatalog = (id: string | null): ShownCatalog | null =>
  catalogs.state.shown.find((one) => one.id === id) ?? null;
