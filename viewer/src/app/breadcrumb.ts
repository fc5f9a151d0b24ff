/** group › map › band › layer; each part drops down its neighbours. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { HoldingsTree, LayerEntry } from "../api/types";
import { type LayerPlace, layerMeta, placeOf, saysNothing } from "../panels/tree-model";
import { base, menu } from "../styles/shared";
import { icons } from "./icons";
import { openLayer } from "./layers";
import type { ArPopover } from "./popover";
import { Follow, store } from "./store-controller";
import { splitLayerId } from "./url";

interface Choice {
  name: string;
  meta: string;
  target: LayerEntry | undefined;
  chosen: boolean;
}

/** Names of so few letters are never cut: only the long ones give way. */
const SHORT = 6;

interface Part {
  what: string;
  name: string;
  choices: () => Choice[];
}

@customElement("ar-breadcrumb")
export class ArBreadcrumb extends LitElement {
  static override styles = [
    base,
    menu,
    css`
      nav { display: flex; align-items: center; min-width: 0; height: 32px; padding: 0 4px; border: 1px solid var(--line);
        border-radius: var(--r); background: var(--raise); }
      .sep { color: var(--mute); flex: none; }
      .sep svg { width: 12px; height: 12px; }
      ar-popover { flex: 0 1 auto; min-width: 36px; }
      ar-popover.last { flex: 0 0.2 auto; min-width: 56px; }
      ar-popover.short { flex-shrink: 0; }
      .empty { color: var(--mute); padding: 0 8px; white-space: nowrap; }
      .menu { max-width: min(420px, 92vw); }
      @media (max-width: 899.98px) { .outer { display: none; } }
    `,
  ];

  @state() private opened = "";
  private readonly follow = new Follow(this, ["holdings", "layerId", "info"]);

  override render() {
    void this.follow;
    const { holdings, layerId } = store.state;
    const place = placeOf(holdings, layerId ?? "") ?? placeOf(holdings, splitLayerId(layerId ?? "").base);
    if (!holdings || !place)
      return html`<nav aria-label="Layer shown"><span class="empty">${this.fallback()}</span></nav>`;
    const parts = partsOf(holdings, place);
    return html`<nav aria-label="Layer shown">
      ${parts.map((part, k) => this.segment(part, k, parts.length))}
    </nav>`;
  }

  private fallback(): string {
    return store.state.info?.path.join(" › ") ?? (store.state.holdings ? "No layer" : "Reading…");
  }

  private segment(part: Part, k: number, length: number): TemplateResult {
    const last = k === length - 1;
    return html`${k > 0 ? html`<span class="sep ${last ? "" : "outer"}">${icons.chevronRight}</span>` : nothing}
      <ar-popover plain ?caret=${last} class=${last ? "last" : `${length > 2 ? "outer" : ""} ${part.name.length <= SHORT ? "short" : ""}`} .text=${part.name}
        tip=${`${part.what}: ${part.name}`}
        @open-change=${(event: CustomEvent<boolean>) => {
          this.opened = event.detail ? part.what : "";
        }}>
        ${this.opened === part.what ? this.menu(part) : nothing}
      </ar-popover>`;
  }

  private menu(part: Part): TemplateResult {
    return html`<div class="menu" role="menu" aria-label=${part.what}>
      <div class="title">${part.what}</div>
      ${part.choices().map(
        (choice) => html`<button class="item" data-item role="menuitemradio" aria-checked=${choice.chosen}
          ?disabled=${!choice.target} @click=${(event: Event) => this.choose(event, choice)}>
          <span class="mark">${choice.chosen ? icons.check : nothing}</span>
          <span class="grow">${choice.name}</span><small>${choice.meta}</small>
        </button>`,
      )}
    </div>`;
  }

  private choose(event: Event, choice: Choice): void {
    (event.target as HTMLElement).closest<ArPopover>("ar-popover")?.close();
    if (choice.target && !choice.chosen) void openLayer(choice.target.layer_id);
  }
}

/** The parts of the way to a layer; where a part has no choice and says nothing new it is left out. */
function partsOf(holdings: HoldingsTree, place: LayerPlace): Part[] {
  const groups = holdings.map_groups;
  const group = groups[place.group];
  const map = group.maps[place.map];
  const band = map.bands[place.band];
  const layer = band.layers[place.layer];
  const like = { band: band.name, layer: layer.name };
  const parts: Part[] = [
    {
      what: "Group",
      name: group.name,
      choices: () =>
        groups.map((item, k) =>
          choice(item.name, `${item.maps.length} maps`, item.maps[0]?.bands[0]?.layers[0], k === place.group),
        ),
    },
    {
      what: "Map",
      name: map.name,
      choices: () => group.maps.map((item, k) => choice(item.name, "", alike(item.bands, like), k === place.map)),
    },
  ];
  if (map.bands.length > 1 || !saysNothing(band.name, map.name))
    parts.push({
      what: "Band",
      name: band.name,
      choices: () => map.bands.map((item, k) => choice(item.name, "", alike([item], like), k === place.band)),
    });
  if (band.layers.length > 1 || !(saysNothing(layer.name, map.name) || layer.name === band.name))
    parts.push({
      what: "Layer",
      name: layer.name,
      choices: () => band.layers.map((item, k) => choice(item.name, layerMeta(item), item, k === place.layer)),
    });
  return parts;
}

const choice = (name: string, meta: string, target: LayerEntry | undefined, chosen: boolean): Choice => ({
  name,
  meta,
  target: target?.status === "ready" ? target : undefined,
  chosen,
});

/** In another map, the layer of the same band and name; else the first that can be shown. */
function alike(
  bands: { name: string; layers: LayerEntry[] }[],
  like: { band: string; layer: string },
): LayerEntry | undefined {
  const band = bands.find((item) => item.name === like.band) ?? bands[0];
  const same = band?.layers.find((item) => item.name === like.layer && item.status === "ready");
  return same ?? bands.flatMap((item) => item.layers).find((item) => item.status === "ready");
}
