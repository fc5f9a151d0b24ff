/** The field on top: a position, the name of an object, or something of what is on offer. What is wrong is said in place. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { shownCatalog } from "../catalogs/store";
import { base } from "../styles/shared";
import { account } from "./account";
import { syncUrlOnArrival } from "./address";
import { boxOf, drawnBoxes, goToRegion, selectBox, showBox } from "./boxes";
import { toggleCatalog } from "./catalogs";
import { focusRequests } from "./commands";
import { formatDec, formatLat, formatLon, formatRaHours } from "./format";
import { fromIcrs } from "./frames";
import { icons } from "./icons";
import { openLayer } from "./layers";
import { lookUp } from "./look-up";
import { showLeft } from "./panels";
import { type Place, parsePosition } from "./position";
import { isAbort, Latest, say, session, wordsOf } from "./session";
import { Follow, FollowStore, store } from "./store-controller";
import { type Suggestion, suggestionsFor } from "./suggestions";

const KINDS = {
  layer: { icon: icons.layers, word: "layer" },
  catalog: { icon: icons.catalogs, word: "catalog" },
  box: { icon: icons.boxes, word: "box" },
};

@customElement("ar-search-field")
export class ArSearchField extends LitElement {
  static override styles = [
    base,
    css`
      :host { display: block; position: relative; min-width: 0; }
      form { display: flex; align-items: center; gap: 8px; height: 32px; padding: 0 6px 0 12px; border: 1px solid var(--line);
        border-radius: 999px; background: var(--well); color: var(--mute); transition: border-color 0.12s; }
      form:hover { border-color: var(--line-strong); }
      form:focus-within { border-color: var(--accent-fill); box-shadow: 0 0 0 1px var(--accent-fill); }
      form.bad { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad); }
      input { flex: 1; min-width: 0; border: 0; background: none; color: var(--text); font: inherit; padding: 0; height: 28px;
        text-overflow: ellipsis; }
      input:focus-visible { outline: none; }
      input::placeholder { color: var(--mute); opacity: 1; }
      input::-webkit-search-cancel-button { appearance: none; }
      .hint { position: absolute; z-index: 30; top: 38px; left: 0; right: 0; padding: 8px 12px; display: flex; gap: 8px;
        border: 1px solid var(--line); border-radius: 10px; background: var(--panel); box-shadow: 0 12px 32px var(--shadow);
        font-size: 12px; line-height: 1.45; overflow-wrap: anywhere; }
      .hint svg { margin-top: 1px; color: var(--mute); }
      .hint.bad svg { color: var(--bad); }
      .hint b { font: 500 12px/1.5 var(--mono); white-space: nowrap; }
      .hint span { color: var(--mute); }
      .hint .link { border: 0; padding: 0; background: none; color: var(--accent); font: inherit; text-decoration: underline; cursor: pointer; }
      .drop { position: absolute; z-index: 30; top: 38px; left: 0; right: 0; border: 1px solid var(--line); border-radius: 10px; background: var(--panel);
        box-shadow: 0 12px 32px var(--shadow); overflow: hidden; }
      .drop .hint { position: static; border: 0; box-shadow: none; border-radius: 0; background: none; }
      .drop .hint + [role="listbox"] { border-top: 1px solid var(--line); }
      [role="listbox"] { padding: 4px; max-height: min(420px, 60vh); }
      [role="option"] { display: flex; align-items: center; gap: 8px; min-height: 30px; padding: 2px 8px; border-radius: var(--r-small); cursor: pointer; font-size: 13px; }
      [role="option"] svg { color: var(--mute); }
      [role="option"] b { font-weight: 500; flex: none; max-width: 60%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      [role="option"] small { color: var(--mute); flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: right; }
      [role="option"]:hover { background: var(--raise); }
      [role="option"][aria-selected="true"] { background: var(--hover); box-shadow: inset 2px 0 0 var(--accent-fill); }
      .busy { width: 8px; height: 8px; margin: 4px; border-radius: 50%; background: var(--accent-fill); flex: none; animation: pulse 0.9s ease-in-out infinite alternate; }
      @keyframes pulse { to { opacity: 0.25; } }
      @media (prefers-reduced-motion: reduce) { .busy { animation: none; } }
      kbd { border-radius: 999px; }
    `,
  ];

  @state() private text = "";
  @state() private fault = "";
  @state() private focused = false;
  @state() private busy = "";
  @state() private active = -1;
  @query("input") private input!: HTMLInputElement;
  private readonly follow = [
    new Follow(this, ["overlays", "info", "holdings"]),
    new FollowStore(this, account, ["session"]),
  ];
  private readonly latest = new Latest();
  private found: Suggestion[] = [];
  private readonly focusField = () => {
    this.input.focus();
    this.input.select();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    focusRequests.addEventListener("search", this.focusField);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    focusRequests.removeEventListener("search", this.focusField);
    this.latest.cancel();
  }

  private get resolver(): boolean {
    return account.state.session?.resolver !== false;
  }

  private place(): Place {
    return parsePosition(this.text, store.state.overlays.frame);
  }

  override render() {
    void this.follow;
    const sky = store.state.info === null || store.state.info.center !== null;
    const place = this.place();
    const isName = place.kind === "error" && place.name !== undefined;
    this.found = this.focused && isName ? suggestionsFor(this.text, store.state.holdings, drawnBoxes()) : [];
    const many = this.found.length;
    const placeholder = this.resolver
      ? "Position or name: 05 35 17.3 −05 23 28, M 42"
      : "Position: 05 35 17.3 −05 23 28";
    return html`<form class=${this.fault ? "bad" : ""} role="search" @submit=${this.submit}>
        ${this.busy ? html`<i class="busy"></i>` : icons.search}
        <input type="search" role="combobox" spellcheck="false" autocomplete="off" enterkeyhint="go" .value=${this.text}
          aria-label="Go to a position or a name" aria-describedby="hint" aria-invalid=${this.fault ? "true" : "false"}
          aria-autocomplete="list" aria-expanded=${many > 0} aria-controls="options"
          aria-activedescendant=${this.active >= 0 && this.active < many ? `option-${this.active}` : nothing}
          placeholder=${sky ? placeholder : "Pixel: px 100 200"}
          @input=${this.typed} @keydown=${this.keyed}
          @focus=${() => {
            this.focused = true;
          }}
          @blur=${() => {
            this.focused = false;
            this.active = -1;
          }} />
        <kbd title="Press / to type here">/</kbd>
      </form>
      ${this.drop(place)}`;
  }

  private drop(place: Place): TemplateResult {
    const hint = this.hint(place);
    const open = hint !== nothing || this.found.length > 0;
    return html`<div class=${open ? "drop" : ""}>
      <div id="hint" role="status">${hint}</div>
      <div id="options" class="scroll" role="listbox" aria-label="Suggestions" ?hidden=${this.found.length === 0}
        @pointerdown=${(event: Event) => event.preventDefault()}>${this.found.map((one, k) => this.option(one, k))}</div>
    </div>`;
  }

  private option(one: Suggestion, at: number): TemplateResult {
    const { icon, word } = KINDS[one.kind];
    return html`<div id=${`option-${at}`} role="option" aria-selected=${at === this.active} title=${word}
      @click=${() => this.choose(one)}>${icon}<span class="sr">${word}</span><b>${one.label}</b><small>${one.aside}</small></div>`;
  }

  private hint(place: Place): TemplateResult | typeof nothing {
    if (this.busy)
      return html`<div class="hint"><i class="busy"></i><div>Looking up “${this.busy}”… <button class="link" type="button" @click=${this.stop}>Stop</button></div></div>`;
    if (this.fault) return html`<div class="hint bad">${icons.warn}<div>${this.fault}</div></div>`;
    if (!this.focused || this.text.trim() === "") return nothing;
    if (place.kind !== "error") return html`<div class="hint">${icons.globe}<div>${describe(place)} </div></div>`;
    if (place.name === undefined || !this.resolver) return nothing;
    return html`<div class="hint">${icons.globe}<div>“${place.name}” <span>name of an object · Enter looks it up</span></div></div>`;
  }

  private typed(): void {
    this.text = this.input.value;
    this.fault = "";
    this.active = -1;
    this.stop();
  }

  private readonly stop = (): void => {
    this.latest.cancel();
    this.busy = "";
  };

  private keyed(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const places = this.found.length + 1;
    if (step && places > 1) {
      // One place more than there are options: the text itself.
      this.active = ((this.active + 1 + step + places) % places) - 1;
      event.preventDefault();
    } else if (event.key === "Escape") this.leave(event);
  }

  private leave(event: Event): void {
    if (this.busy) {
      // The browser would empty the field.
      event.preventDefault();
      this.stop();
      return;
    }
    this.fault = "";
    this.input.blur();
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    const chosen = this.found[this.active];
    if (chosen) {
      this.choose(chosen);
      return;
    }
    const place = this.place();
    this.stop();
    const signal = this.latest.next();
    const fault = await this.start(place, signal).catch((error) => (isAbort(error) ? null : wordsOf(error)));
    if (signal.aborted || fault === null) return;
    this.busy = "";
    this.fault = fault;
    if (!fault) this.input.blur();
  }

  private start(place: Place, signal: AbortSignal): Promise<string> {
    if (place.kind !== "error" || place.name === undefined || !this.resolver) return goTo(place);
    this.busy = place.name;
    this.fault = "";
    return goToName(place.name, signal);
  }

  private choose(one: Suggestion): void {
    this.text = "";
    this.active = -1;
    this.stop();
    this.input.blur();
    take(one);
  }
}

function take({ kind, id }: Suggestion): void {
  if (kind === "layer") void openLayer(id);
  else if (kind === "catalog") {
    if (!shownCatalog(id)) toggleCatalog(id);
    showLeft("catalogs");
  } else {
    const box = boxOf(id);
    if (!box) return;
    if (!box.shown) showBox(box, true);
    selectBox(id);
    void goToRegion(box.region);
    showLeft("boxes");
  }
}

/** Look up a name and go there; the answer is what went wrong, or nothing. */
async function goToName(name: string, signal: AbortSignal): Promise<string> {
  const found = await lookUp(name, signal);
  if (typeof found === "string") return found;
  const { ra, dec } = found;
  const wrong = await goTo({ kind: "sky", ra, dec, frame: "icrs", lon: ra, lat: dec });
  if (wrong) return `${found.name} is at ${formatRaHours(ra, 1 / 3600)} ${formatDec(dec, 1 / 3600)}. ${wrong}`;
  say(`${found.name}${found.type ? `, ${found.type}` : ""}: found by ${found.found_by}.`);
  return "";
}

