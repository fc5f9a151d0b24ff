/** The right panel: how the layer is shown. */
import { css, html, LitElement } from "lit";
import { customElement } from "lit/decorators.js";
import { base } from "../styles/shared";
import "./colormap-panel";
import "./cube-panel";
import "./notes-panel";
import "./range-panel";
import "./stretch-panel";

@customElement("ar-display-panel")
export class ArDisplayPanel extends LitElement {
  static override styles = [
    base,
    css`
      :host { display: block; height: 100%; }
      .scroll { height: 100%; scrollbar-gutter: stable; }
      .scroll > * + * { border-top: 1px solid var(--line); }
    `,
  ];

  override render() {
    return html`<div class="scroll">
      <ar-range-panel></ar-range-panel>
      <ar-cube-panel></ar-cube-panel>
      <ar-stretch-panel></ar-stretch-panel>
      <ar-colormap-panel></ar-colormap-panel>
      <ar-notes-panel></ar-notes-panel>
    </div>`;
  }
}
