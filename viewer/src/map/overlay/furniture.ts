/** Scale bar, compass, reticle and the divider of the swipe. */
import { separationDeg, type Vec3 } from "../../sky/frames";
import { directionOnPlane, northEast } from "../../sky/skymodel";
import { angleBar, pixelBar } from "../../sky/steps";
import { type Colours, font, haloStroke, haloText, INK, MARGIN, type OverlayFrame, type Rect } from "./frame";

const BAR_PX = 130;
const ARM_PX = 26;

/** Degrees of sky in one CSS pixel along the middle of the screen, or null. */
function degreesPerPixel({ view, sky }: OverlayFrame): number | null {
  const { width, height } = view.view;
  const a: Vec3 = [0, 0, 0];
  const b: Vec3 = [0, 0, 0];
  const half = Math.min(BAR_PX / 2, width / 4);
  const [ax, ay] = view.toPixel(width / 2 - half, height / 2);
  const [bx, by] = view.toPixel(width / 2 + half, height / 2);
  if (!sky.vector(ax, ay, a) || !sky.vector(bx, by, b)) return null;
  const angle = separationDeg(a, b) / (2 * half);
  return angle > 0 ? angle : null;
}

export function scaleBarRect({ view }: OverlayFrame): Rect {
  return { x: MARGIN - 4, y: view.view.height - MARGIN - 26, w: BAR_PX + 12, h: 34 };
}

export function drawScaleBar(context: CanvasRenderingContext2D, frame: OverlayFrame): void {
  const { height, resolution } = frame.view.view;
  const perPixel = degreesPerPixel(frame);
  const bar = perPixel ? angleBar(BAR_PX * perPixel) : pixelBar(BAR_PX * resolution);
  const length = bar.length / (perPixel ?? resolution);
  if (!(length > 4) || length > 3 * BAR_PX) return;
  const y = height - MARGIN - 16;
  context.beginPath();
  context.moveTo(MARGIN, y - 5);
  context.lineTo(MARGIN, y);
  context.lineTo(MARGIN + length, y);
  context.lineTo(MARGIN + length, y - 5);
  context.lineJoin = "miter";
  haloStroke(context, INK, 1.5, "rgba(0, 0, 0, 0.5)");
  context.font = font(12);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  haloText(context, bar.label, MARGIN, y + 16);
}

export const COMPASS_RECT: Rect = { x: 8, y: 8, w: 84, h: 84 };

export function drawCompass(context: CanvasRenderingContext2D, frame: OverlayFrame): void {
  const { view, sky } = frame;
  const jacobian = sky.jacobian(...view.centre, Math.max(view.view.resolution * 4, 1e-3));
  const tangents = jacobian && northEast(jacobian.v);
  if (!jacobian || !tangents) return;
  const origin: [number, number] = [COMPASS_RECT.x + COMPASS_RECT.w / 2, COMPASS_RECT.y + COMPASS_RECT.h / 2];
  context.font = font(11, 600);
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [name, tangent] of [
    ["N", tangents.north],
    ["E", tangents.east],
  ] as const) {
    const direction = directionOnPlane(jacobian, tangent);
    if (direction) arrow(context, origin, [direction[0] * view.handedness, -direction[1]], name);
  }
}

function arrow(
  context: CanvasRenderingContext2D,
  [x, y]: [number, number],
  [dx, dy]: [number, number],
  name: string,
): void {
  const tip = [x + dx * ARM_PX, y + dy * ARM_PX];
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(tip[0], tip[1]);
  if (name === "N") {
    context.moveTo(tip[0] - 6 * dx + 3.5 * dy, tip[1] - 6 * dy - 3.5 * dx);
    context.lineTo(tip[0], tip[1]);
    context.lineTo(tip[0] - 6 * dx - 3.5 * dy, tip[1] - 6 * dy + 3.5 * dx);
  }
  context.lineJoin = "round";
  context.lineCap = "round";
  haloStroke(context, INK, 1.5, "rgba(0, 0, 0, 0.5)");
  haloText(context, name, x + dx * (ARM_PX + 9), y + dy * (ARM_PX + 9));
}

export function drawReticle(context: CanvasRenderingContext2D, { view }: OverlayFrame, { accent }: Colours): void {
  const x = view.view.width / 2;
  const y = view.view.height / 2;
  context.beginPath();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    context.moveTo(x + 5 * dx, y + 5 * dy);
    context.lineTo(x + 16 * dx, y + 16 * dy);
  }
  context.lineCap = "butt";
  haloStroke(context, accent, 1.5, "rgba(0, 0, 0, 0.6)");
}

export function drawDivider(context: CanvasRenderingContext2D, frame: OverlayFrame, { accent }: Colours): void {
  const { width, height } = frame.view.view;
  const x = width * frame.scene.value;
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, height);
  haloStroke(context, accent, 1.5, "rgba(0, 0, 0, 0.4)");
  context.beginPath();
  context.arc(x, height / 2, 11, 0, 2 * Math.PI);
  context.fillStyle = accent;
  context.fill();
  context.beginPath();
  for (const side of [-1, 1]) {
    context.moveTo(x + 2.5 * side, height / 2 - 4);
    context.lineTo(x + 6.5 * side, height / 2);
    context.lineTo(x + 2.5 * side, height / 2 + 4);
  }
  context.lineWidth = 1.5;
  context.strokeStyle = "#14110a";
  context.stroke();
}
