/** The line below: where the pointer is and what lies there, in figures that never jump. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { PointerReading } from "../map/types";
import { base, controls } from "../styles/shared";
import { commands } from "./commands";
import { footStyles } from "./foot-styles";
import { arcsecDecimals, degreeDecimals, formatScale, formatValue } from "./format";
import { icons } from "./icons";
import { tooltip } from "./keys";
import { toggleReadout } from "./panels";
import { positionWords, type ReadoutWords, samePixel } from "./readout";
import { copy } from "./share";
import { Follow, store } from "./store-controller";

@customElement("ar-foot-bar")
export class ArFootBar extends LitElement {
  static override styles = [base, controls, footStyles];
  private readonly follow = new Follow(this, [
    "pointer",
    "exact",
    "info",
    "overlays",
    "view",
    "progress",
    "readoutOpen",
    "narrow",
  ]);

  override render() {
    void this.follow;
    const { pointer, readoutOpen, info } = store.state;
    const words = pointer ? positionWords(store.state, pointer, store.state.exact) : null;
    const sky = info?.center != null;
    this.toggleAttribute("expanded", readoutOpen && sky);
    return html`<div class="cells" role="group" aria-label="Under the pointer">
        ${sky ? this.first(words) : nothing}
        ${this.value(pointer)}
        ${this.cell("x y", words ? `${words.x}  ${words.y}` : "", "xy", "Pixel, from 0 at the centre of the first")}
        ${sky ? this.rest(words) : nothing}
      </div>
      ${this.status()}
      <button class="icon-btn more" aria-expanded=${readoutOpen} ?hidden=${!sky} @click=${toggleReadout}
        title=${readoutOpen ? "Fewer coordinates" : "All coordinates"} aria-label=${readoutOpen ? "Fewer coordinates" : "All coordinates"}>
        ${readoutOpen ? icons.chevronDown : icons.chevronUp}</button>`;
  }

  /** Every figure keeps its place: widths follow from the layer's pixels, not from the values. */
  protected override updated(): void {
    const scale = store.state.info?.pixel_scale_deg ?? null;
    const decimals = degreeDecimals(scale);
    const seconds = arcsecDecimals(scale);
    const width = (fraction: number) => `${11 + (fraction > 0 ? fraction + 1 : 0)}ch`;
    this.style.setProperty("--ra", width(Math.min(5, seconds + 1)));
    this.style.setProperty("--dec", `calc(1ch + ${width(seconds)})`);
    this.style.setProperty("--pair", `${2 * decimals + 10}ch`);
    this.style.setProperty(
      "--value",
      `${13 + (store.state.info?.units ? 1 + Math.min(12, store.state.info.units.length) : 0)}ch`,
    );
  }

  private first(words: ReadoutWords | null) {
    return html`${this.cell("RA", words?.ra ?? "", "ra", "Right ascension, ICRS")}
      ${this.cell("Dec", words?.dec ?? "", "dec", "Declination, ICRS")}`;
  }

  private rest(words: ReadoutWords | null) {
    const open = store.state.readoutOpen ? "second" : "wide-only";
    return html`<span class="break ${open}"></span>
      ${this.cell("l b", pair(words?.galactic), "lb", "Galactic longitude and latitude")}
      ${this.cell("RA Dec", words ? `${words.raDeg}  ${words.decDeg}` : "", `deg ${open}`, "ICRS, degrees")}
      ${this.cell("λ β", pair(words?.ecliptic), `lb ${open}`, "Ecliptic longitude and latitude, J2000")}`;
  }

  private cell(label: string, text: string, kind: string, title: string): TemplateResult {
    return html`<button class="cell ${kind}" title=${`${title}. Click to copy.`} tabindex=${text.trim() ? 0 : -1}
      @click=${() => text.trim() && copy(text.replace(/\s+/g, " "), `Copied ${text}`)}>
      <span class="label">${label}</span><b>${text}</b></button>`;
  }

  /** The exact value once it is known, the displayed one until then; what is a mean says so. */
  private value(pointer: PointerReading | null): TemplateResult {
    const { exact, info } = store.state;
    const known = pointer && exact && samePixel(pointer, exact);
    const text = !pointer
      ? ""
      : known
        ? formatValue(exact.value, info?.units ?? null)
        : displayed(pointer, info?.units ?? null);
    const mean = pointer && !known && pointer.meanOf > 1 && pointer.value != null;
    return html`<button class="cell value" title="Value. Exact once the pointer rests. Click to copy."
      tabindex=${text ? 0 : -1} @click=${() => text && copy(text, `Copied ${text}`)}>
      <span class="label">${info?.quantity ?? "value"}</span><b>${text}</b>
      <span class="how">${mean ? `mean of ${Math.round(pointer.meanOf)}²` : known ? "exact" : ""}</span></button>`;
  }

  private status(): TemplateResult {
    const { view, info, progress } = store.state;
    const scale = view && info ? formatScale(view.scale, info.pixel_scale_deg) : "";
    const busy = (progress?.loading ?? 0) > 0;
    return html`<div class="status">
      <button class="icon-btn" title=${tooltip("zoomOut")} aria-label="Zoom out" @click=${commands.zoomOut}>${icons.minus}</button>
      <button class="cell scale" title=${`Sky per pixel of the screen. ${tooltip("oneToOne", "Click: one to one")}`}
        @click=${commands.oneToOne}><b>${scale}</b></button>
      <button class="icon-btn" title=${tooltip("zoomIn")} aria-label="Zoom in" @click=${commands.zoomIn}>${icons.plus}</button>
      <button class="icon-btn" title=${tooltip("fit")} aria-label="Fit" @click=${commands.fit}>${icons.fit}</button>
      <span class="text level" title="Overview drawn; the highest level is full resolution">${
        progress ? `level ${progress.level + 1} of ${progress.levels}` : ""
      }</span>
      <span class="text tiles" ?hidden=${progress !== null}></span>
      <span ?hidden=${progress === null} class="text tiles ${busy ? "busy" : ""}" title=${busy ? "Tiles on their way" : "Tiles shown"}>
        <i></i>${progress ? (busy ? `${progress.loading} to come` : progress.preview ? "preview" : `${progress.shown} tile${progress.shown === 1 ? "" : "s"}`) : ""}</span>
    </div>`;
  }
}

const pair = (words: [string, string] | null | undefined): string => (words ? `${words[0]}  ${words[1]}` : "");

function displayed(pointer: PointerReading, units: string | null): string {
  if (pointer.value === undefined) return "…";
  return formatValue(pointer.value, units, 5);
}
