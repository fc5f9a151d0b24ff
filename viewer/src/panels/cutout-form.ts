/** Takes the pixels of a region home: format, what it will weigh, and the link that streams it. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ApiError } from "../api/client";
import { type CutoutEstimate, type CutoutFormat, type CutoutWish, cutoutUrl, estimateCutout } from "../api/regions";
import { icons } from "../app/icons";
import { bytesInWords, grouped } from "../app/numbers";
import { isOf } from "../app/outlines";
import { debounced, isAbort, Latest, wordsOf } from "../app/session";
import { Follow, store } from "../app/store-controller";
import { type Region, sizeOf } from "../sky/regions";
import { base, controls, section } from "../styles/shared";

const FORMATS: [CutoutFormat, string, string][] = [
  ["fits", "FITS", "The pixels as the file has them, with their header"],
  ["png", "PNG", "A picture in the colours of the screen, without loss"],
  ["jpg", "JPEG", "A picture in the colours of the screen, small"],
  ["webp", "WebP", "A picture in the colours of the screen, smaller"],
];

let chosen: CutoutFormat = "fits";

@customElement("ar-cutout-form")
export class ArCutoutForm extends LitElement {
  static override styles = [
    base,
    controls,
    section,
    css`
      :host { display: grid; gap: 8px; border-top: 1px solid var(--line); padding-top: 12px; }
      h4 { margin: 0; font-size: 12px; font-weight: 600; }
      .size { min-height: 34px; font-size: 12px; line-height: 17px; color: var(--mute); }
      .size b { display: block; color: var(--text); font-weight: 500; }
      .mask { display: flex; align-items: center; gap: 8px; font-size: 12px; color: var(--text); }
      a.btn { text-decoration: none; width: 100%; }
      a.btn:not([href]) { opacity: 0.5; pointer-events: none; }
    `,
  ];
  @property({ attribute: false }) region: Region | null = null;
  @property() name = "";
  @state() private format: CutoutFormat = chosen;
  @state() private mask = true;
  @state() private answer: CutoutEstimate | null = null;
  @state() private fault = "";
  private readonly follow = new Follow(this, ["info", "style"]);
  private readonly latest = new Latest();
  private asked = "";
  private readonly soon = debounced(() => void this.estimate(), 300);

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.soon.cancel();
    this.latest.cancel();
    this.asked = "";
  }

  protected override willUpdate(_: PropertyValues): void {
    const { info } = store.state;
    const wish = this.wish();
    const key = info && wish ? JSON.stringify([info.id, info.version, { ...wish, style: null }]) : "";
    if (key === this.asked) return;
    this.asked = key;
    this.latest.cancel();
    if (key) this.soon();
  }

  private wish(): CutoutWish | null {
    const { region, format, mask } = this;
    return region && { region, format, mask, style: store.state.style };
  }

  private async estimate(): Promise<void> {
    const { info } = store.state;
    const wish = this.wish();
    if (!info || !wish || this.elsewhere()) return;
    const signal = this.latest.next();
    try {
      const answer = await estimateCutout(info.id, wish, signal);
      if (signal.aborted) return;
      this.answer = answer;
      this.fault = tooLarge(answer);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      this.answer = null;
      this.fault = inWords(error);
    }
  }

  /** Why this region has no pixels in the layer that is shown, or nothing. */
  private elsewhere(): string {
    const { info } = store.state;
    const { region } = this;
    if (!info || !region) return "";
    if (region.kind === "pixels")
      return isOf(region, info)
        ? ""
        : `This box is a window of the pixels of “${region.layer}”. Show that layer first.`;
    if (info.center === null) return "This layer has no celestial coordinates.";
    return sizeOf(region).every((side) => side > 0) ? "" : "This box has no area.";
  }

  override render() {
    void this.follow;
    const { info } = store.state;
    const wish = this.wish();
    if (!info || !wish) return nothing;
    const fault = this.elsewhere() || this.fault;
    const href = fault ? nothing : cutoutUrl(info.id, wish);
    return html`<h4>Cut out of ${info.path.at(-2) ?? info.name}</h4>
      <div class="seg" role="radiogroup" aria-label="Format">
        ${FORMATS.map(
          ([format, word, tip]) => html`<button role="radio" aria-checked=${this.format === format} title=${tip}
            @click=${() => this.choose(format)}>${word}</button>`,
        )}
      </div>
      ${
        this.rectangular()
          ? nothing
          : html`<label class="mask"><input type="checkbox" .checked=${this.mask} @change=${this.masked} />Blank what lies outside</label>`
      }
      <div class="size" role="status">${fault ? html`<div class="fault">${icons.warn}<span>${fault}</span></div>` : this.size()}</div>
      <a class="btn" href=${href} download>${icons.download}Download ${this.word()}</a>`;
  }

  private rectangular(): boolean {
    return this.region?.kind === "pixels";
  }

  private word(): string {
    return FORMATS.find(([format]) => format === this.format)?.[1] ?? "";
  }

  private size() {
    const { answer } = this;
    if (!answer) return "Asking for its size…";
    const [ny, nx] = answer.shape;
    const range = this.format === "fits" ? "in the file's own numbers" : "in the colours of the screen";
    return html`<b>${grouped(nx)} × ${grouped(ny)} px · about ${bytesInWords(answer.bytes)}</b>${range}`;
  }

  private choose(format: CutoutFormat): void {
    chosen = format;
    this.format = format;
  }

  private masked(event: Event): void {
    this.mask = (event.target as HTMLInputElement).checked;
  }
}

function tooLarge({ pixels, limit }: CutoutEstimate): string {
  if (!(pixels > limit)) return "";
  const mega = (value: number) => `${Number((value / 1e6).toPrecision(3))} Mpx`;
  return `${mega(pixels)} are more than one cutout may have (${mega(limit)}). Make it smaller.`;
}

function inWords(error: unknown): string {
  if (error instanceof ApiError && error.code === "region_outside") return "This layer has no pixel there.";
  return wordsOf(error);
}
