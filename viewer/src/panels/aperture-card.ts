/** One aperture: where it is, typed or read, and what was measured in it. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { editableAngle, FACTORS, parseAngle, unitFor } from "../app/angle-entry";
import { type Aperture, LARGEST_DEG, type Measured, nameOf, SMALLEST_DEG, setAperture } from "../app/apertures";
import { formatDec, formatRaHours } from "../app/format";
import { icons } from "../app/icons";
import { formatNumber, grouped } from "../app/numbers";
import { parsePosition } from "../app/position";
import { LONGEST_NAME } from "../app/region-codec";
import { store } from "../app/store-controller";
import { base, controls, section } from "../styles/shared";
import { regionStyles } from "./region-styles";

@customElement("ar-aperture-card")
export class ArApertureCard extends LitElement {
  static override styles = [
    base,
    controls,
    section,
    regionStyles,
    css`
      :host { display: block; height: auto; }
      dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 4px 12px; font-size: 12px; transition: opacity 0.12s; }
      dl.busy { opacity: 0.55; }
      dt { color: var(--mute); }
      dd { margin: 0; text-align: right; font: 12px/1.5 var(--mono); overflow-wrap: anywhere; user-select: text; }
    `,
  ];
  @property({ attribute: false }) aperture: Aperture | null = null;
  @property({ attribute: false }) measured: Measured | null = null;
  @state() private wrong = "";

  override render() {
    const { aperture } = this;
    if (!aperture) return nothing;
    const scale = Math.min(store.state.info?.pixel_scale_deg ?? 1e-4, 1e-3);
    const place = `${formatRaHours(aperture.ra, scale)}  ${formatDec(aperture.dec, scale)}`;
    return html`<div class="body">
      <label>Name<input class="field" .value=${nameOf(aperture)} maxlength=${LONGEST_NAME}
        @change=${(event: Event) => setAperture(aperture.id, { name: (event.target as HTMLInputElement).value })} /></label>
      <label>Centre<input class="field mono" spellcheck="false" .value=${place} @change=${this.placed} /></label>
      <label>Radius<input class="field mono" spellcheck="false" .value=${editableAngle(aperture.radius)} @change=${this.resized} /></label>
      ${this.wrong ? html`<span role="alert" class="mute">${this.wrong}</span>` : nothing}
      ${this.statistics()}
    </div>`;
  }

  private statistics(): TemplateResult | typeof nothing {
    const { measured } = this;
    if (measured?.fault) return html`<div class="fault">${icons.warn}<span>${measured.fault}</span></div>`;
    const data = measured?.data ?? null;
    const units = data?.units ? ` ${data.units}` : "";
    const value = (number: number | null | undefined, unit = units) =>
      number === null || number === undefined ? "–" : `${formatNumber(number, 7)}${unit}`;
    const whole = (number: number | undefined) => (number === undefined ? "–" : grouped(number));
    const lines: [string, string][] = [
      ["Mean", value(data?.mean)],
      ["Std. deviation", value(data?.std)],
      ["Median", value(data?.median)],
      ["Minimum", value(data?.min)],
      ["Maximum", value(data?.max)],
      ["Sum", value(data?.sum)],
      ["Pixels", whole(data?.count)],
      ["Without data", whole(data?.masked)],
      ["Area", value(data?.area_deg2, " deg²")],
    ];
    return html`<dl class=${!measured || measured.busy ? "busy" : ""} aria-busy=${!measured || measured.busy}>
      ${lines.map(([word, text]) => html`<dt>${word}</dt><dd>${text}</dd>`)}</dl>`;
  }

  private placed(event: Event): void {
    const input = event.target as HTMLInputElement;
    const place = parsePosition(input.value, store.state.overlays.frame);
    this.wrong =
      place.kind === "error" ? place.message : place.kind === "pixel" ? "A position on the sky is needed." : "";
    input.ariaInvalid = String(this.wrong !== "");
    if (this.aperture && place.kind === "sky") setAperture(this.aperture.id, { ra: place.ra, dec: place.dec });
  }

  private resized(event: Event): void {
    const input = event.target as HTMLInputElement;
    if (!this.aperture) return;
    const radius = parseAngle(input.value, FACTORS[unitFor(this.aperture.radius)]);
    const good = radius >= SMALLEST_DEG && radius <= LARGEST_DEG;
    this.wrong = good ? "" : `A radius is an angle up to ${LARGEST_DEG}°, for example 30″, 2.5′ or 1°.`;
    input.ariaInvalid = String(!good);
    if (good) setAperture(this.aperture.id, { radius });
  }
}
