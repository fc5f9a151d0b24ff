/** The histogram: drag an edge or the window and the sky follows; wheel zooms its axis. */
import { css, html, LitElement } from "lit";
import { customElement, query } from "lit/decorators.js";
import { resetAxis, setAxis } from "../app/histogram";
import { setStyle } from "../app/layers";
import { formatNumber } from "../app/numbers";
import { Follow, store } from "../app/store-controller";
import { base } from "../styles/shared";
import { AXIS_HEIGHT, drawHistogram, PLOT_HEIGHT } from "./histogram-draw";
import { moveEdge, type Range, zoomAxis } from "./histogram-math";

const GRIP = 9;
type Held = "low" | "high" | "window" | "axis";

@customElement("ar-histogram")
export class ArHistogram extends LitElement {
  static override styles = [
    base,
    css`
      :host { display: block; }
      .box { position: relative; height: 132px; border: 1px solid var(--line); border-radius: var(--r); background: var(--well); overflow: hidden; touch-action: none; }
      canvas { display: block; width: 100%; height: 130px; }
      .edge { position: absolute; top: 0; width: 18px; margin-left: -9px; height: 112px; cursor: ew-resize; border-radius: 4px; }
      .edge:focus-visible { outline-offset: -3px; }
      .box.grab { cursor: grab; }
      .box.grabbing, .box.grabbing .edge { cursor: grabbing; }
    `,
  ];
  @query(".box") private box!: HTMLElement;
  @query("canvas") private canvas!: HTMLCanvasElement;
  private readonly follow = new Follow(this, ["histogram", "style", "info", "theme"]);
  private held: { what: Held; from: number; range: Range; axis: Range } | null = null;
  private readonly sizes = new ResizeObserver(() => this.draw());
  private readonly scheme = matchMedia("(prefers-color-scheme: light)");
  private readonly redraw = () => this.draw();

  override connectedCallback(): void {
    super.connectedCallback();
    this.scheme.addEventListener("change", this.redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.scheme.removeEventListener("change", this.redraw);
    this.sizes.disconnect();
  }

  protected override firstUpdated(): void {
    this.sizes.observe(this.box);
    this.box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  override render() {
    void this.follow;
    return html`<div class="box" @pointerdown=${this.down} @pointermove=${this.moved} @pointerup=${this.up}
      @pointercancel=${this.up} @dblclick=${resetAxis} title="Drag the edges or the window; wheel zooms; double click shows the range again">
      <canvas></canvas>
      ${this.edge("low", "Lower end of the range", 0)}${this.edge("high", "Upper end of the range", 1)}
    </div>`;
  }

  private edge(what: "low" | "high", label: string, which: 0 | 1) {
    const { style, info, histogram } = store.state;
    const value = style ? (which ? style.vmax : style.vmin) : 0;
    const axis = histogram.axis ?? [0, 1];
    return html`<div class="edge" data-edge=${what} role="slider" tabindex="0" aria-label=${label} aria-valuenow=${value}
      aria-valuemin=${axis[0]} aria-valuemax=${axis[1]} aria-valuetext=${`${formatNumber(value)} ${info?.units ?? ""}`}
      @keydown=${(event: KeyboardEvent) => this.keyed(event, which)}></div>`;
  }

  protected override updated(): void {
    this.draw();
  }

  private ranges(): { range: Range; axis: Range } | null {
    const { style, histogram } = store.state;
    return style && histogram.axis ? { range: [style.vmin, style.vmax], axis: histogram.axis } : null;
  }

  private draw(): void {
    const both = this.ranges();
    const width = this.box?.clientWidth ?? 0;
    if (!both || width === 0) return;
    const { data, log } = store.state.histogram;
    drawHistogram(this.canvas, width, { data, log, ...both, units: store.state.info?.units ?? "" });
    const place = (value: number) => ((value - both.axis[0]) / (both.axis[1] - both.axis[0])) * width;
    for (const edge of this.renderRoot.querySelectorAll<HTMLElement>(".edge")) {
      const at = place(edge.dataset.edge === "low" ? both.range[0] : both.range[1]);
      edge.style.left = `${Math.min(width - 2, Math.max(2, at))}px`;
    }
  }

  private valueAt(clientX: number, axis: Range): number {
    const box = this.box.getBoundingClientRect();
    return axis[0] + ((clientX - box.left) / box.width) * (axis[1] - axis[0]);
  }

  private what(event: PointerEvent, { range, axis }: { range: Range; axis: Range }): Held {
    const box = this.box.getBoundingClientRect();
    if (event.clientY - box.top > PLOT_HEIGHT) return "axis";
    const perPixel = (axis[1] - axis[0]) / box.width;
    const value = this.valueAt(event.clientX, axis);
    const [low, high] = [Math.abs(value - range[0]) / perPixel, Math.abs(value - range[1]) / perPixel];
    if (Math.min(low, high) <= GRIP) return low < high ? "low" : "high";
    return value > range[0] && value < range[1] ? "window" : value <= range[0] ? "low" : "high";
  }

  private down(event: PointerEvent): void {
    const both = this.ranges();
    if (!both || event.button !== 0) return;
    const what = this.what(event, both);
    this.held = { what, from: this.valueAt(event.clientX, both.axis), ...both };
    this.box.setPointerCapture(event.pointerId);
    this.box.classList.add("grabbing");
    if (what === "low" || what === "high") this.drag(event);
  }

  private moved(event: PointerEvent): void {
    if (this.held) {
      this.drag(event);
      return;
    }
    const both = this.ranges();
    if (both) this.box.classList.toggle("grab", ["window", "axis"].includes(this.what(event, both)));
  }

  /** The map and this panel change in the frame of the event. */
  private drag(event: PointerEvent): void {
    const { held } = this;
    if (!held) return;
    const value = this.valueAt(event.clientX, held.axis);
    const by = value - held.from;
    if (held.what === "axis") {
      setAxis([held.axis[0] - by, held.axis[1] - by]);
      return;
    }
    const least = (held.axis[1] - held.axis[0]) / 1000;
    const next: Range =
      held.what === "window"
        ? [held.range[0] + by, held.range[1] + by]
        : moveEdge(held.range, held.what === "low" ? 0 : 1, value, least);
    setStyle({ vmin: next[0], vmax: next[1] });
    this.draw();
  }

  private up(event: PointerEvent): void {
    this.held = null;
    this.box.classList.remove("grabbing");
    if (this.box.hasPointerCapture(event.pointerId)) this.box.releasePointerCapture(event.pointerId);
  }

  private wheel(event: WheelEvent): void {
    const both = this.ranges();
    if (!both) return;
    event.preventDefault();
    const factor = Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * 0.0022)));
    setAxis(zoomAxis(both.axis, this.valueAt(event.clientX, both.axis), factor));
  }

  private keyed(event: KeyboardEvent, which: 0 | 1): void {
    const both = this.ranges();
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!both || !by) return;
    event.preventDefault();
    const step = ((both.axis[1] - both.axis[0]) / 200) * by * (event.shiftKey ? 5 : 1);
    const next = moveEdge(both.range, which, both.range[which] + step, Math.abs(step) / 10);
    setStyle({ vmin: next[0], vmax: next[1] });
  }
}

export const HISTOGRAM_HEIGHT = PLOT_HEIGHT + AXIS_HEIGHT;
