/** The left panel: catalogs that can be laid over the map. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { SourceGroupEntry } from "../api/types";
import { entries, toggleCatalog } from "../app/catalogs";
import { icons } from "../app/icons";
import { grouped } from "../app/numbers";
import { Follow, FollowStore, store } from "../app/store-controller";
import { catalogs, shownCatalog } from "../catalogs/store";
import { base, controls, section } from "../styles/shared";
import "./catalog-details";
import { catalogsStyles } from "./catalogs-styles";
import { symbolIcon } from "./symbol-icon";

/** From so many catalogs on, a field finds them. */
const MANY = 9;

@customElement("ar-catalogs-panel")
export class ArCatalogsPanel extends LitElement {
  static override styles = [base, controls, section, catalogsStyles];
  @state() private text = "";
  /** Catalogs whose details are folded. */
  @state() private folded: ReadonlySet<string> = new Set();
  private readonly follow = new Follow(this, ["holdings", "info"]);
  private readonly followShown = new FollowStore(this, catalogs, ["shown"]);

  override render(): TemplateResult {
    void this.follow;
    void this.followShown;
    const all = [...entries(), ...missing()];
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ name, description }: SourceGroupEntry) =>
      words.every((word) => `${name} ${description}`.toLowerCase().includes(word));
    const listed = all.filter(fits);
    return html`<div class="top"><h2>Catalogs</h2>
        <span class="aside">${all.length ? `${catalogs.state.shown.length} of ${all.length} on` : ""}</span></div>
      ${all.length >= MANY ? this.find(all.length) : nothing}
      ${this.warning(all.length)}
      <div class="list scroll">
        ${listed.map((entry) => this.item(entry))}
        ${listed.length || !all.length ? nothing : html`<p class="empty">No catalog matches “${this.text}”.</p>`}
        ${all.length ? nothing : this.empty()}
      </div>`;
  }

  private find(count: number): TemplateResult {
    return html`<div class="find"><input class="field" type="search" spellcheck="false" autocomplete="off" .value=${this.text}
      placeholder=${`Filter ${count} catalogs`} aria-label="Filter catalogs"
      @input=${(event: Event) => {
        this.text = (event.target as HTMLInputElement).value;
      }} /></div>`;
  }

  private empty(): TemplateResult {
    if (!store.state.holdings) return html`<p class="empty">Asking the server…</p>`;
    return html`<div class="empty">
      <p>No catalogs here.</p>
      <p>Give Armillary tables beside the images: <code>armillary open field.fits stars.csv</code></p>
      <p>CSV, ECSV, VOTable, FITS, Parquet and JSON are read; right ascension and declination are found by their names, UCDs or units.</p>
    </div>`;
  }

  /** Symbols need a sky under them. */
  private warning(count: number): TemplateResult | typeof nothing {
    const { info } = store.state;
    if (!count || !catalogs.state.shown.length || !info || info.wcs !== null) return nothing;
    return html`<p class="warning">${icons.info}<span>This layer has no celestial coordinates: sources have no place on it. Their tables can be read.</span></p>`;
  }

  private item(entry: SourceGroupEntry): TemplateResult {
    const { source_group_id: id, name, description } = entry;
    const shown = shownCatalog(id);
    const off = entry.status === "unavailable" && !shown;
    const count = entry.count ?? shown?.info?.count ?? null;
    const open = shown !== null && !this.folded.has(id);
    const title = off ? "This catalog cannot be read now." : description;
    return html`<div class="item ${shown ? "on" : ""} ${off ? "off" : ""}">
      <div class="line">
        <button class="switch" role="switch" aria-checked=${shown !== null} ?disabled=${off} title=${title || nothing}
          @click=${() => this.toggle(id)}>
          <span class="dot">${shown ? symbolIcon(shown.style.shape, shown.style.colour) : off ? icons.warn : html`<i></i>`}</span>
          <span class="name">${name}</span>
          <small>${off ? "unavailable" : count === null ? "" : grouped(count)}</small>
        </button>
        ${
          shown
            ? html`<button class="icon-btn" aria-expanded=${open} title=${open ? "Fold" : "Symbols, filter, table"}
              aria-label=${`${open ? "Fold" : "Unfold"} ${name}`} @click=${() => this.fold(id, open)}>
              ${open ? icons.chevronUp : icons.chevronDown}</button>`
            : nothing
        }
      </div>
      ${description ? html`<p class="about" title=${description}>${description}</p>` : nothing}
      ${shown ? html`<ar-catalog-details .catalog=${shown} ?folded=${!open}></ar-catalog-details>` : nothing}
    </div>`;
  }

  private toggle(id: string): void {
    this.fold(id, false);
    toggleCatalog(id);
  }

  private fold(id: string, fold: boolean): void {
    const next = new Set(this.folded);
    if (fold) next.add(id);
    else next.delete(id);
    this.folded = next;
  }
}

/** Catalogs that are on and not on offer (any more): they can be switched off, and say what is wrong. */
function missing(): SourceGroupEntry[] {
  if (!store.state.holdings) return [];
  const known = new Set(entries().map((one) => one.source_group_id));
  return catalogs.state.shown
    .filter(({ id }) => !known.has(id))
    .map(({ id, name }) => ({
      source_group_id: id,
      name,
      description: "",
      status: "unavailable",
      count: null,
      style: { color: null, shape: null, size: null, size_column: null },
    }));
}
