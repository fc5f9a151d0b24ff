import { css } from "lit";

export const appStyles = css`
  :host {
    display: grid;
    height: 100%;
    grid-template: var(--top) minmax(0, 1fr) auto auto / var(--rail) auto minmax(0, 1fr) auto;
    grid-template-areas: "top top top top" "rail left map right" "rail left table right" "foot foot foot foot";
    overflow: hidden;
    background: var(--bg);
    color: var(--text);
    font: 13px/1.4 var(--font);
    font-variant-numeric: tabular-nums;
  }
  .top { grid-area: top; min-width: 0; }
  .rail { grid-area: rail; }
  .left { grid-area: left; width: var(--left); border-right: 1px solid var(--line); }
  .right { grid-area: right; width: var(--right); border-left: 1px solid var(--line); }
  aside { background: var(--panel); min-height: 0; overflow: hidden; }
  .map { grid-area: map; position: relative; min-width: 0; overflow: hidden; background: var(--sky); }
  .table { grid-area: table; min-width: 0; max-height: max(140px, 66vh - 80px); }
  .foot { grid-area: foot; min-width: 0; }
  #map { position: absolute; inset: 0; width: 100%; height: 100%; }
  #map:focus-visible { outline-offset: -2px; }
  :host([wide-left]:not([narrow])) .left { width: var(--left-wide); }
  :host(:not([left]):not([narrow])) .left, :host(:not([right]):not([narrow])) .right { display: none; }
  :host([full]), :host([narrow][full]) { grid-template: "map" minmax(0, 1fr) / minmax(0, 1fr); }
  :host([full]) .top, :host([full]) .rail, :host([full]) .foot, :host([full]) .table { display: none; }
  .hollow { position: absolute; inset: auto 0; top: 45%; margin: 0 auto; width: max-content; max-width: calc(100% - 64px); padding: 8px 16px;
    border: 1px solid var(--line-strong); border-radius: var(--r); background: var(--panel); pointer-events: none; }
  .empty { position: absolute; inset: 0; display: flex; flex-direction: column; align-items: center; justify-content: center; text-align: center; padding: 24px; gap: 8px;
    background: var(--bg); }
  .empty svg { width: 32px; height: 32px; color: var(--mute); stroke-width: 1; margin-bottom: 8px; }
  .empty h3 { margin: 0; font-size: 16px; font-weight: 600; }
  .empty p { margin: 0; max-width: 56ch; overflow-wrap: anywhere; }
  .enter { margin-top: 8px; height: 32px; padding: 0 20px; border: 1px solid var(--accent); border-radius: var(--r-small); background: var(--accent-soft);
    color: var(--accent-text); font: inherit; cursor: pointer; }
  .empty code { font: 12px var(--mono); color: var(--text); }

  :host([narrow]:not([full])) {
    grid-template: 92px minmax(0, 1fr) auto auto auto auto / minmax(0, 1fr);
    grid-template-areas: "top" "map" "table" "foot" "sheet" "rail";
  }
  :host([narrow]) aside { grid-area: sheet; width: auto; border: 0; border-top: 1px solid var(--line); height: min(46vh, 420px); }
  :host([narrow]) .table { max-height: 44vh; }
  :host([narrow][sheet]) .table { display: none; }
  :host([narrow]:not([sheet])) aside { display: none; }
  :host([narrow][full]) aside { display: none; }
`;
