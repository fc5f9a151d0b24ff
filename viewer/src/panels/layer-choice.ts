/** Layers that something is to be done with: the one that is shown, and others that are looked for by their names. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { icons } from "../app/icons";
import { layerName, type NamedLayer, namedLayers } from "../app/layer-names";
import { grouped } from "../app/numbers";
import { Follow, store } from "../app/store-controller";
import { splitLayerId } from "../app/url";
import { base, controls } from "../styles/shared";

/** Layers that are listed at a time. */
const SHOWN = 40;
const MOST_CHOSEN = 100;

/** Says `change` with the ids of the others as its detail. */
@customElement("ar-layer-choice")
export class ArLayerChoice extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host { display: grid; gap: 4px; min-width: 0; }
      ul { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: var(--r-small); background: var(--well); max-height: 148px; }
      li { display: flex; align-items: center; gap: 6px; min-height: 28px; padding: 0 2px 0 8px; font-size: 12.5px; }
      li + li { border-top: 1px solid var(--line); }
      li span { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      li small { color: var(--mute); font-size: 11.5px; padding-right: 6px; }
      li .icon-btn { width: 24px; height: 24px; }
      .find { display: grid; gap: 4px; }
      .field { height: 28px; padding: 0 8px; font-size: 12.5px; border-radius: var(--r-small); }
      .found { border: 1px solid var(--line); border-radius: var(--r-small); background: var(--well); max-height: 148px; }
      .found label { display: flex; align-items: center; gap: 8px; min-height: 26px; padding: 3px 8px; font-size: 12px; cursor: pointer; }
      .found label:hover { background: var(--hover); }
      .found span { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      .found p { margin: 0; padding: 4px 8px 6px; color: var(--mute); font-size: 12px; }
      .more { justify-self: start; border: 0; padding: 2px 0; background: none; color: var(--accent); font: inherit; font-size: 12px; display: inline-flex; gap: 4px; align-items: center; }
      .more svg { width: 12px; height: 12px; }
      .more:hover { text-decoration: underline; }
    `,
  ];
  /** Id of the layer that is shown. */
  @property() current = "";
  @property({ attribute: false }) others: readonly string[] = [];
  @state() private looking = false;
  @state() private text = "";
  private readonly follow = new Follow(this, ["holdings"]);

  override render(): TemplateResult {
    void this.follow;
    const base = splitLayerId(this.current).base;
    const choice = namedLayers(store.state.holdings).filter(
      ({ entry }) => entry.status === "ready" && entry.layer_id !== base,
    );
    return html`<ul class="scroll" aria-label="Layers">
        <li><span title=${layerName(base)}>${layerName(base)}</span><small>shown</small></li>
        ${this.others.map(
          (id) => html`<li><span title=${layerName(id)}>${layerName(id)}</span>
            <button type="button" class="icon-btn" aria-label=${`Leave out ${layerName(id)}`} title="Leave it out"
              @click=${() => this.toggle(id, false)}>${icons.close}</button></li>`,
        )}
      </ul>
      ${
        choice.length
          ? html`<button type="button" class="more" aria-expanded=${this.looking} @click=${this.look}>
              ${this.looking ? icons.chevronUp : icons.plus}${this.looking ? "That is all" : "Other layers too"}</button>`
          : nothing
      }
      ${this.looking && choice.length ? this.find(choice) : nothing}`;
  }

  private find(choice: NamedLayer[]): TemplateResult {
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ name, group, entry }: NamedLayer) =>
      words.every((word) => `${group} ${name} ${entry.layer_id}`.toLowerCase().includes(word));
    const found = choice.filter(fits);
    const full = this.others.length >= MOST_CHOSEN;
    return html`<div class="find">
      ${
        choice.length > 8
          ? html`<input class="field" type="search" spellcheck="false" autocomplete="off" aria-label="Filter layers"
              placeholder=${`Filter ${grouped(choice.length)} layers`} .value=${this.text} @input=${this.typed} />`
          : nothing
      }
      <div class="found scroll" role="group" aria-label="Other layers">
        ${found.slice(0, SHOWN).map(({ entry, name }) => {
          const on = this.others.includes(entry.layer_id);
          return html`<label title=${name}><input type="checkbox" .checked=${on} ?disabled=${full && !on}
            @change=${() => this.toggle(entry.layer_id, !on)} /><span>${name}</span></label>`;
        })}
        ${found.length ? nothing : html`<p>No layer matches.</p>`}
        ${found.length > SHOWN ? html`<p>${grouped(found.length - SHOWN)} more: type a part of the name.</p>` : nothing}
      </div>
    </div>`;
  }

  private readonly typed = (event: Event): void => {
    this.text = (event.target as HTMLInputElement).value;
  };

  private readonly look = (): void => {
    this.looking = !this.looking;
    this.text = "";
  };

  private toggle(id: string, on: boolean): void {
    const others = this.others.filter((other) => other !== id);
    this.dispatchEvent(new CustomEvent("change", { detail: on ? [...others, id] : others }));
  }
}
