/** The FITS headers of the layer's file, with search. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { api } from "../api/client";
import { focusRequests } from "../app/commands";
import { icons } from "../app/icons";
import { isAbort, Latest, wordsOf } from "../app/session";
import { copy } from "../app/share";
import { Follow, store } from "../app/store-controller";
import { base, controls, section } from "../styles/shared";
import { type Card, markParts, parseHeader, searchCards } from "./cards";
import { headerStyles } from "./header-styles";

@customElement("ar-header-panel")
export class ArHeaderPanel extends LitElement {
  static override styles = [base, controls, section, headerStyles];

  @state() private hdu = 0;
  @state() private text = "";
  @state() private at = 0;
  @query("input") private field!: HTMLInputElement;
  private readonly follow = new Follow(this, ["info", "headers"]);
  private readonly loading = new Latest();
  private cards: Card[] = [];
  private parsed: string | null = null;
  private readonly focusField = () => this.field?.focus();

  override connectedCallback(): void {
    super.connectedCallback();
    this.hdu = store.state.info?.hdu ?? 0;
    focusRequests.addEventListener("header", this.focusField);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    focusRequests.removeEventListener("header", this.focusField);
  }

  protected override willUpdate(): void {
    const { info, headers } = store.state;
    const key = info ? `${info.id} ${info.version}` : "";
    if (info && headers?.id !== key) void this.load(info.id, key, info.hdu);
    const text = this.entry()?.text ?? "";
    if (text !== this.parsed) {
      this.cards = parseHeader(text);
      this.parsed = text;
      this.at = 0;
    }
  }

  private entry() {
    const entries = store.state.headers?.entries ?? [];
    return entries.find((entry) => entry.index === this.hdu) ?? entries[0];
  }

  private async load(id: string, key: string, hdu: number): Promise<void> {
    this.hdu = hdu;
    store.set({ headers: { id: key, entries: null, error: null } });
    try {
      const entries = await api.headers(id, this.loading.next());
      store.set({ headers: { id: key, entries, error: null } });
    } catch (error) {
      if (!isAbort(error)) store.set({ headers: { id: key, entries: null, error: wordsOf(error) } });
    }
  }

  override render(): TemplateResult {
    void this.follow;
    const { info, headers } = store.state;
    const found = searchCards(this.cards, this.text);
    return html`<div class="top">
        <div class="head"><h2>FITS header</h2>
          <button class="icon-btn" title="Copy this header" aria-label="Copy this header" ?disabled=${!this.entry()}
            @click=${() => copy(this.entry()?.text ?? "", "The header is copied.")}>${icons.copy}</button></div>
        ${this.choice()}
        ${this.search(found)}
      </div>
      ${
        headers?.error
          ? html`<div class="pad"><div class="fault">${icons.warn}<span>${headers.error}</span></div></div>`
          : !info
            ? html`<p class="note pad">Choose a layer to read the header of its file.</p>`
            : headers?.entries
              ? this.lines(found)
              : html`<p class="note pad">Reading…</p>`
      }`;
  }

  private choice(): TemplateResult | typeof nothing {
    const entries = store.state.headers?.entries ?? [];
    if (entries.length === 0) return nothing;
    const chosen = this.entry()?.index;
    return html`<span class="select"><select class="field" aria-label="HDU" @change=${(event: Event) => {
      this.hdu = Number((event.target as HTMLSelectElement).value);
    }}>
      ${entries.map(
        (entry) => html`<option value=${entry.index} ?selected=${entry.index === chosen}>
          HDU ${entry.index}${entry.name ? ` · ${entry.name}` : ""}${entry.index === store.state.info?.hdu ? " (shown)" : ""}</option>`,
      )}
    </select>${icons.chevronDown}</span>`;
  }

  private search(found: number[]): TemplateResult {
    const asked = this.text.trim() !== "";
    const place = found.length ? Math.min(this.at, found.length - 1) + 1 : 0;
    return html`<div class="row find">
      <input class="field" type="search" placeholder="Find in the header" aria-label="Find in the header" spellcheck="false"
        .value=${this.text} @input=${this.typed} @keydown=${this.keyed} />
      <span class="count" role="status">${asked ? (found.length ? `${place} of ${found.length}` : "none") : ""}</span>
      <button class="icon-btn" title="Previous match (Shift + Enter)" aria-label="Previous match" ?disabled=${!found.length}
        @click=${() => this.step(-1)}>${icons.up}</button>
      <button class="icon-btn" title="Next match (Enter)" aria-label="Next match" ?disabled=${!found.length}
        @click=${() => this.step(1)}>${icons.down}</button>
    </div>`;
  }

  private lines(found: number[]): TemplateResult {
    const current = found[Math.min(this.at, found.length - 1)];
    return html`<div class="cards scroll" tabindex="0" role="region" aria-label="Header">
      ${this.cards.map(
        (card, k) => html`<div class="card ${k === current ? "current" : ""}">
          <b>${this.marked(card.keyword)}</b>
          <span>${card.value ? html`<em>${this.marked(card.value)}</em> ` : nothing}<i>${this.marked(card.comment)}</i></span>
        </div>`,
      )}
    </div>`;
  }

  private marked(text: string) {
    if (!this.text.trim()) return text;
    return markParts(text, this.text).map((part, k) => (k % 2 ? html`<mark>${part}</mark>` : part));
  }

  private typed(): void {
    this.text = this.field.value;
    this.at = 0;
    void this.updateComplete.then(() => this.reveal());
  }

  private keyed(event: KeyboardEvent): void {
    if (event.key === "Enter") this.step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape" && this.text) this.text = "";
    else if (event.key === "Escape") this.field.blur();
  }

  private step(by: number): void {
    const count = searchCards(this.cards, this.text).length;
    if (count) this.at = (Math.min(this.at, count - 1) + by + count) % count;
    void this.updateComplete.then(() => this.reveal());
  }

  private reveal(): void {
    this.renderRoot.querySelector(".current")?.scrollIntoView({ block: "nearest" });
  }
}
