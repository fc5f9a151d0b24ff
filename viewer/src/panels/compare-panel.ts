/** Compare with a second layer: opacity, blink, swipe. */
import { css, html, LitElement, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import { changeCompare, compareWith, setCompareMode, toggleBlinking } from "../app/compare";
import { icons } from "../app/icons";
import { tooltip } from "../app/keys";
import type { CompareState } from "../app/state";
import { Follow, store } from "../app/store-controller";
import { splitLayerId } from "../app/url";
import type { CompareMode } from "../map/types";
import { base, controls, section } from "../styles/shared";

const MODES: [CompareMode, string, string][] = [
  ["opacity", "Opacity", "Lay the second layer over the first"],
  ["blink", "Blink", tooltip("blink")],
  ["swipe", "Swipe", tooltip("swipe")],
];

@customElement("ar-compare-panel")
export class ArComparePanel extends LitElement {
  static override styles = [
    base,
    controls,
    section,
    css`
      :host { display: block; padding: 12px 16px 16px; }
      .seg { margin-top: 8px; }
      .slider, .blink { margin-top: 8px; }
      .blink { height: 28px; }
      .blink .btn { flex: 1; }
    `,
  ];
  private readonly follow = new Follow(this, ["holdings", "compare", "layerId"]);

  override render() {
    void this.follow;
    const { compare } = store.state;
    return html`<div class="head"><h2 id="title">Compare with</h2></div>
      <span class="select"><select class="field" aria-labelledby="title" .value=${compare?.id ?? ""} @change=${this.chosen}>
        <option value="" ?selected=${!compare}>Nothing</option>
        ${guard([store.state.holdings, compare?.id, store.state.layerId], () => this.options(compare?.id ?? null))}
      </select>${icons.chevronDown}</span>
      ${compare ? this.modes(compare) : nothing}`;
  }

  private options(chosen: string | null) {
    const current = splitLayerId(store.state.layerId ?? "").base;
    return (store.state.holdings?.map_groups ?? []).map(
      (group) =>
        html`<optgroup label=${group.name}>${group.maps.flatMap((map) =>
          map.bands.flatMap((band) =>
            band.layers
              .filter((layer) => layer.status === "ready" && layer.layer_id !== current)
              .map((layer) => {
                const several = map.bands.length > 1 || band.layers.length > 1;
                const name = several
                  ? `${map.name} › ${map.bands.length > 1 ? `${band.name} › ` : ""}${layer.name}`
                  : map.name;
                return html`<option value=${layer.layer_id} ?selected=${layer.layer_id === chosen}>${name}</option>`;
              }),
          ),
        )}</optgroup>`,
    );
  }

  private modes(compare: CompareState) {
    return html`<div class="seg" role="radiogroup" aria-label="How to compare">
        ${MODES.map(
          ([mode, word, tip]) => html`<button role="radio" aria-checked=${compare.mode === mode} title=${tip}
            @click=${() => setCompareMode(mode)}>${word}</button>`,
        )}
      </div>
      ${compare.mode === "blink" ? this.blink(compare) : this.slider(compare, compare.mode)}`;
  }

  private slider(compare: CompareState, mode: "opacity" | "swipe") {
    const share = compare[mode];
    const word = mode === "opacity" ? "Opacity" : "Place";
    return html`<div class="slider"><label for="mix">${word}</label>
      <input id="mix" type="range" min="0" max="1" step="0.01" .value=${String(share)}
        aria-valuetext=${`${Math.round(share * 100)} %`}
        @input=${(e: Event) => changeCompare({ [mode]: Number((e.target as HTMLInputElement).value) })} />
      <output>${Math.round(share * 100)} %</output></div>`;
  }

  private blink(compare: CompareState) {
    return html`<div class="row blink">
      <button class="btn" title="Show the one, then the other (b)" @click=${() => changeCompare({ shown: compare.shown ? 0 : 1 })}>
        ${compare.shown ? "Second is shown" : "First is shown"}</button>
      <button class="btn ${compare.playing ? "on" : ""}" aria-pressed=${compare.playing} title="Change by itself"
        @click=${toggleBlinking}>${compare.playing ? icons.pause : icons.play}${compare.playing ? "Stop" : "Play"}</button>
    </div>`;
  }

  private chosen(event: Event): void {
    void compareWith((event.target as HTMLSelectElement).value || null);
  }
}
