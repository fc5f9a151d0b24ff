/** The whole state of the page in one typed store. Panels read it, `Controller` changes it. */
import type { Colormaps, HeaderEntry, Histogram, HoldingsTree, LayerInfo, ValueAnswer } from "../api/types";
import type {
  CompareMode,
  DisplayStyle,
  MapProgress,
  OverlayOptions,
  PointerReading,
  ViewPosition,
} from "../map/types";

export type ThemeChoice = "system" | "dark" | "light";
export type LeftPanel = "layers" | "catalogs" | "boxes" | "apertures" | "jobs" | "header";
export type Sheet = LeftPanel | "display" | null;

export interface CompareState {
  id: string;
  info: LayerInfo | null;
  mode: CompareMode;
  opacity: number;
  swipe: number;
  shown: 0 | 1; // in blink mode
  playing: boolean; // blinks by itself
}

export interface HistogramState {
  data: Histogram | null;
  busy: "no" | "sampled" | "exact";
  error: string | null;
  log: boolean;
  /** Part of the value axis that is shown. */
  axis: [number, number] | null;
}

export interface Toast {
  id: number;
  kind: "note" | "fault";
  text: string;
}

export interface CubePlayback {
  playing: boolean;
  reverse: boolean;
  rate: number; // slices per second
  axis: number;
}

export interface AppState {
  holdings: HoldingsTree | null;
  holdingsError: string | null;
  layerId: string | null;
  info: LayerInfo | null;
  layerError: string | null;
  layerBusy: boolean;
  style: DisplayStyle | null;
  view: ViewPosition | null;
  compare: CompareState | null;
  overlays: OverlayOptions;
  mirror: boolean;
  histogram: HistogramState;
  /** Shares behind the histogram-equalised stretch. */
  equalisation: { edges: number[]; cdf: number[] } | null;
  colormaps: Colormaps | null;
  headers: { id: string; entries: HeaderEntry[] | null; error: string | null } | null;
  pointer: PointerReading | null;
  exact: ValueAnswer | null;
  progress: MapProgress | null;
  playback: CubePlayback;
  leftPanel: LeftPanel;
  leftOpen: boolean;
  rightOpen: boolean;
  fullScreen: boolean;
  narrow: boolean;
  sheet: Sheet;
  theme: ThemeChoice;
  toasts: Toast[];
  helpOpen: boolean;
  readoutOpen: boolean;
}

export const DEFAULT_OVERLAYS: OverlayOptions = {
  graticule: true,
  frame: "icrs",
  raConvention: "0-360",
  raHours: false,
  scaleBar: true,
  compass: true,
  minimap: true,
  reticle: false,
};

export function initialState(): AppState {
  return {
    holdings: null,
    holdingsError: null,
    layerId: null,
    info: null,
    layerError: null,
    layerBusy: false,
    style: null,
    view: null,
    compare: null,
    overlays: { ...DEFAULT_OVERLAYS },
    mirror: false,
    histogram: { data: null, busy: "no", error: null, log: true, axis: null },
    equalisation: null,
    colormaps: null,
    headers: null,
    pointer: null,
    exact: null,
    progress: null,
    playback: { playing: false, reverse: false, rate: 4, axis: 0 },
    leftPanel: "layers",
    leftOpen: true,
    rightOpen: true,
    fullScreen: false,
    narrow: false,
    sheet: null,
    theme: "system",
    toasts: [],
    helpOpen: false,
    readoutOpen: false,
  };
}

type Keys<S> = readonly (keyof S)[];
type Listener<S> = (state: S, changed: ReadonlySet<keyof S>) => void;

/** A store of plain values: `set` tells, at once and in order, those who asked about a key that changed. */
export class Store<S extends object> {
  private listeners = new Set<{ keys: Keys<S> | null; listener: Listener<S> }>();

  constructor(private current: S) {}

  get state(): Readonly<S> {
    return this.current;
  }

  set(patch: Partial<S>): void {
    const changed = new Set<keyof S>();
    for (const key of Object.keys(patch) as (keyof S)[]) {
      if (!Object.is(this.current[key], patch[key])) changed.add(key);
    }
    if (changed.size === 0) return;
    this.current = { ...this.current, ...patch };
    for (const entry of [...this.listeners]) {
      if (entry.keys === null || entry.keys.some((key) => changed.has(key))) entry.listener(this.current, changed);
    }
  }

  /** Hear of changes of `keys` (of all when null). Returns what ends the subscription. */
  subscribe(keys: Keys<S> | null, listener: Listener<S>): () => void {
    const entry = { keys, listener };
    this.listeners.add(entry);
    return () => this.listeners.delete(entry);
  }
}

export type AppStore = Store<AppState>;
