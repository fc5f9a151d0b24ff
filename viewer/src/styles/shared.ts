/** Controls that every panel shares. Adopted by each shadow root: no style attribute, no inline sheet. */
import { css } from "lit";

export const base = css`
  :host { box-sizing: border-box; }
  *, *::before, *::after { box-sizing: inherit; }
  :host([hidden]), [hidden] { display: none !important; }
  :focus { outline: none; }
  :focus-visible { outline: 2px solid var(--accent-fill); outline-offset: 1px; }
  h2 {
    margin: 0;
    font-size: 11px;
    font-weight: 600;
    letter-spacing: 0.08em;
    text-transform: uppercase;
    color: var(--mute);
  }
  svg.icon { width: 16px; height: 16px; display: block; flex: none; }
  .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .mono { font-family: var(--mono); font-size: 12px; }
  .mute { color: var(--mute); }
  .scroll { overflow: auto; scrollbar-width: thin; scrollbar-color: var(--line-strong) transparent; overscroll-behavior: contain; }
  kbd {
    font: 11px/16px var(--mono);
    min-width: 18px;
    padding: 0 5px;
    border: 1px solid var(--line-strong);
    border-radius: 4px;
    color: var(--mute);
    text-align: center;
    display: inline-block;
  }
`;

export const controls = css`
  button, select, input { font: inherit; color: inherit; }
  button { cursor: pointer; }
  button:disabled { cursor: default; opacity: 0.5; }
  .btn {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    height: var(--control);
    padding: 0 10px;
    border: 1px solid var(--line);
    border-radius: var(--r-small);
    background: var(--raise);
    color: var(--text);
    white-space: nowrap;
    transition: background 0.12s, border-color 0.12s;
  }
  .btn:hover:not(:disabled) { background: var(--hover); border-color: var(--line-strong); }
  .btn[aria-pressed="true"], .btn.on { background: var(--accent-soft); border-color: var(--accent); color: var(--accent-text); }
  .icon-btn {
    display: inline-grid;
    place-items: center;
    width: var(--control);
    height: var(--control);
    padding: 0;
    border: 1px solid transparent;
    border-radius: var(--r-small);
    background: transparent;
    color: var(--mute);
    flex: none;
    transition: background 0.12s, color 0.12s;
  }
  .icon-btn:hover:not(:disabled) { background: var(--hover); color: var(--text); }
  .icon-btn[aria-pressed="true"] { color: var(--accent); background: var(--accent-soft); }
  .field {
    width: 100%;
    min-width: 0;
    height: 32px;
    padding: 0 10px;
    border: 1px solid var(--line);
    border-radius: var(--r);
    background: var(--well);
    color: var(--text);
    transition: border-color 0.12s;
  }
  .field:hover { border-color: var(--line-strong); }
  .field:focus-visible { outline: none; border-color: var(--accent-fill); box-shadow: 0 0 0 1px var(--accent-fill); }
  .field::placeholder { color: var(--mute); opacity: 1; }
  select.field {
    appearance: none;
    padding-right: 26px;
    text-overflow: ellipsis;
    background-color: var(--raise);
    cursor: pointer;
  }
  .select { position: relative; display: block; min-width: 0; }
  .select svg { position: absolute; right: 8px; top: 8px; pointer-events: none; color: var(--mute); }
  option, optgroup { background: var(--panel); color: var(--text); }
  .seg { display: flex; border: 1px solid var(--line); border-radius: var(--r); background: var(--well); padding: 2px; gap: 2px; }
  .seg button {
    flex: 1 1 0;
    min-width: 0;
    height: 26px;
    padding: 0 2px;
    border: 0;
    border-radius: 5px;
    background: transparent;
    color: var(--mute);
    white-space: nowrap;
    font-size: 12px;
  }
  .seg button:hover { color: var(--text); background: var(--hover); }
  .seg button[aria-checked="true"] {
    background: var(--raise);
    color: var(--text);
    box-shadow: inset 0 0 0 1px var(--line-strong);
    font-weight: 600;
  }
  .row { display: flex; align-items: center; gap: 8px; min-width: 0; }
  .slider { display: grid; grid-template-columns: 64px 1fr 48px; align-items: center; gap: 8px; height: 28px; }
  .slider > label { color: var(--mute); }
  .slider > output { text-align: right; font: 12px var(--mono); }
  input[type="range"] { width: 100%; margin: 0; accent-color: var(--accent-fill); height: 16px; cursor: pointer; }
  input[type="checkbox"], input[type="radio"] { accent-color: var(--accent-fill); margin: 0; width: 14px; height: 14px; flex: none; }
`;

export const section = css`
  section { padding: 12px 16px; }
  section + section { border-top: 1px solid var(--line); }
  .head { display: flex; align-items: center; justify-content: space-between; min-height: 24px; margin-bottom: 6px; gap: 8px; }
  .head .aside { font-size: 12px; color: var(--mute); text-align: right; }
  .note { color: var(--mute); font-size: 12px; line-height: 1.45; margin: 0; }
  .fault {
    display: flex;
    gap: 8px;
    padding: 8px 10px;
    border-radius: var(--r-small);
    background: var(--bad-soft);
    color: var(--text);
    font-size: 12px;
    line-height: 1.45;
    overflow-wrap: anywhere;
  }
  .fault svg { color: var(--bad); margin-top: 1px; }
`;

/** Menus that drop from a button. */
export const menu = css`
  .menu { padding: 6px; min-width: 200px; }
  .menu .title { padding: 6px 10px 4px; font-size: 11px; font-weight: 600; letter-spacing: 0.08em; text-transform: uppercase; color: var(--mute); }
  .menu hr { border: 0; border-top: 1px solid var(--line); margin: 6px 4px; }
  .item {
    display: flex;
    align-items: center;
    gap: 8px;
    width: 100%;
    min-height: 30px;
    padding: 4px 10px;
    border: 0;
    border-radius: var(--r-small);
    background: transparent;
    color: var(--text);
    font: inherit;
    text-align: left;
    cursor: pointer;
  }
  .item:disabled { color: var(--mute); cursor: default; }
  .item:hover:not(:disabled), .item:focus-visible { background: var(--hover); }
  .item:focus-visible { outline-offset: -2px; }
  .item .mark { width: 16px; color: var(--accent); flex: none; display: grid; place-items: center; }
  .item .grow { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
  .item small { color: var(--mute); font-size: 12px; }
`;
