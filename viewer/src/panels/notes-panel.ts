/** What is worth knowing of the layer: size, frame, type, notes. */
import { css, html, LitElement, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { formatAngle } from "../app/format";
import { icons } from "../app/icons";
import { grouped } from "../app/numbers";
import { Follow, store } from "../app/store-controller";
import { base, section } from "../styles/shared";

@customElement("ar-notes-panel")
export class ArNotesPanel extends LitElement {
  static override styles = [
    base,
    section,
    css`
      :host { display: block; }
      dl { display: grid; grid-template-columns: 64px minmax(0, 1fr); gap: 4px 12px; margin: 0; font-size: 12px; }
      dt { color: var(--mute); }
      dd { margin: 0; overflow-wrap: anywhere; }
      ul { list-style: none; margin: 8px 0 0; padding: 0; font-size: 12px; line-height: 1.45; color: var(--mute); }
      li { display: flex; gap: 8px; }
      li + li { margin-top: 4px; }
      li svg { margin-top: 1px; }
    `,
  ];
  private readonly follow = new Follow(this, ["info"]);

  override render() {
    void this.follow;
    const { info } = store.state;
    if (!info) return nothing;
    const [ny, nx] = info.shape;
    const frame = [info.frame?.toUpperCase(), info.projection].filter(Boolean).join(" · ");
    const rows: [string, string][] = [
      ["File", info.path[1] ?? info.name],
      ["Size", `${grouped(nx)} × ${grouped(ny)} px, ${info.dtype_stored.replace(/^[<>|=]/, "") || info.dtype}`],
      ["Frame", frame || "pixels only"],
      ["Pixel", info.pixel_scale_deg ? formatAngle(info.pixel_scale_deg) : ""],
      ["HDU", `${info.hdu}${info.extname ? ` · ${info.extname}` : ""}`],
    ];
    const building = !info.overviews.ready ? [`Overviews: ${Math.round(info.overviews.progress * 100)} % built.`] : [];
    return html`<section>
      <div class="head"><h2>Layer</h2></div>
      <dl>${rows.filter(([, text]) => text).map(([word, text]) => html`<dt>${word}</dt><dd>${text}</dd>`)}</dl>
      ${
        info.notes.length + building.length
          ? html`<ul>${[...info.notes, ...building].map((note) => html`<li>${icons.info}<span>${note}</span></li>`)}</ul>`
          : nothing
      }
    </section>`;
  }
}
