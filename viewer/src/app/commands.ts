/** What every key and button does. */
import type { LitElement } from "lit";
import type { GridFrame, OverlayOptions } from "../map/types";
import { syncUrl } from "./address";
import { blinkOnce, swipe } from "./compare";
import { stepSlice, togglePlay } from "./cube";
import { flipLog } from "./histogram";
import type { Command } from "./keys";
import { autoRange, openLayer, previousLayer, setStyle, stepLayer, toggleAbsolute } from "./layers";
import { showLeft, toggleFullScreen, togglePanel } from "./panels";
import { session } from "./session";
import { copyPosition, shareView, snapshotScreen } from "./share";
import { store } from "./store-controller";
import { applyTheme, isDark } from "./theme";
import { STRETCHES } from "./url";

const PAN = 120;
const ZOOM = 1.5;

export function setOverlays(patch: Partial<OverlayOptions>): void {
  const overlays = { ...store.state.overlays, ...patch };
  store.set({ overlays });
  session.map?.setOverlays(overlays);
  syncUrl("push");
}

export function setMirror(mirror: boolean): void {
  store.set({ mirror });
  session.map?.setMirror(mirror);
  syncUrl("push");
}

export function switchTheme(): void {
  const theme = isDark(store.state.theme) ? "light" : "dark";
  applyTheme(theme);
  store.set({ theme });
}

const FRAMES: readonly GridFrame[] = ["icrs", "galactic", "ecliptic"];

function nextFrame(): void {
  const at = FRAMES.indexOf(store.state.overlays.frame);
  setOverlays({ frame: FRAMES[(at + 1) % FRAMES.length] });
}

/** Colour maps offered first; `.` and `,` walk through them. */
export const FAVOURITES: readonly string[] = ["gray", "viridis", "magma", "inferno", "RdBu_r", "cividis"];

function stepColormap(by: 1 | -1): void {
  const { style } = store.state;
  if (!style) return;
  const at = FAVOURITES.indexOf(style.cmap);
  const next = at < 0 ? 0 : (at + by + FAVOURITES.length) % FAVOURITES.length;
  setStyle({ cmap: FAVOURITES[next] }, "push");
}

function nextStretch(): void {
  const { style } = store.state;
  if (style) setStyle({ stretch: STRETCHES[(STRETCHES.indexOf(style.stretch) + 1) % STRETCHES.length] }, "push");
}

/** An element that the page offers to the keyboard, wherever it is drawn. */
type Focusing = "search" | "filter" | "header";
export const focusRequests = new EventTarget();

export function askFocus(what: Focusing): void {
  focusRequests.dispatchEvent(new CustomEvent(what));
}

const invert = () => setStyle({ invert: !store.state.style?.invert }, "push");
const toggle = (name: "graticule" | "reticle") => () => setOverlays({ [name]: !store.state.overlays[name] });
const pan = (dx: number, dy: number) => () => session.map?.panBy(dx * PAN, dy * PAN);

/** Open a panel and put the keyboard into its field: at once where it is there, else when it is drawn. */
function show(panel: "layers" | "header"): void {
  const field = panel === "layers" ? "filter" : "header";
  showLeft(panel);
  askFocus(field);
  // What is typed next belongs to the field: it must not wait for a frame.
  void document.querySelector<LitElement>("armillary-app")?.updateComplete.then(() => askFocus(field));
  requestAnimationFrame(() => askFocus(field));
}

export const commands: Record<Command, () => unknown> = {
  help: () => store.set({ helpOpen: !store.state.helpOpen }),
  search: () => askFocus("search"),
  zoomIn: () => session.map?.zoomBy(ZOOM),
  zoomOut: () => session.map?.zoomBy(1 / ZOOM),
  fit: () => session.map?.fit(true),
  oneToOne: () => session.map?.oneToOne(),
  panLeft: pan(-1, 0),
  panRight: pan(1, 0),
  panUp: pan(0, -1),
  panDown: pan(0, 1),
  mirror: () => setMirror(!store.state.mirror),
  graticule: toggle("graticule"),
  reticle: toggle("reticle"),
  frame: nextFrame,
  auto: autoRange,
  invert,
  absolute: toggleAbsolute,
  logCounts: flipLog,
  nextColormap: () => stepColormap(1),
  previousColormap: () => stepColormap(-1),
  nextStretch,
  nextLayer: () => stepLayer(1),
  previousLayer: () => stepLayer(-1),
  lastLayer: () => {
    const before = previousLayer();
    if (before) void openLayer(before);
  },
  filterLayers: () => show("layers"),
  header: () => show("header"),
  catalogs: () => showLeft("catalogs"),
  boxes: () => showLeft("boxes"),
  apertures: () => showLeft("apertures"),
  jobs: () => showLeft("jobs"),
  blink: blinkOnce,
  swipe,
  play: () => togglePlay(),
  nextSlice: () => stepSlice(1),
  previousSlice: () => stepSlice(-1),
  leftPanel: () => togglePanel("left"),
  rightPanel: () => togglePanel("right"),
  fullScreen: toggleFullScreen,
  theme: switchTheme,
  copyPosition,
  share: shareView,
  snapshot: snapshotScreen,
};
