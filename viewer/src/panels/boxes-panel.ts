/** The left panel: boxes of the holdings and drawn ones, and cutouts of them. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import {
  addBox,
  allBoxes,
  type Box,
  boxes,
  deleteBox,
  drawnBoxes,
  givenBoxes,
  goToRegion,
  hoverBox,
  selectBox,
  showAll,
  showBox,
} from "../app/boxes";
import { drawMode, toggleDrawMode } from "../app/draw-mode";
import { nudgeBox } from "../app/drawings";
import { icons } from "../app/icons";
import { Follow, FollowStore, store } from "../app/store-controller";
import { makeRange } from "../sky/regions";
import { base, controls, section } from "../styles/shared";
import "./box-editor";
import "./cutout-form";
import { arrowOf } from "./nudge-keys";
import { regionStyles } from "./region-styles";

const MANY = 12;

@customElement("ar-boxes-panel")
export class ArBoxesPanel extends LitElement {
  static override styles = [base, controls, section, regionStyles];
  @state() private text = "";
  private readonly follow = [
    new Follow(this, ["holdings", "info"]),
    new FollowStore(this, boxes),
    new FollowStore(this, drawMode),
  ];

  override render() {
    void this.follow;
    const all = allBoxes();
    const anyShown = all.some((box) => box.shown);
    const drawing = drawMode.state.mode === "box";
    return html`<div class="top"><h2>Boxes</h2>
        ${
          all.length
            ? html`<button class="icon-btn" @click=${() => showAll(!anyShown)} aria-label=${anyShown ? "Hide all boxes" : "Show all boxes"}
                title=${anyShown ? "Hide all boxes" : "Show all boxes"}>${anyShown ? icons.eye : icons.eyeOff}</button>`
            : nothing
        }</div>
      <div class="acts">
        <button class="btn ${drawing ? "on" : ""}" aria-pressed=${drawing} ?disabled=${!store.state.info}
          title="Drag from corner to corner on the map" @click=${() => toggleDrawMode("box")}>${icons.boxes}Draw a box</button>
        <button class="btn" ?disabled=${!store.state.view || store.state.view.ra === null} title="A box in the middle of the view, to be typed"
          @click=${typeOne}>Type one</button>
      </div>
      ${all.length > MANY ? this.filter(all.length) : nothing}
      <div class="list scroll">
        ${all.length === 0 ? this.hollow() : nothing}
        ${this.group("Of this collection", givenBoxes())}
        ${this.group("Drawn here", drawnBoxes())}
      </div>`;
  }

  private filter(count: number): TemplateResult {
    return html`<div class="acts"><input class="field" type="search" aria-label="Filter boxes" placeholder=${`Filter ${count} boxes`}
      .value=${this.text} @input=${(event: Event) => {
        this.text = (event.target as HTMLInputElement).value;
      }} /></div>`;
  }

  private hollow(): TemplateResult {
    return html`<p class="empty">No box yet. Draw one on the map to take its pixels home as FITS or as a picture.</p>`;
  }

  private group(title: string, list: Box[]) {
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = list.filter((box) =>
      words.every((word) => `${box.name} ${box.description}`.toLowerCase().includes(word)),
    );
    if (kept.length === 0) return nothing;
    return html`<h3 id=${title.slice(0, 2)}>${title}</h3>
      <div role="list" aria-labelledby=${title.slice(0, 2)}>${repeat(
        kept,
        (box) => box.id,
        (box) => this.row(box),
      )}</div>`;
  }

  private row(box: Box): TemplateResult {
    const { selected, hovered } = boxes.state;
    const on = selected === box.id;
    const eye = `${box.shown ? "Hide" : "Show"} ${box.name}`;
    return html`<div role="listitem" class="one ${on ? "on" : ""} ${hovered === box.id ? "near" : ""} ${box.shown ? "" : "faded"}"
      @pointerenter=${() => hoverBox(box.id)} @pointerleave=${() => hoverBox(null)}>
      <div class="line">
        <button class="pick" aria-expanded=${on} @click=${() => this.pick(box)} @keydown=${(e: KeyboardEvent) => this.keyed(e, box)}
          title=${box.origin === "drawn" ? "Arrows move it, Shift by more, Delete removes it" : box.description || box.name}>
          <span class="words"><b>${box.name}</b>${box.description ? html`<small class="long">${box.description}</small>` : nothing}</span>
        </button>
        <button class="icon-btn" aria-label=${`Go to ${box.name}`} title="Go there" @click=${() => void goToRegion(box.region)}>${icons.target}</button>
        <button class="icon-btn" aria-label=${eye} title=${eye} aria-pressed=${box.shown ? "false" : nothing}
          @click=${() => showBox(box, !box.shown)}>${box.shown ? icons.eye : icons.eyeOff}</button>
        ${
          box.origin === "drawn"
            ? html`<button class="icon-btn danger" aria-label=${`Delete ${box.name}`} title="Delete" @click=${() => deleteBox(box.id)}>${icons.trash}</button>`
            : nothing
        }
      </div>
      ${on ? html`<ar-box-editor .box=${box}></ar-box-editor><div class="body"><ar-cutout-form .region=${box.region}></ar-cutout-form></div>` : nothing}
    </div>`;
  }

  private pick(box: Box): void {
    selectBox(boxes.state.selected === box.id ? null : box.id);
    if (!box.shown && boxes.state.selected === box.id) showBox(box, true);
  }

  private keyed(event: KeyboardEvent, box: Box): void {
    if (box.origin !== "drawn") return;
    const by = arrowOf(event);
    if (by) nudgeBox(box, ...by);
    else if (event.key === "Delete") deleteBox(box.id);
    else return;
    event.preventDefault();
  }
}

/** A box of a third of the view around its middle. */
function typeOne(): void {
  const { view } = store.state;
  if (!view || view.ra === null || view.dec === null) return;
  const half = Math.min((view.fov_deg ?? 3) / 6, 30);
  const wide = Math.min(half / Math.max(Math.cos((view.dec * Math.PI) / 180), 0.05), 150);
  const round = (value: number) => Number(value.toPrecision(6));
  addBox(makeRange(round(view.ra - wide), round(view.ra + wide), round(view.dec - half), round(view.dec + half)));
}
