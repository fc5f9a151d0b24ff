/** The left panel: boxes. */
import { css, html, LitElement } from "lit";
import { customElement } from "lit/decorators.js";
import { base, section } from "../styles/shared";

@customElement("ar-boxes-panel")
export class ArBoxesPanel extends LitElement {
  static override styles = [
    base,
    section,
    css`
      :host { display: flex; flex-direction: column; height: 100%; min-height: 0; }
      .top { padding: 12px 16px 8px; display: flex; align-items: center; min-height: 40px; }
    `,
  ];

  override render() {
    return html`<div class="top"><h2>Boxes</h2></div>`;
  }
}
