/** A strip of one colour map. */
import { css, html, LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";
import { Follow, store } from "../app/store-controller";
import { colourTable, paintSwatch } from "./swatch";

@customElement("ar-swatch")
export class ArSwatch extends LitElement {
  static override styles = css`
    :host { display: block; overflow: hidden; background: var(--raise); }
    canvas { display: block; width: 100%; height: 100%; }
  `;
  @property() name = "";
  @property({ type: Boolean }) invert = false;
  private readonly follow = new Follow(this, ["colormaps"]);

  override render() {
    void this.follow;
    return html`<canvas width="256" height="1" aria-hidden="true"></canvas>`;
  }

  protected override updated(): void {
    const canvas = this.renderRoot.querySelector("canvas");
    if (canvas) paintSwatch(canvas, colourTable(store.state.colormaps, this.name), this.invert);
  }
}
