/**
 * The seam between the map (src/map, src/gl, src/tiles, src/sky) and the shell (src/app, src/panels).
 * The shell owns the state and the page; the map owns one element, the gestures on it and the pixels in it.
 */
import type { LayerInfo, StretchName } from "../api/types";
import type { Rect } from "./overlay/frame";

/** How values become colours. Changing any of it causes no request. */
export interface DisplayStyle {
  vmin: number;
  vmax: number;
  stretch: StretchName;
  gamma: number; // 0.1 to 10, after the stretch: s ** (1 / gamma)
  cmap: string; // any name of /api/colormaps, "_r" reversed
  invert: boolean;
  absolute: boolean;
}

/** Where the map looks. `x`, `y`: pixel at the centre; `scale`: full-resolution pixels per CSS pixel. */
export interface ViewPosition {
  x: number;
  y: number;
  scale: number;
  ra: number | null;
  dec: number | null;
  fov_deg: number | null; // width of the map in degrees of sky, null without sky
}

export interface PointerReading {
  x: number;
  y: number;
  ra: number | null;
  dec: number | null;
  /** Displayed-level value at once; null: NaN or outside; undefined: its tile is not here yet. */
  value: number | null | undefined;
  /** Side in full-resolution pixels of what `value` averages: 1 is exact. */
  meanOf: number;
}

export interface MapProgress {
  loading: number; // tiles on their way
  shown: number; // tiles in view
  level: number; // level drawn, 0 coarsest
  levels: number;
  preview: boolean; // some of what is shown is a strided sample
  outdated: boolean; // told before the map went elsewhere: the next frame tells anew
}

export type CompareMode = "opacity" | "blink" | "swipe";
export type GridFrame = "icrs" | "galactic" | "ecliptic";
export type RaConvention = "0-360" | "±180";

export interface OverlayOptions {
  graticule: boolean;
  frame: GridFrame;
  raConvention: RaConvention;
  raHours: boolean; // graticule labels of right ascension in hours
  scaleBar: boolean;
  compass: boolean;
  minimap: boolean;
  reticle: boolean;
}

/** What a drawing over the map is drawn with, in CSS pixels. */
export interface DrawFrame {
  readonly width: number;
  readonly height: number;
  readonly info: LayerInfo;
  /** Full-resolution pixels of the layer for one CSS pixel. */
  readonly scale: number;
  /** Pixels after which the map repeats along x; null where it does not. */
  readonly period: number | null;
  /** Where a pixel is drawn on the screen, not wrapped: the inverse of `toPixel`. */
  place(x: number, y: number): [number, number];
  /** Every place of the screen where a pixel of the layer is shown: more than one on a map that wraps. */
  toScreen(x: number, y: number): [number, number][];
  /** The one of them that is nearest to the middle of the screen, also beyond its edges. */
  nearest(x: number, y: number): [number, number];
  /** Pixel of the layer under a place of the screen (not wrapped). */
  toPixel(sx: number, sy: number): [number, number];
  /** Right ascension and declination of a pixel; null off the sky, and before the grid of vectors is here. */
  position(x: number, y: number): [number, number] | null;
  /** Pixel of a position near a known pixel, by iteration on the grid of vectors; null where it does not converge. */
  pixelNear(ra: number, dec: number, x: number, y: number): [number, number] | null;
}

/** A gesture that belongs to a drawing instead of the map, from pointer down to up. Places are CSS pixels. */
export interface Grab {
  move(sx: number, sy: number, event: PointerEvent): void;
  /** `cancelled`: Escape, or the pointer was taken away. */
  end(cancelled: boolean): void;
}

/** Something drawn over the tiles and under the furniture that may react to the pointer. */
export interface MapDrawing {
  draw(context: CanvasRenderingContext2D, frame: DrawFrame): void;
  /** Names, drawn over everything that `draw` of any drawing drew: where none of `taken` is, which grows by them. */
  labels?(context: CanvasRenderingContext2D, frame: DrawFrame, taken: Rect[]): void;
  /** CSS cursor at this place, null where the drawing does not react. */
  cursor?(sx: number, sy: number, frame: DrawFrame): string | null;
  /** The pointer means something drawn over this. */
  away?(): void;
  /** Take the pointer that goes down here, or null to leave it to others. */
  grab?(sx: number, sy: number, event: PointerEvent, frame: DrawFrame): Grab | null;
  /** A click that did not move: true when it was meant for this drawing. */
  click?(sx: number, sy: number, frame: DrawFrame): boolean;
}

/**
 * Events (CustomEvent, detail in brackets): `pointer` (PointerReading | null when it leaves), `rest` (PointerReading:
 * the pointer has not moved for 120 ms), `view` (ViewPosition, every frame of a move), `viewend` (ViewPosition, once a
 * move has ended), `progress` (MapProgress), `fault` ({message}), `gone` (void: the server says that this version of
 * the file is no more), `click` (PointerReading), `swipe` (number: the divider was dragged there).
 */
export interface SkyMapApi extends EventTarget {
  /** Show a layer. Keeps the sky position and field of view of the one before where both have sky, else the pixel
   * position where the shapes are equal, else fits the coverage. */
  setLayer(info: LayerInfo, style: DisplayStyle): Promise<void>;
  setStyle(style: DisplayStyle): void;
  /** Cumulative histogram of the layer for the `histeq` stretch: `cdf` over `edges`. */
  setEqualisation(edges: number[], cdf: number[]): void;
  /** A second layer over the first, warped onto it where their geometries differ. */
  setCompare(info: LayerInfo | null, style?: DisplayStyle): Promise<void>;
  setCompareMode(mode: CompareMode, value: number): void; // opacity or swipe place 0 to 1; blink: which is shown, 0 or 1
  setCompareStyle(style: DisplayStyle): void;
  /** As `setEqualisation`, for the second layer. */
  setCompareEqualisation(edges: number[], cdf: number[]): void;
  setOverlays(options: OverlayOptions): void;
  setMirror(on: boolean): void; // flips left and right relative to the default orientation
  fit(animate?: boolean): void;
  goToPixel(x: number, y: number, scale?: number, animate?: boolean): void;
  /** Resolves to false where this layer cannot show that position. Who goes elsewhere meanwhile stays there. */
  goToSky(ra: number, dec: number, fovDeg?: number, animate?: boolean): Promise<boolean>;
  zoomBy(factor: number): void;
  panBy(dx: number, dy: number): void; // CSS pixels
  oneToOne(): void; // one pixel of the layer on one pixel of the screen
  readonly position: ViewPosition | null;
  /** What is on the screen, overlays included. */
  snapshot(): Promise<Blob>;
  /** Part of the plane in view, full-resolution pixels, half-open. */
  readonly visibleWindow: { x0: number; y0: number; x1: number; y1: number } | null;
  /** Draw the colours on the server (no float textures): true when in that fallback. */
  readonly serverRendered: boolean;
  /** Add a drawing over those before it; the result takes it away. */
  addDrawing(drawing: MapDrawing): () => void;
  /** Draw a frame soon: something drawn has changed. */
  redraw(): void;
  updateSize(): void;
  destroy(): void;
}
