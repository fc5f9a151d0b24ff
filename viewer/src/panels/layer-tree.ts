/** The tree of layers: filtered, operated by keyboard (ARIA tree), drawn only where it is in view. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { focusRequests } from "../app/commands";
import { icons } from "../app/icons";
import { openLayer } from "../app/layers";
import { say } from "../app/session";
import { Follow, store } from "../app/store-controller";
import { splitLayerId } from "../app/url";
import { base, controls } from "../styles/shared";
import { keepOpen, recallOpen } from "./open-branches";
import { buildTree, layerMeta, pathTo, type TreeNode, type TreeRow, typedAhead, visibleRows } from "./tree-model";
import { LINE, ROW, rowAt, topsOf } from "./tree-rows";
import { type Entry, makeIndex, markWords, search, snippet } from "./tree-search";
import { treeStyles } from "./tree-styles";

const SPARE = 6;
const TYPING_MS = 700;
const NOT_NOW = "Not available now.";

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
  private index: Entry[] = [];
  private rows: TreeRow[] = [];
  private tops = topsOf([]);
  private typing = { text: "", until: 0 };
  /** Whether the keyboard came here by itself, or since a click has moved here. */
  private walking = false;
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

  protected override willUpdate(changed: PropertyValues): void {
    const { holdings, layerId } = store.state;
    const renewed = holdings !== this.known;
    if (renewed) {
      this.tree = buildTree(holdings);
      this.index = makeIndex(this.tree);
      if (this.known === null)
        this.open = recallOpen() ?? new Set(this.tree.length <= 3 ? this.tree.map((node) => node.key) : []);
      this.known = holdings;
    }
    const before = this.open;
    if (layerId !== this.revealed || this.shownBase() === null) this.openPath(layerId);
    if (renewed || before !== this.open || changed.has("open") || changed.has("text")) this.listRows();
  }

  private listRows(): void {
    this.rows = this.text.trim() ? search(this.index, this.text).rows : visibleRows(this.tree, this.open);
    this.tops = topsOf(this.rows.map((row) => ROW + (secondLine(row) ? LINE : 0) + (row.described ? LINE : 0)));
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
    const { tops } = this;
    const spacer = this.renderRoot.querySelector<HTMLElement>(".all");
    if (spacer) spacer.style.height = `${tops[this.rows.length]}px`;
    for (const row of this.renderRoot.querySelectorAll<HTMLElement>(".node")) {
      const at = Number(row.dataset.at);
      row.style.transform = `translateY(${tops[at]}px)`;
      row.style.height = `${tops[at + 1] - tops[at]}px`;
      row.style.setProperty("--indent", `${(Number(row.getAttribute("aria-level")) - 1) * 14}px`);
    }
    if (changed.has("active")) this.reveal();
  }

  override render(): TemplateResult {
    void this.follow;
    const count = this.index.length;
    const first = Math.max(0, rowAt(this.tops, this.top) - SPARE);
    const last = rowAt(this.tops, this.top + this.height) + SPARE;
    return html`<div class="find">
        <input class="field" type="search" spellcheck="false" autocomplete="off" .value=${this.text}
          placeholder=${count ? `Filter ${count} layer${count === 1 ? "" : "s"}` : "Filter layers"} aria-label="Filter layers"
          aria-keyshortcuts="l" @input=${this.typed} @keydown=${this.fieldKey} />
        <span class="count" role="status">${this.text.trim() && this.rows.length ? `${this.rows.length} of ${count}` : ""}</span>
      </div>
      ${this.message()}
      <div class="tree scroll" role="tree" aria-label="Layers" tabindex="0" aria-activedescendant=${this.activeId()}
        @scroll=${this.scrolled} @keydown=${this.keyed} @pointerdown=${() => this.walks(false)} @focus=${this.focused}>
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
    const second = off ? reasonOf(node) : secondLine(row);
    return html`<div id=${`row-${at}`} data-at=${at} role="treeitem" aria-level=${row.level} aria-setsize=${row.siblings}
      aria-posinset=${row.position} aria-selected=${shown} aria-expanded=${branch ? row.open : nothing}
      aria-disabled=${off ? "true" : nothing} title=${off ? second : tooltipOf(row)}
      class="node ${shown ? "shown" : ""} ${node.key === this.active ? "active" : ""} ${off ? "off" : ""} ${branch ? "branch" : ""}"
      @click=${() => this.press(row)}>
      <div class="first"><span class="twist">${branch ? icons.chevronRight : shown ? html`<i></i>` : off ? icons.warn : nothing}</span>
      <span class="name">${this.marked(node.label)}</span>
      <small>${this.marked([node.aside, node.layer ? layerMeta(node.layer) : ""].filter(Boolean).join(" · "))}</small></div>
      ${second && this.tops[at + 1] - this.tops[at] > ROW ? this.second(row, off ? null : row.path, second) : nothing}
      ${row.described ? html`<div class="line said">${this.marked(snippet(row.described, this.text))}</div>` : nothing}
    </div>`;
  }

  /** The way to a match keeps its end, which tells bands apart; other words lose theirs. */
  private second(row: TreeRow, path: string[] | null | undefined, words: string): TemplateResult {
    if (!path) return html`<div class="line">${this.marked(words)}</div>`;
    return html`<div class="line path" title=${[...path, row.node.label].join(" › ")}>${path.map(
      (part, k) => html`${k ? html`<i>›</i>` : nothing}<span>${this.marked(part)}</span>`,
    )}</div>`;
  }

  private marked(text: string) {
    if (!this.text.trim() || !text) return text;
    return markWords(text, this.text).map((part, k) => (k % 2 ? html`<mark>${part}</mark>` : part));
  }

  private press(row: TreeRow): void {
    this.active = row.node.key;
    if (row.node.layer === null) this.fold(row, !row.open);
    else if (row.node.layer.status === "unavailable") say(`${row.node.label}: ${reasonOf(row.node)}`, "fault");
    else void openLayer(row.node.layer.layer_id);
  }

  private fold(row: TreeRow, open: boolean): void {
    const next = new Set(this.open);
    if (open) next.add(row.node.key);
    else next.delete(row.node.key);
    this.open = next;
    keepOpen(next);
  }

  private move(at: number): void {
    const row = this.rows[Math.min(this.rows.length - 1, Math.max(0, at))];
    if (row) this.active = row.node.key;
  }

  private reveal(): void {
    const at = this.rows.findIndex((row) => row.node.key === this.active);
    if (at < 0 || !this.list) return;
    const view = this.list.clientHeight;
    if (this.tops[at] < this.list.scrollTop) this.list.scrollTop = this.tops[at];
    else if (this.tops[at + 1] > this.list.scrollTop + view) this.list.scrollTop = this.tops[at + 1] - view;
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
      Escape: () => this.leave(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = acts[event.key];
    if (act) {
      this.walking = true;
      act();
    } else if (!this.typeAhead(event, at)) return;
    event.preventDefault();
  }

  /** Letters look for a row while the keyboard is what moves here; after a click they are the page's keys. */
  private typeAhead(event: KeyboardEvent, at: number): boolean {
    const goesOn = event.timeStamp < this.typing.until;
    const letter = /^[\p{L}\p{N}._-]$/u.test(event.key) && this.walking;
    if (!letter || (event.key === "l" && !goesOn)) return false;
    this.typing = { text: (goesOn ? this.typing.text : "") + event.key, until: event.timeStamp + TYPING_MS };
    const found = typedAhead(this.rows, at, this.typing.text);
    if (found >= 0) this.move(found);
    return true;
  }

  private walks(walking: boolean): void {
    this.walking = walking;
  }

  private focused(): void {
    this.walking = this.list.matches(":focus-visible");
  }

  private leave(): void {
    this.text = "";
    this.field.focus();
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

/** What stands below a name: the way to a match, else the description. */
function secondLine(row: TreeRow): string {
  if (row.path) return row.path.join(" › ");
  return row.node.title || (row.node.layer?.status === "unavailable" ? NOT_NOW : "");
}

const tooltipOf = (row: TreeRow): string =>
  [[...(row.path ?? []), row.node.label].join(" › "), row.node.title].filter(Boolean).join("\n");

/** Why a layer is not to be had: administrators are told, others only that it is so. */
function reasonOf(node: TreeNode): string {
  const id = node.layer?.layer_id ?? "";
  const problem = store.state.holdings?.problems.find(({ name }) => name === id || name.includes(node.label));
  return problem?.message ?? NOT_NOW;
}
