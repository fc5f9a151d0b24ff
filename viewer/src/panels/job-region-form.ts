/** A job that cuts out what is shown, a box or an aperture. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { LayerInfo } from "../api/types";
import { apertures, circleOf, nameOf } from "../app/apertures";
import { allBoxes, boxes } from "../app/boxes";
import { icons } from "../app/icons";
import { jobForms, VIEW } from "../app/job-forms";
import { formOf, type JobWish, type Weight, weigh, weightWords } from "../app/job-wish";
import { regionWords, sizeWords } from "../app/job-words";
import { submitJob } from "../app/jobs";
import { layerName } from "../app/layer-names";
import { baseOf } from "../app/layers";
import { debounced, isAbort, Latest, session, wordsOf } from "../app/session";
import { Follow, FollowStore, store } from "../app/store-controller";
import { shapesIn, shownRectangle } from "../app/view-region";
import { posText, type SkyRegion } from "../sky/regions";
import type { ShapeName, Shapes } from "../sky/shapes";
import { base, controls, section } from "../styles/shared";
import { chosenLayers, formatPart, layersPart, maySoonBeWell, namePart, styleFor, unfit, unfitPart } from "./job-parts";
import { jobFormStyles } from "./jobs-styles";

const QUIET_MS = 250;
const AGAIN_MS = 3000;
const SHAPES: [ShapeName, string, string, string][] = [
  ["range", "Range", "Between two right ascensions and two declinations", "There is no such range here"],
  ["polygon", "Polygon", "The corners of the window, joined by great circles", "More than a polygon can hold"],
  ["circle", "Circle", "The largest circle in the window", "There is no circle here"],
];

@customElement("ar-job-region-form")
export class ArJobRegionForm extends LitElement {
  static override styles = [base, controls, section, jobFormStyles];
  @state() private shapes: Shapes | null = null;
  @state() private weight: Weight | null = null;
  /** Whether the weight is of something else than what is chosen now. */
  @state() private old = true;
  /** Why it cannot be had. */
  @state() private fault = "";
  /** What could not be asked now. */
  @state() private doubt = "";
  @state() private refusal = "";
  @state() private sending = false;
  private readonly follow = [
    new Follow(this, ["info", "view", "style", "holdings"]),
    new FollowStore(this, jobForms),
    new FollowStore(this, boxes, ["drawn"]),
    new FollowStore(this, apertures, ["list"]),
  ];
  private readonly looking = new Latest();
  private readonly weighing = new Latest();
  private viewKey = "";
  /** The window was moved since it was looked at. */
  @state() private moving = false;
  private weightKey = "";
  private readonly lookSoon = debounced(() => void this.look(), QUIET_MS);
  private readonly lookLater = debounced(() => void this.look(), AGAIN_MS);
  private readonly weighSoon = debounced(() => void this.weigh(), QUIET_MS);

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const soon of [this.lookSoon, this.lookLater, this.weighSoon]) soon.cancel();
    for (const latest of [this.looking, this.weighing]) latest.cancel();
    this.viewKey = "";
    this.weightKey = "";
    jobForms.set({ preview: null });
    session.map?.redraw();
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector("select")?.focus({ preventScroll: true });
  }

  protected override willUpdate(_: PropertyValues): void {
    const { info, view } = store.state;
    if (jobForms.state.place !== VIEW && this.region() === null) jobForms.set({ place: VIEW });
    const viewKey = info && view ? [baseOf(info), info.version, view.x, view.y, view.scale].join(" ") : "";
    if (jobForms.state.place !== VIEW) this.moving = false;
    if (jobForms.state.place === VIEW && viewKey !== this.viewKey) {
      this.viewKey = viewKey;
      this.moving = true;
      this.lookSoon();
    }
    this.show();
    const wish = this.wish();
    const key = wish && info ? JSON.stringify([wish.layers, wish.region, wish.form, info.version]) : "";
    if (key === this.weightKey) return;
    this.weightKey = key;
    this.weighing.cancel();
    this.old = true;
    this.refusal = "";
    if (key) this.weighSoon();
  }

  /** Outline on the map what is not just the window. */
  private show(): void {
    const whole = jobForms.state.place === VIEW && this.chosenShape() === this.shapes?.exact;
    const preview = whole || this.moving ? null : this.region();
    const { preview: before } = jobForms.state;
    if (preview === before || (preview && before && posText(preview) === posText(before))) return;
    jobForms.set({ preview });
    session.map?.redraw();
  }

  private region(): SkyRegion | null {
    if (jobForms.state.place === VIEW) return this.shapes?.[this.chosenShape() ?? "circle"] ?? null;
    const box = allBoxes().find(({ id }) => id === jobForms.state.place);
    if (box) return box.region.kind === "pixels" ? null : box.region;
    const aperture = apertures.state.list.find(({ id }) => id === jobForms.state.place);
    return aperture ? circleOf(aperture) : null;
  }

  /** The shape that was asked for, where there is one of it here. */
  private chosenShape(): ShapeName | null {
    const { shapes } = this;
    const { shape } = jobForms.state;
    if (!shapes) return null;
    if (shape && shapes[shape]) return shape;
    return shapes.exact ?? SHAPES.find(([name]) => shapes[name])?.[0] ?? null;
  }

  private wish(): JobWish | null {
    const { info } = store.state;
    const region = info && this.region();
    if (!info || !region) return null;
    const layers = chosenLayers(info);
    const name = jobForms.state.name.trim() || this.proposal(info, region);
    return { layers, region, form: jobForms.state.form, style: styleFor(layers), name };
  }

  private proposal(info: LayerInfo, region: SkyRegion): string {
    const box = allBoxes().find(({ id }) => id === jobForms.state.place);
    const aperture = apertures.state.list.find(({ id }) => id === jobForms.state.place);
    const place = box?.name ?? (aperture ? nameOf(aperture) : sizeWords(region));
    return `${layerName(chosenLayers(info)[0])}, ${place}`;
  }

  private async look(): Promise<void> {
    const { info } = store.state;
    const rectangle = shownRectangle();
    if (!info || unfit(info)) return;
    const signal = this.looking.next();
    this.fault = rectangle ? "" : "No pixel of the layer is in view.";
    this.doubt = "";
    if (!rectangle) {
      this.shapes = null;
      return;
    }
    try {
      const shapes = await shapesIn(info, rectangle, signal);
      if (signal.aborted) return;
      this.shapes = shapes;
      this.moving = false;
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      this.shapes = null;
      this.doubt = wordsOf(error);
      if (maySoonBeWell(error)) this.lookLater();
    }
  }

  private async weigh(): Promise<void> {
    const wish = this.wish();
    if (!wish?.region) return;
    const signal = this.weighing.next();
    try {
      const weight = await weigh(wish, wish.region, signal);
      if (signal.aborted) return;
      this.weight = weight;
      this.fault = weight.fault;
      this.doubt = "";
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      this.weight = null;
      // Without an estimate it may be had all the same.
      if (maySoonBeWell(error)) this.doubt = wordsOf(error);
      else this.fault = wordsOf(error);
    }
    this.old = false;
  }

  override render() {
    void this.follow;
    const { info } = store.state;
    if (!info) return html`<p class="said">No layer is shown yet.</p>`;
    const why = unfit(info);
    if (why) return unfitPart(why);
    const region = this.region();
    return html`<form @submit=${this.submit} aria-label="Cut out a region">
      ${this.placePart(region)}
      ${layersPart(info)}
      ${formatPart()}
      ${namePart(region ? this.proposal(info, region) : "")}
      <div class="size ${this.old ? "old" : ""}" role="status">${this.size(region)}</div>
      ${this.refusal ? html`<div class="fault" role="alert">${icons.warn}<span>${this.refusal}</span></div>` : nothing}
      <button class="btn main" ?disabled=${!region || this.sending || this.moving || Boolean(this.fault)}>${this.sending ? "Sending…" : "Start the job"}</button>
    </form>`;
  }

  private placePart(region: SkyRegion | null): TemplateResult {
    const drawn = allBoxes().filter((box) => box.region.kind !== "pixels");
    const circles = apertures.state.list;
    const option = (id: string, name: string) =>
      html`<option value=${id} ?selected=${id === jobForms.state.place}>${name}</option>`;
    return html`<div class="part"><label for="place">Region</label>
        <span class="select"><select id="place" class="field" @change=${this.placed}>
          ${option(VIEW, "What the window shows")}
          ${drawn.length ? html`<optgroup label="Boxes">${drawn.map(({ id, name }) => option(id, name))}</optgroup>` : nothing}
          ${circles.length ? html`<optgroup label="Apertures">${circles.map((one) => option(one.id, nameOf(one)))}</optgroup>` : nothing}
        </select>${icons.chevronDown}</span></div>
      ${jobForms.state.place === VIEW ? this.shapePart() : nothing}
      <p class="said" title=${region ? posText(region) : nothing}>${region ? regionWords(posText(region)) : "Looking where that is…"}</p>`;
  }

  private shapePart(): TemplateResult {
    const chosen = this.chosenShape();
    return html`<div class="seg" role="radiogroup" aria-label="Shape">${SHAPES.map(([shape, word, tip, none]) => {
      const there = this.shapes?.[shape] !== null;
      return html`<button type="button" role="radio" aria-checked=${chosen === shape} title=${there ? tip : none} ?disabled=${!there}
        @click=${() => jobForms.set({ shape })}>${word}</button>`;
    })}</div>`;
  }

  private size(region: SkyRegion | null) {
    const { fault, weight, doubt } = this;
    if (doubt && !fault) return html`<div class="fault">${icons.warn}<span>${doubt}</span></div>`;
    if (fault) return html`<div class="fault">${icons.warn}<span>${fault}</span></div>`;
    if (!weight) return region ? "Asking for its size…" : nothing;
    const outside = weight.outside.length ? `No pixel there: ${weight.outside.join(", ")}.` : "";
    const numbers = jobForms.state.form === "fits" ? "in the file's own numbers" : "as pictures";
    return html`<b>${weightWords(weight)}</b>${outside || numbers}`;
  }

  private readonly placed = (event: Event): void => {
    this.doubt = "";
    jobForms.set({ place: (event.target as HTMLSelectElement).value });
    this.viewKey = "";
    this.fault = "";
  };

  private readonly submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const wish = this.wish();
    if (!wish || this.sending || this.moving) return;
    this.sending = true;
    this.refusal = "";
    try {
      const id = await submitJob(formOf(wish));
      this.dispatchEvent(new CustomEvent("made", { detail: id, bubbles: true, composed: true }));
    } catch (error) {
      this.refusal = wordsOf(error);
    } finally {
      this.sending = false;
    }
  };
}
