import { css } from "lit";

export const colormapStyles = css`
  :host { display: block; }
  .maps { display: grid; gap: 2px; margin: 0 -6px; }
  .strip { display: grid; grid-template-columns: 76px 1fr; align-items: center; gap: 8px; height: 25px; padding: 0 6px; border: 0; border-radius: var(--r-small);
    background: none; color: var(--mute); text-align: left; }
  .strip span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .strip ar-swatch { height: 14px; border-radius: 4px; }
  .strip:hover { background: var(--raise); color: var(--text); }
  .strip[aria-checked="true"] { color: var(--text); font-weight: 600; }
  .strip[aria-checked="true"] ar-swatch { outline: 1.5px solid var(--accent-fill); outline-offset: 2px; }
  .tools { margin-top: 8px; }
  ar-colour-bar { margin-top: 12px; }
  .all { width: 296px; padding: 0 12px 12px; }
  .find { position: sticky; top: 0; z-index: 1; display: flex; gap: 8px; padding: 12px 0 8px; background: var(--panel); }
  .find .btn { height: 32px; }
  input::-webkit-search-cancel-button { appearance: none; }
  h3 { margin: 8px 0 4px; font-size: 11px; font-weight: 600; letter-spacing: 0.08em; text-transform: uppercase; color: var(--mute); }
  .grid { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; margin: 0 -4px; }
  .tile { display: grid; gap: 3px; padding: 4px; border: 0; border-radius: var(--r-small); background: none; text-align: left; min-width: 0; color: var(--mute); }
  .tile:hover { background: var(--hover); color: var(--text); }
  .tile ar-swatch { height: 16px; border-radius: 4px; }
  .tile span { display: flex; align-items: center; gap: 4px; font-size: 12px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .tile svg { width: 12px; height: 12px; color: var(--accent); }
  .tile[aria-pressed="true"] { color: var(--text); background: var(--accent-soft); }
  .none { margin: 0; padding: 12px; color: var(--mute); }
`;
