/** What every part of the overlay is drawn with. */
import type { SkyModel } from "../../sky/skymodel";
import type { Scene } from "../scene";
import type { ViewTransform } from "../transform";

export interface OverlayFrame {
  view: ViewTransform;
  sky: SkyModel;
  scene: Scene;
  /** Device pixels for one CSS pixel; the context is scaled so that drawing is in CSS pixels. */
  ratio: number;
}

export interface Colours {
  accent: string;
  line: string;
  text: string;
}

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export const HALO = "rgba(0, 0, 0, 0.75)";
export const INK = "#e9eef5";
export const MARGIN = 16;
const FAMILY = 'system-ui, Inter, "Segoe UI", sans-serif';
export const font = (px: number, weight = 400): string => `${weight} ${px}px ${FAMILY}`;

export function readColours(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const token = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  return { accent: token("--accent", "#e0a64a"), line: token("--line", "#2a3340"), text: token("--text", "#e7ecf3") };
}

export const overlaps = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

export const contains = ({ x, y, w, h }: Rect, px: number, py: number): boolean =>
  px >= x && px <= x + w && py >= y && py <= y + h;

/** Text that can be read on anything. */
export function haloText(context: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = HALO;
  context.strokeText(text, x, y);
  context.fillStyle = INK;
  context.fillText(text, x, y);
}

/** Stroke the current path so that it shows on light and on dark. */
export function haloStroke(context: CanvasRenderingContext2D, colour: string, width: number, halo = HALO): void {
  context.lineWidth = width + 2;
  context.strokeStyle = halo;
  context.stroke();
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}
