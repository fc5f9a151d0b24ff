/** One catalog that is on: what of it is shown, how it looks, its filter. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { SourceColumn } from "../api/sources";
import { syncUrlOnArrival } from "../app/address";
import { retryCatalog, setFilter, setLabels, setSymbols } from "../app/catalogs";
import { FAVOURITES } from "../app/commands";
import { icons } from "../app/icons";
import { formatNumber, grouped } from "../app/numbers";
import { sayFailure, session } from "../app/session";
import { FollowStore } from "../app/store-controller";
import { toggleTable } from "../app/table";
import { diameterOf, type ValueScale, valueAt } from "../catalogs/scale";
import { catalogs, type ShownCatalog } from "../catalogs/store";
import { BY_COLUMN, LARGEST, PALETTE, SHAPES, SMALLEST } from "../catalogs/symbols";
import { base, controls, section } from "../styles/shared";
import { detailsStyles } from "./catalogs-styles";
import "./colour-swatch";
import { symbolIcon } from "./symbol-icon";

const MAPS = FAVOURITES.filter((name) => name !== "gray" && name !== "RdBu_r").concat("plasma", "turbo");

@customElement("ar-catalog-details")
export class ArCatalogDetails extends LitElement {
  static override styles = [base, controls, section, detailsStyles];
  @property({ attribute: false }) catalog!: ShownCatalog;
  @property({ type: Boolean }) folded = false;
  private readonly follow = new FollowStore(this, catalogs, ["table"]);

  override render(): TemplateResult {
    void this.follow;
    const { catalog } = this;
    return html`${this.status()}${this.fault()}
      ${this.folded || !catalog.info ? nothing : html`${this.skipped()}${this.symbols()}${this.tools()}`}`;
  }

  /** How many there are to see, and whether some are left out. */
  private status(): TemplateResult | typeof nothing {
    const { seen, busy, info, error } = this.catalog;
    if (error) return nothing;
    const dot = busy ? html`<i></i>` : nothing;
    if (!info) return html`<p class="status" role="status">${dot}Reading the catalog…</p>`;
    if (!seen) return html`<p class="status" role="status">${dot}${busy ? "Asking for its sources…" : ""}</p>`;
    const words = seen.complete
      ? html`<span><b>${grouped(seen.inView)}</b> in view</span>`
      : seen.drawn
        ? html`<span><b>${grouped(seen.drawn)}</b> of ${grouped(seen.total)} shown; zoom in for all</span>`
        : html`<span>About <b>${grouped(Number(seen.total.toPrecision(2)))}</b> here, as density; zoom in for sources</span>`;
    return html`<p class="status" role="status">${words}${dot}</p>${this.density()}`;
  }

  private density(): TemplateResult | typeof nothing {
    const { seen, style } = this.catalog;
    if (!seen?.density || this.folded) return nothing;
    const { low, high } = seen.density;
    return html`<div class="legend density" title="Sources per square degree, by the logarithm">
      <span>${formatNumber(low, 2)}</span><i style=${`--c:${style.colour}`}></i><span>${formatNumber(high, 2)} / deg²</span></div>`;
  }

  private fault(): TemplateResult | typeof nothing {
    const { error, id } = this.catalog;
    if (!error) return nothing;
    return html`<div class="fault" role="alert">${icons.warn}<span>${error} <button @click=${() => retryCatalog(id)}>Try again</button></span></div>`;
  }

  private skipped(): TemplateResult | typeof nothing {
    const skipped = this.catalog.info?.skipped;
    if (!skipped?.total) return nothing;
    const why = [
      [skipped.missing, "without a position"],
      [skipped.not_finite, "with one that is no number"],
      [skipped.out_of_range, "beyond the sphere"],
    ] as const;
    const reasons = why.filter(([count]) => count > 0).map(([count, words]) => `${grouped(count)} ${words}`);
    const rows = skipped.total === 1 ? "1 row is" : `${grouped(skipped.total)} rows are`;
    return html`<p class="skipped" title=${reasons.join(", ")}>${rows} in the table only: ${reasons.join(", ")}.</p>`;
  }

  private symbols(): TemplateResult {
    const { style } = this.catalog;
    return html`<div class="grid">
      <span>Shape</span>
      <div class="shapes" role="radiogroup" aria-label="Shape">${SHAPES.map(
        (
          shape,
        ) => html`<button class="pick" role="radio" aria-checked=${style.shape === shape} aria-label=${shape} title=${shape}
          @click=${() => this.set({ shape })}>${symbolIcon(shape)}</button>`,
      )}</div>
      ${this.colours()}
      ${this.sizes()}
      ${this.filter()}
      ${this.labels()}
    </div>`;
  }

  private colours(): TemplateResult {
    const { style, colourScale } = this.catalog;
    const fixed = html`<div class="colours" role="radiogroup" aria-label="Colour">${PALETTE.map(
      ({
        name,
        hex,
      }) => html`<button class="pick" role="radio" aria-checked=${style.colour === hex} aria-label=${name} title=${name}
        style=${`--c:${hex}`} @click=${() => this.set({ colour: hex })}><i></i></button>`,
    )}</div>`;
    return html`<span>Colour</span>
      ${this.column("Colour by column", "One colour", style.colourColumn, (colourColumn) => this.set({ colourColumn }))}
      <span></span>
      ${style.colourColumn ? this.maps() : fixed}
      ${style.colourColumn && colourScale ? this.rampLegend(colourScale) : nothing}`;
  }

  private maps(): TemplateResult {
    const { cmap } = this.catalog.style;
    const names = MAPS.includes(cmap) ? MAPS : [cmap, ...MAPS];
    return html`<span class="select"><select class="field" aria-label="Colour map" @change=${(event: Event) =>
      this.set({ cmap: (event.target as HTMLSelectElement).value })}>
      ${names.map((name) => html`<option value=${name} ?selected=${name === cmap}>${name}</option>`)}</select>${icons.chevronDown}</span>`;
  }

  private sizes(): TemplateResult {
    const { style, sizeScale } = this.catalog;
    const choose = (sizeColumn: string | null) => this.set({ sizeColumn });
    const slider = html`<input type="range" min=${SMALLEST} max=${LARGEST} step="1" .value=${String(style.size)} aria-label="Size"
        @input=${(event: Event) => setSymbols(this.catalog.id, { size: Number((event.target as HTMLInputElement).value) }, "replace")} />
      <output>${style.size}</output>`;
    return html`<span>Size</span>
      <div class="sizes">${this.column("Size by column", "One size", style.sizeColumn, choose)}${style.sizeColumn ? nothing : slider}</div>
      ${style.sizeColumn && sizeScale ? this.ballLegend(sizeScale) : nothing}`;
  }

  private column(
    label: string,
    none: string,
    chosen: string | null,
    choose: (name: string | null) => void,
  ): TemplateResult {
    const columns = this.catalog.info?.columns.filter((column) => column.numeric) ?? [];
    return html`<span class="select"><select class="field" aria-label=${label} @change=${(event: Event) =>
      choose((event.target as HTMLSelectElement).value || null)}>
      <option value="" ?selected=${!chosen}>${none}</option>
      ${columns.map((column) => html`<option value=${column.name} ?selected=${column.name === chosen}>by ${withUnit(column)}</option>`)}
    </select>${icons.chevronDown}</span>`;
  }

  private ballLegend(scale: ValueScale): TemplateResult {
    const shares = [0, 0.25, 0.5, 0.75, 1];
    const side = (share: number) => diameterOf(scale, valueAt(scale, share), BY_COLUMN) * 0.66;
    return html`<div class="legend" title="Sizes of the values; most of them lie between these">
      <span>${formatNumber(valueAt(scale, 0), 3)}</span>
      <span class="balls">${shares.map((share) => html`<i style=${`width:${side(share)}px;height:${side(share)}px`}></i>`)}</span>
      <span>${formatNumber(valueAt(scale, 1), 3)}</span></div>`;
  }

  private rampLegend(scale: ValueScale): TemplateResult {
    return html`<div class="legend" title="Colours of the values; most of them lie between these">
      <span>${formatNumber(scale.lo, 3)}</span><ar-swatch .name=${this.catalog.style.cmap}></ar-swatch>
      <span>${formatNumber(scale.hi, 3)}</span></div>`;
  }

  private filter(): TemplateResult {
    const { filter, filterError, info, id } = this.catalog;
    const keys = [info?.ra_column, info?.dec_column, info?.name_column];
    const numeric = info?.columns.find(({ name, dtype }) => dtype.startsWith("float") && !keys.includes(name));
    return html`<label for="filter">Filter</label>
      <input id="filter" class="field ${filterError ? "bad" : ""}" type="search" spellcheck="false" autocomplete="off" maxlength="400"
        placeholder=${`${numeric?.name ?? "mag"} < 12`} .value=${filter} aria-invalid=${filterError !== null}
        title="Conditions on columns, joined by ; such as mag < 12; name = &quot;M 42&quot;. Enter applies."
        @change=${(event: Event) => setFilter(id, (event.target as HTMLInputElement).value.trim())} />
      ${filterError ? html`<p class="wrong" role="alert">${filterError}</p>` : nothing}`;
  }

  private labels(): TemplateResult | typeof nothing {
    const { info, labels, id } = this.catalog;
    if (!info?.name_column) return nothing;
    return html`<label class="check"><input type="checkbox" .checked=${labels}
      @change=${(event: Event) => setLabels(id, (event.target as HTMLInputElement).checked)} />Names where there are few</label>`;
  }

  private tools(): TemplateResult {
    const { id, info } = this.catalog;
    const { table } = catalogs.state;
    const open = table.open && table.id === id;
    return html`<div class="tools">
      <button class="btn" aria-pressed=${open} title="All rows, below the map" @click=${() => toggleTable(id)}>${icons.table}Table</button>
      <button class="btn" ?disabled=${!info?.center} title="Bring the middle of the catalog into view" @click=${this.go}>${icons.fit}Go there</button>
    </div>`;
  }

  private readonly go = (): void => {
    const center = this.catalog.info?.center;
    if (center) session.map?.goToSky(center.ra, center.dec).then(syncUrlOnArrival, sayFailure);
  };

  private set(patch: Partial<ShownCatalog["style"]>): void {
    setSymbols(this.catalog.id, patch);
  }
}

const withUnit = ({ name, unit }: SourceColumn): string => (unit ? `${name} (${unit})` : name);
