/** Which panels are open; the map keeps its centre when one folds. */
import { session } from "./session";
import type { LeftPanel } from "./state";
import { store } from "./store-controller";
import { remember, remembered } from "./theme";

const KEY = "armillary.panels";
const NARROW = "(max-width: 899.98px)";

function keep(): void {
  const { leftOpen, rightOpen, readoutOpen } = store.state;
  remember(KEY, JSON.stringify({ leftOpen, rightOpen, readoutOpen }));
}

export function restorePanels(): void {
  try {
    const saved = JSON.parse(remembered(KEY) ?? "{}");
    for (const name of ["leftOpen", "rightOpen", "readoutOpen"] as const) {
      if (typeof saved[name] === "boolean") store.set({ [name]: saved[name] });
    }
  } catch {
    // What was remembered cannot be read: the panels stay as they are.
  }
}

/** Tell the map that its element changed size, once the page is laid out. */
function resized(): void {
  requestAnimationFrame(() => session.map?.updateSize());
}

export function togglePanel(side: "left" | "right"): void {
  if (store.state.narrow) {
    toggleSheet(side === "left" ? store.state.leftPanel : "display");
    return;
  }
  if (store.state.fullScreen) store.set({ fullScreen: false, leftOpen: false, rightOpen: false });
  if (side === "left") store.set({ leftOpen: !store.state.leftOpen });
  else store.set({ rightOpen: !store.state.rightOpen });
  keep();
  resized();
}

/** Whether a panel on the left is what one sees. */
export function isOpen(panel: LeftPanel): boolean {
  const { leftPanel, leftOpen, narrow, sheet, fullScreen } = store.state;
  return !fullScreen && (narrow ? sheet === panel : leftOpen && leftPanel === panel);
}

/** Open a panel on the left, or fold it when it is open and `fold` asks for that. */
export function showLeft(panel: LeftPanel, fold = false): void {
  if (store.state.narrow) {
    store.set({ leftPanel: panel });
    if (fold) toggleSheet(panel);
    else store.set({ sheet: panel });
    resized();
    return;
  }
  const already = store.state.leftOpen && store.state.leftPanel === panel && !store.state.fullScreen;
  store.set({ leftPanel: panel, leftOpen: !(already && fold), fullScreen: false });
  keep();
  resized();
}

export function toggleSheet(sheet: LeftPanel | "display"): void {
  store.set({ sheet: store.state.sheet === sheet ? null : sheet });
  if (sheet !== "display") store.set({ leftPanel: sheet });
  resized();
}

export function toggleReadout(): void {
  store.set({ readoutOpen: !store.state.readoutOpen });
  keep();
  resized();
}

export function toggleFullScreen(): void {
  const fullScreen = !store.state.fullScreen;
  store.set({ fullScreen });
  if (fullScreen) void document.documentElement.requestFullscreen?.().catch(() => undefined);
  else if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
  resized();
}

/** Follow the width of the window and the browser's own way out of full screen. */
export function followWindow(): void {
  const query = matchMedia(NARROW);
  const apply = () => store.set({ narrow: query.matches });
  apply();
  query.addEventListener("change", apply);
  window.addEventListener("resize", resized);
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement && store.state.fullScreen) store.set({ fullScreen: false });
    resized();
  });
}
