/** The colour bar: ticks are round numbers in the map's units, placed where the stretch puts them. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { formatNumber, unitLabel } from "../app/numbers";
import { Follow, store } from "../app/store-controller";
import { base, section } from "../styles/shared";
import "./colour-swatch";
import { barTicks } from "./scale";

@customElement("ar-colour-bar")
export class ArColourBar extends LitElement {
  static override styles = [
    base,
    section,
    css`
      :host { display: block; }
      .bar { position: relative; height: 12px; border-radius: 3px; overflow: hidden; }
      ar-swatch { height: 12px; }
      .ticks { position: relative; height: 22px; font: 11px/16px var(--mono); color: var(--mute); overflow: hidden; }
      .ticks span { position: absolute; top: 6px; white-space: nowrap; }
      .ticks i { position: absolute; top: 0; width: 1px; height: 5px; background: var(--line-strong); }
    `,
  ];
  @state() private width = 280;
  private readonly follow = new Follow(this, ["style", "info", "equalisation"]);
  private readonly sizes = new ResizeObserver(([entry]) => {
    if (entry.contentRect.width > 0) this.width = entry.contentRect.width;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
  }

  override render() {
    void this.follow;
    const { style, info, equalisation } = store.state;
    const { ticks, exponent } = style ? barTicks(style, this.width, equalisation) : { ticks: [], exponent: 0 };
    const units = unitLabel(info?.units ?? null, exponent);
    const words = style ? `From ${formatNumber(style.vmin)} to ${formatNumber(style.vmax)} ${info?.units ?? ""}` : "";
    return html`<div class="head"><h2>Colour bar</h2><span class="aside">${style?.absolute ? "|x| " : ""}${units}</span></div>
      <div class="bar" role="img" aria-label=${words}>${
        style ? html`<ar-swatch .name=${style.cmap} ?invert=${style.invert}></ar-swatch>` : nothing
      }</div>
      <div class="ticks" aria-hidden="true">${ticks.map(
        (tick) => html`<i data-place=${tick.place}></i><span data-place=${tick.place}>${tick.label}</span>`,
      )}</div>`;
  }

  /** Labels sit under their ticks, the outer ones within the bar. */
  protected override updated(): void {
    for (const item of this.renderRoot.querySelectorAll<HTMLElement>(".ticks > *")) {
      const at = Number(item.dataset.place) * this.width;
      const own = item.tagName === "I" ? 1 : item.offsetWidth;
      item.style.left = `${Math.round(Math.min(Math.max(at - own / 2, 0), this.width - own))}px`;
    }
  }
}
