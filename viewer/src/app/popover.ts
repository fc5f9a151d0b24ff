/** A button with something that drops from it: opens in the top layer, closes by Escape or a click elsewhere. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { base, controls } from "../styles/shared";
import { icons } from "./icons";

const GAP = 6;
const EDGE = 8;

@customElement("ar-popover")
export class ArPopover extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host { display: inline-flex; min-width: 0; }
      button { min-width: 0; }
      .plain { border-color: transparent; background: transparent; padding: 0 6px; color: var(--mute); }
      .plain:hover { color: var(--text); }
      .text { overflow: hidden; text-overflow: ellipsis; }
      .btn svg { color: var(--mute); margin-right: -3px; width: 14px; height: 14px; }
      .icon-btn.open { background: var(--hover); color: var(--text); }
      [popover] {
        position: fixed;
        inset: auto;
        margin: 0;
        padding: 0;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--panel);
        color: var(--text);
        box-shadow: 0 12px 32px var(--shadow);
        font: 13px/1.4 var(--font);
        max-width: calc(100vw - 16px);
      }
    `,
  ];

  @property() label = "";
  @property() text = "";
  @property() tip = "";
  @property({ type: Boolean }) plain = false;
  @property({ type: Boolean }) caret = false;
  @property({ type: Boolean }) icon = false;
  @property() side: "start" | "end" = "start";
  @state() open = false;
  @query("[popover]") private sheet!: HTMLElement;
  @query("button") private button!: HTMLButtonElement;

  override render() {
    const classes = this.icon ? `icon-btn ${this.open ? "open" : ""}` : `btn ${this.plain ? "plain" : ""}`;
    return html`<button class=${classes} popovertarget="sheet" aria-haspopup="true" aria-expanded=${this.open}
        aria-label=${this.label || nothing} title=${this.tip || this.label || nothing}>
        <slot name="face"></slot>${this.text ? html`<span class="text">${this.text}</span>` : nothing}
        ${this.caret ? icons.chevronDown : nothing}
      </button>
      <div id="sheet" popover class="scroll" @beforetoggle=${this.beforeToggle} @toggle=${this.toggled}
        @keydown=${this.keyed}><slot></slot></div>`;
  }

  close(): void {
    this.sheet.hidePopover();
  }

  private beforeToggle(event: ToggleEvent): void {
    this.open = event.newState === "open";
    this.dispatchEvent(new CustomEvent("open-change", { detail: this.open }));
  }

  private toggled(event: ToggleEvent): void {
    if (event.newState !== "open") return;
    requestAnimationFrame(() => {
      this.place();
      this.focusFirst();
    });
  }

  /** Below the button, within the window; scrolled where it is taller than the room. */
  private place(): void {
    const at = this.button.getBoundingClientRect();
    const { style } = this.sheet;
    const width = this.sheet.offsetWidth;
    const below = innerHeight - at.bottom - GAP - EDGE;
    const above = at.top - GAP - EDGE;
    const up = below < Math.min(this.sheet.scrollHeight, 260) && above > below;
    const left = this.side === "end" ? at.right - width : at.left;
    style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
    style.maxHeight = `${Math.min(up ? above : below, 560)}px`;
    style.top = up ? "auto" : `${at.bottom + GAP}px`;
    style.bottom = up ? `${innerHeight - at.top + GAP}px` : "auto";
  }

  private items(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>("[data-item]:not([disabled])")];
  }

  private focusFirst(): void {
    const items = this.items();
    const target =
      this.querySelector<HTMLElement>("[autofocus]") ?? items.find((item) => item.ariaChecked === "true") ?? items[0];
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  }

  private keyed(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const items = this.items();
    const at = items.indexOf(document.activeElement as HTMLElement);
    const focused = at >= 0 ? at : items.findIndex((item) => item.matches(":focus"));
    items[(focused + step + items.length) % items.length]?.focus();
    event.preventDefault();
  }
}
