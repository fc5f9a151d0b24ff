import { describe, expect, it } from "vitest";
import { DEG, lonLat, separationDeg, type Vec3, vector } from "../sky/frames";
import type { Jacobian } from "../sky/skymodel";
import { DrawingFrame, Drawings, pixelNear } from "./drawings";
import type { OverlayFrame } from "./overlay/frame";
import { ViewTransform } from "./transform";
import type { MapDrawing } from "./types";

type Projection = (x: number, y: number) => Vec3 | null;

/** A sky of a known formula, with slopes by differences as the model takes them. */
const skyOf = (project: Projection) => ({
  jacobian(x: number, y: number, step: number): Jacobian | null {
    const v = project(x, y);
    const sides = [project(x - step, y), project(x + step, y), project(x, y - step), project(x, y + step)];
    if (!v || sides.some((side) => side === null)) return null;
    const [a, b, c, d] = sides as Vec3[];
    const slope = (p: Vec3, q: Vec3): Vec3 => [0, 1, 2].map((k) => (q[k] - p[k]) / (2 * step)) as Vec3;
    return { v, dx: slope(a, b), dy: slope(c, d) };
  },
});

/** Plate carrée of half degrees, RA growing to the left, RA 0 at x = 360. */
const car: Projection = (x, y) => (Math.abs(y - 180) > 180 ? null : vector(-(x - 360) / 2, (y - 180) / 2));

/** Tangent plane at the north pole, 0.05° a pixel. */
const polar: Projection = (x, y) => {
  const u = x * 0.05 * DEG;
  const v = y * 0.05 * DEG;
  const length = Math.hypot(u, v, 1);
  return [u / length, v / length, 1 / length];
};

const near = (project: Projection, ra: number, dec: number, x: number, y: number) =>
  pixelNear(skyOf(project), ra, dec, x, y);

describe("the pixel of a position", () => {
  it.each([
    [10, 20, 300, 200],
    [350, -60, 360, 180],
    [359.9, 80, 355, 300],
    [120, 45, 150, 250],
  ])("is found in plate carrée: %f %f from %f %f", (ra, dec, x, y) => {
    const found = near(car, ra, dec, x, y) as [number, number];
    expect(separationDeg(car(...found) as Vec3, vector(ra, dec))).toBeLessThan(1e-3);
    expect(found[1]).toBeCloseTo(180 + 2 * dec, 2);
  });

  it("goes across the seam without a jump", () => {
    const found = near(car, 179, 0, 4, 180) as [number, number];
    expect(found[0]).toBeCloseTo(2, 2);
    expect((near(car, 181, 0, 1, 180) as [number, number])[0]).toBeCloseTo(-2, 2);
  });

  it("is found at and around a pole", () => {
    expect(near(polar, 0, 90, 40, -30)).toEqual([expect.closeTo(0, 2), expect.closeTo(0, 2)]);
    const found = near(polar, 200, 88, 30, 30) as [number, number];
    expect(separationDeg(polar(...found) as Vec3, vector(200, 88))).toBeLessThan(1e-4);
  });

  it("does not take the antipode, and gives up off the sky and where the map is degenerate", () => {
    expect(near(polar, 0, -90, 0, 0)).toBeNull();
    expect(near(() => null, 0, 0, 0, 0)).toBeNull();
    expect(near(() => [1, 0, 0], 10, 0, 0, 0)).toBeNull();
    expect(near(polar, 10, -45, 0, 0)).toBeNull();
  });
});

function frameOf(centerX: number, period: number | null, mirror = false): OverlayFrame {
  const view = new ViewTransform({
    centerX,
    centerY: 50,
    resolution: 2,
    width: 600,
    height: 200,
    mirror,
    nx: 360,
    ny: 100,
  });
  const sky = { info: { id: "map" }, grid: { period }, position: (x: number, y: number) => lonLat(vector(x, y)) };
  return { view, sky, scene: {}, ratio: 1 } as unknown as OverlayFrame;
}

describe("the frame of a drawing", () => {
  it("shows a pixel once where the map does not repeat", () => {
    const frame = new DrawingFrame(frameOf(180, null));
    expect(frame.toScreen(180, 50)).toEqual([[300, 100]]);
    expect(frame.place(...frame.toPixel(17, 31))).toEqual([17, 31]);
  });

  it.each([false, true])("shows every copy of a full circle, mirrored: %s", (mirror) => {
    // 1200 pixels are in view: three and a third turns.
    const frame = new DrawingFrame(frameOf(180, 360, mirror));
    const places = frame.toScreen(10, 50).map(([x]) => x);
    expect(places.length).toBeGreaterThanOrEqual(3);
    for (const x of places) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(600);
      const [across] = frame.toPixel(x, 100);
      expect((((across - 10) % 360) + 360) % 360).toBeCloseTo(0, 9);
    }
    const apart = places.sort((a, b) => a - b).map((x, k) => (k ? x - places[k - 1] : 180));
    for (const gap of apart) expect(gap).toBeCloseTo(180, 9);
  });

  it("gives the copy nearest to the middle, also beyond the edges", () => {
    const frame = new DrawingFrame(frameOf(5, 360));
    expect(frame.nearest(355, 50)[0]).toBeCloseTo(300 - 5, 9);
    expect(new DrawingFrame(frameOf(5, null)).nearest(355, 50)[0]).toBeCloseTo(300 + 175, 9);
  });
});

describe("drawings", () => {
  const context = { save: () => undefined, restore: () => undefined } as unknown as CanvasRenderingContext2D;
  const named = (name: string, log: string[], takes: boolean): MapDrawing => ({
    draw: () => log.push(`draw ${name}`),
    cursor: () => (takes ? name : null),
    click: () => takes && log.push(`click ${name}`) > 0,
  });

  it("draw from the first up and are asked from the topmost down", () => {
    const log: string[] = [];
    const drawings = new Drawings();
    drawings.add(named("low", log, true));
    const remove = drawings.add(named("high", log, true));
    drawings.add(named("top", log, false));
    expect(drawings.click(1, 1)).toBe(false);
    drawings.draw(context, frameOf(0, null));
    expect(log).toEqual(["draw low", "draw high", "draw top"]);
    expect(drawings.cursor(1, 1)).toBe("high");
    expect(drawings.click(1, 1)).toBe(true);
    expect(log.at(-1)).toBe("click high");
    remove();
    remove();
    expect(drawings.cursor(1, 1)).toBe("low");
  });

  it("below what the pointer means are told that it has left them", () => {
    const log: string[] = [];
    const drawings = new Drawings();
    drawings.add({ ...named("low", log, true), away: () => log.push("away low") });
    drawings.add(named("high", log, true));
    drawings.draw(context, frameOf(0, null));
    expect(drawings.cursor(1, 1)).toBe("high");
    expect(log.at(-1)).toBe("away low");
  });

  it("write their names over everything, where no other name is", () => {
    const log: string[] = [];
    const drawings = new Drawings();
    for (const name of ["low", "high"])
      drawings.add({
        ...named(name, log, true),
        labels: (_context, _frame, taken) => {
          log.push(`${name} beside ${taken.length}`);
          taken.push({ x: 0, y: 0, w: 1, h: 1 });
        },
      });
    drawings.labels(context, []);
    expect(log).toEqual([]);
    drawings.draw(context, frameOf(0, null));
    drawings.labels(context, []);
    expect(log).toEqual(["draw low", "draw high", "low beside 0", "high beside 1"]);
  });
});
