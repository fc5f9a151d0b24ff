/** Whether the next drag on the map draws something. One mode at a time; Escape ends it. */
import { session } from "./session";
import { Store } from "./state";

export type DrawMode = "box" | "aperture" | null;

export const drawMode = new Store<{ mode: DrawMode }>({ mode: null });

const ended = (event: KeyboardEvent): void => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  setDrawMode(null);
  event.preventDefault();
};

export function setDrawMode(mode: DrawMode): void {
  drawMode.set({ mode });
  if (mode) window.addEventListener("keydown", ended);
  else window.removeEventListener("keydown", ended);
  session.map?.redraw();
}

export const toggleDrawMode = (mode: Exclude<DrawMode, null>): void =>
  setDrawMode(drawMode.state.mode === mode ? null : mode);
