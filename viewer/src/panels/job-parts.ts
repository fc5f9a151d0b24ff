/** What both forms of the panel of jobs have: layers, slices, format, name. */
import { html, nothing, type TemplateResult } from "lit";
import { ApiError } from "../api/client";
import type { LayerInfo } from "../api/types";
import { icons } from "../app/icons";
import { jobForms } from "../app/job-forms";
import { cutId, type JobForm, LONGEST_JOB_NAME, slicesOf } from "../app/job-wish";
import { grouped } from "../app/numbers";
import { showLeft } from "../app/panels";
import { store } from "../app/store-controller";
import "./layer-choice";

const FORMS: [JobForm, string, string][] = [
  ["fits", "FITS", "The pixels as the file has them, with their header"],
  ["png", "PNG", "A picture, without loss"],
  ["jpeg", "JPEG", "A picture, small"],
];

/** A picture is of one slice. */
const allSlices = (): boolean => jobForms.state.allSlices && jobForms.state.form === "fits";

/** Ids of what is cut out. */
export function chosenLayers(info: LayerInfo): string[] {
  const first = cutId(info, allSlices());
  const { others } = jobForms.state;
  return [first, ...others.filter((id) => id !== first && id !== cutId(info, true))];
}

export function layersPart(info: LayerInfo): TemplateResult {
  const others = jobForms.state.others.filter((id) => id !== cutId(info, true));
  return html`<div class="part"><span class="label">Layers</span>
    <ar-layer-choice .current=${info.id} .others=${others}
      @change=${(event: CustomEvent<string[]>) => jobForms.set({ others: event.detail })}></ar-layer-choice></div>
    ${info.cube ? slicesPart(info) : nothing}`;
}

function slicesPart(info: LayerInfo): TemplateResult {
  const count = slicesOf(info.cube?.axes);
  const picture = jobForms.state.form !== "fits";
  const choices: [boolean, string, string][] = [
    [true, `All ${grouped(count)}`, picture ? "A picture is of one slice" : "One cube of all slices"],
    [false, "The one shown", "An image of this slice"],
  ];
  return html`<div class="part"><span class="label" id="slices">Slices</span>
    <div class="seg" role="radiogroup" aria-labelledby="slices">${choices.map(
      ([all, word, tip]) => html`<button type="button" role="radio" aria-checked=${allSlices() === all} title=${tip}
        ?disabled=${all && picture} @click=${() => jobForms.set({ allSlices: all })}>${word}</button>`,
    )}</div></div>`;
}

export const formatPart = (): TemplateResult => html`<div class="part"><span class="label" id="format">Format</span>
  <div class="seg" role="radiogroup" aria-labelledby="format">${FORMS.map(
    ([
      form,
      word,
      tip,
    ]) => html`<button type="button" role="radio" aria-checked=${jobForms.state.form === form} title=${tip}
      @click=${() => jobForms.set({ form })}>${word}</button>`,
  )}</div></div>`;

export const namePart = (proposal: string): TemplateResult =>
  html`<div class="part"><label for="name">Name</label>
    <input id="name" class="field" autocomplete="off" maxlength=${LONGEST_JOB_NAME} placeholder=${proposal} .value=${jobForms.state.name}
      @input=${(event: Event) => jobForms.set({ name: (event.target as HTMLInputElement).value })} /></div>`;

/** Why nothing can be cut out of this layer, or nothing. */
export function unfit(info: LayerInfo): string {
  if (info.center === null || info.pixel_scale_deg === null)
    return "This layer has no celestial coordinates. Draw a box of pixels instead, and download that.";
  return "";
}

/** Whether a failure says nothing of what was asked for. */
export const maySoonBeWell = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);

/** The same in the place of a form, with the way to what helps. */
export const unfitPart = (why: string): TemplateResult =>
  html`<p class="said">${why}</p><button class="btn wide" @click=${() => showLeft("boxes")}>${icons.boxes}Boxes</button>`;

/** The style of the screen, for the one layer that has it. */
export const styleFor = (layers: readonly string[]) => (layers.length === 1 ? store.state.style : null);
