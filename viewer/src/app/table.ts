/** The table below the map. */
import { catalogs, TABLE_KEY, type TableState } from "../catalogs/store";
import { session } from "./session";
import { store } from "./store-controller";
import { remember } from "./theme";

/** Change the table; the map keeps its centre when its room changes. */
export function setTable(patch: Partial<TableState>): void {
  const table = { ...catalogs.state.table, ...patch };
  catalogs.set({ table });
  // A narrow page has room for one thing below the map.
  if (patch.open && store.state.narrow) store.set({ sheet: null });
  if (patch.height !== undefined) remember(TABLE_KEY, String(Math.round(table.height)));
  requestAnimationFrame(() => session.map?.updateSize());
}

export function toggleTable(id: string): void {
  const { table } = catalogs.state;
  setTable(table.open && table.id === id ? { open: false } : { open: true, id });
}
