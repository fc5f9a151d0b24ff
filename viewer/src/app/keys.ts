/** The one table of keys: it drives the keyboard, the tooltips and the help panel. */

export type Command =
  | "help"
  | "search"
  | "zoomIn"
  | "zoomOut"
  | "fit"
  | "oneToOne"
  | "panLeft"
  | "panRight"
  | "panUp"
  | "panDown"
  | "graticule"
  | "reticle"
  | "mirror"
  | "frame"
  | "auto"
  | "invert"
  | "absolute"
  | "logCounts"
  | "nextColormap"
  | "previousColormap"
  | "nextStretch"
  | "nextLayer"
  | "previousLayer"
  | "lastLayer"
  | "filterLayers"
  | "header"
  | "catalogs"
  | "boxes"
  | "apertures"
  | "jobs"
  | "blink"
  | "swipe"
  | "play"
  | "nextSlice"
  | "previousSlice"
  | "leftPanel"
  | "rightPanel"
  | "fullScreen"
  | "theme"
  | "copyPosition"
  | "share"
  | "snapshot";

export interface KeyBinding {
  command: Command;
  /** Values of `KeyboardEvent.key`. */
  keys: readonly string[];
  shown: string;
  label: string;
  group: "Move" | "Display" | "Layers" | "Cube" | "Page";
}

const bind = (
  group: KeyBinding["group"],
  command: Command,
  keys: readonly string[],
  label: string,
  shown = keys[0],
): KeyBinding => ({ command, keys, shown, label, group });

export const KEYMAP: readonly KeyBinding[] = [
  bind("Move", "search", ["/"], "Go to a position"),
  bind("Move", "zoomIn", ["+", "="], "Zoom in"),
  bind("Move", "zoomOut", ["-", "_", "−"], "Zoom out", "−"),
  bind("Move", "fit", ["0"], "Fit the data into the window"),
  bind("Move", "oneToOne", ["1"], "One pixel of data on one pixel of the screen"),
  bind("Move", "panLeft", ["ArrowLeft"], "Move left", "←"),
  bind("Move", "panRight", ["ArrowRight"], "Move right", "→"),
  bind("Move", "panUp", ["ArrowUp"], "Move up", "↑"),
  bind("Move", "panDown", ["ArrowDown"], "Move down", "↓"),
  bind("Move", "mirror", ["m"], "Mirror left and right"),
  bind("Display", "auto", ["a"], "Automatic range"),
  bind("Display", "invert", ["i"], "Invert the colours"),
  bind("Display", "absolute", ["v"], "Absolute values"),
  bind("Display", "logCounts", ["o"], "Logarithmic counts in the histogram"),
  bind("Display", "nextStretch", ["t"], "Next stretch"),
  bind("Display", "nextColormap", ["."], "Next colour map"),
  bind("Display", "previousColormap", [","], "Previous colour map"),
  bind("Display", "graticule", ["g"], "Graticule"),
  bind("Display", "frame", ["e"], "Next frame: ICRS, galactic, ecliptic"),
  bind("Display", "reticle", ["x"], "Reticle at the centre"),
  bind("Layers", "nextLayer", ["n"], "Next layer"),
  bind("Layers", "previousLayer", ["p"], "Previous layer"),
  bind("Layers", "lastLayer", ["Backspace"], "The layer that was shown before"),
  bind("Layers", "filterLayers", ["l"], "Find a layer"),
  bind("Layers", "header", ["h"], "FITS header"),
  bind("Layers", "catalogs", ["k"], "Catalogs"),
  bind("Layers", "boxes", ["r"], "Boxes and cutouts"),
  bind("Layers", "apertures", ["q"], "Apertures"),
  bind("Layers", "jobs", ["j"], "Cutouts and jobs"),
  bind("Layers", "blink", ["b"], "Blink with the layer compared"),
  bind("Layers", "swipe", ["w"], "Swipe between the layers compared"),
  bind("Cube", "play", [" "], "Play or stop", "Space"),
  bind("Cube", "nextSlice", [">", "PageUp"], "Next slice"),
  bind("Cube", "previousSlice", ["<", "PageDown"], "Previous slice"),
  bind("Page", "leftPanel", ["["], "Fold the left panel"),
  bind("Page", "rightPanel", ["]"], "Fold the right panel"),
  bind("Page", "fullScreen", ["f"], "Full screen"),
  bind("Page", "theme", ["d"], "Dark or light"),
  bind("Page", "copyPosition", ["c"], "Copy the position under the pointer"),
  bind("Page", "share", ["u"], "Copy the address of this view"),
  bind("Page", "snapshot", ["s"], "Snapshot of the screen"),
  bind("Page", "help", ["?"], "All keys"),
];

/** Gestures of the map, shown in the help beside the keys. */
export const GESTURES: readonly [string, string][] = [
  ["Wheel, pinch", "Zoom toward the pointer"],
  ["Drag", "Move"],
  ["Double click", "Zoom in"],
  ["Shift + drag", "Zoom into a box"],
  ["Right click, long press", "What is at this place"],
];

const byKey = new Map(KEYMAP.flatMap((binding) => binding.keys.map((key) => [key, binding.command] as const)));
const byCommand = new Map(KEYMAP.map((binding) => [binding.command, binding]));

/** Label and key of a command, for tooltips: `Fold the left panel  [`. */
export function tooltip(command: Command, label?: string): string {
  const binding = byCommand.get(command);
  return binding ? `${label ?? binding.label} (${binding.shown})` : (label ?? command);
}

interface KeyLike {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  defaultPrevented: boolean;
  composedPath(): EventTarget[];
}

/** The command of a key press, or null: keys typed into fields, and those of the browser, are not ours. */
export function commandOf(event: KeyLike): Command | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const command = byKey.get(key) ?? null;
  return command && !belongsToControl(event.composedPath()[0], key) ? command : null;
}

const TYPING = /^(text|search|number|email|url|password|tel)$/;

/** Whether the element that has the focus uses this key itself. */
function belongsToControl(target: EventTarget | undefined, key: string): boolean {
  const element = target as Partial<HTMLInputElement> | undefined;
  if (!element?.tagName) return false;
  const tag = element.tagName.toLowerCase();
  if (tag === "textarea" || element.isContentEditable) return true;
  if (tag === "input" && TYPING.test(element.type ?? "text")) return true;
  const moves = key.startsWith("Arrow") || key.startsWith("Page");
  if (tag === "select") return true;
  if (tag === "input") return moves || key === " ";
  if (key === " ") return tag === "button" || tag === "a" || tag === "summary" || hasRole(element);
  return moves && hasRole(element);
}

function hasRole(element: Partial<HTMLElement>): boolean {
  const role = element.getAttribute?.("role");
  return (
    role !== null &&
    role !== undefined &&
    /^(slider|tree|menu|menuitem|menuitemradio|listbox|radio|tab|option)/.test(role)
  );
}
