/** The rows of a catalog: drawn where they are in view, fetched by pages, gone through by keyboard (ARIA grid). */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { RowPage, SourceColumn } from "../api/sources";
import { icons } from "../app/icons";
import { debounced, isAbort, wordsOf } from "../app/session";
import { cellText } from "../catalogs/cells";
import {
  alignment,
  charactersIn,
  columnDecimals,
  columnWidths,
  type Order,
  PAGE,
  Pages,
  padded,
  ROW,
  Scroller,
  SHOWN_DIGITS,
  type TableRow,
} from "../catalogs/table-model";
import { base, controls } from "../styles/shared";
import { gridStyles } from "./table-styles";

const SPARE = 4;
const HEAD = 40;
const PLACE_WIDTH = 72;
const AT_ONCE = 2;

/** Fetches a page of what is asked for. */
export type FetchPage = (start: number, count: number, signal: AbortSignal) => Promise<RowPage>;

@customElement("ar-source-grid")
export class ArSourceGrid extends LitElement {
  static override styles = [base, controls, gridStyles];
  @property({ attribute: false }) columns: readonly SourceColumn[] = [];
  @property({ attribute: false }) order: Order | null = null;
  /** What is listed: rows are fetched anew when it changes. */
  @property() wish = "";
  @property({ attribute: false }) fetchPage: FetchPage | null = null;
  @property({ attribute: false }) chosen: number | null = null;
  @property() label = "";
  /** Whether rows stand in the order of the file, all of them. */
  @property({ type: Boolean }) plain = false;

  @state() private first = 0;
  @state() private active: [number, number] = [0, 0];
  @state() private fault: string | null = null;
  @state() private view = 200;
  @query(".grid") private box!: HTMLElement;
  private pages = new Pages();
  private widths: number[] = [];
  private decimals: number[] = [];
  private measured = "";
  private pending = new Map<number, AbortController>();
  private placed = -1;
  /** The selection that was brought into view already. */
  private shown: number | null = null;
  private readonly later = debounced(() => this.fill(), 50);
  private readonly sizes = new ResizeObserver(() => {
    this.view = Math.max(ROW, (this.box?.clientHeight ?? 200) - HEAD);
  });

  protected override firstUpdated(): void {
    this.sizes.observe(this.box);
    this.box.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
    this.stop();
  }

