import { css } from "lit";

/** Every figure has a fixed place: widths in characters of the monospaced face. */
export const footStyles = css`
  :host {
    display: flex;
    align-items: flex-start;
    gap: 8px;
    padding: 2px 8px 2px 6px;
    min-height: var(--foot);
    background: var(--panel);
    border-top: 1px solid var(--line);
    font: 12px/27px var(--mono);
    color: var(--mute);
    white-space: nowrap;
    overflow: hidden;
  }
  .cells { display: flex; flex-wrap: wrap; align-items: center; flex: 1; min-width: 0; column-gap: 2px; overflow: hidden; height: 27px; }
  :host([expanded]) .cells { height: 54px; }
  .cell {
    display: inline-flex;
    gap: 6px;
    height: 27px;
    align-items: center;
    padding: 0 8px;
    border: 0;
    border-radius: var(--r-small);
    background: none;
    font: inherit;
    color: inherit;
    white-space: nowrap;
    flex: none;
  }
  .cell:hover { background: var(--hover); }
  .cell:focus-visible { outline-offset: -2px; }
  .label { color: var(--mute); font-family: var(--font); font-size: 12px; max-width: 12ch; overflow: hidden; text-overflow: ellipsis; }
  b { font-weight: 500; color: var(--text); display: inline-block; text-align: left; white-space: pre; }
  .ra b { width: var(--ra, 15ch); }
  .dec b { width: var(--dec, 15ch); }
  .lb b, .deg b { width: var(--pair, 19ch); }
  .xy b { width: 18ch; }
  .value { min-width: 0; }
  .value b { width: var(--value, 14ch); overflow: hidden; text-overflow: ellipsis; }
  .how { width: 11ch; text-align: left; font-family: var(--font); }
  .break { width: 100%; height: 0; }
  .wide-only { display: none; }
  @media (min-width: 1900px) { .cell.wide-only { display: inline-flex; } }
  .status { display: flex; align-items: center; flex: none; }
  .status .icon-btn { width: 26px; height: 26px; }
  .scale { padding: 0 4px; }
  .scale b { width: 11ch; text-align: center; }
  .text { font-family: var(--font); font-variant-numeric: tabular-nums; }
  .level { width: 84px; text-align: right; }
  .tiles { width: 88px; text-align: left; margin-left: 14px; color: var(--ok); }
  .tiles i { display: inline-block; width: 7px; height: 7px; border-radius: 50%; background: currentColor; margin-right: 6px; }
  .tiles.busy { color: var(--accent); }
  .tiles.busy i { background: none; box-shadow: inset 0 0 0 1.5px currentColor; }
  @media (max-width: 1339.98px) {
    .how { width: 9ch; }
    .xy b { width: 15ch; }
    .cell { padding: 0 5px; }
    .scale { padding: 0 2px; }
    .level { width: 78px; }
    .tiles { margin-left: 8px; }
  }
  @media (max-width: 899.98px) {
    :host { padding: 2px 4px; }
    .cells { height: 54px; }
    .cell { padding: 0 6px; }
    .tiles, .lb, .more { display: none; }
    .status { height: 54px; }
  }
`;
