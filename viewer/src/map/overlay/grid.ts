/** The graticule with its labels. */
import { lonLat, toFrame, type Vec3 } from "../../sky/frames";
import {
  type Graticule,
  type GridLine,
  graticule,
  type LabelPlace,
  labelPlaces,
  type SkyLattice,
} from "../../sky/graticule";
import type { SkyModel } from "../../sky/skymodel";
import { DEGREE_STEPS, HOUR_STEPS, hourLabel, latitudeLabel, longitudeLabel } from "../../sky/steps";
import type { ViewTransform } from "../transform";
import type { OverlayOptions } from "../types";
import { font, haloText, type OverlayFrame, overlaps, type Rect } from "./frame";

const CELL_PX = 9;
const SPACING_PX = 120;
const LABEL_PX = 11;

export class GridDrawing {
  private key = "";
  private kept: Graticule | null = null;

  draw(context: CanvasRenderingContext2D, frame: OverlayFrame, options: OverlayOptions): void {
    if (frame.sky.has) strokeLines(context, this.lines(frame, options).lines);
  }

  labels(context: CanvasRenderingContext2D, frame: OverlayFrame, options: OverlayOptions, taken: Rect[]): void {
    if (!frame.sky.has) return;
    const { width, height } = frame.view.view;
    const found = this.lines(frame, options);
    context.font = font(LABEL_PX);
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    for (const line of inOrder(found.lines)) {
      const text = labelOf(line, found, options);
      const size = context.measureText(text).width;
      const spot = labelPlaces(line, width, height)
        .map((place) => labelRect(place, size, width, height))
        .find((rect) => inside(rect, width, height) && !taken.some((other) => overlaps(rect, other)));
      if (!spot) continue;
      taken.push({ x: spot.x - 6, y: spot.y - 2, w: spot.w + 12, h: spot.h + 4 });
      haloText(context, text, spot.x, spot.y + LABEL_PX);
    }
  }

  private lines({ view, sky }: OverlayFrame, options: OverlayOptions): Graticule {
    const hours = options.raHours && options.frame === "icrs";
    const key = JSON.stringify([view.view, options.frame, hours, sky.info.id, sky.generation]);
    if (key !== this.key || !this.kept) {
      const lattice = skyLattice(view, sky, options);
      this.kept = graticule(lattice, hours ? HOUR_STEPS : DEGREE_STEPS, DEGREE_STEPS, SPACING_PX);
      this.key = key;
    }
    return this.kept;
  }
}

function skyLattice(view: ViewTransform, sky: SkyModel, options: OverlayOptions): SkyLattice {
  const { width, height, ny } = view.view;
  const cols = Math.max(2, Math.ceil(width / CELL_PX) + 1);
  const rows = Math.max(2, Math.ceil(height / CELL_PX) + 1);
  const xs = Float64Array.from({ length: cols }, (_, i) => (i * width) / (cols - 1));
  const ys = Float64Array.from({ length: rows }, (_, j) => (j * height) / (rows - 1));
  const lon = new Float64Array(cols * rows).fill(Number.NaN);
  const lat = new Float64Array(cols * rows).fill(Number.NaN);
  const v: Vec3 = [0, 0, 0];
  const wholeSky = sky.grid.period !== null;
  for (let k = 0; k < cols * rows; k++) {
    const [x, y] = view.toPixel(xs[k % cols], ys[Math.floor(k / cols)]);
    // Beyond the poles of an all-sky map there is no sky.
    if (wholeSky && (y < -1 || y > ny)) continue;
    if (sky.vector(x, y, v)) [lon[k], lat[k]] = lonLat(toFrame(options.frame, v));
  }
  return { cols, rows, xs, ys, lon, lat };
}

function strokeLines(context: CanvasRenderingContext2D, lines: GridLine[]): void {
  context.beginPath();
  for (const { pieces } of lines) {
    for (let k = 0; k < pieces.length; k += 4) {
      context.moveTo(pieces[k], pieces[k + 1]);
      context.lineTo(pieces[k + 2], pieces[k + 3]);
    }
  }
  context.lineCap = "butt";
  context.lineWidth = 2;
  context.strokeStyle = "rgba(0, 0, 0, 0.24)";
  context.stroke();
  context.lineWidth = 1;
  context.strokeStyle = "rgba(255, 255, 255, 0.45)";
  context.stroke();
}

/** Rounder values get their labels first. */
function inOrder(lines: GridLine[]): GridLine[] {
  const roundness = ({ value }: GridLine) => (value % 90 === 0 ? 0 : value % 30 === 0 ? 1 : value % 10 === 0 ? 2 : 3);
  return [...lines].sort((a, b) => roundness(a) - roundness(b) || a.value - b.value);
}

function labelOf(line: GridLine, { lonStep, latStep }: Graticule, options: OverlayOptions): string {
  if (line.kind === "lat") return latitudeLabel(line.value, latStep);
  if (options.raHours && options.frame === "icrs") return hourLabel(line.value, lonStep);
  return longitudeLabel(line.value, lonStep, options.raConvention === "±180");
}

function labelRect({ edge, x, y }: LabelPlace, size: number, width: number, height: number): Rect {
  const h = LABEL_PX + 3;
  if (edge === "top") return { x: x + 5, y: 5, w: size, h };
  if (edge === "bottom") return { x: x + 5, y: height - h - 5, w: size, h };
  if (edge === "right") return { x: width - size - 8, y: y - h - 3, w: size, h };
  if (edge === "left") return { x: 8, y: y - h - 3, w: size, h };
  return { x: x + 5, y: y - h - 2, w: size, h };
}

const inside = ({ x, y, w, h }: Rect, width: number, height: number): boolean =>
  x >= 2 && y >= 2 && x + w <= width - 2 && y + h <= height - 2;
