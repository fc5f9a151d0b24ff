/** The thin line on top of the map: work in progress. */
import { css, html, LitElement } from "lit";
import { customElement } from "lit/decorators.js";
import { base } from "../styles/shared";
import { Follow, store } from "./store-controller";

@customElement("ar-progress-line")
export class ArProgressLine extends LitElement {
  static override styles = [
    base,
    css`
      :host { position: absolute; inset: 0 0 auto; height: 2px; z-index: 10; pointer-events: none; }
      .line { height: 2px; background: var(--accent-fill); transform-origin: left; opacity: 0; transition: transform 0.2s, opacity 0.3s 0.1s; }
      .busy { opacity: 1; transition: transform 0.2s; }
      @media (prefers-reduced-motion: reduce) { .line { transition: none; } }
    `,
  ];
  private readonly follow = new Follow(this, ["progress", "layerBusy"]);
  private most = 0;

  override render() {
    void this.follow;
    const busy = store.state.layerBusy || (store.state.progress?.loading ?? 0) > 0;
    return html`<div class="line ${busy ? "busy" : ""}" role="progressbar" aria-label="Loading" aria-hidden=${!busy}></div>`;
  }

  protected override updated(): void {
    const loading = store.state.progress?.loading ?? 0;
    const busy = store.state.layerBusy || loading > 0;
    this.most = busy ? Math.max(this.most, loading) : 0;
    const share = !busy ? 1 : this.most === 0 ? 0.1 : 0.1 + 0.85 * (1 - loading / this.most);
    const line = this.renderRoot.querySelector<HTMLElement>(".line");
    if (line) line.style.transform = `scaleX(${share})`;
  }
}
