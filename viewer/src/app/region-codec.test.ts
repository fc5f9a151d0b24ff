import { describe, expect, it } from "vitest";
import { makeRange, type Region } from "../sky/regions";
import { decodeBoxes, decodeCircles, encodeBoxes, encodeCircles, MOST_BOXES, type NamedRegion } from "./region-codec";
import { decodeUrl, encodeUrl } from "./url";

/** A small generator, the same at every run (Numerical Recipes). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const boxes: NamedRegion[] = [
  { region: makeRange(350, 370, -5, 5), name: "" },
  { region: makeRange(0, 360, 80, 90), name: "Cap: north_pole, 100 % ~ (é)" },
  {
    region: {
      kind: "polygon",
      corners: [
        [1.25, 2],
        [3, 4.0000001],
        [359.5, -60],
      ],
    },
    name: "Tri",
  },
  { region: { kind: "pixels", layer: "f090_I@3,1", x0: -4, y0: 0, x1: 10, y1: 12 }, name: "x" },
];

describe("boxes in the address", () => {
  it("come back as they went, through the whole address too", () => {
    expect(decodeBoxes(encodeBoxes(boxes))).toEqual(boxes);
    const state = { ...decodeUrl("layer=a"), extra: { boxes: encodeBoxes(boxes) } };
    expect(decodeBoxes(decodeUrl(encodeUrl(state)).extra.boxes)).toEqual(boxes);
    expect(encodeBoxes(boxes.slice(0, 1))).toBe("r,350,10,-5,5");
  });

  it.each([
    "",
    "_",
    "r,1,2,3",
    "r,1,2,3,4,5",
    "r,a,2,3,4",
    "r,1,2,-91,4",
    "r,1e400,2,3,4",
    "p,1,2,3,4",
    "p,1,2,3,4,5",
    "p,,,,,,",
    "x,,0,0,1,1",
    "x,l,0,0,0,1",
    "x,l,0.5,0,3,1",
    "x,%E0%A4%A,0,0,1,1",
    "c,1,2,3",
    "q,1,2",
  ])("%j is none", (text) => {
    expect(decodeBoxes(text)).toEqual([]);
  });

  it("are not more than can be drawn", () => {
    expect(decodeBoxes(Array(500).fill("r,1,2,3,4").join("_"))).toHaveLength(MOST_BOXES);
  });

  it("reading never fails, and what was read is written the same", () => {
    const random = generator(7);
    const letters = "rpxc,,,,___::%-.0123456789e+é";
    for (let k = 0; k < 4000; k++) {
      const text = Array.from({ length: random() * 60 }, () => letters[Math.floor(random() * letters.length)]).join("");
      const found = decodeBoxes(text);
      expect(decodeBoxes(encodeBoxes(found))).toEqual(decodeBoxes(encodeBoxes(decodeBoxes(encodeBoxes(found)))));
      decodeCircles(text);
    }
  });

  it("any box survives", () => {
    const random = generator(3);
    for (let k = 0; k < 500; k++) {
      const region: Region = makeRange(random() * 360, random() * 360, random() * 180 - 90, random() * 180 - 90);
      const [back] = decodeBoxes(encodeBoxes([{ region, name: "" }]));
      if (back.region.kind !== "range" || region.kind !== "range") throw new Error("no range");
      expect(back.region.dec0).toBeCloseTo(region.dec0, 6);
      expect(back.region.ra0).toBeCloseTo(region.ra0, 6);
    }
  });
});

describe("circles in the address", () => {
  const circles = [
    { ra: 10, dec: -20.5, radius: 0.0125, name: "" },
    { ra: 359.9999999, dec: 90, radius: 90, name: "c,1_2" },
  ];

  it("come back as they went", () => {
    expect(encodeCircles(circles.slice(0, 1))).toBe("10,-20.5,0.0125");
    expect(decodeCircles(encodeCircles(circles))).toEqual(circles);
  });

  it.each(["", "1,2", "1,2,0", "1,2,-3", "1,91,1", "1,2,91", "a,b,c", "1,2,3,4"])("%j is none", (text) => {
    expect(decodeCircles(text)).toEqual([]);
  });
});