function describe(place: Exclude<Place, { kind: "error" }>) {
  if (place.kind === "pixel") return html`<b>x ${place.x}, y ${place.y}</b> <span>pixel · Enter goes there</span>`;
  const [l, b] = fromIcrs("galactic", place.ra, place.dec);
  return html`<b>${formatRaHours(place.ra, 1 / 3600)} ${formatDec(place.dec, 1 / 3600)}</b>
    <br /><span>ICRS · galactic ${formatLon(l, 0.01)} ${formatLat(b, 0.01)} · Enter goes there</span>`;
}

/** Go to a place; the answer is what went wrong, or nothing. */
export async function goTo(place: Place): Promise<string> {
  const { map } = session;
  const { info } = store.state;
  if (place.kind === "error") return place.message;
  if (!map || !info) return "No layer is shown yet. Choose one on the left.";
  if (place.kind === "pixel") {
    const [ny, nx] = info.shape;
    if (place.x < -0.5 || place.y < -0.5 || place.x > nx - 0.5 || place.y > ny - 0.5) {
      return `This layer's pixels run from 0 to ${nx - 1} in x and from 0 to ${ny - 1} in y. Example: px ${Math.round(nx / 2)} ${Math.round(ny / 2)}.`;
    }
    map.goToPixel(place.x, place.y, undefined, true);
  } else if (!info.center) {
    return "This layer has no celestial coordinates: only pixels can be found. Example: px 100 200.";
  } else if (!(await map.goToSky(place.ra, place.dec, undefined, true))) {
    return "That position lies outside this layer. The layers on the left may hold another one that shows it.";
  }
  syncUrlOnArrival();
  return "";
}
