/** Links to others' pages about a position, as a line. */
import { html, type TemplateResult } from "lit";
import { skyLinks } from "./links";
import { store } from "./store-controller";

export const linkRow = (ra: number, dec: number): TemplateResult =>
  html`<div class="links" role="group" aria-label="This position elsewhere">${skyLinks(
    ra,
    dec,
    store.state.view?.fov_deg,
  ).map(
    ({ name, title, href }) =>
      html`<a href=${href} target="_blank" rel="noopener noreferrer" title=${`${title} (new tab)`}>${name}</a>`,
  )}</div>`;
