import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LayerInfo } from "../api/types";
import { goToSlice, stepSlice, togglePlay } from "./cube";
import { openSlice } from "./layers";
import { store } from "./store-controller";

vi.mock("./layers", () => ({ openSlice: vi.fn() }));

const opened = () => vi.mocked(openSlice).mock.calls.map(([slice]) => slice[0]);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => setTimeout(work, 16));
  const info = { id: "cube", cube: { base: "cube", axes: [{ length: 9 }] } } as unknown as LayerInfo;
  store.set({ info, layerId: "cube", playback: { playing: false, reverse: false, rate: 4, axis: 0 } });
  vi.mocked(openSlice).mockReset();
  vi.mocked(openSlice).mockImplementation(async (slice) => {
    store.set({ layerId: slice[0] ? `cube@${slice[0]}` : "cube" });
    return true;
  });
});

afterEach(() => {
  if (store.state.playback.playing) togglePlay();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("playing a cube", () => {
  it("shows as many slices as asked for", async () => {
    togglePlay();
    await vi.advanceTimersByTimeAsync(1100);
    expect(opened()).toEqual([1, 2, 3, 4, 5]);
  });

  it("leaves another layer alone that is on its way", async () => {
    togglePlay();
    await vi.advanceTimersByTimeAsync(100);
    store.set({ layerId: "other" });
    await vi.advanceTimersByTimeAsync(1000);
    await stepSlice(1);
    await goToSlice(0, 3);
    expect(opened()).toEqual([1]);
    store.set({ layerId: "cube@1" });
    await vi.advanceTimersByTimeAsync(250);
    expect(opened()).toEqual([1, 2]);
  });

  it("goes on once only where it is stopped and started while a slice is on its way", async () => {
    togglePlay();
    togglePlay();
    togglePlay();
    await vi.advanceTimersByTimeAsync(1100);
    expect(opened()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("turns round without a second loop", async () => {
    togglePlay();
    togglePlay(true);
    await vi.advanceTimersByTimeAsync(600);
    expect(opened()).toEqual([1, 0, 8, 7]);
  });

  it("does no step more once the layer has changed", async () => {
    togglePlay();
    await vi.advanceTimersByTimeAsync(100);
    store.set({ playback: { ...store.state.playback, playing: false } });
    await vi.advanceTimersByTimeAsync(1000);
    expect(opened()).toEqual([1]);
  });
});
