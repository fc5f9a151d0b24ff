/** Lists of boxes and apertures. */
import { css } from "lit";

export const regionStyles = css`
  :host { display: flex; flex-direction: column; height: 100%; min-height: 0; }
  .top { padding: 12px 16px 8px; display: flex; align-items: center; justify-content: space-between; min-height: 40px; gap: 8px; }
  .top .icon-btn { margin: -4px -6px -4px 0; }
  .acts { display: flex; gap: 8px; padding: 0 16px 12px; }
  .acts .btn { flex: 1 1 0; min-width: 0; }
  .list { flex: 1; min-height: 0; padding: 0 8px 12px; }
  .list h3 { margin: 0; padding: 10px 8px 4px; font-size: 11px; font-weight: 600; color: var(--mute); }
  .one { border-radius: var(--r-small); content-visibility: auto; contain-intrinsic-size: auto 34px; }
  .one + .one { margin-top: 1px; }
  .one.on { background: var(--raise); box-shadow: inset 2px 0 0 var(--accent-fill); content-visibility: visible; }
  .one.near:not(.on) { background: var(--raise); }
  .line { display: flex; align-items: center; gap: 2px; min-height: 34px; padding: 0 4px; }
  .pick {
    display: flex;
    flex: 1;
    min-width: 0;
    align-items: center;
    gap: 8px;
    min-height: 34px;
    padding: 4px 6px;
    border: 0;
    border-radius: var(--r-small);
    background: none;
    color: inherit;
    font: inherit;
    text-align: left;
  }
  .pick:focus-visible { outline-offset: -2px; }
  .pick .words { flex: 1; min-width: 0; display: block; }
  .pick b { display: block; font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .on .pick b { font-weight: 600; }
  .pick small { display: block; color: var(--mute); font-size: 11.5px; line-height: 1.35; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .on .pick small.long { white-space: normal; }
  .faded .pick { color: var(--mute); }
  .body { padding: 4px 12px 14px; display: grid; gap: 10px; }
  .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
  .body label { display: grid; gap: 3px; font-size: 11.5px; color: var(--mute); min-width: 0; }
  .body label .field { height: 28px; padding: 0 8px; font-size: 12.5px; border-radius: var(--r-small); }
  .body textarea.field { height: 96px; padding: 6px 8px; font: 12px/1.5 var(--mono); resize: vertical; }
  .body .field.mono { font-family: var(--mono); font-size: 12px; }
  .body .field[aria-invalid="true"] { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad); }
  .empty { margin: 0; padding: 4px 16px 12px; color: var(--mute); font-size: 12px; line-height: 1.5; }
  .danger:hover:not(:disabled) { color: var(--bad); }
  a.btn { text-decoration: none; }
  a.btn[aria-disabled="true"] { opacity: 0.5; pointer-events: none; }
`;
