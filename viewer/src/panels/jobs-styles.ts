/** The panel of jobs: its forms, its rows. */
import { css } from "lit";

/** Fields of a form, one below the other. */
export const jobFormStyles = css`
  :host { display: block; margin: 0 8px 8px; padding: 12px; border: 1px solid var(--line); border-radius: var(--r); background: var(--raise); }
  form { display: grid; gap: 10px; }
  .part { display: grid; gap: 4px; min-width: 0; }
  .part > label, .part > .label { font-size: 11.5px; color: var(--mute); }
  .part .field { height: 28px; padding: 0 8px; font-size: 12.5px; border-radius: var(--r-small); }
  .part select.field { padding-right: 24px; background-color: var(--well); }
  .part .select svg { top: 6px; right: 6px; }
  .part .field[aria-invalid="true"] { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad); }
  .seg button:disabled { opacity: 0.45; background: none; }
  .said { font-size: 12px; line-height: 17px; color: var(--mute); margin: 0; overflow-wrap: anywhere; }
  .size { min-height: 34px; font-size: 12px; line-height: 17px; color: var(--mute); }
  .size b { display: block; color: var(--text); font-weight: 500; }
  .size.old { opacity: 0.6; }
  .wide { width: 100%; margin-top: 8px; }
  .pair { display: grid; grid-template-columns: minmax(0, 1fr) 64px; gap: 6px; }
  .btn.main { background: var(--accent-soft); border-color: var(--accent); color: var(--accent-text); height: 32px; font-weight: 500; }
  .btn.main:hover:not(:disabled) { background: var(--hover); border-color: var(--accent); }
  .btn .grow { overflow: hidden; text-overflow: ellipsis; }
`;

export const jobRowStyles = css`
  :host { display: block; border-radius: var(--r-small); }
  :host([on]) { background: var(--raise); box-shadow: inset 2px 0 0 var(--accent-fill); }
  .line { display: flex; align-items: center; gap: 2px; min-height: 44px; padding: 0 4px; }
  .pick { display: flex; flex: 1; min-width: 0; align-items: center; gap: 9px; min-height: 44px; padding: 4px 6px; border: 0; border-radius: var(--r-small);
    background: none; color: inherit; font: inherit; text-align: left; }
  .pick:hover { background: var(--hover); }
  .pick:focus-visible { outline-offset: -2px; }
  .phase { display: grid; flex: none; }
  .live { color: var(--accent); }
  .good { color: var(--ok); }
  .bad { color: var(--bad); }
  .quiet { color: var(--mute); }
  .turns svg { animation: turn 1.4s linear infinite; }
  @keyframes turn { to { transform: rotate(1turn); } }
  .words { flex: 1; min-width: 0; }
  .words b { display: block; font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  :host([on]) .words b { font-weight: 600; }
  small { display: block; color: var(--mute); font-size: 11.5px; line-height: 1.35; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  small .word { font-weight: 500; }
  .bar { height: 3px; margin: -4px 10px 4px 35px; border-radius: 2px; overflow: hidden; background: var(--line); }
  .bar.none { visibility: hidden; }
  .bar i { display: block; height: 100%; width: 100%; border-radius: 2px; background: var(--accent-fill); transform-origin: left; transition: transform 0.3s; }
  .bar.unknown i { width: 30%; animation: swing 1.8s ease-in-out infinite alternate; }
  @keyframes swing { from { transform: translateX(0); } to { transform: translateX(233%); } }
  .body { padding: 6px 12px 12px; display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; }
  dl { margin: 0; display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 12px; font-size: 12px; line-height: 1.45; }
  dt { color: var(--mute); }
  dd { margin: 0; overflow-wrap: anywhere; user-select: text; }
  ul { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
  li { display: flex; align-items: center; gap: 8px; min-height: 30px; padding: 0 0 0 2px; font-size: 12px; border-bottom: 1px solid var(--line); }
  li .grow { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  li .num { color: var(--mute); flex: none; }
  li .icon-btn { margin-right: -4px; }
  li.rest { color: var(--mute); justify-content: space-between; }
  li.rest button { border: 0; background: none; padding: 4px 0; color: var(--accent); font: inherit; font-size: 12px; }
  li.rest button:hover { text-decoration: underline; }
  .tools { display: flex; flex-wrap: wrap; gap: 6px; }
  .tools .btn { flex: 1 1 auto; font-size: 12px; padding: 0 8px; }
  .tools a.btn { flex-basis: 100%; }
  .sure { font-size: 12px; line-height: 1.45; display: grid; gap: 8px; }
  .btn.danger { color: var(--bad); border-color: var(--bad); background: var(--bad-soft); }
  .icon-btn.danger:hover:not(:disabled) { color: var(--bad); }
  a.btn, a.icon-btn { text-decoration: none; }
  @media (prefers-reduced-motion: reduce) {
    .turns svg, .bar.unknown i { animation: none; }
    .bar i { transition: none; }
  }
`;