  private get scroller(): Scroller {
    return new Scroller(this.pages.total ?? 0, this.view);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("wish")) this.renew();
    if (changed.has("chosen") && this.chosen !== this.shown) this.showChosen();
  }

  protected override updated(changed: PropertyValues): void {
    const top = this.scroller.scrollTopOf(this.first);
    if (Math.abs(this.box.scrollTop - top) >= 1) {
      this.placed = top;
      this.box.scrollTop = top;
    }
    if (changed.has("first") || changed.has("view") || changed.has("wish")) this.later();
  }

  private renew(): void {
    this.stop();
    this.pages.clear();
    this.first = 0;
    this.active = [0, Math.min(this.active[1], Math.max(0, this.columns.length - 1))];
    this.fault = null;
    this.shown = null;
    this.fill();
  }

  private stop(): void {
    for (const control of this.pending.values()) control.abort();
    this.pending.clear();
  }

  // --- rows ---

  private fill(): void {
    this.later.cancel();
    const { total } = this.pages;
    const [from, to] = total === null ? [0, 1] : this.scroller.drawn(this.first, SPARE);
    const missing = total === 0 ? [] : this.pages.missing(from, to);
    for (const [at, control] of this.pending) {
      if (missing.includes(at)) continue;
      control.abort();
      this.pending.delete(at);
    }
    for (const at of missing) if (!this.pending.has(at) && this.pending.size < AT_ONCE) void this.load(at);
  }

  private async load(at: number): Promise<void> {
    const control = new AbortController();
    this.pending.set(at, control);
    try {
      const page = await this.fetchPage?.(at * PAGE, PAGE, control.signal);
      if (control.signal.aborted || !page) return;
      this.pending.delete(at);
      this.pages.put(page);
      this.fault = null;
      this.measure(page);
      this.dispatchEvent(new CustomEvent("total", { detail: page.total }));
      this.showChosen();
      this.requestUpdate();
      this.fill();
    } catch (error) {
      if (isAbort(error) || control.signal.aborted) return;
      this.pending.delete(at);
      this.fault = wordsOf(error);
      this.dispatchEvent(new CustomEvent("fault", { detail: error }));
    }
  }

  /** Columns get their widths from the first rows that come, and keep them. */
  private measure(page: RowPage): void {
    const key = this.columns.map(({ name }) => name).join("\n");
    if (key === this.measured) return;
    this.measured = key;
    this.widths = columnWidths(this.columns, page.rows);
    this.decimals = columnDecimals(this.columns, page.rows);
  }

  /** Bring the selected source's row into view, as far as it is known where it stands. */
  private showChosen(): void {
    if (this.chosen === null || this.chosen === this.shown) return;
    const known = this.pages.indexOf(this.chosen);
    const at = known ?? (this.plain && this.pages.total !== null ? this.chosen : null);
    if (at === null) return;
    this.shown = this.chosen;
    this.active = [at, this.active[1]];
    const { scroller } = this;
    const { first } = this;
    const seen = at >= first && at + 1 <= first + scroller.fitting;
    if (!seen) this.first = scroller.clamp(at - scroller.fitting / 2 + 0.5);
  }

  // --- drawing ---

  override render(): TemplateResult {
    const { scroller } = this;
    const { total } = this.pages;
    const [from, to] = total ? scroller.drawn(this.first, SPARE) : [0, 0];
    const indices = Array.from({ length: to - from }, (_, k) => from + k);
    return html`<div class="grid scroll" role="grid" tabindex="0" aria-label=${this.label} aria-rowcount=${total === null ? -1 : total + 1}
        aria-colcount=${this.columns.length + 1} aria-activedescendant=${total ? `c-${this.active[0]}-${this.active[1]}` : nothing}
        @scroll=${this.scrolled} @keydown=${this.keyed}>
        <div class="row head" role="row" aria-rowindex="1">
          <div class="cell right" role="columnheader" style=${`--w:${PLACE_WIDTH}px`} title="Row of the file, counted from 1">
            <button tabindex="-1" @click=${() => this.sort(null)}><span class="title"><span>row</span></span></button></div>
          ${this.columns.map((column, k) => this.header(column, k))}</div>
        <div class="body" role="rowgroup" style=${`height:${scroller.height}px`}>${indices.map((at) => this.row(at, scroller))}</div>
      </div>${this.message()}`;
  }

  private message(): TemplateResult | typeof nothing {
    if (this.fault && !this.pages.total)
      return html`<div class="message" role="alert"><span>${this.fault}</span><button class="btn" @click=${() => this.renew()}>Try again</button></div>`;
    if (this.pages.total === null) return html`<div class="message" role="status">Asking for the rows…</div>`;
    return this.pages.total === 0 ? html`<div class="message" role="status">No row fits.</div>` : nothing;
  }

  private width(k: number): string {
    return `--w:${this.widths[k] ?? 100}px`;
  }

  private header(column: SourceColumn, k: number): TemplateResult {
    const { name, unit, description } = column;
    const ordered = this.order?.column === name ? this.order : null;
    const how = ordered ? (ordered.descending ? "descending" : "ascending") : "none";
    return html`<div class="cell ${alignment(column)}" role="columnheader" aria-colindex=${k + 2} aria-sort=${how} style=${this.width(k)}>
      <button tabindex="-1" title=${description ? `${name}: ${description}` : `Sort by ${name}`} @click=${() => this.sort(name)}>
        <span class="title"><span>${name}</span>${ordered ? (ordered.descending ? icons.down : icons.up) : nothing}</span>
        ${unit ? html`<small>${unit}</small>` : nothing}</button></div>`;
  }

  private row(at: number, scroller: Scroller): TemplateResult {
    const found = this.pages.at(at);
    const top = scroller.scaled ? scroller.scrollTopOf(this.first) + (at - this.first) * ROW : at * ROW;
    const chosen = found !== null && found.row === this.chosen;
    return html`<div class="row ${chosen ? "chosen" : ""} ${found ? "" : "wait"}" role="row" aria-rowindex=${at + 2} aria-selected=${chosen}
      style=${`transform:translateY(${top}px)`} @click=${(event: MouseEvent) => this.pressed(event, at, found)}>
      <div class="cell place" role="rowheader" style=${`--w:${PLACE_WIDTH}px`}>${found ? found.row + 1 : ""}</div>
      ${this.columns.map((column, k) => this.cell(column, k, at, found))}</div>`;
  }

  private cell(column: SourceColumn, k: number, at: number, found: TableRow | null): TemplateResult {
    const active = this.active[0] === at && this.active[1] === k;
    const value = found?.cells[k];
    const none = found && (value === null || value === "");
    return html`<div id=${`c-${at}-${k}`} class="cell ${alignment(column)} ${active ? "active" : ""} ${none ? "none" : ""}" role="gridcell"
      aria-colindex=${k + 2} data-column=${k} style=${this.width(k)} title=${found ? cellText(value, column.dtype) : nothing}>
      ${found ? padded(cellText(value, column.dtype, SHOWN_DIGITS), this.decimals[k] ?? 0, charactersIn(this.widths[k] ?? 100)) : html`<i></i>`}</div>`;
  }

  // --- what a person does ---

  private sort(column: string | null): void {
    this.dispatchEvent(new CustomEvent("sort", { detail: column }));
  }

  private pressed(event: MouseEvent, at: number, found: TableRow | null): void {
    const cell = event.composedPath().find((node) => node instanceof HTMLElement && node.dataset.column !== undefined);
    this.active = [at, Number((cell as HTMLElement | undefined)?.dataset.column ?? this.active[1])];
    this.choose(found);
  }

  private choose(found: TableRow | null): void {
    if (!found) return;
    this.shown = found.row;
    this.dispatchEvent(new CustomEvent("choose", { detail: found.row }));
  }

  private scrolled(): void {
    const top = this.box.scrollTop;
    // Our own move comes back as an event.
    if (Math.abs(top - this.placed) < 1) return;
    this.placed = top;
    this.first = this.scroller.firstAt(top);
  }

  /** A long table is scrolled by shares: the wheel must still go by rows. */
  private wheeled(event: WheelEvent): void {
    const { scroller } = this;
    if (!scroller.scaled || event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    const rows =
      event.deltaMode === 1
        ? event.deltaY
        : event.deltaMode === 2
          ? event.deltaY * scroller.fitting
          : event.deltaY / ROW;
    this.first = scroller.clamp(this.first + rows);
  }

  private go(row: number, column: number): void {
    const total = this.pages.total ?? 0;
    if (!total) return;
    const at = Math.min(total - 1, Math.max(0, row));
    this.active = [at, Math.min(this.columns.length - 1, Math.max(0, column))];
    this.first = this.scroller.reveal(at, this.first);
    this.revealColumn();
  }

  private revealColumn(): void {
    const left = PLACE_WIDTH + this.widths.slice(0, this.active[1]).reduce((sum, width) => sum + width, 0);
    const right = left + (this.widths[this.active[1]] ?? 0);
    if (left < this.box.scrollLeft) this.box.scrollLeft = this.active[1] === 0 ? 0 : left;
    else if (right > this.box.scrollLeft + this.box.clientWidth) this.box.scrollLeft = right - this.box.clientWidth;
  }

  private keyed(event: KeyboardEvent): void {
    if (event.target !== this.box || event.altKey || event.metaKey) return;
    const [row, column] = this.active;
    const page = Math.max(1, Math.floor(this.scroller.fitting) - 1);
    const last = (this.pages.total ?? 1) - 1;
    const acts: Record<string, () => void> = {
      ArrowDown: () => this.go(row + 1, column),
      ArrowUp: () => this.go(row - 1, column),
      ArrowRight: () => this.go(row, column + 1),
      ArrowLeft: () => this.go(row, column - 1),
      PageDown: () => this.go(row + page, column),
      PageUp: () => this.go(row - page, column),
      Home: () => this.go(event.ctrlKey ? 0 : row, event.ctrlKey ? column : 0),
      End: () => this.go(event.ctrlKey ? last : row, event.ctrlKey ? column : this.columns.length - 1),
      Enter: () => this.choose(this.pages.at(row)),
      " ": () => this.choose(this.pages.at(row)),
      s: () => this.sort(this.columns[column]?.name ?? null),
    };
    const act = event.ctrlKey && event.key !== "Home" && event.key !== "End" ? undefined : acts[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  }
}
