import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LayerInfo } from "../api/types";
import { addUrlPart, extraOf, flushUrl, restoreParts, syncUrl, syncUrlOnArrival, withoutUrl } from "./address";
import { store } from "./store-controller";

const QUIET_MS = 250;
let entries: string[] = [];
let circles = "";

const seen = () => entries.map((search) => new URLSearchParams(search).get("x"));

function look(x: number): void {
  store.set({ view: { x, y: 1, scale: 1, ra: null, dec: null, fov_deg: null } });
}

function move(x: number): void {
  look(x);
  syncUrl("replace");
}

beforeEach(() => {
  vi.useFakeTimers();
  entries = ["?before"];
  circles = "";
  const location = {
    pathname: "/",
    hash: "",
    get search() {
      return entries[entries.length - 1];
    },
    get href() {
      return `http://here/${entries[entries.length - 1]}`;
    },
  };
  const search = (address: string) => address.slice(1);
  vi.stubGlobal("location", location);
  vi.stubGlobal("history", {
    pushState: (_: null, __: string, address: string) => entries.push(search(address)),
    replaceState: (_: null, __: string, address: string) => entries.splice(-1, 1, search(address)),
  });
  store.set({ info: {} as LayerInfo, layerId: "field", layerBusy: false });
  move(0);
  vi.advanceTimersByTime(QUIET_MS);
});

afterEach(() => {
  vi.advanceTimersByTime(QUIET_MS);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the address", () => {
  it("is written in place once the view rests", () => {
    for (let x = 1; x < 9; x++) {
      move(x);
      vi.advanceTimersByTime(QUIET_MS - 1);
    }
    expect(seen()).toEqual(["0"]);
    vi.advanceTimersByTime(1);
    expect(seen()).toEqual(["8"]);
  });

  it("of an entry that is left says where its view was", () => {
    move(1);
    look(2);
    syncUrl("push");
    expect(seen()).toEqual(["1", "2"]);
  });

  it("has a new entry on arrival, however late the map tells of it", () => {
    syncUrlOnArrival();
    vi.advanceTimersByTime(2 * QUIET_MS);
    move(5);
    vi.advanceTimersByTime(QUIET_MS);
    expect(seen()).toEqual(["0", "5"]);
  });

  it("has an entry for each of two places in quick succession", () => {
    syncUrlOnArrival();
    move(5);
    syncUrlOnArrival();
    move(6);
    vi.advanceTimersByTime(QUIET_MS);
    expect(seen()).toEqual(["0", "5", "6"]);
  });

  it("waits for a layer that is on its way, and has one entry for what is done meanwhile", () => {
    store.set({ layerBusy: true });
    look(3);
    syncUrl("push");
    vi.advanceTimersByTime(4 * QUIET_MS);
    expect(flushUrl()).toContain("x=0");
    store.set({ layerBusy: false });
    vi.advanceTimersByTime(QUIET_MS);
    expect(seen()).toEqual(["0", "3"]);
  });

  it("is left alone while one is brought back", async () => {
    move(1);
    await withoutUrl(async () => {
      move(2);
      vi.advanceTimersByTime(QUIET_MS);
      expect(seen()).toEqual(["0"]);
    });
    vi.advanceTimersByTime(QUIET_MS);
    expect(seen()).toEqual(["2"]);
  });
});

describe("a part that somebody changes while an address is brought back", () => {
  addUrlPart("circles", {
    read: () => circles,
    restore: (text) => {
      circles = text;
    },
  });

  it("keeps the change, as a new entry", async () => {
    const before = extraOf();
    await withoutUrl(async () => {
      circles = "mine";
      syncUrl("push");
      await restoreParts({ circles: "wanted" }, before);
    });
    vi.advanceTimersByTime(QUIET_MS);
    expect(circles).toBe("mine");
    expect(entries.map((search) => new URLSearchParams(search).get("circles"))).toEqual([null, "mine"]);
  });

  it("is brought back where the change was none of anybody's", async () => {
    const before = extraOf();
    await withoutUrl(async () => {
      circles = "of itself";
      await restoreParts({ circles: "wanted" }, before);
    });
    expect(circles).toBe("wanted");
  });
});
