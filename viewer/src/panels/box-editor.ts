/** The numbers of a box, typed or read, and its name. */
import { html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Box, renameBox, setRegion } from "../app/boxes";
import { parseNumber } from "../app/numbers";
import { LONGEST_NAME, MOST_CORNERS } from "../app/region-codec";
import { makeRange, normalPosition, type PixelRegion, type Position, type RangeRegion } from "../sky/regions";
import { base, controls } from "../styles/shared";
import { regionStyles } from "./region-styles";

const degrees = (value: number): string => String(Number(value.toFixed(7)));

@customElement("ar-box-editor")
export class ArBoxEditor extends LitElement {
  static override styles = [base, controls, regionStyles];
  @property({ attribute: false }) box: Box | null = null;
  @state() private wrong = "";

  override render() {
    const { box } = this;
    if (!box) return html``;
    const { region } = box;
    return html`<div class="body">
      ${box.origin === "drawn" ? this.nameField(box) : ""}
      ${region.kind === "range" ? this.range(box, region) : region.kind === "pixels" ? this.pixels(box, region) : this.corners(box)}
      ${this.wrong ? html`<span role="alert" class="mute">${this.wrong}</span>` : ""}
    </div>`;
  }

  private nameField(box: Box): TemplateResult {
    return html`<label>Name<input class="field" .value=${box.name} maxlength=${LONGEST_NAME}
      @change=${(event: Event) => renameBox(box.id, (event.target as HTMLInputElement).value)} /></label>`;
  }

  private field(word: string, value: string, given: boolean, commit: (value: number) => void): TemplateResult {
    return html`<label>${word}<input class="field mono" inputmode="decimal" spellcheck="false" ?readonly=${given} .value=${value}
      @change=${(event: Event) => {
        const input = event.target as HTMLInputElement;
        const typed = parseNumber(input.value, "°");
        const good = Number.isFinite(typed);
        input.ariaInvalid = String(!good);
        this.wrong = good ? "" : `“${input.value}” is no number.`;
        if (good) commit(typed);
      }} /></label>`;
  }

  private range(box: Box, region: RangeRegion): TemplateResult {
    const given = box.origin === "given";
    const set = (patch: Partial<RangeRegion>) => {
      const { ra0, ra1, dec0, dec1 } = { ...region, ...patch };
      setRegion(box.id, makeRange(ra0, ra1, dec0, dec1));
    };
    return html`<div class="pair">
      ${this.field("RA from, °", degrees(region.ra0), given, (ra0) => set({ ra0 }))}
      ${this.field("eastward to, °", degrees(region.ra1), given, (ra1) => set({ ra1 }))}
      ${this.field("Dec from, °", degrees(region.dec0), given, (dec0) => set({ dec0 }))}
      ${this.field("to, °", degrees(region.dec1), given, (dec1) => set({ dec1 }))}
    </div>`;
  }

  private pixels(box: Box, region: PixelRegion): TemplateResult {
    // Fields name the first and the last pixel; the region ends after it.
    const set = (patch: Partial<PixelRegion>) => {
      const next = { ...region, ...patch };
      const whole = [next.x0, next.x1, next.y0, next.y1].every(Number.isInteger);
      this.wrong = whole && next.x1 > next.x0 && next.y1 > next.y0 ? "" : "The last pixel comes after the first one.";
      if (!this.wrong) setRegion(box.id, next);
    };
    return html`<div class="pair">
      ${this.field("x from, px", String(region.x0), false, (x0) => set({ x0 }))}
      ${this.field("to, px", String(region.x1 - 1), false, (x) => set({ x1: x + 1 }))}
      ${this.field("y from, px", String(region.y0), false, (y0) => set({ y0 }))}
      ${this.field("to, px", String(region.y1 - 1), false, (y) => set({ y1: y + 1 }))}
    </div>`;
  }

  private corners(box: Box): TemplateResult {
    const { region } = box;
    const text =
      region.kind === "polygon" ? region.corners.map((corner) => corner.map(degrees).join("  ")).join("\n") : "";
    return html`<label>Corners: RA Dec, °<textarea class="field" spellcheck="false" .value=${text}
      @change=${(event: Event) => {
        const area = event.target as HTMLTextAreaElement;
        const found = readCorners(area.value);
        area.ariaInvalid = String(found === null);
        this.wrong = found
          ? ""
          : "One corner in each line, right ascension and declination in degrees, at least three.";
        if (found) setRegion(box.id, { kind: "polygon", corners: found });
      }}></textarea></label>`;
  }
}

export function readCorners(text: string): Position[] | null {
  const lines = text.split(/\n/).filter((line) => line.trim());
  const corners = lines.map((line) =>
    line
      .trim()
      .split(/[\s,;]+/)
      .map((word) => parseNumber(word, "°")),
  );
  const good = corners.every((c) => c.length === 2 && c.every(Number.isFinite) && Math.abs(c[1]) <= 90);
  if (!good || corners.length < 3 || corners.length > MOST_CORNERS) return null;
  return corners.map(([ra, dec]) => normalPosition([ra, dec]));
}
