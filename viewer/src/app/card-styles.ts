import { css } from "lit";

/** Cards that stand beside a place of the map. */
export const cardStyles = css`
  :host { position: absolute; left: 0; top: 0; z-index: 3; display: block; width: 280px; max-width: calc(100% - 16px); will-change: transform; }
  .card { display: flex; flex-direction: column; max-height: var(--room, 420px); border: 1px solid var(--line-strong); border-radius: 10px; background: var(--panel);
    color: var(--text); box-shadow: 0 10px 28px var(--shadow); overflow: hidden; }
  .card:focus-visible { outline-offset: 2px; }
  header { display: flex; align-items: flex-start; gap: 4px; padding: 10px 8px 8px 14px; flex: none; }
  header div { flex: 1; min-width: 0; }
  h3 { margin: 0; font-size: 14px; font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
  header small { display: block; font-size: 12px; color: var(--mute); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .where { padding: 0 14px 10px; flex: none; font: 12px/1.6 var(--mono); display: grid; grid-template-columns: auto 1fr auto; column-gap: 10px; align-items: center; }
  .where span { grid-column: 1; color: var(--mute); font-family: var(--font); }
  .where .icon-btn { grid-column: 3; grid-row: 1 / span 2; }
  .where b { grid-column: 2; font-weight: 500; white-space: nowrap; }
  .rows { flex: 1 1 auto; min-height: 48px; border-top: 1px solid var(--line); margin: 0; padding: 6px 14px; display: grid; grid-template-columns: minmax(64px, 2fr) minmax(0, 3fr);
    column-gap: 12px; align-content: start; font-size: 12px; line-height: 1.65; user-select: text; }
  .rows:focus-visible { outline-offset: -2px; }
  dt { color: var(--mute); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  dd { margin: 0; text-align: right; font-family: var(--mono); overflow-wrap: anywhere; }
  dd.words { font-family: var(--font); }
  dd i { font-style: normal; color: var(--mute); margin-left: 4px; font-family: var(--font); }
  footer { flex: none; border-top: 1px solid var(--line); padding: 8px 14px 10px; display: flex; flex-direction: column; gap: 8px; }
  .links { display: flex; flex-wrap: wrap; gap: 2px 12px; font-size: 12px; }
  a { color: var(--accent); text-decoration: none; border-radius: 3px; }
  a:hover { text-decoration: underline; }
  .tools { display: flex; gap: 6px; }
  .tools .btn { flex: 1 1 auto; height: 26px; font-size: 12px; padding: 0 6px; }
  .note { padding: 8px 14px; border-top: 1px solid var(--line); }
  .fault { margin: 0 14px 10px; }
  .ties { display: flex; align-items: center; gap: 2px; padding: 0 8px 8px 14px; font-size: 12px; color: var(--mute); flex: none; }
  .ties .select { flex: 1; margin-right: 4px; }
  .ties .field { height: 26px; font-size: 12px; padding: 0 24px 0 8px; border-radius: var(--r-small); }
  .ties .select svg { top: 5px; right: 6px; }
  .value { padding: 0 14px 8px; font: 600 15px/1.3 var(--mono); overflow-wrap: anywhere; }
  .value small { font: 12px var(--font); color: var(--mute); margin-left: 6px; }
`;
