/** Icons, drawn on a 16-unit square with lines of 1.4. */
import { type SVGTemplateResult, svg } from "lit";

const draw = (body: SVGTemplateResult): SVGTemplateResult => svg`<svg class="icon" viewBox="0 0 16 16" fill="none"
  stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
  focusable="false">${body}</svg>`;

const path = (d: string) => draw(svg`<path d=${d} />`);

/** The mark: an armillary sphere on its foot. */
export const mark = svg`<svg class="brand-mark" viewBox="0 0 28 28" width="28" height="28" fill="none" stroke="currentColor"
  stroke-linecap="round" aria-hidden="true" focusable="false">
  <circle cx="14" cy="13" r="9.2" stroke-width="1.7" />
  <ellipse cx="14" cy="13" rx="9.2" ry="3.3" stroke-width="1.4" transform="rotate(-23 14 13)" />
  <ellipse cx="14" cy="13" rx="3.5" ry="9.2" stroke-width="1.1" transform="rotate(12 14 13)" />
  <path d="M9.7 2.6 18.3 23.4" stroke-width="1.1" />
  <circle cx="14" cy="13" r="1.8" fill="currentColor" stroke="none" />
  <path d="M14 22.4v2.4M10.4 25.4h7.2" stroke-width="1.6" />
</svg>`;

