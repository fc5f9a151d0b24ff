/** Colour map: a few at hand, all of them by category in a list that can be searched; the bar with its ticks. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { commands, FAVOURITES } from "../app/commands";
import { icons } from "../app/icons";
import { tooltip } from "../app/keys";
import { setStyle } from "../app/layers";
import "../app/popover";
import type { ArPopover } from "../app/popover";
import { Follow, store } from "../app/store-controller";
import { base, controls, section } from "../styles/shared";
import "./colour-bar";
import "./colour-swatch";
import { colormapStyles } from "./colormap-styles";

@customElement("ar-colormap-panel")
export class ArColormapPanel extends LitElement {
  static override styles = [base, controls, section, colormapStyles];
  @state() private open = false;
  @state() private text = "";
  @query("ar-popover") private popover_!: ArPopover;
  private readonly follow = new Follow(this, ["style", "colormaps"]);

  override render() {
    void this.follow;
    const { style } = store.state;
    const shown = style?.cmap ?? "";
    const listed = FAVOURITES.slice(0, 5);
    const names = shown && !listed.includes(shown) ? [shown, ...listed.slice(0, 4)] : listed;
    return html`<section>
      <div class="head"><h2>Colour map</h2></div>
      <div class="maps" role="radiogroup" aria-label="Colour map">${names.map((name) => this.strip(name, shown))}</div>
      <div class="row tools">
        <ar-popover text="All maps…" tip="All colour maps by category" @open-change=${(event: CustomEvent<boolean>) => {
          this.open = event.detail;
          this.text = "";
        }}>${this.open ? this.all(shown) : nothing}</ar-popover>
        <button class="btn" aria-pressed=${style?.invert ?? false} ?disabled=${!style} title=${tooltip("invert")}
          @click=${commands.invert}>Invert</button>
      </div>
      <ar-colour-bar></ar-colour-bar>
    </section>`;
  }

  private strip(name: string, shown: string): TemplateResult {
    const on = name === shown;
    return html`<button class="strip" role="radio" aria-checked=${on} ?disabled=${!store.state.style}
      @click=${() => setStyle({ cmap: name }, "push")} title=${`${name} (. and , walk through these)`}>
      <span>${name}</span><ar-swatch .name=${name}></ar-swatch></button>`;
  }

  private all(shown: string): TemplateResult {
    const { colormaps } = store.state;
    if (!colormaps) return html`<p class="none">Fetching the colour maps…</p>`;
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (name: string, category: string) =>
      words.every((word) => name.toLowerCase().includes(word) || category.toLowerCase().includes(word));
    const groups = Object.entries(colormaps.categories)
      .map(([category, names]) => [category, names.filter((name) => fits(name, category))] as const)
      .filter(([, names]) => names.length > 0);
    return html`<div class="all">
      <div class="find"><input class="field" type="search" autofocus placeholder=${`Find among ${Object.keys(colormaps.tables).length} maps`}
        aria-label="Find a colour map" spellcheck="false" .value=${this.text} @input=${(event: Event) => {
          this.text = (event.target as HTMLInputElement).value;
        }} />
        <button class="btn" aria-pressed=${shown.endsWith("_r")} title="The same colours from the other end" @click=${() => this.pick(flipped(shown))}>
          Reversed</button></div>
      ${groups.map(
        ([category, names]) => html`<h3>${category}</h3>
          <div class="grid">${names.map((name) => this.choice(name, shown))}</div>`,
      )}
      ${groups.length ? nothing : html`<p class="none">No colour map is called “${this.text}”.</p>`}
    </div>`;
  }

  private choice(name: string, shown: string): TemplateResult {
    const on = name === shown || `${name}_r` === shown;
    return html`<button class="tile" data-item aria-pressed=${on} title=${name} @click=${() => this.pick(name)}
      @dblclick=${() => this.popover_.close()}>
      <ar-swatch .name=${on ? shown : name}></ar-swatch>
      <span>${on ? icons.check : nothing}${on ? shown : name}</span></button>`;
  }

  private pick(name: string): void {
    setStyle({ cmap: name }, "push");
  }
}

const flipped = (name: string): string => (name.endsWith("_r") ? name.slice(0, -2) : `${name}_r`);
