import { expect, it, vi } from "vitest";
import type { CatalogLayer } from "../catalogs/layer";
import { catalogs } from "../catalogs/store";
import type { SkyMapApi } from "../map/types";
import { toggleCatalog } from "./catalogs";
import { session } from "./session";

const looked: string[][] = [];

vi.mock("../catalogs/layer", () => ({
  CatalogLayer: class implements Pick<CatalogLayer, "look"> {
    look = () => void looked.push(catalogs.state.shown.map(({ id }) => id));
  },
}));
vi.mock("../api/sources", () => ({ sources: { info: () => new Promise(() => undefined) } }));
vi.mock("./address", () => ({ addUrlPart: () => undefined, syncUrl: () => undefined }));

it("a catalog that is switched off takes along what was fetched for it, before it can be switched on again", () => {
  const nothing = () => undefined;
  session.map = { addDrawing: nothing, addEventListener: nothing, redraw: nothing } as unknown as SkyMapApi;
  toggleCatalog("a");
  toggleCatalog("b");
  toggleCatalog("a");
  expect(looked).toEqual([["b"]]);
});
