/** The card of a place of the map: its value, its coordinates, the same links. Opens by the context menu or a long press. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { api } from "../api/client";
import type { ValueAnswer } from "../api/types";
import { cornerCard, placeCard } from "../catalogs/place-card";
import { catalogs } from "../catalogs/store";
import type { DrawFrame, MapDrawing } from "../map/types";
import { base, controls, section } from "../styles/shared";
import { cardStyles } from "./card-styles";
import { formatPixel, formatValue } from "./format";
import { icons } from "./icons";
import { linkRow } from "./link-row";
import { isAbort, Latest, session, wordsOf } from "./session";
import { copy } from "./share";
import { skyWords } from "./sky-words";
import { clearSelection } from "./sources";
import { Follow, store } from "./store-controller";

const LONG_PRESS_MS = 550;
const STILL_PX = 8;

interface Pin {
  x: number;
  y: number;
  ra: number | null;
  dec: number | null;
}

@customElement("ar-position-card")
export class ArPositionCard extends LitElement {
  static override styles = [base, controls, section, cardStyles];
  @state() private pin: Pin | null = null;
  @state() private exact: ValueAnswer | null = null;
  /** Why there is no value. */
  @state() private fault = "";
  private frame: DrawFrame | null = null;
  private added = false;
  /** A place that was asked for before there was a frame. */
  private wanted: [number, number] | null = null;
  private press: { x: number; y: number; timer: ReturnType<typeof setTimeout> } | null = null;
  /** A long press has opened this: the finger that is lifted is no click. */
  private held = false;
  private readonly asking = new Latest();
  private readonly follow = new Follow(this, ["overlays", "layerId"]);
  private readonly control = new AbortController();
  private layer: string | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    const { signal } = this.control;
    const map = this.parentElement?.querySelector<HTMLElement>("#map");
    map?.addEventListener("contextmenu", (event) => this.asked(event), { signal });
    map?.addEventListener("pointerdown", (event) => this.pressed(event), { signal, capture: true });
    for (const name of ["pointerup", "pointercancel"])
      map?.addEventListener(name, () => this.letGo(), { signal, capture: true });
    map?.addEventListener("pointermove", (event) => this.moved(event), { signal, capture: true });
    window.addEventListener("keydown", (event) => this.keyed(event), { signal });
    catalogs.subscribe(["selected"], ({ selected }) => selected && this.close());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.control.abort();
  }

  private draw(context: CanvasRenderingContext2D, frame: DrawFrame): void {
    this.frame = frame;
    if (this.wanted) this.open(...this.wanted);
    if (!this.pin) return;
    const [x, y] = frame.nearest(this.pin.x, this.pin.y);
    context.beginPath();
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      context.moveTo(x + 3 * dx, y + 3 * dy);
      context.lineTo(x + 9 * dx, y + 9 * dy);
    }
    for (const [width, colour] of [
      [3.5, "rgba(4, 7, 12, 0.75)"],
      [1.5, "#ffc35c"],
    ] as const) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
    this.place(x, y, frame);
  }

  private place(x: number, y: number, { width, height }: { width: number; height: number }): void {
    const size = { width: this.offsetWidth, height: this.offsetHeight };
    const inside = x > -40 && y > -40 && x < width + 40 && y < height + 40;
    const [left, top] = inside ? placeCard({ x, y, radius: 8, width, height }, size) : cornerCard(width, size);
    this.style.setProperty("--room", `${Math.max(140, height - 16)}px`);
    this.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  protected override willUpdate(): void {
    if (this.pin && store.state.layerId !== this.layer) this.pin = null;
    this.hidden = this.pin === null;
  }

  protected override updated(): void {
    if (!this.pin || !this.frame) return;
    const [x, y] = this.frame.nearest(this.pin.x, this.pin.y);
    this.place(x, y, this.frame);
  }

  override render(): TemplateResult | typeof nothing {
    void this.follow;
    const { pin, exact } = this;
    if (!pin) return nothing;
    const { info } = store.state;
    const ra = exact?.ra ?? pin.ra;
    const dec = exact?.dec ?? pin.dec;
    const words = ra !== null && dec !== null ? skyWords(ra, dec, (info?.pixel_scale_deg ?? 1) / 10) : null;
    const pixel = `${formatPixel(pin.x)}  ${formatPixel(pin.y)}`;
    return html`<div class="card" role="dialog" aria-label="Position" tabindex="-1">
      <header><div><small>${info?.quantity ?? "Value"} at this place</small></div>
        <button class="icon-btn" title="Close (Esc)" aria-label="Close" @click=${this.close}>${icons.close}</button></header>
      ${this.value(info?.units ?? null)}
      <div class="where">${words?.pairs.map(([name, text]) => html`<span>${name}</span><b>${text}</b>`)}<span>x y</span><b>${pixel}</b>
        <button class="icon-btn" title="Copy the position" aria-label="Copy the position"
          @click=${() => copy(words?.plain ?? pixel, `Copied ${words?.plain ?? pixel}`)}>${icons.copy}</button></div>
      ${ra !== null && dec !== null ? html`<footer>${linkRow(ra, dec)}</footer>` : nothing}
    </div>`;
  }

  private value(units: string | null): TemplateResult {
    const { exact, fault } = this;
    if (fault) return html`<p class="note" role="alert">${fault}</p>`;
    return html`<div class="value">${exact ? (exact.inside ? formatValue(exact.value, units) : "outside the layer") : "…"}</div>`;
  }

  private asked(event: MouseEvent): void {
    event.preventDefault();
    this.letGo();
    const map = event.currentTarget as HTMLElement;
    const box = map.getBoundingClientRect();
    // Keys ask without a place: the middle of the map is meant.
    const keyed = event.button !== 2 && event.clientX === 0;
    this.open(keyed ? box.width / 2 : event.clientX - box.left, keyed ? box.height / 2 : event.clientY - box.top);
  }

  private open(sx: number, sy: number): void {
    this.join();
    const { frame } = this;
    const { layerId } = store.state;
    this.wanted = frame ? null : [sx, sy];
    if (!frame || !layerId) return;
    const [across, y] = frame.toPixel(sx, sy);
    const turn = frame.period;
    const x = turn === null ? across : across - turn * Math.floor((across + 0.5) / turn);
    const at = frame.position(x, y);
    clearSelection("none");
    this.layer = layerId;
    this.exact = null;
    this.fault = "";
    this.pin = { x, y, ra: at?.[0] ?? null, dec: at?.[1] ?? null };
    session.map?.redraw();
    void api.value(layerId, { x, y }, this.asking.next()).then(
      (exact) => {
        this.exact = exact;
      },
      (error) => {
        if (!isAbort(error)) this.fault = wordsOf(error);
      },
    );
  }

  /** Drawn with the map from the first time on that it is wanted. */
  private join(): void {
    const { map } = session;
    if (this.added || !map) return;
    this.added = true;
    const drawing: MapDrawing = { draw: (context, frame) => this.draw(context, frame), click: () => this.held };
    map.addDrawing(drawing);
    map.addEventListener("click", () => !this.held && this.close());
  }

  private pressed(event: PointerEvent): void {
    this.letGo();
    this.held = false;
    this.join();
    if (event.pointerType !== "touch" || !event.isPrimary) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const at = { x: event.clientX, y: event.clientY };
    this.press = { ...at, timer: setTimeout(() => this.hold(at.x - box.left, at.y - box.top), LONG_PRESS_MS) };
  }

  private hold(sx: number, sy: number): void {
    this.held = true;
    this.open(sx, sy);
  }

  private moved(event: PointerEvent): void {
    const { press } = this;
    if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > STILL_PX) this.letGo();
  }

  private letGo(): void {
    clearTimeout(this.press?.timer);
    this.press = null;
  }

  private keyed(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.defaultPrevented || !this.pin) return;
    event.preventDefault();
    this.close();
  }

  private readonly close = (): void => {
    if (!this.pin) return;
    const inside = this.matches(":focus-within");
    this.pin = null;
    this.asking.cancel();
    session.map?.redraw();
    if (inside) this.parentElement?.querySelector<HTMLElement>("#map")?.focus();
  };
}
