import { describe, expect, it, vi } from "vitest";
import type { LayerInfo } from "../api/types";
import type { Region } from "../sky/regions";
import { Outlines } from "./outlines";

const info = { id: "map@2", version: "1", pixel_scale_deg: 0.1 } as LayerInfo;
const circle = (ra: number): Region => ({ kind: "circle", ra, dec: 0, radius: 1 });
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe("outlines", () => {
  it("are asked for once, two at a time, and shared by the slices of a cube", async () => {
    const asked: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ask = async (id: string, region: Region) => {
      asked.push(`${id} ${region.kind === "circle" && region.ra}`);
      await gate;
      return { lines: [[[1, 2]] as [number, number][]], inside: true };
    };
    const changed = vi.fn();
    const outlines = new Outlines(changed, ask);
    for (const ra of [1, 2, 3]) expect(outlines.lines(info, circle(ra))).toBeNull();
    outlines.lines(info, circle(1));
    await settle();
    expect(asked).toEqual(["map@2 1", "map@2 2"]);
    release();
    await settle();
    expect(asked).toHaveLength(3);
    expect(changed).toHaveBeenCalled();
    expect(outlines.lines({ ...info, id: "map@3" }, circle(3))).toEqual([[[1, 2]]]);
    expect(asked).toHaveLength(3);
    outlines.lines({ ...info, version: "2" }, circle(3));
    expect(asked).toHaveLength(4);
  });

  it("use what was traced until the server has answered, and ask for nothing while it is dragged", async () => {
    const ask = vi.fn(() => Promise.resolve({ lines: [[[5, 5]] as [number, number][]], inside: true }));
    const outlines = new Outlines(() => undefined, ask);
    outlines.provide(info, circle(1), [[[4, 4]]]);
    expect(outlines.lines(info, circle(1), true)).toEqual([[[4, 4]]]);
    expect(ask).not.toHaveBeenCalled();
    expect(outlines.lines(info, circle(1))).toEqual([[[4, 4]]]);
    await settle();
    expect(outlines.lines(info, circle(1))).toEqual([[[5, 5]]]);
    outlines.provide(info, circle(1), [[[4, 4]]]);
    expect(outlines.lines(info, circle(1))).toEqual([[[5, 5]]]);
  });

  it("are not asked for again at once after a failure", async () => {
    const ask = vi.fn(() => Promise.reject(new Error("no")));
    const outlines = new Outlines(() => undefined, ask);
    outlines.lines(info, circle(1));
    await settle();
    expect(outlines.lines(info, circle(1))).toEqual([]);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it("of pixels are there at once, in their own layer only", () => {
    const ask = vi.fn();
    const outlines = new Outlines(() => undefined, ask);
    const region: Region = { kind: "pixels", layer: "map", x0: 0, y0: 0, x1: 2, y1: 3 };
    expect(outlines.lines(info, region)?.[0]).toContainEqual([1.5, 2.5]);
    expect(outlines.lines({ ...info, id: "other" }, region)).toEqual([]);
    expect(outlines.lines({ ...info, pixel_scale_deg: null }, circle(1))).toEqual([]);
    expect(ask).not.toHaveBeenCalled();
  });
});
