/** The left panel: apertures with their statistics. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { aperturesCsv } from "../app/aperture-csv";
import {
  type Aperture,
  apertures,
  deleteAllApertures,
  deleteAperture,
  hoverAperture,
  nameOf,
  selectAperture,
} from "../app/apertures";
import { goToRegion } from "../app/boxes";
import { drawMode, toggleDrawMode } from "../app/draw-mode";
import { nudgeAperture } from "../app/drawings";
import { formatAngle, formatValue } from "../app/format";
import { icons } from "../app/icons";
import { copy, download } from "../app/share";
import { Follow, FollowStore, store } from "../app/store-controller";
import { base, controls, section } from "../styles/shared";
import "./aperture-card";
import { arrowOf } from "./nudge-keys";
import { regionStyles } from "./region-styles";

@customElement("ar-apertures-panel")
export class ArAperturesPanel extends LitElement {
  static override styles = [
    base,
    controls,
    section,
    regionStyles,
    css`
      .pick .value { flex: none; max-width: 60%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font: 12px var(--mono); text-align: right; }
      .pick .value small { font-family: var(--font); }
      .foot { display: flex; gap: 8px; padding: 10px 16px; border-top: 1px solid var(--line); flex: none; }
      .foot .btn { flex: 1 1 0; }
    `,
  ];
  private readonly follow = [
    new Follow(this, ["info"]),
    new FollowStore(this, apertures),
    new FollowStore(this, drawMode),
  ];

  override render() {
    void this.follow;
    const { list } = apertures.state;
    const { info } = store.state;
    const drawing = drawMode.state.mode === "aperture";
    const noSky = info !== null && info.pixel_scale_deg === null;
    return html`<div class="top"><h2>Apertures</h2></div>
      <div class="acts"><button class="btn ${drawing ? "on" : ""}" aria-pressed=${drawing} ?disabled=${!info || noSky}
        title="Drag from the centre to the rim" @click=${() => toggleDrawMode("aperture")}>${icons.apertures}Draw an aperture</button></div>
      ${noSky ? html`<p class="empty">This layer has no celestial coordinates, so there is no circle of the sky to measure.</p>` : nothing}
      <div class="list scroll">
        ${list.length === 0 && !noSky ? hollow() : nothing}
        <div role="list" aria-label="Apertures">${repeat(
          list,
          ({ id }) => id,
          (aperture) => this.row(aperture),
        )}</div>
      </div>
      ${list.length ? this.foot() : nothing}`;
  }

  private row(aperture: Aperture): TemplateResult {
    const { selected, hovered, measured } = apertures.state;
    const on = selected === aperture.id;
    const found = measured.get(aperture.id);
    const name = nameOf(aperture);
    return html`<div role="listitem" class="one ${on ? "on" : ""} ${hovered === aperture.id ? "near" : ""}"
      @pointerenter=${() => hoverAperture(aperture.id)} @pointerleave=${() => hoverAperture(null)}>
      <div class="line">
        <button class="pick" aria-expanded=${on} title="Arrows move it, Shift by more, Delete removes it"
          @click=${() => selectAperture(on ? null : aperture.id)} @keydown=${(e: KeyboardEvent) => keyed(e, aperture)}>
          <span class="words"><b>${name}</b><small>radius ${formatAngle(aperture.radius)}</small></span>
          <span class="value">${found?.data ? html`${formatValue(found.data.mean, null, 4)}<small>${["mean", found.data.units].filter(Boolean).join(", ")}</small>` : found?.fault ? "–" : "…"}</span>
        </button>
        <button class="icon-btn" aria-label=${`Go to ${name}`} title="Go there"
          @click=${() => void goToRegion({ kind: "circle", ra: aperture.ra, dec: aperture.dec, radius: aperture.radius })}>${icons.target}</button>
        <button class="icon-btn danger" aria-label=${`Delete ${name}`} title="Delete" @click=${() => deleteAperture(aperture.id)}>${icons.trash}</button>
      </div>
      ${on ? html`<ar-aperture-card .aperture=${aperture} .measured=${found ?? null}></ar-aperture-card>` : nothing}
    </div>`;
  }

  private foot(): TemplateResult {
    return html`<div class="foot">
      <button class="btn" @click=${() => void copy(csv(), "The table is copied.")}>${icons.copy}Copy</button>
      <button class="btn" @click=${save}>${icons.download}CSV</button>
      <button class="icon-btn danger" aria-label="Delete all apertures" title="Delete all" @click=${deleteAllApertures}>${icons.trash}</button>
    </div>`;
  }
}

const hollow = (): TemplateResult =>
  html`<p class="empty">No aperture yet. Draw a circle on the map: its mean, spread and sum are measured on the pixels of the layer.</p>`;

function keyed(event: KeyboardEvent, aperture: Aperture): void {
  const by = arrowOf(event);
  if (by) nudgeAperture(aperture, ...by);
  else if (event.key === "Delete") deleteAperture(aperture.id);
  else return;
  event.preventDefault();
}

const csv = (): string =>
  aperturesCsv(
    apertures.state.list,
    (id) => {
      const found = apertures.state.measured.get(id);
      return found && !found.busy ? found.data : null;
    },
    store.state.info?.id ?? "",
  );

function save(): void {
  const url = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  download(url, `${(store.state.info?.id ?? "armillary").replace(/[^\w.-]+/g, "_")}-apertures.csv`);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
