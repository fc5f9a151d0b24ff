import { expect, it, vi } from "vitest";
import { api } from "../api/client";
import type { LayerInfo } from "../api/types";
import type { SkyMapApi } from "../map/types";
import { openLayer } from "./layers";
import { session } from "./session";
import { store } from "./store-controller";

vi.mock("../api/client", async (original) => ({
  ...(await original<typeof import("../api/client")>()),
  api: { layer: vi.fn() },
}));
vi.mock("./histogram", () => ({
  forgetHistogram: vi.fn(),
  loadHistogram: vi.fn(),
  refreshEqualisation: vi.fn(),
  showRange: vi.fn(),
}));
vi.mock("./address", () => ({ syncUrl: vi.fn() }));
vi.mock("../panels/histogram-math", () => ({ defaultRange: () => [0, 1] }));
vi.stubGlobal("document", {});

const info = (id: string) => ({ id, path: [id], name: id, center: null }) as unknown as LayerInfo;
const calls = () => vi.mocked(api.layer).mock.calls.map(([id]) => id);

it("a layer that had begun to be shown is opened again where the next is refused, and once only", async () => {
  let shown: () => void = () => undefined;
  const setLayer = vi.fn(
    () =>
      new Promise<void>((resolve) => {
        shown = resolve;
      }),
  );
  session.map = { setLayer, setStyle: vi.fn() } as unknown as SkyMapApi;
  vi.mocked(api.layer).mockResolvedValueOnce(info("a"));
  const first = openLayer("a");
  await vi.waitFor(() => expect(setLayer).toHaveBeenCalledOnce());
  const away = () => new Promise<never>((_, reject) => setTimeout(() => reject(new Error("away")), 1));
  vi.mocked(api.layer).mockImplementation(away);
  expect(await openLayer("b")).toBe(false);
  shown();
  await first;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(calls()).toEqual(["a", "b", "a"]);
  expect(store.state).toMatchObject({ layerId: "a", layerBusy: false });
});
