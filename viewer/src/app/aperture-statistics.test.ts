import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aperture as ask } from "../api/regions";
import type { LayerInfo } from "../api/types";
import { startStatistics } from "./aperture-statistics";
import { addAperture, apertures } from "./apertures";
import { store } from "./store-controller";

vi.mock("../api/regions", () => ({ aperture: vi.fn() }));
vi.mock("./address", () => ({ addUrlPart: () => undefined, syncUrl: () => undefined }));

const layer = (id: string) => ({ id, version: "1", pixel_scale_deg: 0.1 }) as LayerInfo;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("numbers of an aperture", () => {
  it("come again for a layer that one has left before they were taken", async () => {
    const slow = new Promise<never>(() => undefined);
    vi.mocked(ask).mockImplementation((id) => (id === "b" ? slow : Promise.resolve({ mean: 1 } as never)));
    store.set({ info: layer("a") });
    const id = addAperture({ ra: 1, dec: 2, radius: 0.1 }) ?? "";
    const measured = () => apertures.state.measured.get(id);
    startStatistics();
    await vi.advanceTimersByTimeAsync(250);
    expect(measured()).toMatchObject({ busy: false, data: { mean: 1 } });
    store.set({ info: layer("b") });
    await vi.advanceTimersByTimeAsync(250);
    expect(measured()).toMatchObject({ busy: true, data: { mean: 1 } });
    store.set({ info: layer("a") });
    await vi.advanceTimersByTimeAsync(250);
    expect(measured()).toMatchObject({ busy: false, data: { mean: 1 } });
  });
});
