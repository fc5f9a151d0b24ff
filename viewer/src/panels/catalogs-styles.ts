import { css } from "lit";

export const catalogsStyles = css`
  :host { display: flex; flex-direction: column; height: 100%; min-height: 0; }
  .top { padding: 12px 16px 8px; display: flex; align-items: center; justify-content: space-between; min-height: 40px; flex: none; }
  .top .aside { font-size: 12px; color: var(--mute); }
  .find { padding: 0 16px 8px; flex: none; }
  input::-webkit-search-cancel-button { appearance: none; }
  .list { flex: 1; min-height: 0; padding: 0 8px 12px; }
  .item { border-radius: var(--r); padding: 0 0 2px; margin-bottom: 2px; border: 1px solid transparent; }
  .item.on { background: var(--well); border-color: var(--line); margin-bottom: 8px; }
  .line { display: flex; align-items: center; gap: 2px; padding: 2px; }
  .switch { flex: 1; min-width: 0; display: flex; align-items: center; gap: 8px; height: 32px; padding: 0 8px 0 6px; border: 0; border-radius: var(--r-small);
    background: transparent; text-align: left; }
  .switch:hover:not(:disabled) { background: var(--hover); }
  .switch:disabled { opacity: 1; color: var(--mute); cursor: help; }
  .switch:focus-visible { outline-offset: -2px; }
  .dot { width: 24px; height: 24px; flex: none; display: grid; place-items: center; border-radius: var(--r-small); color: var(--mute); }
  .on .dot { background: #0b0f15; box-shadow: inset 0 0 0 1px var(--line-strong); }
  .dot i { width: 14px; height: 14px; border: 1.5px solid var(--line-strong); border-radius: 4px; }
  .name { flex: 1 1 auto; min-width: 40px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .on .name { font-weight: 600; }
  small { flex: none; font: 400 11.5px/1.4 var(--mono); color: var(--mute); }
  .about { margin: -2px 12px 6px 42px; font-size: 12px; line-height: 1.4; color: var(--mute); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .empty { margin: 0; padding: 4px 8px 10px; color: var(--mute); font-size: 12px; line-height: 1.5; }
  .empty p { margin: 0 0 8px; }
  .empty code { font: 12px var(--mono); color: var(--text); overflow-wrap: anywhere; }
  .warning { display: flex; gap: 8px; margin: 0 16px 8px; padding: 8px 10px; border-radius: var(--r-small); background: var(--raise); font-size: 12px; line-height: 1.45; }
  .warning svg { color: var(--accent); margin-top: 1px; }
`;

export const detailsStyles = css`
  :host { display: block; padding: 0 10px 8px; }
  .status { display: flex; align-items: baseline; gap: 8px; min-height: 18px; margin: 0 0 8px; font-size: 12px; line-height: 1.45; color: var(--mute); }
  :host([folded]) .status { margin-bottom: 0; }
  .status b { font-weight: 600; color: var(--text); }
  .status i { width: 7px; height: 7px; border-radius: 50%; background: var(--accent-fill); flex: none; align-self: center; animation: pulse 1s ease-in-out infinite alternate; }
  @keyframes pulse { to { opacity: 0.25; } }
  @media (prefers-reduced-motion: reduce) { .status i { animation: none; } }
  .fault { margin-bottom: 8px; }
  .fault button { border: 0; padding: 0; background: none; color: var(--accent); text-decoration: underline; }
  .skipped { margin: -4px 0 8px; font-size: 12px; line-height: 1.45; color: var(--mute); }
  .grid { display: grid; grid-template-columns: 52px minmax(0, 1fr); gap: 6px 8px; align-items: center; }
  .grid > span, .grid > label { color: var(--mute); font-size: 12px; }
  .field { height: 28px; border-radius: var(--r-small); font-size: 12px; padding: 0 8px; }
  select.field { padding-right: 24px; }
  .select svg { top: 6px; right: 6px; }
  .shapes, .colours { display: flex; gap: 2px; justify-content: space-between; }
  .pick { display: grid; place-items: center; width: 24px; height: 24px; padding: 0; border: 1px solid transparent; border-radius: var(--r-small); background: transparent; color: var(--mute); }
  .pick:hover { background: var(--hover); color: var(--text); }
  .pick[aria-checked="true"] { border-color: var(--accent-fill); color: var(--text); background: var(--raise); }
  .colours .pick { width: 22px; height: 22px; }
  .colours .pick i { width: 14px; height: 14px; border-radius: 50%; background: var(--c); box-shadow: inset 0 0 0 1px rgb(0 0 0 / 35%), 0 0 0 1px rgb(128 128 128 / 25%); }
  .sizes { display: flex; gap: 8px; align-items: center; min-width: 0; }
  .sizes .select { flex: 1; }
  .sizes input { width: 72px; flex: none; }
  .sizes output { width: 20px; flex: none; text-align: right; font: 12px var(--mono); }
  .legend { grid-column: 2; display: flex; align-items: center; justify-content: space-between; gap: 6px; font: 11.5px var(--mono); color: var(--mute); min-height: 18px; margin-top: -2px; }
  .legend ar-swatch { flex: 1; height: 8px; border-radius: 4px; }
  .legend .balls { display: flex; align-items: center; gap: 5px; flex: 1; justify-content: center; }
  .legend .balls i { border: 1.25px solid var(--mute); border-radius: 50%; }
  .legend.density { margin: -4px 0 8px; }
  .legend.density i { flex: 1; height: 8px; border-radius: 4px; background-color: #0b0f15;
    background-image: linear-gradient(90deg, color-mix(in srgb, var(--c) 10%, transparent), color-mix(in srgb, var(--c) 58%, transparent) 60%, color-mix(in srgb, var(--c) 45%, white 55%)); }
  .tools { display: flex; gap: 6px; margin-top: 10px; }
  .tools .btn { flex: 1; padding: 0 6px; font-size: 12px; }
  .check { display: flex; align-items: center; gap: 8px; font-size: 12px; color: var(--text) !important; grid-column: 2; }
  .bad { border-color: var(--bad); }
  .wrong { grid-column: 2; margin: 0; font-size: 12px; line-height: 1.4; color: var(--bad); overflow-wrap: anywhere; }
`;