export const icons = {
  layers: path("M8 2 14 5.2 8 8.4 2 5.2zM2.4 8.2 8 11.2l5.6-3M2.4 11 8 14l5.6-3"),
  header: path("M3.5 2h6L12.5 5v9h-9zM9.5 2v3h3M5.8 8h4.4M5.8 10.8h4.4"),
  catalogs: path("M8 2.2 9.5 6l4 .3-3.1 2.6 1 4L8 10.7l-3.4 2.2 1-4L2.5 6.3l4-.3z"),
  boxes: draw(svg`<path d="M4 3.6h8.4v8.4H4z" stroke-dasharray="2 1.6" /><path d="M3 2.6h2v2H3zM11.4 11h2v2h-2z" />`),
  apertures: draw(svg`<circle cx="8" cy="8" r="5.6" /><circle cx="8" cy="8" r="1.6" />`),
  display: draw(
    svg`<path d="M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6" /><circle cx="10" cy="4.5" r="1.9" /><circle cx="6" cy="11.5" r="1.9" />`,
  ),
  search: draw(svg`<circle cx="7" cy="7" r="4.4" /><path d="m10.4 10.4 3.6 3.6" />`),
  chevronDown: path("m4.5 6.5 3.5 3.5 3.5-3.5"),
  chevronRight: path("m6.5 4.5 3.5 3.5-3.5 3.5"),
  chevronLeft: path("M9.5 4.5 6 8l3.5 3.5"),
  chevronUp: path("m4.5 9.5 3.5-3.5 3.5 3.5"),
  share: draw(
    svg`<path d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.1-2.1a2.6 2.6 0 0 0-3.7-3.7l-.8.8" /><path d="M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.4 8.9a2.6 2.6 0 0 0 3.7 3.7l.8-.8" />`,
  ),
  camera: draw(svg`<path d="M2 5.2h2.6l1-1.7h4.8l1 1.7H14v7.6H2z" /><circle cx="8" cy="8.8" r="2.3" />`),
  sun: draw(
    svg`<circle cx="8" cy="8" r="2.8" /><path d="M8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M12.4 3.6l-1 1M4.6 11.4l-1 1" />`,
  ),
  moon: path("M13 9.6A5.4 5.4 0 0 1 6.4 3a5.4 5.4 0 1 0 6.6 6.6z"),
  auto: draw(svg`<circle cx="8" cy="8" r="5.8" /><path d="M8 2.2v11.6M8 4.6a3.4 3.4 0 0 1 0 6.8" />`),
  help: draw(
    svg`<circle cx="8" cy="8" r="6" /><path d="M6.2 6.3a1.9 1.9 0 1 1 2.7 1.8c-.6.3-.9.7-.9 1.3M8 11.4v.1" />`,
  ),
  close: path("m4 4 8 8M12 4l-8 8"),
  check: path("m3.5 8.5 3 3 6-7"),
  warn: path("M8 2.4 14.4 13.6H1.6zM8 6.6v3.2M8 11.6v.1"),
  info: draw(svg`<circle cx="8" cy="8" r="6" /><path d="M8 7.4v3.6M8 5v.1" />`),
  play: path("M5 3.2 12.4 8 5 12.8z"),
  playBack: path("M11 3.2 3.6 8l7.4 4.8z"),
  pause: path("M5.4 3.4v9.2M10.6 3.4v9.2"),
  stepNext: path("M4.6 3.6 10.2 8l-5.6 4.4zM12.2 3.6v8.8"),
  stepBack: path("M11.4 3.6 5.8 8l5.6 4.4zM3.8 3.6v8.8"),
  copy: path("M5.6 5.6h8v8h-8zM10.4 5.6V2.4h-8v8h3.2"),
  fit: path("M2.4 5.6V2.4h3.2M10.4 2.4h3.2v3.2M13.6 10.4v3.2h-3.2M5.6 13.6H2.4v-3.2"),
  plus: path("M8 3.4v9.2M3.4 8h9.2"),
  minus: path("M3.4 8h9.2"),
  reset: path("M3 3.4v3.4h3.4M3.3 6.6A5.2 5.2 0 1 1 2.9 9"),
  up: path("M8 12.6V3.4M4.4 7 8 3.4 11.6 7"),
  down: path("M8 3.4v9.2M4.4 9 8 12.6 11.6 9"),
  foldLeft: draw(svg`<path d="M2.4 3h11.2v10H2.4zM6.2 3v10M11 6.4 9.4 8l1.6 1.6" />`),
  foldRight: draw(svg`<path d="M2.4 3h11.2v10H2.4zM9.8 3v10M5 6.4 6.6 8 5 9.6" />`),
  table: path("M2.4 3.2h11.2v9.6H2.4zM2.4 6.4h11.2M2.4 9.6h11.2M6.4 3.2v9.6"),
  download: path("M8 2.6v7M5 6.8l3 3 3-3M2.8 12.8h10.4"),
  columns: path("M2.4 3.2h11.2v9.6H2.4zM6.1 3.2v9.6M9.9 3.2v9.6"),
  globe: draw(svg`<circle cx="8" cy="8" r="6" /><path d="M2 8h12M8 2c4 3.6 4 8.4 0 12M8 2c-4 3.6-4 8.4 0 12" />`),
  eye: draw(
    svg`<path d="M1.8 8S4.2 3.8 8 3.8 14.2 8 14.2 8 11.8 12.2 8 12.2 1.8 8 1.8 8z" /><circle cx="8" cy="8" r="1.9" />`,
  ),
  eyeOff: path(
    "M3 3l10 10M6.4 4.1A6 6 0 0 1 8 3.8c3.8 0 6.2 4.2 6.2 4.2a11 11 0 0 1-2 2.4M4.2 5.2A10.6 10.6 0 0 0 1.8 8s2.4 4.2 6.2 4.2c1 0 1.9-.3 2.7-.7",
  ),
  target: draw(svg`<circle cx="8" cy="8" r="4.2" /><path d="M8 1.8v3M8 11.2v3M1.8 8h3M11.2 8h3" />`),
  trash: path("M3 4.6h10M6.2 4.6V2.8h3.6v1.8M4.4 4.6l.6 8.6h6l.6-8.6M6.8 7v4M9.2 7v4"),
  jobs: path("m2.2 4.2 1.1 1.1 2-2.3M8 4h5.8M2.2 8.2l1.1 1.1 2-2.3M8 8h5.8M3.2 12h.1M8 12h5.8"),
  clock: draw(svg`<circle cx="8" cy="8" r="5.8" /><path d="M8 4.8V8l2.2 1.6" />`),
  running: draw(svg`<circle cx="8" cy="8" r="5.6" opacity="0.28" /><path d="M8 2.4A5.6 5.6 0 0 1 13.6 8" />`),
  stop: path("M4.2 4.2h7.6v7.6H4.2z"),
  hold: draw(svg`<circle cx="8" cy="8" r="5.8" stroke-dasharray="1.8 2.1" />`),
  again: path("M13 3.4v3.4H9.6M12.7 6.6A5.2 5.2 0 1 0 13.1 9"),
  file: path("M3.5 2h6L12.5 5v9h-9zM9.5 2v3h3"),
  pack: path("M2.6 5.2 8 2.4l5.4 2.8v5.6L8 13.6l-5.4-2.8zM2.6 5.2 8 8l5.4-2.8M8 8v5.6"),
  upload: path("M8 10V3M5 5.8l3-3 3 3M2.8 12.8h10.4"),
  hollow: draw(svg`<circle cx="8" cy="8" r="5.8" /><path d="m4 12 8-8" />`),
  user: draw(svg`<circle cx="8" cy="5.4" r="2.7" /><path d="M2.8 13.6c.5-2.7 2.5-4.2 5.2-4.2s4.7 1.5 5.2 4.2" />`),
};
