/** The field on top: type a position, Enter goes there; what is wrong is said in place. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { base } from "../styles/shared";
import { syncUrl } from "./address";
import { focusRequests } from "./commands";
import { formatDec, formatLat, formatLon, formatRaHours } from "./format";
import { fromIcrs } from "./frames";
import { icons } from "./icons";
import { type Place, parsePosition } from "./position";
import { session, wordsOf } from "./session";
import { Follow, store } from "./store-controller";

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
      kbd { border-radius: 999px; }
    `,
  ];

  @state() private text = "";
  @state() private fault = "";
  @state() private focused = false;
  @query("input") private input!: HTMLInputElement;
  private readonly follow = new Follow(this, ["overlays", "info"]);
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
  }

  override render() {
    void this.follow;
    const sky = store.state.info === null || store.state.info.center !== null;
    return html`<form class=${this.fault ? "bad" : ""} role="search" @submit=${this.submit}>
        ${icons.search}
        <input type="search" spellcheck="false" autocomplete="off" enterkeyhint="go" .value=${this.text}
          aria-label="Go to a position" aria-describedby="hint" aria-invalid=${this.fault ? "true" : "false"}
          placeholder=${sky ? "Position: 05 35 17.3 −05 23 28" : "Pixel: px 100 200"}
          @input=${this.typed} @keydown=${this.keyed}
          @focus=${() => {
            this.focused = true;
          }}
          @blur=${() => {
            this.focused = false;
          }} />
        <kbd title="Press / to type here">/</kbd>
      </form>
      <div id="hint" role="status">${this.hint()}</div>`;
  }

  private hint() {
    if (this.fault) return html`<div class="hint bad">${icons.warn}<div>${this.fault}</div></div>`;
    if (!this.focused || this.text.trim() === "") return nothing;
    const place = parsePosition(this.text, store.state.overlays.frame);
    if (place.kind === "error") return nothing;
    return html`<div class="hint">${icons.globe}<div>${describe(place)} </div></div>`;
  }

  private typed(): void {
    this.text = this.input.value;
    this.fault = "";
  }

  private keyed(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    this.fault = "";
    this.input.blur();
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    this.fault = await goTo(parsePosition(this.text, store.state.overlays.frame)).catch(wordsOf);
    if (!this.fault) this.input.blur();
  }
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
  syncUrl("push");
  return "";
}
