/** A job that cuts out the surroundings of every position of a table. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { LayerInfo } from "../api/types";
import { FACTORS, parseAngle } from "../app/angle-entry";
import { formatAngle } from "../app/format";
import { icons } from "../app/icons";
import { type JobForms, jobForms } from "../app/job-forms";
import { formOf, type JobWish, type Packaging, type Weight, weigh } from "../app/job-wish";
import { many } from "../app/job-words";
import { submitJob } from "../app/jobs";
import { layerName } from "../app/layer-names";
import { bytesInWords, grouped } from "../app/numbers";
import { debounced, isAbort, Latest, wordsOf } from "../app/session";
import { Follow, FollowStore, store } from "../app/store-controller";
import { MOST_PEEKED, type Peek, peek } from "../app/table-peek";
import { base, controls, section } from "../styles/shared";
import { chosenLayers, formatPart, layersPart, maySoonBeWell, namePart, styleFor, unfit, unfitPart } from "./job-parts";
import { jobFormStyles } from "./jobs-styles";

const QUIET_MS = 300;
const LARGEST_DEG = 180;
const KINDS = ".csv,.ecsv,.txt,.dat,.tsv,.vot,.votable,.xml,.fits,.fit,.fts";
const PACKAGES: [Packaging, string, string][] = [
  ["zip", "ZIP", "One ZIP file of all of them"],
  ["tar", "tar", "One tar file of all of them"],
  ["none", "None", "Each file by itself"],
];

@customElement("ar-job-list-form")
export class ArJobListForm extends LitElement {
  static override styles = [
    base,
    controls,
    section,
    jobFormStyles,
    css`
      .drop { display: flex; align-items: center; gap: 10px; min-height: 52px; padding: 8px 10px; border: 1px dashed var(--line-strong); border-radius: var(--r-small);
        background: var(--well); cursor: pointer; font-size: 12px; line-height: 1.4; color: var(--mute); }
      .drop:hover, .drop.over { border-color: var(--accent); background: var(--accent-soft); }
      .drop:focus-within { outline: 2px solid var(--accent-fill); outline-offset: 1px; }
      .drop b { display: block; color: var(--text); font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      .drop.full { border-style: solid; border-color: var(--line); }
      .drop > span { flex: 1; min-width: 0; }
    `,
  ];
  @query("input[type=file]") private input!: HTMLInputElement;
  @state() private over = false;
  @state() private seen: Peek | null = null;
  @state() private weight: Weight | null = null;
  @state() private fault = "";
  @state() private refusal = "";
  @state() private sending = false;
  private readonly follow = [new Follow(this, ["info", "holdings", "style"]), new FollowStore(this, jobForms)];
  private readonly weighing = new Latest();
  private weightKey = "";
  private peeked: File | null = null;
  private readonly weighSoon = debounced(() => void this.weigh(), QUIET_MS);

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.weighSoon.cancel();
    this.weighing.cancel();
    this.weightKey = "";
  }

  protected override firstUpdated(): void {
    this.input?.focus({ preventScroll: true });
  }

  protected override willUpdate(_: PropertyValues): void {
    const { info } = store.state;
    const { file } = jobForms.state;
    if (file !== this.peeked) void this.look(file);
    const radius = this.radius();
    const layers = info && !unfit(info) ? chosenLayers(info) : [];
    const key = radius && layers.length ? JSON.stringify([layers, radius, jobForms.state.form, info?.version]) : "";
    if (key === this.weightKey) return;
    this.weightKey = key;
    this.weighing.cancel();
    this.weight = null;
    this.fault = "";
    if (key) this.weighSoon();
  }

  /** Degrees; null where what is typed is no radius. */
  private radius(): number | null {
    const { radius, unit } = jobForms.state;
    const degrees = parseAngle(radius, FACTORS[unit]);
    return degrees > 0 && degrees <= LARGEST_DEG ? degrees : null;
  }

  private async look(file: File | null): Promise<void> {
    this.peeked = file;
    this.seen = null;
    this.refusal = "";
    if (!file || file.size > MOST_PEEKED) return;
    try {
      const seen = peek(new Uint8Array(await file.arrayBuffer()), file.name);
      if (this.peeked === file) this.seen = seen;
    } catch {
      this.refusal = `${file.name} cannot be read any more. Choose it again.`;
    }
  }

  /** What a cutout in the middle of the layer weighs: the others are about as large. */
  private async weigh(): Promise<void> {
    const { info } = store.state;
    const radius = this.radius();
    if (!info?.center || !radius) return;
    const signal = this.weighing.next();
    const layers = chosenLayers(info);
    const { ra, dec } = info.center;
    const wish = { layers, form: jobForms.state.form, style: styleFor(layers) };
    try {
      const weight = await weigh(wish, { kind: "circle", ra, dec, radius: Math.min(radius, 90) }, signal);
      if (signal.aborted) return;
      // The middle may hold no pixel where the others do.
      this.weight = weight.files ? weight : null;
      this.fault = weight.files ? weight.fault : "";
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      // Without an estimate it may be had all the same.
      if (!maySoonBeWell(error)) this.fault = wordsOf(error);
    }
  }

  private wish(info: LayerInfo): JobWish | null {
    const { file, form, packaging } = jobForms.state;
    const radius = this.radius();
    if (!file || !radius) return null;
    const layers = chosenLayers(info);
    const positions = { file, radius, packaging };
    return {
      layers,
      form,
      style: styleFor(layers),
      name: jobForms.state.name.trim() || this.proposal(info),
      positions,
    };
  }

  private proposal(info: LayerInfo): string {
    const { file } = jobForms.state;
    return file ? `${file.name}, ${layerName(chosenLayers(info)[0])}` : "";
  }

  override render() {
    void this.follow;
    const { info } = store.state;
    if (!info) return html`<p class="said">No layer is shown yet.</p>`;
    const why = unfit(info);
    if (why) return unfitPart(why);
    const { file } = jobForms.state;
    const none = this.seen?.rows === 0;
    return html`<form @submit=${this.submit} aria-label="Cut out a list of positions" @dragover=${this.hover} @dragleave=${this.leave} @drop=${this.drop}>
      ${this.filePart(file)}
      ${this.radiusPart()}
      ${layersPart(info)}
      ${formatPart()}
      ${this.packagePart()}
      ${namePart(this.proposal(info))}
      <div class="size" role="status">${this.size()}</div>
      ${this.refusal ? html`<div class="fault" role="alert">${icons.warn}<span>${this.refusal}</span></div>` : nothing}
      <button class="btn main" ?disabled=${!file || none || this.radius() === null || this.sending || Boolean(this.fault)}>${this.action()}</button>
    </form>`;
  }

  private action(): string {
    const { file } = jobForms.state;
    if (this.sending) return file ? `Sending ${bytesInWords(file.size)}…` : "Sending…";
    const rows = this.seen?.rows;
    return rows ? `Cut out ${many(rows, "position")}` : "Start the job";
  }

  private filePart(file: File | null): TemplateResult {
    const rows = this.seen?.rows;
    const facts = file && [
      this.seen?.kind ?? "",
      rows === null || rows === undefined ? "" : many(rows, "row"),
      bytesInWords(file.size),
    ];
    return html`<label class="drop ${this.over ? "over" : ""} ${file ? "full" : ""}">
      <input type="file" class="sr" accept=${KINDS} aria-label="Table of positions" @change=${this.picked} />
      ${file ? icons.table : icons.upload}
      <span>${
        file
          ? html`<b title=${file.name}>${file.name}</b>${facts?.filter(Boolean).join(" · ")}`
          : html`<b>Choose a table, or drop it here</b>CSV, VOTable or FITS with right ascension and declination`
      }</span>
    </label>
    ${this.seen?.rows === 0 ? html`<div class="fault" role="alert">${icons.warn}<span>This table has no rows.</span></div>` : nothing}`;
  }

  private radiusPart(): TemplateResult {
    const { radius, unit } = jobForms.state;
    const bad = this.radius() === null;
    return html`<div class="part"><label for="radius">Radius around each</label>
      <div class="pair">
        <input id="radius" class="field mono" inputmode="decimal" spellcheck="false" autocomplete="off" .value=${radius} aria-invalid=${bad}
          title="For rows that bring no radius of their own" @input=${(event: Event) => jobForms.set({ radius: (event.target as HTMLInputElement).value })} />
        <span class="select"><select class="field" aria-label="Unit of the radius" @change=${this.unitChosen}>
          ${(["″", "′", "°"] as const).map((one) => html`<option ?selected=${one === unit}>${one}</option>`)}
        </select>${icons.chevronDown}</span>
      </div>
      ${bad ? html`<p class="said" role="alert">A radius is an angle up to ${LARGEST_DEG}°, for example 30″.</p>` : nothing}</div>`;
  }

  private packagePart(): TemplateResult {
    return html`<div class="part"><span class="label" id="package">Package</span>
      <div class="seg" role="radiogroup" aria-labelledby="package">${PACKAGES.map(
        ([packaging, word, tip]) => html`<button type="button" role="radio" title=${tip}
          aria-checked=${jobForms.state.packaging === packaging} @click=${() => jobForms.set({ packaging })}>${word}</button>`,
      )}</div></div>`;
  }

  private size() {
    if (this.fault) return html`<div class="fault">${icons.warn}<span>${this.fault}</span></div>`;
    const { weight } = this;
    const radius = this.radius();
    if (!weight || !radius) return nothing;
    const [ny, nx] = weight.shape;
    const each = `${grouped(nx)} × ${grouped(ny)} px each, radius ${formatAngle(radius)}`;
    const rows = this.seen?.rows;
    if (!rows) return html`<b>About ${bytesInWords(weight.bytes)} for a position</b>${each}`;
    const files = rows * weight.files;
    return html`<b>${many(files, "file")} · about ${bytesInWords(weight.bytes * rows)}</b>${each}`;
  }

  private readonly unitChosen = (event: Event): void =>
    jobForms.set({ unit: (event.target as HTMLSelectElement).value as JobForms["unit"] });

  private readonly picked = (): void => {
    const file = this.input.files?.[0];
    if (file) jobForms.set({ file });
    // The same file may be chosen again once it was changed.
    this.input.value = "";
  };

  private readonly hover = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.over = true;
  };

  private readonly leave = (event: DragEvent): void => {
    if (!(event.relatedTarget instanceof Node) || !this.renderRoot.contains(event.relatedTarget)) this.over = false;
  };

  private readonly drop = (event: DragEvent): void => {
    event.preventDefault();
    this.over = false;
    const files = event.dataTransfer?.files;
    if (!files?.length) return;
    if (files.length > 1) this.refusal = "One table at a time: the first of them is taken.";
    jobForms.set({ file: files[0] });
  };

  private readonly submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { info } = store.state;
    const wish = info && this.wish(info);
    if (!wish || this.sending) return;
    this.sending = true;
    this.refusal = "";
    try {
      const id = await submitJob(formOf(wish));
      jobForms.set({ file: null });
      this.dispatchEvent(new CustomEvent("made", { detail: id, bubbles: true, composed: true }));
    } catch (error) {
      this.refusal = wordsOf(error);
    } finally {
      this.sending = false;
    }
  };
}
