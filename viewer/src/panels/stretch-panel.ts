/** Stretch, gamma, absolute values. */
import { css, html, LitElement } from "lit";
import { customElement } from "lit/decorators.js";
import type { StretchName } from "../api/types";
import { commands } from "../app/commands";
import { tooltip } from "../app/keys";
import { setStyle } from "../app/layers";
import { Follow, store } from "../app/store-controller";
import { STRETCHES } from "../app/url";
import { base, controls, section } from "../styles/shared";

const WORDS: Record<StretchName, [string, string]> = {
  linear: ["linear", "Linear"],
  sqrt: ["sqrt", "Square root"],
  asinh: ["asinh", "Inverse hyperbolic sine: linear when faint, logarithmic when bright"],
  log: ["log", "Logarithm"],
  power: ["power", "Power: 1000 to the share of the range"],
  histeq: ["hist", "Histogram equalised: each colour covers as many pixels"],
};

@customElement("ar-stretch-panel")
export class ArStretchPanel extends LitElement {
  static override styles = [
    base,
    controls,
    section,
    css`
      :host { display: block; }
      .slider { margin-top: 6px; grid-template-columns: 52px 1fr 36px auto; }
      .abs { height: 26px; padding: 0 8px; }
    `,
  ];
  private readonly follow = new Follow(this, ["style"]);

  override render() {
    void this.follow;
    const { style } = store.state;
    const gamma = style?.gamma ?? 1;
    return html`<section>
      <div class="head"><h2>Stretch</h2></div>
      <div class="seg" role="radiogroup" aria-label="Stretch" @keydown=${this.keyed}>
        ${STRETCHES.map((name) => {
          const on = style?.stretch === name;
          return html`<button role="radio" aria-checked=${on} tabindex=${on ? 0 : -1} title=${`${WORDS[name][1]} (t: next)`}
            ?disabled=${!style} @click=${() => setStyle({ stretch: name }, "push")}>${WORDS[name][0]}</button>`;
        })}
      </div>
      <div class="slider">
        <label for="gamma">Gamma</label>
        <input id="gamma" type="range" min="-1" max="1" step="0.02" .value=${String(Math.log10(gamma))} ?disabled=${!style}
          aria-valuetext=${gamma.toFixed(2)} title="Double click: 1.00" @input=${this.slid} @dblclick=${() => setStyle({ gamma: 1 })} />
        <output>${gamma.toFixed(2)}</output>
        <button class="btn abs" aria-pressed=${style?.absolute ?? false} ?disabled=${!style} title=${tooltip("absolute")}
          @click=${commands.absolute}>|x|</button>
      </div>
    </section>`;
  }

  private slid(event: Event): void {
    const power = Number((event.target as HTMLInputElement).value);
    setStyle({ gamma: Number((10 ** power).toPrecision(3)) });
  }

  private keyed(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const { style } = store.state;
    if (!by || !style) return;
    event.preventDefault();
    const next = STRETCHES[(STRETCHES.indexOf(style.stretch) + by + STRETCHES.length) % STRETCHES.length];
    setStyle({ stretch: next }, "push");
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-checked="true"]')?.focus());
  }
}
