/** Frame, right ascension's convention, and what is drawn over the map. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { GridFrame, OverlayOptions } from "../map/types";
import { base, menu } from "../styles/shared";
import { setMirror, setOverlays } from "./commands";
import { icons } from "./icons";
import type { Command } from "./keys";
import { KEYMAP } from "./keys";
import "./popover";
import { Follow, store } from "./store-controller";

export const FRAME_NAMES: Record<GridFrame, string> = { icrs: "ICRS", galactic: "Galactic", ecliptic: "Ecliptic" };

const SWITCHES: [keyof OverlayOptions, string, Command?][] = [
  ["graticule", "Graticule", "graticule"],
  ["scaleBar", "Scale bar"],
  ["compass", "Compass"],
  ["minimap", "Overview map"],
  ["reticle", "Reticle", "reticle"],
];

@customElement("ar-view-menu")
export class ArViewMenu extends LitElement {
  static override styles = [
    base,
    menu,
    css`
      :host { display: inline-flex; }
      .menu { width: 252px; }
      .item .box { width: 14px; height: 14px; margin: 0 1px; border: 1px solid var(--line-strong); border-radius: 4px; display: grid; place-items: center; flex: none; }
      .item[aria-checked="true"] .box { background: var(--accent-fill); border-color: var(--accent-fill); color: var(--on-accent); }
      .box svg { width: 12px; height: 12px; stroke-width: 2; }
      .box.round { border-radius: 50%; }
      .item[aria-checked="true"] .box.round { background: none; }
      .item[aria-checked="true"] .box.round::after { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--accent-fill); }
    `,
  ];
  @property({ type: Boolean }) compact = false;
  private readonly follow = new Follow(this, ["overlays", "mirror", "info"]);

  override render() {
    void this.follow;
    const { overlays, mirror } = store.state;
    return html`<ar-popover caret side="end" .text=${FRAME_NAMES[overlays.frame]} tip="Frame, graticule and marks on the map"
      label=${`View: ${FRAME_NAMES[overlays.frame]}`}>
      <div class="menu" role="menu" aria-label="View">
        <div class="title">Frame of grid and search</div>
        ${(Object.keys(FRAME_NAMES) as GridFrame[]).map((frame) =>
          this.radio(FRAME_NAMES[frame], overlays.frame === frame, () => setOverlays({ frame })),
        )}
        <hr />
        <div class="title">Longitudes</div>
        ${this.radio("0° to 360°", overlays.raConvention === "0-360", () => setOverlays({ raConvention: "0-360" }))}
        ${this.radio("−180° to 180°", overlays.raConvention === "±180", () => setOverlays({ raConvention: "±180" }))}
        ${this.check("Right ascension in hours", overlays.raHours, () => setOverlays({ raHours: !overlays.raHours }))}
        <hr />
        <div class="title">On the map</div>
        ${SWITCHES.map(([name, label, command]) =>
          this.check(label, overlays[name] === true, () => setOverlays({ [name]: !overlays[name] }), command),
        )}
        ${this.check("Mirror left and right", mirror, () => setMirror(!mirror), "mirror")}
      </div>
    </ar-popover>`;
  }

  private radio(label: string, on: boolean, act: () => void) {
    return html`<button class="item" data-item role="menuitemradio" aria-checked=${on} @click=${act}>
      <span class="box round"></span><span class="grow">${label}</span></button>`;
  }

  private check(label: string, on: boolean, act: () => void, command?: Command) {
    const key = KEYMAP.find((binding) => binding.command === command)?.shown;
    return html`<button class="item" data-item role="menuitemcheckbox" aria-checked=${on} @click=${act}>
      <span class="box">${on ? icons.check : nothing}</span><span class="grow">${label}</span>
      ${key ? html`<kbd>${key}</kbd>` : nothing}</button>`;
  }
}
