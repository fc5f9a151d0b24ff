import { css } from "lit";

export const tableStyles = css`
  :host { display: flex; flex-direction: column; height: var(--table, 280px); min-height: 0; background: var(--panel); border-top: 1px solid var(--line); position: relative; container-type: inline-size; }
  .grip { position: absolute; left: 0; right: 0; top: -4px; height: 8px; cursor: ns-resize; z-index: 4; touch-action: none; }
  .grip::after { content: ""; position: absolute; left: 50%; top: 5px; width: 40px; height: 3px; margin-left: -20px; border-radius: 2px; background: var(--line-strong); }
  .grip:hover::after, .grip:focus-visible::after, .grip.held::after { background: var(--accent-fill); }
  .bar { display: flex; align-items: center; gap: 8px; padding: 9px 8px 7px 14px; flex: none; min-width: 0; }
  .bar h2 { flex: 0 1 auto; min-width: 0; font-size: 13px; letter-spacing: 0; text-transform: none; color: var(--text); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .bar .select { flex: 0 1 200px; }
  .count { flex: none; font-size: 12px; color: var(--mute); white-space: nowrap; }
  .grow { flex: 1; min-width: 0; }
  .bar .field { height: 28px; font-size: 12px; padding: 0 8px; border-radius: var(--r-small); }
  .bar select.field { padding-right: 24px; font-weight: 600; }
  .bar .select svg { top: 6px; right: 6px; }
  .bar input.field { flex: 0 1 170px; }
  .bar .btn { font-size: 12px; padding: 0 8px; }
  a.btn { text-decoration: none; }
  .bad { border-color: var(--bad) !important; }
  input::-webkit-search-cancel-button { appearance: none; }
  .choose { padding: 8px; width: 260px; }
  .choose .all { display: flex; gap: 6px; padding: 0 2px 8px; }
  .choose label { display: flex; gap: 8px; align-items: center; padding: 4px 6px; border-radius: var(--r-small); font-size: 12px; }
  .choose label:hover { background: var(--hover); }
  .choose label span { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .choose small { color: var(--mute); }
  .wrong { margin: 0; padding: 0 14px 6px; font-size: 12px; color: var(--bad); flex: none; overflow-wrap: anywhere; }
  ar-source-grid { flex: 1; min-height: 0; }
  .bar .btn, .bar ar-popover { flex: none; }
  @container (max-width: 860px) { .bar .btn .word { display: none; } .bar .btn { padding: 0; width: 28px; } .bar input.field { flex-basis: 130px; } }
  @container (max-width: 560px) { .count { display: none; } .bar { gap: 5px; padding-left: 10px; } }
`;

export const gridStyles = css`
  :host { display: flex; flex-direction: column; min-height: 0; position: relative; border-top: 1px solid var(--line); }
  .grid { flex: 1; min-height: 0; position: relative; font-size: 12px; overflow: auto; }
  .grid:focus-visible { outline-offset: -2px; }
  .row { display: flex; height: 28px; width: max-content; min-width: 100%; }
  .head { position: sticky; top: 0; z-index: 2; background: var(--raise); height: 40px; box-shadow: 0 1px 0 var(--line); }
  .body { position: relative; }
  .body .row { position: absolute; left: 0; top: 0; cursor: pointer; border-bottom: 1px solid color-mix(in srgb, var(--line) 55%, transparent); }
  .body .row:hover { background: var(--raise); }
  .body .row.chosen { background: var(--accent-soft); color: var(--accent-text); }
  .cell { width: var(--w); flex: none; padding: 0 10px; line-height: 27px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .cell.right { text-align: right; font-family: var(--mono); font-variant-numeric: tabular-nums; }
  .cell.none { color: var(--mute); }
  .cell.place { color: var(--mute); font-family: var(--mono); text-align: right; }
  .grid:focus-visible .cell.active { box-shadow: inset 0 0 0 1.5px var(--accent-fill); border-radius: 3px; }
  .head .cell { padding: 0; line-height: 1.25; overflow: visible; }
  .head button { width: 100%; height: 100%; padding: 0 10px; border: 0; background: none; display: flex; flex-direction: column; justify-content: center; text-align: inherit; color: var(--text); min-width: 0; }
  .head .right button { align-items: flex-end; }
  .head button:hover { background: var(--hover); }
  .head button:focus-visible { outline-offset: -2px; }
  .head .title { display: flex; gap: 4px; align-items: center; max-width: 100%; font-weight: 600; font-family: var(--font); }
  .head .title span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .head .title svg { width: 12px; height: 12px; color: var(--accent); }
  .head small { max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font: 400 11px/1.25 var(--font); color: var(--mute); }
  .wait i { display: inline-block; width: 60%; height: 8px; border-radius: 4px; background: var(--raise); vertical-align: middle; }
  .message { position: absolute; inset: 48px 0 0; display: flex; flex-direction: column; gap: 8px; align-items: center; justify-content: center; color: var(--mute); font-size: 13px; text-align: center;
    padding: 12px; pointer-events: none; }
  .message button { pointer-events: auto; }
`;
