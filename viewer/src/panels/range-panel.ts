/** Display: histogram, typed range, presets, and what the histogram leaves out. */
import { html, LitElement, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { commands } from "../app/commands";
import { cancelHistogram, exactHistogram, showRange } from "../app/histogram";
import { icons } from "../app/icons";
import { tooltip } from "../app/keys";
import { autoRange, setStyle } from "../app/layers";
import { formatEditable, formatNumber, grouped, parseNumber, percent, typographic } from "../app/numbers";
import { debounced } from "../app/session";
import { Follow, store } from "../app/store-controller";
import { base, controls, section } from "../styles/shared";
import "./histogram-view";
import { PRESETS, type Preset, presetRange } from "./histogram-math";
import { rangeStyles } from "./range-styles";

@customElement("ar-range-panel")
export class ArRangePanel extends LitElement {
  static override styles = [base, controls, section, rangeStyles];
  @state() private fault = "";
  private readonly follow = new Follow(this, ["style", "info", "histogram"]);
  private readonly forget = debounced(() => {
    this.fault = "";
  }, 6000);

  override render() {
    void this.follow;
    const { histogram } = store.state;
    const busy = histogram.busy !== "no";
    return html`<section>
      <div class="head"><h2>Display</h2>
        <span class="row small">
          <button class="chip" aria-pressed=${histogram.log} title=${tooltip("logCounts")} @click=${commands.logCounts}>log counts</button>
          <button class="chip" aria-pressed=${histogram.data?.exact ?? false} ?disabled=${!histogram.data && !busy}
            title=${histogram.data?.exact ? "Counts of every pixel" : "Counts are of a sample. Count every pixel"}
            @click=${histogram.busy === "exact" ? cancelHistogram : exactHistogram}>${
              histogram.busy === "exact" ? html`<i class="spin"></i>stop` : histogram.data?.exact ? "exact" : "sample"
            }</button>
        </span></div>
      <div class="plot ${busy ? "busy" : ""}">
        <ar-histogram></ar-histogram>
        ${histogram.error ? html`<div class="over"><span>${icons.warn} ${histogram.error}</span></div>` : nothing}
      </div>
      ${this.beyond()}
      <div class="row range">
        ${this.number("vmin", "Lower end")}${this.number("vmax", "Upper end")}
        <button class="btn" title=${tooltip("auto")} @click=${autoRange}>Auto</button>
      </div>
      <div class="below" role="alert">${this.fault ? html`<div class="fault">${icons.warn}<span>${this.fault}</span></div>` : nothing}</div>
      <div class="presets" role="group" aria-label="Ranges">${PRESETS.map((preset) => this.preset(preset))}</div>
    </section>`;
  }

  /** One line under the plot: what lies off either end, and what is no number. */
  private beyond() {
    const { data } = store.state.histogram;
    const { style, info } = store.state;
    const title = data
      ? `${grouped(data.total)} pixels ${data.exact ? "counted" : "sampled"}; ${grouped(data.nan)} of them NaN` +
        (data.mean === null
          ? ""
          : `; mean ${formatNumber(data.mean)}, standard deviation ${formatNumber(data.std ?? Number.NaN)}`)
      : "";
    if (!data || !style) return html`<div class="beyond"></div>`;
    const valid = data.total - data.nan;
    return html`<div class="beyond" title=${title}>
      <span title="Values left of the plot">${data.below ? `◂ ${percent(data.below, valid)}` : ""}</span>
      <span>${longUnit(info?.units ?? null)}${data.nan ? `NaN ${percent(data.nan, data.total)}` : "no NaN"}</span>
      <span title="Values right of the plot">${data.above ? `${percent(data.above, valid)} ▸` : ""}</span>
    </div>`;
  }

  private number(name: "vmin" | "vmax", label: string) {
    const { style, info } = store.state;
    return html`<label class="number"><span class="sr">${label}</span>
      <input class="field" inputmode="decimal" spellcheck="false" autocomplete="off" title=${`${label}; Enter applies, arrows step`}
        .value=${style ? typographic(formatEditable(style[name])) : ""} ?disabled=${!style}
        @input=${() => {
          this.fault = "";
        }} @change=${(event: Event) => this.typed(event, name)} @keydown=${(event: KeyboardEvent) => this.stepped(event, name)} />
      ${shortUnit(info?.units) ? html`<span class="unit">${info?.units}</span>` : nothing}
    </label>`;
  }

  private typed(event: Event, name: "vmin" | "vmax"): void {
    const field = event.target as HTMLInputElement;
    const { style, info } = store.state;
    if (!style) return;
    const value = parseNumber(field.value, info?.units ?? null);
    const next = { ...style, [name]: value };
    if (!Number.isFinite(value)) this.fault = `“${field.value}” is not a number. Example: 1e-3 or −250.`;
    else if (!(next.vmin < next.vmax)) this.fault = "The lower end must be below the upper one.";
    else {
      this.fault = "";
      setStyle({ [name]: value });
      showRange();
      return;
    }
    field.value = typographic(formatEditable(style[name]));
    this.forget();
  }

  private stepped(event: KeyboardEvent, name: "vmin" | "vmax"): void {
    const { style } = store.state;
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    if (!by || !style) return;
    event.preventDefault();
    setStyle({ [name]: style[name] + (by * (style.vmax - style.vmin)) / (event.shiftKey ? 10 : 100) });
  }

  private preset(preset: Preset) {
    const { histogram, info, style } = store.state;
    const range =
      histogram.data && style
        ? presetRange(preset, histogram.data, info?.range_symmetric ?? false, style.absolute)
        : null;
    const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
    const on = range !== null && style !== null && near(range[0], style.vmin) && near(range[1], style.vmax);
    return html`<button class="chip" aria-pressed=${on} ?disabled=${!range}
      title=${range ? `${formatNumber(range[0])} to ${formatNumber(range[1])}` : "Not known yet"}
      @click=${() => {
        this.fault = "";
        if (range) setStyle({ vmin: range[0], vmax: range[1] });
        showRange();
      }}>${preset}</button>`;
  }
}

/** Units that fit into the fields stand there, longer ones above them. */
const shortUnit = (units: string | null | undefined): boolean => !!units && units.length <= 5;
const longUnit = (units: string | null): string => (units && !shortUnit(units) ? `${units} · ` : "");
