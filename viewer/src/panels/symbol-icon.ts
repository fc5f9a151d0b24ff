/** A symbol of a catalog as a small picture. */
import { html, svg, type TemplateResult } from "lit";
import { symbolPath } from "../catalogs/sprites";
import type { Shape } from "../catalogs/symbols";

const paths = new Map<string, string>();

function pathOf(shape: Shape): string {
  let path = paths.get(shape);
  if (!path) {
    path = symbolPath(shape, 5.4);
    paths.set(shape, path);
  }
  return path;
}

export const symbolIcon = (shape: Shape, colour = "currentColor"): TemplateResult =>
  html`<svg class="symbol" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke-linejoin="round" stroke-linecap="round"
    aria-hidden="true" focusable="false">${svg`<path d=${pathOf(shape)} stroke=${colour} stroke-width="1.7" />`}</svg>`;
