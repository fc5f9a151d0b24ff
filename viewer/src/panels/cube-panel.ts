/** Slices of a cube: a slider for each axis, play either way, step, rate. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { CubeAxis } from "../api/types";
import { goToSlice, setAxis, setRate, stepSlice, togglePlay } from "../app/cube";
import { icons } from "../app/icons";
import { tooltip } from "../app/keys";
import { formatEditable, formatNumber, typographic } from "../app/numbers";
import { Follow, store } from "../app/store-controller";
import { base, controls, section } from "../styles/shared";

const RATES = [1, 2, 4, 8, 15, 30];

@customElement("ar-cube-panel")
export class ArCubePanel extends LitElement {
  static override styles = [
    base,
    controls,
    section,
    css`
      :host { display: block; }
      .axis { display: grid; grid-template-columns: 1fr auto; gap: 2px 8px; align-items: baseline; margin-bottom: 8px; }
      .axis input { grid-column: 1 / -1; }
      .axis label { font-weight: 600; }
      .axis output { font: 12px var(--mono); }
      .axis output small { color: var(--mute); font-size: 12px; }
      .play { justify-content: space-between; }
      .group { display: flex; gap: 2px; }
      .icon-btn[aria-pressed="true"] { background: var(--accent-soft); color: var(--accent); }
      .select { width: 84px; }
      .select .field { height: 28px; padding-left: 8px; border-radius: var(--r-small); }
      .select svg { top: 6px; }
    `,
  ];
  private readonly follow = new Follow(this, ["info", "playback"]);

  override render() {
    void this.follow;
    const { info, playback } = store.state;
    const axes = info?.cube?.axes.map((axis, k) => ({ axis, k })).filter(({ axis }) => axis.length > 1) ?? [];
    this.hidden = axes.length === 0;
    if (!info?.cube || axes.length === 0) return nothing;
    const forward = playback.playing && !playback.reverse;
    const backward = playback.playing && playback.reverse;
    return html`<section>
      <div class="head"><h2>Slice</h2>
        ${axes.length > 1 ? this.axisChoice(axes.map(({ axis, k }) => [axis.name, k] as const)) : nothing}</div>
      ${axes.map(({ axis, k }) => this.axis(axis, k, info.cube?.index[k] ?? 0))}
      <div class="row play">
        <div class="group" role="group" aria-label="Playback">
          <button class="icon-btn" aria-label="Previous slice" title=${tooltip("previousSlice")} @click=${() => stepSlice(-1)}>${icons.stepBack}</button>
          <button class="icon-btn" aria-label="Play backward" aria-pressed=${backward} title="Play backward" @click=${() => togglePlay(true)}>${
            backward ? icons.pause : icons.playBack
          }</button>
          <button class="icon-btn" aria-label="Play" aria-pressed=${forward} title=${tooltip("play")} @click=${() => togglePlay(false)}>${
            forward ? icons.pause : icons.play
          }</button>
          <button class="icon-btn" aria-label="Next slice" title=${tooltip("nextSlice")} @click=${() => stepSlice(1)}>${icons.stepNext}</button>
        </div>
        <span class="select"><select class="field" aria-label="Slices per second"
          @change=${(event: Event) => setRate(Number((event.target as HTMLSelectElement).value))}>
          ${RATES.map((rate) => html`<option value=${rate} ?selected=${rate === playback.rate}>${rate} / s</option>`)}
        </select>${icons.chevronDown}</span>
      </div>
    </section>`;
  }

  private axisChoice(axes: (readonly [string, number])[]): TemplateResult {
    return html`<span class="select"><select class="field" aria-label="Axis to play" title="Axis to play"
      @change=${(event: Event) => setAxis(Number((event.target as HTMLSelectElement).value))}>
      ${axes.map(([name, k]) => html`<option value=${k} ?selected=${k === store.state.playback.axis}>${name || `Axis ${k + 3}`}</option>`)}
    </select>${icons.chevronDown}</span>`;
  }

  private axis(axis: CubeAxis, k: number, index: number): TemplateResult {
    const name = axis.name || `Axis ${k + 3}`;
    const words = sliceWords(axis, index);
    return html`<div class="axis">
      <label for=${`axis-${k}`}>${name}</label>
      <output>${words} <small>${words ? "· " : ""}${index + 1} of ${axis.length}</small></output>
      <input id=${`axis-${k}`} type="range" min="0" max=${axis.length - 1} step="1" .value=${String(index)}
        aria-valuetext=${`${words} ${index + 1} of ${axis.length}`}
        @input=${(event: Event) => goToSlice(k, Number((event.target as HTMLInputElement).value))} />
    </div>`;
  }
}

/** What a slice is: its label, or its value with the axis's unit. */
export function sliceWords(axis: CubeAxis, index: number): string {
  const label = axis.labels?.[index];
  if (label) return label;
  const value = axis.values?.[index];
  if (value === undefined) return "";
  const plain = value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e7);
  const figures = plain ? typographic(formatEditable(value, 7)) : formatNumber(value, 6);
  return `${figures} ${axis.unit}`.trim();
}
