/** Says over the map what the next drag draws, and how to stop. */
import { css, html, LitElement, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { base, controls } from "../styles/shared";
import { drawMode, setDrawMode } from "./draw-mode";
import { icons } from "./icons";
import { FollowStore } from "./store-controller";

const WORDS = {
  box: "Drag from corner to corner",
  aperture: "Drag from the centre to the rim, or click the centre",
};

@customElement("ar-draw-hint")
export class ArDrawHint extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host { position: absolute; top: 12px; left: 50%; transform: translateX(-50%); z-index: 10; max-width: calc(100% - 32px); }
      div { display: flex; align-items: center; gap: 8px; padding: 4px 4px 4px 12px; border: 1px solid var(--accent); border-radius: 999px;
        background: var(--panel); color: var(--text); box-shadow: 0 8px 24px var(--shadow); white-space: nowrap; }
      div > svg { color: var(--accent); }
      span { overflow: hidden; text-overflow: ellipsis; }
      .icon-btn { border-radius: 999px; }
    `,
  ];
  private readonly follow = new FollowStore(this, drawMode);

  override render() {
    void this.follow;
    const { mode } = drawMode.state;
    if (!mode) return nothing;
    return html`<div role="status">${mode === "box" ? icons.boxes : icons.apertures}<span>${WORDS[mode]}</span><kbd>Esc</kbd>
      <button class="icon-btn" aria-label="Stop drawing" title="Stop drawing (Esc)" @click=${() => setDrawMode(null)}>${icons.close}</button></div>`;
  }
}
