/** The table below the map: which catalog, what of it, and its rows. It never covers the map. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { ApiError } from "../api/client";
import { type RowsWish, type SkyPart, type SourceColumn, sources } from "../api/sources";
import { catalogLayer, renewCatalog, setFilter } from "../app/catalogs";
import { icons } from "../app/icons";
import { grouped } from "../app/numbers";
import "../app/popover";
import { debounced, session } from "../app/session";
import { goToSource } from "../app/sources";
import { Follow, FollowStore, store } from "../app/store-controller";
import { setTable } from "../app/table";
import { catalogs, LOWEST_TABLE, type ShownCatalog, shownCatalog } from "../catalogs/store";
import { firstColumns, nextOrder, type Order } from "../catalogs/table-model";
import { base, controls, section } from "../styles/shared";
import "./source-grid";
import type { FetchPage } from "./source-grid";
import { tableStyles } from "./table-styles";

const TYPING_MS = 250;
const MOVED_MS = 200;
const STEP = 24;

@customElement("ar-source-table")
export class ArSourceTable extends LitElement {
  static override styles = [base, controls, section, tableStyles];
  @state() private search = "";
  @state() private order: Order | null = null;
  @state() private total: number | null = null;
  @state() private skyPart: SkyPart | null = null;
  /** Columns chosen by a person, by catalog. */
  @state() private chosen: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  @state() private held = false;
  private catalogId: string | null = null;
  private readonly follow = [
    new FollowStore(this, catalogs, ["table", "shown", "selected"]),
    new Follow(this, ["info"]),
  ];
  private typed = "";
  private readonly searchLater = debounced(() => {
    this.search = this.typed;
  }, TYPING_MS);
  private readonly moved = debounced(() => this.look(), MOVED_MS);
  private readonly viewed = () => catalogs.state.table.inView && this.moved();
  private following = false;

  private get catalog(): ShownCatalog | null {
    return shownCatalog(catalogs.state.table.id);
  }

  protected override willUpdate(): void {
    const { table } = catalogs.state;
    const { catalog } = this;
    this.hidden = !table.open || !catalog;
    this.style.setProperty("--table", `${table.height}px`);
    if (table.open && !this.following && session.map) {
      this.following = true;
      session.map.addEventListener("viewend", this.viewed);
      session.map.addEventListener("view", this.viewed);
    }
    if (catalog && catalog.id !== this.catalogId) {
      this.catalogId = catalog.id;
      this.search = "";
      this.order = null;
      this.total = null;
    }
  }

  /** The view has settled: rows of another part of the sky. */
  private look(): void {
    this.skyPart = catalogLayer()?.part ?? null;
  }

  private columns(catalog: ShownCatalog): SourceColumn[] {
    const { info } = catalog;
    if (!info) return [];
    const names =
      this.chosen.get(catalog.id) ??
      new Set(firstColumns(info.columns, [info.name_column, info.ra_column, info.dec_column]));
    return info.columns.filter(({ name }) => names.has(name));
  }

  private wish(catalog: ShownCatalog): RowsWish {
    const { inView } = catalogs.state.table;
    return {
      filter: catalog.filterError ? "" : catalog.filter,
      search: this.search,
      sort: this.order?.column,
      descending: this.order?.descending,
      part: inView ? this.skyPart : null,
    };
  }

  override render(): TemplateResult | typeof nothing {
    void this.follow;
    const { catalog } = this;
    if (!catalogs.state.table.open || !catalog) return nothing;
    const { selected } = catalogs.state;
    const wish = this.wish(catalog);
    const columns = this.columns(catalog);
    const names = columns.map(({ name }) => name);
    const fetchPage: FetchPage = (start, count, signal) =>
      sources.rows(catalog.id, { ...wish, start, count, columns: names, v: catalog.info?.version }, signal);
    const plain = !wish.filter && !wish.search && !wish.sort && !wish.part;
    return html`${this.grip()}
      ${this.bar(catalog, { ...wish, columns: names })}
      ${catalog.filterError ? html`<p class="wrong" role="alert">${catalog.filterError}</p>` : nothing}
      ${
        catalog.info
          ? html`<ar-source-grid .columns=${columns} .order=${this.order} .fetchPage=${fetchPage} .plain=${plain}
              .wish=${JSON.stringify([catalog.id, catalog.info.version, wish, names])}
              .chosen=${selected?.id === catalog.id ? selected.row : null} .label=${`Rows of ${catalog.name}`}
              @total=${(event: CustomEvent<number>) => {
                this.total = event.detail;
              }}
              @fault=${(event: CustomEvent<unknown>) => this.failed(event.detail)}
              @sort=${(event: CustomEvent<string | null>) => this.sort(event.detail)}
              @choose=${(event: CustomEvent<number>) => goToSource({ id: catalog.id, row: event.detail })}></ar-source-grid>`
          : nothing
      }`;
  }

  private grip(): TemplateResult {
    const { height } = catalogs.state.table;
    return html`<div class="grip ${this.held ? "held" : ""}" role="separator" aria-orientation="horizontal" tabindex="0" aria-label="Height of the table"
      aria-valuenow=${Math.round(height)} aria-valuemin=${LOWEST_TABLE} aria-valuemax=${this.tallest} title="Drag to resize"
      @pointerdown=${this.hold} @keydown=${this.gripKey}></div>`;
  }

  private bar(catalog: ShownCatalog, wish: RowsWish): TemplateResult {
    const { inView } = catalogs.state.table;
    const all = catalog.info?.count ?? 0;
    const plain = store.state.info?.wcs === null;
    const count =
      this.total === null
        ? ""
        : this.total === all
          ? `${grouped(all)} rows`
          : `${grouped(this.total)} of ${grouped(all)} rows`;
    return html`<div class="bar">
      ${this.which(catalog)}
      <span class="count" role="status">${count}</span><span class="grow"></span>
      <input class="field" type="search" spellcheck="false" autocomplete="off" placeholder="Search text" aria-label="Search in the text columns" .value=${this.search}
        @input=${(event: Event) => {
          this.typed = (event.target as HTMLInputElement).value;
          this.searchLater();
        }} />
      <input class="field ${catalog.filterError ? "bad" : ""}" type="search" spellcheck="false" autocomplete="off" maxlength="400" placeholder="Filter rows"
        aria-label="Filter rows and symbols" title="Conditions joined by ;  Enter applies. The map shows the same sources." .value=${catalog.filter}
        @change=${(event: Event) => setFilter(catalog.id, (event.target as HTMLInputElement).value.trim())} />
      <button class="btn" aria-pressed=${inView && !plain} ?disabled=${plain} aria-label="Only in view"
        title=${plain ? "This layer has no celestial coordinates: nothing lies in the view" : "List only what lies in the view"} @click=${this.toggleView}>${icons.globe}<span class="word">Only in view</span></button>
      ${this.chooser(catalog)}
      <a class="btn" aria-label="CSV" href=${sources.csvUrl(catalog.id, wish)} download=${`${catalog.id.replace(/[^\w.-]+/g, "_")}.csv`}
        title="These rows as CSV, at most 100 000">${icons.download}<span class="word">CSV</span></a>
      <button class="icon-btn" title="Close the table" aria-label="Close the table" @click=${() => setTable({ open: false })}>${icons.close}</button>
    </div>`;
  }

  private which(catalog: ShownCatalog): TemplateResult {
    const { shown } = catalogs.state;
    if (shown.length < 2) return html`<h2>${catalog.name}</h2>`;
    return html`<span class="select"><select class="field" aria-label="Catalog" @change=${(event: Event) =>
      setTable({ id: (event.target as HTMLSelectElement).value })}>
      ${shown.map((one) => html`<option value=${one.id} ?selected=${one.id === catalog.id}>${one.name}</option>`)}</select>${icons.chevronDown}</span>`;
  }

  private chooser(catalog: ShownCatalog): TemplateResult {
    const all = catalog.info?.columns ?? [];
    const on = new Set(this.columns(catalog).map(({ name }) => name));
    const set = (names: Iterable<string>) => {
      this.chosen = new Map(this.chosen).set(catalog.id, new Set(names));
    };
    const flip = (name: string) => {
      const next = new Set(on);
      if (!next.delete(name)) next.add(name);
      if (next.size) set(next);
      else this.requestUpdate();
    };
    return html`<ar-popover icon side="end" .label=${`Columns: ${on.size} of ${all.length}`}><span slot="face">${icons.columns}</span><div class="choose" role="group" aria-label="Columns">
      <div class="all"><button class="btn" data-item @click=${() => set(all.map(({ name }) => name))}>All</button>
        <button class="btn" data-item @click=${() => set(firstColumns(all, [catalog.info?.name_column ?? null, catalog.info?.ra_column ?? null, catalog.info?.dec_column ?? null]))}>As at first</button></div>
      ${all.map(
        ({
          name,
          unit,
          description,
        }) => html`<label title=${description || name}><input data-item type="checkbox" .checked=${on.has(name)} @change=${() => flip(name)} />
          <span>${name}</span><small>${unit}</small></label>`,
      )}</div></ar-popover>`;
  }

  private sort(column: string | null): void {
    this.order = column === null ? null : nextOrder(this.order, column);
  }

  private readonly toggleView = (): void => {
    const inView = !catalogs.state.table.inView;
    if (inView) this.look();
    setTable({ inView });
  };

  private failed(error: unknown): void {
    const { catalog } = this;
    if (!catalog || !(error instanceof ApiError)) return;
    if (error.status === 410) renewCatalog(catalog.id);
    if (error.status === 422 && catalog.filter) {
      catalogs.set({
        shown: catalogs.state.shown.map((one) =>
          one.id === catalog.id ? { ...one, filterError: error.message } : one,
        ),
      });
    }
  }

  // --- its height ---

  /** The map keeps a third of the page. */
  private get tallest(): number {
    return Math.max(LOWEST_TABLE, Math.round(innerHeight * 0.66 - 80));
  }

  private resize(height: number): void {
    setTable({ height: Math.max(LOWEST_TABLE, Math.min(this.tallest, height)) });
  }

  private readonly hold = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    const grip = event.currentTarget as HTMLElement;
    grip.setPointerCapture(event.pointerId);
    const start = event.clientY + catalogs.state.table.height;
    const move = (next: PointerEvent) => this.resize(start - next.clientY);
    const end = () => {
      this.held = false;
      grip.removeEventListener("pointermove", move);
    };
    this.held = true;
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", end, { once: true });
    grip.addEventListener("pointercancel", end, { once: true });
  };

  private gripKey(event: KeyboardEvent): void {
    const { height } = catalogs.state.table;
    const to = { ArrowUp: height + STEP, ArrowDown: height - STEP, Home: LOWEST_TABLE, End: this.tallest }[event.key];
    if (to === undefined) return;
    this.resize(to);
    event.preventDefault();
    event.stopPropagation();
  }
}
