/** All keys and gestures, from the one table of keys. */
import { css, html, LitElement } from "lit";
import { customElement, query } from "lit/decorators.js";
import { base, controls } from "../styles/shared";
import { icons } from "./icons";
import { GESTURES, KEYMAP } from "./keys";
import { Follow, store } from "./store-controller";

const GROUPS = ["Move", "Display", "Layers", "Cube", "Page"] as const;

@customElement("ar-help-dialog")
export class ArHelpDialog extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      dialog { width: min(1080px, calc(100vw - 32px)); max-height: calc(100vh - 64px); padding: 0; border: 1px solid var(--line); border-radius: 12px;
        background: var(--panel); color: var(--text); box-shadow: 0 24px 64px var(--shadow); font: 13px/1.4 var(--font); }
      dialog::backdrop { background: rgb(0 0 0 / 45%); }
      header { position: sticky; top: 0; display: flex; align-items: center; justify-content: space-between; padding: 12px 12px 12px 20px;
        background: var(--panel); border-bottom: 1px solid var(--line); }
      h1 { font-size: 15px; margin: 0; font-weight: 600; }
      .columns { columns: 3 280px; column-gap: 32px; padding: 16px 20px; }
      .group { break-inside: avoid; margin-bottom: 16px; }
      h2 { margin-bottom: 6px; }
      .line { display: flex; justify-content: space-between; gap: 12px; align-items: center; min-height: 26px; }
      .keys { color: var(--mute); font-size: 12px; white-space: nowrap; }
      footer { padding: 12px 20px; border-top: 1px solid var(--line); color: var(--mute); font-size: 12px; }
      a { color: var(--accent); }
    `,
  ];
  @query("dialog") private dialog!: HTMLDialogElement;
  private readonly follow = new Follow(this, ["helpOpen"]);

  override render() {
    void this.follow;
    const closed = () => store.set({ helpOpen: false });
    // "close" comes a moment later than the dialog goes: a key pressed meanwhile must not find it open, and may have
    // opened it again.
    const late = () => !this.dialog.open && closed();
    return html`<dialog aria-labelledby="title" @cancel=${closed} @close=${late} @click=${this.outside}>
      <header><h1 id="title">Keys and gestures</h1>
        <button class="icon-btn" aria-label="Close" title="Close (Esc)" @click=${() => this.dialog.close()}>${icons.close}</button></header>
      <div class="columns">
        ${GROUPS.map(
          (group) => html`<div class="group"><h2>${group}</h2>
            ${KEYMAP.filter((binding) => binding.group === group).map(
              (binding) => html`<div class="line"><span>${binding.label}</span><kbd>${binding.shown}</kbd></div>`,
            )}</div>`,
        )}
        <div class="group"><h2>Mouse and touch</h2>
          ${GESTURES.map(([gesture, what]) => html`<div class="line"><span>${what}</span><span class="keys">${gesture}</span></div>`)}
        </div>
      </div>
      <footer>Programs read the same maps: <a href="./docs" target="_blank" rel="noopener">the HTTP API</a>.</footer>
    </dialog>`;
  }

  protected override updated(): void {
    if (store.state.helpOpen && !this.dialog.open) this.dialog.showModal();
    else if (!store.state.helpOpen && this.dialog.open) this.dialog.close();
  }

  private outside(event: MouseEvent): void {
    if (event.target === this.dialog) this.dialog.close();
  }
}
