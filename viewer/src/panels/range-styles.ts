import { css } from "lit";

export const rangeStyles = css`
  :host { display: block; }
  .chip { display: inline-flex; align-items: center; justify-content: center; gap: 5px; height: 24px; padding: 0 8px; border: 1px solid var(--line); border-radius: 999px;
    background: transparent; color: var(--mute); font-size: 12px; white-space: nowrap; }
  .chip:hover:not(:disabled) { color: var(--text); border-color: var(--line-strong); }
  .chip[aria-pressed="true"] { color: var(--accent-text); background: var(--accent-soft); border-color: var(--accent); }
  .small { gap: 4px; }
  .small .chip { min-width: 62px; }
  .plot { position: relative; }
  .over { position: absolute; inset: 0; display: grid; place-items: center; padding: 12px; text-align: center; font-size: 12px; background: var(--well);
    border: 1px solid var(--line); border-radius: var(--r); }
  .over svg { display: inline-block; vertical-align: -3px; color: var(--bad); }
  .beyond { display: grid; grid-template-columns: 1fr auto 1fr; height: 20px; align-items: center; font-size: 11.5px; color: var(--mute); }
  .beyond span:last-child { text-align: right; }
  .range { margin-top: 4px; }
  .number { position: relative; flex: 1 1 0; min-width: 0; display: flex; align-items: center; border: 1px solid var(--line); border-radius: var(--r-small);
    background: var(--well); height: 30px; padding: 0 8px; gap: 6px; }
  .number:hover { border-color: var(--line-strong); }
  .number:focus-within { border-color: var(--accent-fill); box-shadow: 0 0 0 1px var(--accent-fill); }
  .number .field { border: 0; background: none; height: 28px; padding: 0; text-align: right; font: 12px var(--mono); box-shadow: none; }
  .unit { color: var(--mute); font-size: 12px; max-width: 56px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: none; }
  .range .btn { height: 30px; }
  .below { position: relative; }
  .below .fault { position: absolute; z-index: 2; inset: 4px 0 auto; pointer-events: none; border: 1px solid var(--bad); }
  .presets { display: flex; justify-content: space-between; gap: 4px; margin-top: 8px; }
  .presets .chip { flex: 1 1 auto; padding: 0 4px; }
  .spin { width: 9px; height: 9px; border-radius: 50%; border: 1.5px solid var(--accent); border-right-color: transparent; animation: turn 0.8s linear infinite; }
  @keyframes turn { to { transform: rotate(360deg); } }
  @media (prefers-reduced-motion: reduce) { .spin { animation: none; } }
`;
