/** The table of a catalog without its looks: places of rows under a scroll bar, pages of rows, order, widths. Pure. */
import type { Cell, RowPage, SourceColumn } from "../api/sources";
import { cellText, isRight } from "./cells";

export const ROW = 28;
/** Rows of one request. */
export const PAGE = 100;
const PAGES_KEPT = 60;
/** Browsers place nothing exactly beyond some ten million pixels: longer tables are scrolled by shares. */
const TALLEST = 6_000_000;

export class Scroller {
  constructor(
    readonly total: number,
    /** Pixels for rows. */
    readonly view: number,
  ) {}

  get tall(): number {
    return this.total * ROW;
  }

  /** Height of what is scrolled. */
  get height(): number {
    return Math.min(this.tall, TALLEST);
  }

  get scaled(): boolean {
    return this.tall > TALLEST;
  }

  /** Rows that fit, with a part of one. */
  get fitting(): number {
    return this.view / ROW;
  }

  /** The row at the top, with its part, at most so that the last one stands at the bottom. */
  clamp(first: number): number {
    return Math.max(0, Math.min(first, this.total - this.fitting));
  }

  firstAt(scrollTop: number): number {
    if (!this.scaled) return this.clamp(scrollTop / ROW);
    return this.clamp((scrollTop / (this.height - this.view)) * (this.total - this.fitting));
  }

  scrollTopOf(first: number): number {
    if (!this.scaled) return this.clamp(first) * ROW;
    return (this.clamp(first) / (this.total - this.fitting)) * (this.height - this.view);
  }

  /** The row at the top so that `row` is seen whole, moved as little as need be. */
  reveal(row: number, first: number): number {
    if (row < first) return this.clamp(row);
    return row + 1 > first + this.fitting ? this.clamp(row + 1 - this.fitting) : first;
  }

  /** First and last row to draw, half-open. */
  drawn(first: number, spare: number): [number, number] {
    return [Math.max(0, Math.floor(first) - spare), Math.min(this.total, Math.ceil(first + this.fitting) + spare)];
  }
}

export interface TableRow {
  row: number;
  cells: Cell[];
}

/** Pages of rows that are here; those looked at longest ago are given up. */
export class Pages {
  private readonly pages = new Map<number, RowPage>();
  total: number | null = null;

  put(page: RowPage): void {
    this.total = page.total;
    const at = Math.floor(page.start / PAGE);
    this.pages.delete(at);
    this.pages.set(at, page);
    for (const old of this.pages.keys()) {
      if (this.pages.size <= PAGES_KEPT) break;
      this.pages.delete(old);
    }
  }

  clear(): void {
    this.pages.clear();
    this.total = null;
  }

  at(index: number): TableRow | null {
    const number = Math.floor(index / PAGE);
    const page = this.pages.get(number);
    const k = index - number * PAGE;
    return page && k < page.row.length ? { row: page.row[k], cells: page.rows[k] } : null;
  }

  /** Pages that rows `from` to `to` (half-open) need and that are not here; the one in the middle first. */
  missing(from: number, to: number): number[] {
    const found: number[] = [];
    for (let at = Math.floor(from / PAGE); at * PAGE < to; at++) {
      const page = this.pages.get(at);
      if (!page) found.push(at);
      else {
        this.pages.delete(at);
        this.pages.set(at, page);
      }
    }
    const middle = (from + to) / 2 / PAGE - 0.5;
    return found.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  }

  /** Where a row of the catalog stands, as far as its page is here. */
  indexOf(row: number): number | null {
    for (const [at, page] of this.pages) {
      const k = page.row.indexOf(row);
      if (k >= 0) return at * PAGE + k;
    }
    return null;
  }
}

export interface Order {
  column: string;
  descending: boolean;
}

/** A click on a header: upward, downward, as in the file. */
export function nextOrder(order: Order | null, column: string): Order | null {
  if (order?.column !== column) return { column, descending: false };
  return order.descending ? null : { column, descending: true };
}

const CHARACTER = 7.3;
const PADDING = 24;
/** Characters that stand in a column of some width. */
export const charactersIn = (width: number): number => Math.floor((width - PADDING + 3) / CHARACTER);
const NARROWEST = 56;
const WIDEST = 280;

/** Widths in pixels that suit the names of columns and the first rows. */
export function columnWidths(columns: readonly SourceColumn[], rows: readonly Cell[][]): number[] {
  return columns.map((column, k) => {
    // A header holds the mark of its order as well.
    const head = Math.max(column.name.length + 2.5, (column.unit ?? "").length);
    const texts = rows.map((cells) => cellText(cells[k], column.dtype, SHOWN_DIGITS));
    const decimals = decimalsOf(column, texts);
    const longest = texts.reduce((most, text) => Math.max(most, padded(text, decimals).length), 0);
    return Math.round(Math.min(WIDEST, Math.max(NARROWEST, CHARACTER * Math.max(head, longest) + PADDING)));
  });
}

/** Decimals that the first rows of a column show: points stand below each other where the others are filled up. */
export function columnDecimals(columns: readonly SourceColumn[], rows: readonly Cell[][]): number[] {
  return columns.map((column, k) =>
    decimalsOf(
      column,
      rows.map((cells) => cellText(cells[k], column.dtype, SHOWN_DIGITS)),
    ),
  );
}

const decimalsOf = ({ numeric }: SourceColumn, texts: readonly string[]): number =>
  numeric ? Math.max(0, ...texts.map(decimals)) : 0;

const decimals = (text: string): number => /^[^e]*\.(\d+)$/.exec(text)?.[1].length ?? 0;

/** As wide as a figure, and empty. */
const FIGURE_SPACE = "\u2007";

/**
 * Fill a number up to `wanted` decimals with empty places, as far as it then has at most `most` figures: a zero would
 * claim what the file does not say.
 */
export function padded(text: string, wanted: number, most = 64): string {
  if (wanted === 0 || !/\d$/.test(text) || text.includes("e")) return text;
  const has = decimals(text);
  const missing = Math.min(wanted - has + (has === 0 ? 1 : 0), most - text.length);
  return text + FIGURE_SPACE.repeat(Math.max(0, missing));
}

/** Figures of a number in the table; the card has all of them. */
export const SHOWN_DIGITS = 10;
const MOST_COLUMNS = 14;

/** The columns shown at first: those that name and place a source, then the others in their order. */
export function firstColumns(columns: readonly SourceColumn[], keys: readonly (string | null)[]): string[] {
  if (columns.length <= MOST_COLUMNS) return columns.map(({ name }) => name);
  const wanted = new Set(keys.filter((name) => name !== null));
  for (const { name, dtype } of columns) {
    if (wanted.size >= MOST_COLUMNS) break;
    if (!dtype.endsWith("]") && dtype !== "other") wanted.add(name);
  }
  return columns.map(({ name }) => name).filter((name) => wanted.has(name));
}

export const alignment = (column: SourceColumn): "right" | "left" => (isRight(column) ? "right" : "left");
