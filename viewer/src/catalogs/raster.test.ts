import { describe, expect, it } from "vitest";
import { bitsOf, over, Raster } from "./raster";

const rgba = (r: number, g: number, b: number, a: number) => (a << 24) | (b << 16) | (g << 8) | r;
const parts = (word: number) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24];

describe("laying colours over each other", () => {
  it("keeps what is whole, and what lies on nothing", () => {
    expect(over(rgba(1, 2, 3, 255), rgba(9, 9, 9, 255))).toBe(rgba(1, 2, 3, 255));
    expect(over(rgba(1, 2, 3, 77), 0)).toBe(rgba(1, 2, 3, 77));
  });

  it.each([
    [rgba(200, 100, 50, 128), rgba(20, 40, 80, 255)],
    [rgba(255, 255, 255, 10), rgba(0, 0, 0, 255)],
    [rgba(0, 255, 0, 249), rgba(255, 0, 255, 255)],
    [rgba(10, 200, 30, 90), rgba(250, 20, 240, 120)],
  ])("mixes by Porter and Duff", (top, under) => {
    const [tr, tg, tb, ta] = parts(top);
    const [ur, ug, ub, ua] = parts(under);
    const alpha = ta / 255 + (ua / 255) * (1 - ta / 255);
    const mix = (t: number, u: number) => ((t * ta) / 255 + ((u * ua) / 255) * (1 - ta / 255)) / alpha;
    const wanted = [mix(tr, ur), mix(tg, ug), mix(tb, ub), 255 * alpha];
    parts(over(top, under)).forEach((part, k) => {
      expect(Math.abs(part - wanted[k])).toBeLessThanOrEqual(2);
    });
  });
});

describe("Raster", () => {
  const pixels = new Uint8ClampedArray(4 * 9);
  for (const k of [1, 3, 4, 5, 7]) pixels.set([10 * k, 0, 0, 255], 4 * k);
  const plus = bitsOf(pixels, 3);

  it("writes the pixels that are not empty", () => {
    const raster = new Raster();
    raster.begin(8, 6);
    raster.stamp(plus, 2, 1);
    const written = [...raster.words.entries()]
      .filter(([, word]) => word !== 0)
      .map(([at]) => [at % 8, Math.floor(at / 8)]);
    expect(written).toEqual([
      [3, 1],
      [2, 2],
      [3, 2],
      [4, 2],
      [3, 3],
    ]);
    expect(parts(raster.words[2 * 8 + 3])).toEqual([40, 0, 0, 255]);
  });

  it.each([
    [-1, -1, 3],
    [6, 4, 3],
    [-3, 0, 0],
    [8, 6, 0],
  ])("cuts off what lies outside: at %i, %i", (left, top, count) => {
    const raster = new Raster();
    raster.begin(8, 6);
    raster.stamp(plus, left, top);
    expect(raster.words.filter((word) => word !== 0)).toHaveLength(count);
  });

  it("starts empty again, also with another width", () => {
    const raster = new Raster();
    raster.begin(8, 6);
    raster.stamp(plus, 2, 1);
    raster.begin(8, 6);
    expect(raster.words.some((word) => word !== 0)).toBe(false);
    raster.begin(12, 6);
    raster.stamp(plus, 2, 1);
    expect(raster.words[12 + 3]).not.toBe(0);
    expect(raster.words[8 + 3]).toBe(0);
  });
});
