import { describe, expect, it, vi } from "vitest";
import type { Points } from "../api/points";
import { type Answer, askedBox, type Box, type FeedWish, onPlane, PointsFeed, serves } from "./feed";

const flat = { nx: 1000, ny: 800, period: null };
const round = { nx: 360, ny: 180, period: 360 };
const box = (x0: number, x1: number, y0: number, y1: number): Box => ({ x0, x1, y0, y1 });
const points = (complete: boolean): Points => ({
  total: 2,
  count: 1,
  complete,
  version: "v",
  row: new Uint32Array(1),
  ra: new Float64Array(1),
  dec: new Float64Array(1),
  x: new Float64Array(1),
  y: new Float64Array(1),
  size: null,
  color: null,
  density: null,
});
const answer = (asked: Box, complete: boolean, width: number): Answer => ({
  box: asked,
  width,
  points: points(complete),
});

describe("what a view needs", () => {
  it("is the part of the plane, none beside it", () => {
    expect(onPlane(box(-100, 300, 700, 900), flat)).toEqual(box(-0.5, 300, 700, 799.5));
    expect(onPlane(box(2000, 2100, 0, 10), flat)).toBeNull();
    expect(onPlane(box(0, 10, 900, 950), flat)).toBeNull();
  });

  it("wraps with the plane", () => {
    expect(onPlane(box(710, 730, 10, 20), round)).toEqual(box(-10, 10, 10, 20));
    expect(onPlane(box(-500, 500, 10, 20), round)).toEqual(box(-0.5, 359.5, 10, 20));
  });

  it("has a margin, within the plane", () => {
    expect(askedBox(box(100, 200, 100, 200), flat)).toEqual(box(75, 225, 75, 225));
    expect(askedBox(box(0, 100, 700, 799.5), flat)).toEqual(box(-0.5, 125, 675.125, 799.5));
    expect(askedBox(box(-10, 10, 10, 20), round)).toEqual(box(-15, 15, 7.5, 22.5));
    expect(askedBox(box(0, 300, 10, 20), round)).toEqual(box(-0.5, 359.5, 7.5, 22.5));
  });
});

describe("what an answer serves", () => {
  it("is every view in it when it is complete", () => {
    const whole = answer(box(0, 100, 0, 100), true, 60);
    expect(serves(whole, box(10, 20, 10, 20), null)).toBe(true);
    expect(serves(whole, box(90, 110, 10, 20), null)).toBe(false);
  });

  it("is only views as wide when it is a choice", () => {
    const choice = answer(box(0, 100, 0, 100), false, 60);
    expect(serves(choice, box(20, 75, 10, 60), null)).toBe(true);
    expect(serves(choice, box(20, 50, 10, 40), null)).toBe(false);
  });

  it("reaches round the circle", () => {
    const seam = answer(box(-20, 20, 0, 100), true, 30);
    expect(serves(seam, box(345, 355, 10, 20), 360)).toBe(true);
    expect(serves(seam, box(335, 345, 10, 20), 360)).toBe(false);
    expect(serves(answer(box(-0.5, 359.5, 0, 100), true, 360), box(-100, 100, 0, 50), 360)).toBe(true);
  });
});

describe("PointsFeed", () => {
  const made = () => {
    const asked: { box: Box; signal: AbortSignal; answer(complete: boolean): void; fail(error: unknown): void }[] = [];
    const failed = vi.fn();
    const said: boolean[] = [];
    const feed = new PointsFeed(() => said.push(feed.busy), failed);
    const look = (view: Box, key = "k", keep = true) => {
      const ask: FeedWish["ask"] = (wanted, signal) =>
        new Promise((resolve, reject) => {
          asked.push({ box: wanted, signal, answer: (complete) => resolve(points(complete)), fail: reject });
        });
      feed.look({ key, view, plane: flat, ask }, keep);
    };
    return { asked, failed, feed, look, said };
  };
  const settled = () => new Promise((resolve) => setTimeout(resolve));

  it("asks for nothing within a complete answer, and keeps older ones", async () => {
    const { asked, feed, look } = made();
    look(box(100, 200, 100, 200));
    look(box(100, 200, 100, 200));
    expect(asked).toHaveLength(1);
    asked[0].answer(true);
    await settled();
    look(box(110, 120, 110, 120));
    expect(asked).toHaveLength(1);
    const first = feed.current;
    look(box(600, 700, 100, 200));
    expect(feed.current).toBe(first);
    asked[1].answer(true);
    await settled();
    look(box(100, 200, 100, 200));
    expect(asked).toHaveLength(2);
    expect(feed.current).toBe(first);
  });

  it("takes back what is no longer wanted", async () => {
    const { asked, feed, look } = made();
    look(box(100, 200, 100, 200));
    look(box(600, 700, 100, 200));
    expect(asked[0].signal.aborted).toBe(true);
    asked[0].answer(true);
    asked[1].answer(false);
    await settled();
    expect(feed.current?.box).toEqual(asked[1].box);
    look(box(640, 660, 140, 160));
    expect(asked).toHaveLength(3);
  });

  it("keeps the old sources under a new question until the answer is here", async () => {
    const { asked, feed, look } = made();
    look(box(100, 200, 100, 200));
    asked[0].answer(true);
    await settled();
    look(box(100, 200, 100, 200), "other");
    expect(feed.current).not.toBeNull();
    expect(asked).toHaveLength(2);
    look(box(100, 200, 100, 200), "third", false);
    expect(feed.current).toBeNull();
  });

  it("says that it is done when what it waits for is not wanted any more", async () => {
    const { asked, feed, look, said } = made();
    look(box(100, 200, 100, 200));
    asked[0].answer(true);
    await settled();
    look(box(600, 700, 100, 200));
    expect(said.at(-1)).toBe(true);
    look(box(100, 200, 100, 200));
    expect(said.at(-1)).toBe(false);
    look(box(600, 700, 100, 200));
    look(box(2000, 2100, 100, 200));
    expect(said.at(-1)).toBe(false);
    expect(feed.busy).toBe(false);
  });

  it("says after a failure that the view is served again", async () => {
    const { asked, look, said } = made();
    look(box(100, 200, 100, 200));
    asked[0].answer(true);
    await settled();
    look(box(600, 700, 100, 200));
    asked[1].fail(new Error("no"));
    await settled();
    const before = said.length;
    look(box(100, 200, 100, 200));
    look(box(100, 200, 100, 200));
    expect(said.slice(before)).toEqual([false]);
  });

  it("tells of failures, and asks again", async () => {
    const { asked, failed, look } = made();
    look(box(100, 200, 100, 200));
    asked[0].fail(new Error("no"));
    await settled();
    expect(failed).toHaveBeenCalledOnce();
    look(box(100, 200, 100, 200));
    expect(asked).toHaveLength(2);
  });
});
