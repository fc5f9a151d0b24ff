/** Short lines that come and go: what was done, what failed. */
import { css, html, LitElement, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { base, controls } from "../styles/shared";
import { icons } from "./icons";
import { dismiss } from "./session";
import { Follow, store } from "./store-controller";

@customElement("ar-toasts")
export class ArToasts extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host { position: absolute; left: 50%; bottom: 16px; transform: translateX(-50%); display: grid; gap: 8px; z-index: 20; pointer-events: none;
        justify-items: center; width: max-content; max-width: calc(100% - 32px); }
      .toast { display: flex; align-items: flex-start; gap: 8px; padding: 8px 8px 8px 12px; border: 1px solid var(--line-strong); border-radius: var(--r);
        background: var(--panel); color: var(--text); box-shadow: 0 8px 24px var(--shadow); pointer-events: auto; animation: rise 0.16s ease-out; }
      .toast > svg { margin-top: 2px; color: var(--ok); }
      .fault > svg { color: var(--bad); }
      span { overflow-wrap: anywhere; max-width: 52ch; line-height: 20px; }
      .icon-btn { width: 20px; height: 20px; }
      @keyframes rise { from { opacity: 0; transform: translateY(6px); } }
      @media (prefers-reduced-motion: reduce) { .toast { animation: none; } }
    `,
  ];
  private readonly follow = new Follow(this, ["toasts"]);

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute("role", "status");
    this.setAttribute("aria-live", "polite");
  }

  override render() {
    void this.follow;
    return store.state.toasts.map(
      (
        toast,
      ) => html`<div class="toast ${toast.kind}">${toast.kind === "fault" ? icons.warn : icons.check}<span>${toast.text}</span>
        ${
          toast.kind === "fault"
            ? html`<button class="icon-btn" aria-label="Dismiss" title="Dismiss" @click=${() => dismiss(toast.id)}>${icons.close}</button>`
            : nothing
        }</div>`,
    );
  }
}
