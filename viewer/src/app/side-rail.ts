/** The rail: one icon for each panel there is. On narrow screens it lies at the bottom and opens sheets. */
import { css, html, LitElement, nothing, type SVGTemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { base, controls } from "../styles/shared";
import { icons } from "./icons";
import { activeCount, jobs } from "./jobs";
import { type Command, tooltip } from "./keys";
import { showLeft, togglePanel, toggleSheet } from "./panels";
import type { LeftPanel } from "./state";
import { Follow, FollowStore, store } from "./store-controller";

@customElement("ar-side-rail")
export class ArSideRail extends LitElement {
  static override styles = [
    base,
    controls,
    css`
      :host { display: flex; flex-direction: column; gap: 4px; padding: 8px 7px; background: var(--panel); border-right: 1px solid var(--line); }
      button { width: 33px; height: 32px; border-radius: var(--r); position: relative; }
      .on { background: var(--raise); color: var(--text); }
      .on::before { content: ""; position: absolute; left: -7px; top: 6px; bottom: 6px; width: 2px; border-radius: 2px; background: var(--accent-fill); }
      .badge { position: absolute; top: -2px; right: -3px; min-width: 14px; height: 14px; padding: 0 3px; border-radius: 7px; font: 600 10px/14px var(--font);
        background: var(--accent-fill); color: var(--on-badge); text-align: center; pointer-events: none; }
      .grow { flex: 1; }
      .word { display: none; }
      @media (max-width: 899.98px) {
        :host { flex-direction: row; border: 0; border-top: 1px solid var(--line); padding: 4px; gap: 2px; min-width: 0; justify-content: space-around; }
        .icon-btn { width: auto; flex: 1 1 0; min-width: 0; height: 44px; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 2px; }
        .grow { display: none; }
        .word { display: block; max-width: 100%; overflow: hidden; text-overflow: ellipsis; font-size: 11px; line-height: 14px; }
        .badge { left: calc(50% + 6px); right: auto; top: 1px; }
        .on::before { left: 20%; right: 20%; width: auto; top: -4px; bottom: auto; height: 2px; }
      }
    `,
  ];
  private readonly follow = new Follow(this, ["leftPanel", "leftOpen", "rightOpen", "narrow", "sheet", "fullScreen"]);
  private readonly followJobs = new FollowStore(this, jobs, ["list"]);

  override render() {
    void [this.follow, this.followJobs];
    const { leftOpen, rightOpen, leftPanel, narrow, sheet } = store.state;
    const onLeft = (panel: LeftPanel) => (narrow ? sheet === panel : leftOpen && leftPanel === panel);
    return html`
      ${this.button("Layers", icons.layers, "filterLayers", onLeft("layers"), () => showLeft("layers", true))}
      ${this.button("Catalogs", icons.catalogs, "catalogs", onLeft("catalogs"), () => showLeft("catalogs", true))}
      ${this.button("Boxes", icons.boxes, "boxes", onLeft("boxes"), () => showLeft("boxes", true))}
      ${this.button("Apertures", icons.apertures, "apertures", onLeft("apertures"), () => showLeft("apertures", true))}
      ${this.button("Jobs", icons.jobs, "jobs", onLeft("jobs"), () => showLeft("jobs", true), activeCount())}
      ${this.button("Header", icons.header, "header", onLeft("header"), () => showLeft("header", true))}
      <span class="grow"></span>
      ${
        narrow
          ? this.button("Display", icons.display, "rightPanel", sheet === "display", () => toggleSheet("display"))
          : html`${this.fold("leftPanel", icons.foldLeft, leftOpen, "left")}${this.fold("rightPanel", icons.foldRight, rightOpen, "right")}`
      }`;
  }

  private button(word: string, icon: SVGTemplateResult, command: Command, on: boolean, act: () => void, live = 0) {
    const said = live ? `${word}: ${live} running` : word;
    return html`<button class="icon-btn ${on ? "on" : ""}" aria-expanded=${on} aria-label=${said}
      title=${tooltip(command, said)} @click=${act}>${icon}<span class="word">${word}</span>${
        live ? html`<span class="badge" aria-hidden="true">${live > 99 ? "99+" : live}</span>` : nothing
      }</button>`;
  }

  private fold(command: Command, icon: SVGTemplateResult, open: boolean, side: "left" | "right") {
    const words = `${open ? "Fold" : "Show"} the ${side} panel`;
    return html`<button class="icon-btn" aria-label=${words} aria-expanded=${open} title=${tooltip(command, words)}
      @click=${() => togglePanel(side)}>${icon}</button>`;
  }
}
