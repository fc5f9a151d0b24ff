/** The left panel: tree, files that did not open, comparison. */
import { css, html, LitElement, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { icons } from "../app/icons";
import { Follow, store } from "../app/store-controller";
import { base, section } from "../styles/shared";
import "./compare-panel";
import "./layer-tree";

@customElement("ar-layers-panel")
export class ArLayersPanel extends LitElement {
  static override styles = [
    base,
    section,
    css`
      :host { display: flex; flex-direction: column; height: 100%; min-height: 0; }
      .top { padding: 12px 16px 8px; display: flex; align-items: center; min-height: 40px; }
      details { border-top: 1px solid var(--line); padding: 0 16px; flex: none; }
      summary { display: flex; align-items: center; gap: 8px; min-height: 40px; cursor: pointer; color: var(--text); list-style: none; }
      summary::-webkit-details-marker { display: none; }
      summary svg:first-child { color: var(--bad); }
      summary svg:last-child { margin-left: auto; color: var(--mute); }
      details[open] summary svg:last-child { transform: rotate(180deg); }
      ul { margin: 0; padding: 0 0 12px; list-style: none; max-height: 180px; font-size: 12px; line-height: 1.45; }
      li + li { margin-top: 8px; }
      li b { display: block; font-weight: 600; overflow-wrap: anywhere; }
      li span { color: var(--mute); overflow-wrap: anywhere; }
      ar-compare-panel { border-top: 1px solid var(--line); flex: none; }
    `,
  ];
  private readonly follow = new Follow(this, ["holdings"]);

  override render() {
    void this.follow;
    return html`<div class="top"><h2>Layers</h2></div>
      <ar-layer-tree></ar-layer-tree>
      ${this.problems()}
      <ar-compare-panel></ar-compare-panel>`;
  }

  private problems() {
    const problems = store.state.holdings?.problems ?? [];
    if (problems.length === 0) return nothing;
    const words = `${problems.length} file${problems.length === 1 ? "" : "s"} could not be opened`;
    return html`<details>
      <summary>${icons.warn}${words}${icons.chevronDown}</summary>
      <ul class="scroll">${problems.map(
        (problem) => html`<li><b>${problem.name}</b><span>${without(problem.message, problem.name)}</span></li>`,
      )}</ul>
    </details>`;
  }
}

/** The message without the name that stands above it. */
function without(message: string, name: string): string {
  return message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
}
