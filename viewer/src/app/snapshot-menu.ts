/** Pictures to keep: the screen as it is, or the pixels in view at their own resolution. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { base, menu } from "../styles/shared";
import { icons } from "./icons";
import { grouped } from "./numbers";
import type { ArPopover } from "./popover";
import "./popover";
import { nativeWindow, snapshotNative, snapshotScreen } from "./share";
import { Follow, store } from "./store-controller";

@customElement("ar-snapshot-menu")
export class ArSnapshotMenu extends LitElement {
  static override styles = [
    base,
    menu,
    css`
      :host { display: inline-flex; }
      .menu { width: 272px; }
      .item { align-items: flex-start; padding: 8px 10px; }
      .item small { display: block; line-height: 1.4; }
      .face { display: inline-flex; gap: 6px; align-items: center; }
    `,
  ];
  @state() private opened = false;
  private readonly follow = new Follow(this, ["narrow"]);

  override render() {
    void this.follow;
    const { narrow } = store.state;
    return html`<ar-popover side="end" ?icon=${narrow} label="Snapshot" tip="Snapshot (s: the screen)"
      @open-change=${(event: CustomEvent<boolean>) => {
        this.opened = event.detail;
      }}>
      <span slot="face" class="face">${icons.camera}${narrow ? nothing : "Snapshot"}</span>
      <div class="menu" role="menu" aria-label="Snapshot">${this.opened ? this.items() : nothing}</div>
    </ar-popover>`;
  }

  private items() {
    const part = nativeWindow();
    const size = part ? `${grouped(part.width)} × ${grouped(part.height)} px` : "no pixel in view";
    const limit = part && !part.allowed ? `, ${part.megapixels.toFixed(0)} Mpx: more than 64. Zoom in first.` : "";
    return html`<button class="item" data-item role="menuitem" @click=${(e: Event) => this.take(e, snapshotScreen)}>
        <span class="grow">Screen, PNG<small>As it is seen, with grid and marks</small></span><kbd>s</kbd></button>
      <button class="item" data-item role="menuitem" ?disabled=${!part?.allowed}
        @click=${(e: Event) => this.take(e, snapshotNative)}>
        <span class="grow">Native resolution, PNG<small>${size}${limit}</small></span></button>`;
  }

  private take(event: Event, act: () => Promise<void>): void {
    (event.target as HTMLElement).closest<ArPopover>("ar-popover")?.close();
    void act();
  }
}
