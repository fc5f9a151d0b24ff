import { css } from "lit";

export const headerStyles = css`
  :host { display: flex; flex-direction: column; height: 100%; min-height: 0; }
  .top { padding: 12px 16px; }
  .head { margin-bottom: 4px; }
  .find { margin-top: 8px; gap: 2px; }
  .count { flex: none; width: 64px; text-align: center; font-size: 12px; color: var(--mute); }
  input::-webkit-search-cancel-button { appearance: none; }
  .pad { padding: 0 16px; }
  .cards { flex: 1; min-height: 0; padding: 4px 8px 16px; border-top: 1px solid var(--line); font: 12px/1.5 var(--mono); user-select: text; }
  .cards:focus-visible { outline-offset: -2px; }
  .card { display: grid; grid-template-columns: 9ch minmax(0, 1fr); gap: 8px; padding: 2px 8px; border-radius: 4px; }
  .card:hover { background: var(--raise); }
  .card b { font-weight: 600; color: var(--accent-text); overflow-wrap: anywhere; }
  .card span { overflow-wrap: anywhere; }
  .card em { font-style: normal; color: var(--text); margin-right: 6px; }
  .card i { font-style: normal; font-family: var(--font); color: var(--mute); }
  mark { background: var(--accent-fill); color: light-dark(#17120a, #17120a); border-radius: 2px; }
  .current { box-shadow: inset 0 0 0 1.5px var(--accent-fill); }
`;
