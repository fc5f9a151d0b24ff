/** The line on top: what am I looking at, where, and what to do with it. */
import { css, html, LitElement, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { base, controls } from "../styles/shared";
import "./account-menu";
import "./breadcrumb";
import { commands } from "./commands";
import { icons, mark } from "./icons";
import { tooltip } from "./keys";
import "./popover";
import "./search-field";
import "./snapshot-menu";
import { Follow, store } from "./store-controller";
import { isDark } from "./theme";
import "./view-menu";

@customElement("ar-top-bar")
export class ArTopBar extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(200px, 420px) minmax(0, 1fr);
        align-items: center;
        gap: 16px;
        padding: 0 12px;
        background: var(--panel);
        border-bottom: 1px solid var(--line);
      }
      .side { display: flex; align-items: center; gap: 8px; min-width: 0; }
      .end { justify-content: flex-end; gap: 6px; }
      .brand { display: flex; align-items: center; gap: 8px; font-weight: 600; font-size: 14px; letter-spacing: 0.02em; margin-right: 4px; flex: none; }
      .brand-mark { color: var(--accent); display: block; }
      ar-breadcrumb { min-width: 0; flex: 0 1 auto; }
      @media (max-width: 1439.98px) { .brand span { display: none; } }
      @media (max-width: 899.98px) {
        :host { grid-template-columns: minmax(0, 1fr) auto; gap: 6px; padding: 0 8px; }
        ar-search-field { grid-row: 2; grid-column: 1 / -1; }
        .share { display: none; }
        .end { gap: 2px; }
      }
    `,
  ];

  private readonly follow = new Follow(this, ["theme", "helpOpen", "narrow"]);

  override render() {
    void this.follow;
    const { theme, narrow } = store.state;
    const dark = isDark(theme);
    return html`<div class="side">
        <div class="brand" title="Armillary">${mark}<span>Armillary</span></div>
        <ar-breadcrumb></ar-breadcrumb>
      </div>
      <ar-search-field></ar-search-field>
      <div class="side end">
        <ar-view-menu></ar-view-menu>
        <button class=${narrow ? "icon-btn" : "btn"} @click=${commands.share} title=${tooltip("share")}
          aria-label="Share">${icons.share}${narrow ? nothing : "Share"}</button>
        <ar-snapshot-menu></ar-snapshot-menu>
        <button class="icon-btn" @click=${commands.theme} title=${tooltip("theme", dark ? "Light theme" : "Dark theme")}
          aria-label=${dark ? "Light theme" : "Dark theme"}>${dark ? icons.sun : icons.moon}</button>
        <button class="icon-btn" @click=${commands.help} title=${tooltip("help")} aria-label="All keys">${icons.help}</button>
        <ar-account-menu ?compact=${narrow}></ar-account-menu>
      </div>`;
  }
}
