import { expect, it, vi } from "vitest";
import { api } from "../api/client";
import type { LayerInfo } from "../api/types";
import { syncUrl } from "./address";
import { changeCompare, compareWith } from "./compare";
import { store } from "./store-controller";

vi.mock("../api/client", () => ({ api: { layer: vi.fn() } }));
vi.mock("./histogram", () => ({ equaliseCompared: vi.fn() }));
vi.mock("./layers", () => ({ styleOf: vi.fn(), previousLayer: vi.fn() }));
vi.mock("./address", () => ({ syncUrl: vi.fn() }));

const info = { id: "other" } as LayerInfo;

it("what is changed before the second layer is here is not undone by its coming", async () => {
  let here: (info: LayerInfo) => void = () => undefined;
  vi.mocked(api.layer).mockReturnValueOnce(
    new Promise((resolve) => {
      here = resolve;
    }),
  );
  const coming = compareWith("other", { mode: "blink", shown: 1 });
  changeCompare({ mode: "swipe", swipe: 0.2 });
  here(info);
  await coming;
  expect(store.state.compare).toMatchObject({ id: "other", info, mode: "swipe", swipe: 0.2 });
});

it("an address that is brought back is no new entry of the history", async () => {
  vi.mocked(api.layer).mockResolvedValue(info);
  vi.mocked(syncUrl).mockReset();
  await compareWith("other", {}, "none");
  await compareWith(null, {}, "none");
  expect(syncUrl).not.toHaveBeenCalled();
  await compareWith("other");
  expect(vi.mocked(syncUrl).mock.calls).toEqual([["push"]]);
});
