/** Cells of a table in words, and rows to take away. Pure. */
import type { Cell, SourceColumn } from "../api/sources";
import { typographic } from "../app/numbers";

/** What stands for a cell without a value. */
export const NOTHING = "–";
const LONGEST_LIST = 64;

/** A number as short as it can be said in its type: what is told is what the file holds. */
export function shortest(value: number, dtype: string): string {
  if (dtype.startsWith("float32")) return shortestOf(value, Math.fround, 6, 9);
  return String(value);
}

function shortestOf(value: number, round: (v: number) => number, least: number, most: number): string {
  for (let digits = least; digits < most; digits++) {
    const short = Number(value.toPrecision(digits));
    if (round(short) === round(value)) return String(short);
  }
  return String(Number(value.toPrecision(most)));
}

/** A cell as text; `digits`: significant figures that are shown at most. */
export function cellText(cell: Cell | undefined, dtype = "", digits = 17): string {
  if (cell === null || cell === undefined || cell === "") return NOTHING;
  if (typeof cell === "number") return typographic(numberText(cell, dtype, digits));
  if (typeof cell === "boolean") return cell ? "true" : "false";
  if (Array.isArray(cell)) {
    const kind = dtype.replace(/\[.*$/, "");
    const words = cell.slice(0, LONGEST_LIST).map((one) => cellText(one, kind, digits));
    return cell.length > LONGEST_LIST ? `${words.join(", ")}, … (${cell.length})` : words.join(", ");
  }
  return isInteger(dtype) ? typographic(cell) : cell;
}

function numberText(value: number, dtype: string, digits: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const whole = shortest(value, dtype);
  return whole.replace(/^-?0?\.?0*|\.|e.*$/g, "").length > digits ? String(Number(value.toPrecision(digits))) : whole;
}

export const isInteger = (dtype: string): boolean => /^u?int\d*$/.test(dtype);

/** Whether a column stands to the right. */
export const isRight = (column: Pick<SourceColumn, "numeric" | "dtype">): boolean =>
  column.numeric || isInteger(column.dtype);

export const rowJson = (values: Record<string, Cell>): string => JSON.stringify(values, null, 2);

/** A line of names and one of values (RFC 4180). */
export function rowCsv(values: Record<string, Cell>): string {
  const line = (cells: string[]) => cells.map(quoted).join(",");
  const plain = (cell: Cell): string =>
    cell === null ? "" : Array.isArray(cell) ? JSON.stringify(cell) : typeof cell === "string" ? cell : String(cell);
  return `${line(Object.keys(values))}\r\n${line(Object.values(values).map(plain))}\r\n`;
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
