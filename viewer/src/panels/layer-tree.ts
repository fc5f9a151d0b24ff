/** The tree of layers: filtered, operated by keyboard (ARIA tree), drawn only where it is in view. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { focusRequests } from "../app/commands";
import { icons } from "../app/icons";
import { openLayer } from "../app/layers";
import { Follow, store } from "../app/store-controller";
import { splitLayerId } from "../app/url";
import { base, controls } from "../styles/shared";
import { allLayers, buildTree, layerMeta, pathTo, type TreeNode, type TreeRow, visibleRows } from "./tree-model";
import { treeStyles } from "./tree-styles";

const ROW = 30;
const SPARE = 6;

@customElement("ar-layer-tree")
export class ArLayerTree extends LitElement {
  static override styles = [base, controls, treeStyles];

  @state() private text = "";
  @state() private open: ReadonlySet<string> = new Set();
  @state() private active: string | null = null;
  @state() private top = 0;
  @state() private height = 600;
  @query("input") private field!: HTMLInputElement;
  @query(".tree") private list!: HTMLElement;
  private readonly follow = new Follow(this, ["holdings", "layerId", "holdingsError"]);
  private tree: TreeNode[] = [];
  private rows: TreeRow[] = [];
  private known: unknown = null;
  private revealed: string | null = null;
  private readonly sizes = new ResizeObserver(() => {
    this.height = this.list?.clientHeight ?? 600;
  });
  private readonly focusField = () => this.field?.focus();

  override connectedCallback(): void {
    super.connectedCallback();
    focusRequests.addEventListener("filter", this.focusField);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    focusRequests.removeEventListener("filter", this.focusField);
    this.sizes.disconnect();
  }

  protected override firstUpdated(): void {
    this.sizes.observe(this.list);
  }

  protected override willUpdate(): void {
    const { holdings, layerId } = store.state;
    if (holdings !== this.known) {
      this.tree = buildTree(holdings);
      if (this.known === null) this.open = new Set(this.tree.length <= 3 ? this.tree.map((node) => node.key) : []);
      this.known = holdings;
    }
    if (layerId !== this.revealed || this.shownBase() === null) this.openPath(layerId);
    this.rows = visibleRows(this.tree, this.open, this.text);
  }

  private shownBase(): string | null {
    return store.state.layerId === null ? null : splitLayerId(store.state.layerId).base;
  }

  private openPath(layerId: string | null): void {
    const path = layerId ? pathTo(this.tree, splitLayerId(layerId).base) : [];
    if (path.length === 0) return;
    this.revealed = layerId;
    this.open = new Set([...this.open, ...path.slice(0, -1)]);
    this.active = path[path.length - 1];
  }

  protected override updated(changed: PropertyValues): void {
    const spacer = this.renderRoot.querySelector<HTMLElement>(".all");
    if (spacer) spacer.style.height = `${this.rows.length * ROW}px`;
    for (const row of this.renderRoot.querySelectorAll<HTMLElement>(".node")) {
      row.style.transform = `translateY(${Number(row.dataset.at) * ROW}px)`;
      row.style.setProperty("--indent", `${(Number(row.getAttribute("aria-level")) - 1) * 14}px`);
    }
    if (changed.has("active")) this.reveal();
  }

  override render(): TemplateResult {
    void this.follow;
    const count = allLayers(store.state.holdings).length;
    const first = Math.max(0, Math.floor(this.top / ROW) - SPARE);
    const last = Math.ceil((this.top + this.height) / ROW) + SPARE;
    return html`<div class="find">
        <input class="field" type="search" spellcheck="false" autocomplete="off" .value=${this.text}
          placeholder=${count ? `Filter ${count} layer${count === 1 ? "" : "s"}` : "Filter layers"} aria-label="Filter layers"
          @input=${this.typed} @keydown=${this.fieldKey} />
      </div>
      ${this.message()}
      <div class="tree scroll" role="tree" aria-label="Layers" tabindex="0" aria-activedescendant=${this.activeId()}
        @scroll=${this.scrolled} @keydown=${this.keyed}>
        <div class="all">${this.rows.slice(first, last).map((row, k) => this.row(row, first + k))}</div>
      </div>`;
  }

  private activeId(): string | typeof nothing {
    const at = this.rows.findIndex((row) => row.node.key === this.active);
    return at >= 0 ? `row-${at}` : nothing;
  }

  private message(): TemplateResult | typeof nothing {
    const { holdings, holdingsError } = store.state;
    if (holdingsError && !holdings) return html`<p class="empty">${holdingsError} Trying again every few seconds.</p>`;
    if (!holdings) return html`<p class="empty">Asking the server…</p>`;
    if (holdings.scanning) return html`<p class="empty busy" role="status"><i></i>Reading headers…</p>`;
    if (this.rows.length) return nothing;
    return this.text
      ? html`<p class="empty">No layer matches “${this.text}”. <button class="link" @click=${this.clear}>Clear the filter</button></p>`
      : html`<p class="empty">No FITS image here. Start Armillary with files or a folder: <code>armillary open *.fits</code></p>`;
  }

  private row(row: TreeRow, at: number): TemplateResult {
    const { node } = row;
    const shown = node.layer?.layer_id === this.shownBase() && node.layer !== null;
    const off = node.layer?.status === "unavailable";
    const branch = node.layer === null;
    return html`<div id=${`row-${at}`} data-at=${at} role="treeitem" aria-level=${row.level} aria-setsize=${row.siblings}
      aria-posinset=${row.position} aria-selected=${shown} aria-expanded=${branch ? row.open : nothing}
      aria-disabled=${off ? "true" : nothing} title=${off ? this.reason(node) : node.title || node.label}
      class="node ${shown ? "shown" : ""} ${node.key === this.active ? "active" : ""} ${off ? "off" : ""} ${branch ? "branch" : ""}"
      @click=${() => this.press(row)}>
      <span class="twist">${branch ? icons.chevronRight : shown ? html`<i></i>` : off ? icons.warn : nothing}</span>
      <span class="name">${node.label}</span>
      <small>${[node.aside, node.layer ? layerMeta(node.layer) : ""].filter(Boolean).join(" · ")}</small>
    </div>`;
  }

  private reason(node: TreeNode): string {
    const problem = store.state.holdings?.problems.find((item) => item.name.includes(node.label));
    return problem?.message ?? node.title ?? "This layer cannot be shown.";
  }

  private press(row: TreeRow): void {
    this.active = row.node.key;
    if (row.node.layer === null) this.fold(row, !row.open);
    else void openLayer(row.node.layer.layer_id);
  }

  private fold(row: TreeRow, open: boolean): void {
    const next = new Set(this.open);
    if (open) next.add(row.node.key);
    else next.delete(row.node.key);
    this.open = next;
  }

  private move(at: number): void {
    const row = this.rows[Math.min(this.rows.length - 1, Math.max(0, at))];
    if (row) this.active = row.node.key;
  }

  private reveal(): void {
    const at = this.rows.findIndex((row) => row.node.key === this.active);
    if (at < 0 || !this.list) return;
    const view = this.list.clientHeight;
    if (at * ROW < this.list.scrollTop) this.list.scrollTop = at * ROW;
    else if ((at + 1) * ROW > this.list.scrollTop + view) this.list.scrollTop = (at + 1) * ROW - view;
  }

  private keyed(event: KeyboardEvent): void {
    const at = this.rows.findIndex((row) => row.node.key === this.active);
    const row = this.rows[at];
    const page = Math.max(1, Math.floor(this.height / ROW) - 1);
    const acts: Record<string, () => void> = {
      ArrowDown: () => this.move(at + 1),
      ArrowUp: () => this.move(at - 1),
      PageDown: () => this.move(at + page),
      PageUp: () => this.move(at - page),
      Home: () => this.move(0),
      End: () => this.move(this.rows.length - 1),
      Enter: () => row && this.press(row),
      " ": () => row && this.press(row),
      ArrowRight: () => row && this.inward(row, at),
      ArrowLeft: () => row && this.outward(row),
    };
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : acts[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  }

  private inward(row: TreeRow, at: number): void {
    if (row.node.layer !== null) return;
    if (row.open) this.move(at + 1);
    else this.fold(row, true);
  }

  private outward(row: TreeRow): void {
    if (row.node.layer === null && row.open) this.fold(row, false);
    else if (row.parent) this.active = row.parent;
  }

  private typed(): void {
    this.text = this.field.value;
    if (this.list) this.list.scrollTop = 0;
  }

  private clear(): void {
    this.text = "";
    this.field.focus();
  }

  private fieldKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      if (this.text) this.text = "";
      else this.field.blur();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      const first = this.rows.find((row) => row.node.layer !== null);
      if (first && this.text) this.active = first.node.key;
      this.list.focus();
      if (event.key === "Enter" && first && this.text) this.press(first);
      event.preventDefault();
    }
  }

  private scrolled(): void {
    this.top = this.list.scrollTop;
  }
}
