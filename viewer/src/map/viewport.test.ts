import type OlMap from "ol/Map";
import View from "ol/View";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LayerInfo } from "../api/types";
import { Viewport } from "./viewport";

const info = { shape: [1000, 1000], parity: -1, wrap_period_px: null, coverage: [0, 0, 1000, 1000] } as unknown;

let view: View;
let viewport: Viewport;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => setTimeout(work, 16));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => clearTimeout(id));
  view = new View();
  const map = { getView: () => view, setView: (next: View) => (view = next), getSize: () => [500, 500] };
  viewport = new Viewport(map as unknown as OlMap);
  viewport.install(info as LayerInfo, { x: 500, y: 500, scale: 1 }, [500, 500], false);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const place = () => {
  const { x, y, scale } = viewport.place ?? { x: 0, y: 0, scale: 0 };
  return [x, y, scale].map((value) => Math.round(value * 1000) / 1000);
};

describe("a map that is resized", () => {
  it("stays where it is", () => {
    viewport.look({ x: 200, y: 300, scale: 0.5 }, false);
    viewport.resized();
    expect(place()).toEqual([200, 300, 0.5]);
  });

  it("is where the move under way was going", async () => {
    viewport.look({ x: 200, y: 300, scale: 0.5 }, true);
    await vi.advanceTimersByTimeAsync(30);
    expect(place()).not.toEqual([200, 300, 0.5]);
    viewport.resized();
    expect(place()).toEqual([200, 300, 0.5]);
    viewport.zoomBy(2);
    viewport.resized();
    expect(place()).toEqual([200, 300, 0.25]);
    viewport.panBy(100, 0);
    viewport.resized();
    expect(place()).toEqual([225, 300, 0.25]);
  });

  it("knows nothing of a move that has ended, or that another took over", async () => {
    viewport.look({ x: 200, y: 300, scale: 0.5 }, true);
    await vi.advanceTimersByTimeAsync(500);
    expect(place()).toEqual([200, 300, 0.5]);
    view.animate({ center: [700, 700], duration: 200 });
    viewport.resized();
    expect(place()).toEqual([200, 300, 0.5]);
    viewport.look({ x: 400, y: 400, scale: 0.5 }, true);
    view.cancelAnimations();
    view.animate({ resolution: 2, duration: 200 });
    await vi.advanceTimersByTimeAsync(1);
    viewport.resized();
    expect(place()).toEqual([200, 300, 0.5]);
  });
});
