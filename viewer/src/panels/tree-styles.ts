import { css } from "lit";

export const treeStyles = css`
  :host { display: flex; flex-direction: column; min-height: 0; flex: 1; }
  .find { padding: 0 16px 8px; }
  input::-webkit-search-cancel-button { appearance: none; }
  .tree { flex: 1; min-height: 90px; padding: 0 8px; border-radius: var(--r); }
  .tree:focus-visible { outline-offset: -2px; }
  .all { position: relative; }
  .node {
    position: absolute;
    left: 0;
    right: 0;
    top: 0;
    height: 30px;
    padding: 0 8px 0 calc(4px + var(--indent, 0px));
    border-radius: var(--r-small);
    cursor: pointer;
    white-space: nowrap;
    user-select: none;
  }
  .first { display: flex; align-items: center; gap: 4px; height: 30px; }
  .line { margin: -5px 0 0 22px; height: 20px; font-size: 11.5px; line-height: 15px; font-weight: 400; color: var(--mute); overflow: hidden; text-overflow: ellipsis; }
  .path { display: flex; gap: 4px; }
  .path i { flex: none; font-style: normal; }
  .path span { flex: 0 1 auto; min-width: 24px; overflow: hidden; text-overflow: ellipsis; }
  .path span:first-child { flex-shrink: 3; }
  .path span:last-child { flex: none; max-width: 50%; }
  .line.said { margin-top: -5px; }
  .shown .line { color: inherit; }
  mark { background: none; color: var(--accent); font-weight: 600; text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 2px; }
  .find { position: relative; }
  .count { position: absolute; right: 26px; top: 8px; font-size: 11.5px; color: var(--mute); pointer-events: none; }
  .node:hover { background: var(--raise); }
  .branch { color: var(--mute); font-weight: 500; }
  .shown, .shown:hover { background: var(--accent-soft); color: var(--accent-text); font-weight: 600; }
  .tree:focus-visible .active { box-shadow: inset 0 0 0 1.5px var(--accent-fill); }
  .off { color: var(--mute); cursor: help; }
  .off .name { text-decoration: line-through; text-decoration-color: var(--line-strong); }
  .twist { width: 18px; flex: none; display: grid; place-items: center; color: var(--mute); }
  .twist svg { width: 14px; height: 14px; transition: transform 0.12s; }
  .node[aria-expanded="true"] .twist svg { transform: rotate(90deg); }
  .twist i { width: 7px; height: 7px; border-radius: 50%; background: var(--accent-fill); }
  .name { flex: 0 1 auto; overflow: hidden; text-overflow: ellipsis; min-width: 40px; }
  small { margin-left: auto; padding-left: 8px; flex: 0 4 auto; min-width: 0; max-width: 50%; overflow: hidden; text-overflow: ellipsis;
    font: 400 11.5px/1.4 var(--mono); color: var(--mute); }
  .shown small { color: inherit; }
  .empty { margin: 0; padding: 4px 16px 10px; color: var(--mute); font-size: 12px; line-height: 1.5; }
  .empty code { font: 12px var(--mono); color: var(--text); }
  .busy { display: flex; align-items: center; gap: 8px; color: var(--text); }
  .busy i { width: 8px; height: 8px; border-radius: 50%; background: var(--accent-fill); animation: pulse 1.2s ease-in-out infinite alternate; }
  .link { border: 0; padding: 0; background: none; color: var(--accent); text-decoration: underline; }
  @keyframes pulse { to { opacity: 0.25; } }
  @media (prefers-reduced-motion: reduce) { .busy i { animation: none; } .twist svg { transition: none; } }
`;
