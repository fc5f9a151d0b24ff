/** The card of the selected source: every column, where it is, and what others know of that place. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { Cell } from "../api/sources";
import { cellText, isRight, rowCsv, rowJson } from "../catalogs/cells";
import type { Anchor } from "../catalogs/layer";
import { cornerCard, placeCard } from "../catalogs/place-card";
import { catalogs, type Selected, type SourceKey, shownCatalog } from "../catalogs/store";
import { base, controls, section } from "../styles/shared";
import { cardStyles } from "./card-styles";
import { catalogLayer, entries } from "./catalogs";
import { icons } from "./icons";
import { linkRow } from "./link-row";
import { copy } from "./share";
import { skyWords } from "./sky-words";
import { clearSelection, goToSource, selectSource } from "./sources";
import { Follow, FollowStore } from "./store-controller";
import { setTable } from "./table";

@customElement("ar-source-card")
export class ArSourceCard extends LitElement {
  static override styles = [base, controls, section, cardStyles];
  private readonly follow = new FollowStore(this, catalogs, ["selected", "shown"]);
  private readonly followFrame = new Follow(this, ["overlays"]);
  private last = "";
  private anchor: Anchor = null;
  private readonly keyed = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented || !catalogs.state.selected) return;
    if (
      event
        .composedPath()
        .some((node) => node instanceof HTMLElement && node.matches("input, select, [popover], dialog"))
    )
      return;
    event.preventDefault();
    this.close();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("keydown", this.keyed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("keydown", this.keyed);
  }

  protected override willUpdate(): void {
    this.hidden = catalogs.state.selected === null;
  }

  protected override updated(): void {
    const { selected } = catalogs.state;
    const layer = catalogLayer();
    if (layer && !layer.anchored) layer.anchored = (anchor) => this.place(anchor);
    const key = selected ? `${selected.id} ${selected.row}` : "";
    if (key && key !== this.last) this.renderRoot.querySelector(".rows")?.scrollTo(0, 0);
    this.last = key;
    if (selected) this.place(this.anchor);
  }

  /** Beside the source, in the frame that draws it. */
  private place(anchor: Anchor): void {
    this.anchor = anchor;
    const room = this.parentElement;
    if (this.hidden || !room) return;
    this.style.setProperty("--room", `${Math.max(160, Math.min(460, room.clientHeight - 16))}px`);
    const size = { width: this.offsetWidth, height: this.offsetHeight };
    const inside =
      anchor && anchor.x > -40 && anchor.y > -40 && anchor.x < anchor.width + 40 && anchor.y < anchor.height + 40;
    const [x, y] = inside ? placeCard(anchor, size) : cornerCard(room.clientWidth, size);
    this.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  override render(): TemplateResult | typeof nothing {
    void this.follow;
    void this.followFrame;
    const { selected } = catalogs.state;
    if (!selected) return nothing;
    const catalog = shownCatalog(selected.id);
    const name = this.nameOf(selected);
    const from = catalog?.name ?? entries().find((one) => one.source_group_id === selected.id)?.name ?? selected.id;
    return html`<div class="card" role="dialog" aria-label=${`Source ${name}`} tabindex="-1">
      <header><div><h3>${name}</h3><small>${from}${name.startsWith("Row ") ? "" : ` · row ${selected.row + 1}`}</small></div>
        <button class="icon-btn" title="Close (Esc)" aria-label="Close" @click=${this.close}>${icons.close}</button></header>
      ${this.ties(selected)}
      ${this.where(selected)}
      ${selected.error ? html`<div class="fault" role="alert">${icons.warn}<span>${selected.error}</span></div>` : this.rows(selected)}
      ${this.foot(selected)}
    </div>`;
  }

  private nameOf({ id, row, values }: Selected): string {
    const column = shownCatalog(id)?.info?.name_column;
    const value = column && values ? values[column] : null;
    const text = value === null || value === undefined ? "" : String(value).trim();
    if (!text) return `Row ${row + 1}`;
    return /^\d+$/.test(text) ? `${column} ${text}` : text;
  }

  /** Sources that lie on top of each other are gone through. */
  private ties(selected: Selected): TemplateResult | typeof nothing {
    const { ties } = selected;
    if (ties.length < 2) return nothing;
    const at = ties.findIndex((one) => one.id === selected.id && one.row === selected.row);
    const go = (to: number) => void selectSource(ties[(to + ties.length) % ties.length], null, ties);
    const word = (one: SourceKey) => `${shownCatalog(one.id)?.name ?? one.id}, row ${one.row + 1}`;
    return html`<div class="ties"><span class="select"><select class="field" aria-label=${`${ties.length} sources at this place`}
        @change=${(event: Event) => go((event.target as HTMLSelectElement).selectedIndex)}>
        ${ties.map((one, k) => html`<option ?selected=${k === at}>${k + 1} of ${ties.length}: ${word(one)}</option>`)}</select>${icons.chevronDown}</span>
      <button class="icon-btn" aria-label="Previous source here" title="Previous source here" @click=${() => go(at - 1)}>${icons.chevronLeft}</button>
      <button class="icon-btn" aria-label="Next source here" title="Next source here" @click=${() => go(at + 1)}>${icons.chevronRight}</button></div>`;
  }

  private where({ ra, dec }: Selected): TemplateResult {
    if (ra === null || dec === null) return html`<p class="note">This row has no position.</p>`;
    const { pairs, plain } = skyWords(ra, dec);
    return html`<div class="where">${pairs.map(([name, text]) => html`<span>${name}</span><b>${text}</b>`)}
      <button class="icon-btn" title="Copy the position" aria-label="Copy the position" @click=${() => copy(plain, `Copied ${plain}`)}>${icons.copy}</button></div>`;
  }

  private rows({ id, values }: Selected): TemplateResult {
    if (!values) return html`<p class="note">Reading the row…</p>`;
    const columns = shownCatalog(id)?.info?.columns;
    const listed = columns?.filter(({ name }) => name in values) ?? [];
    const rest = Object.keys(values).filter((name) => !listed.some((column) => column.name === name));
    return html`<dl class="rows scroll" tabindex="0" aria-label="Columns" @keydown=${this.scrolls}>
      ${listed.map((column) => this.row(column.name, values[column.name], column.dtype, column.unit, isRight(column), column.description))}
      ${rest.map((name) => this.row(name, values[name], "", null, typeof values[name] === "number", null))}</dl>`;
  }

  private row(
    name: string,
    cell: Cell,
    dtype: string,
    unit: string | null,
    number: boolean,
    about: string | null,
  ): TemplateResult {
    const nothingHere = cell === null || cell === "";
    return html`<dt title=${about ? `${name}: ${about}` : name}>${name}</dt>
      <dd class=${number || dtype.endsWith("]") ? "" : "words"}>${cellText(cell, dtype)}${unit && !nothingHere ? html`<i>${unit}</i>` : nothing}</dd>`;
  }

  private foot({ id, row, ra, dec, values }: Selected): TemplateResult {
    return html`<footer>${ra !== null && dec !== null ? linkRow(ra, dec) : nothing}
      <div class="tools">
        <button class="btn" ?disabled=${ra === null} title="Bring it into the middle of the map" @click=${() => goToSource({ id, row })}>Centre</button>
        <button class="btn" title="Show its row in the table" @click=${() => setTable({ open: true, id })}>Table</button>
        <button class="btn" ?disabled=${!values} title="Copy the row as JSON" @click=${() => values && copy(rowJson(values), "The row is copied as JSON.")}>JSON</button>
        <button class="btn" ?disabled=${!values} title="Copy the row as CSV, with the names of the columns" @click=${() => values && copy(rowCsv(values), "The row is copied as CSV.")}>CSV</button>
      </div></footer>`;
  }

  /** Keys that scroll the columns do not move the map. */
  private scrolls(event: KeyboardEvent): void {
    if (/^(Arrow(Up|Down)|Page|Home|End)/.test(event.key)) event.stopPropagation();
  }

  private readonly close = (): void => {
    const inside = this.matches(":focus-within");
    clearSelection();
    if (inside) this.parentElement?.querySelector<HTMLElement>("#map")?.focus();
  };
}
