import { describe, expect, it } from "vitest";
import { decodeUrl, encodeUrl, joinLayerId, STRETCHES, splitLayerId, type UrlState } from "./url";

/** A generator of the same numbers each time. */
function generator(seed: number): () => number {
  let s = seed;
  return () => {
    s = (s * 16807) % 2147483647;
    return s / 2147483647;
  };
}

function anyState(random: () => number): UrlState {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const figures = (value: number, digits: number) => Number(value.toPrecision(digits));
  const fixed = (value: number, decimals: number) => Number(value.toFixed(decimals));
  const vmin = figures((random() - 0.5) * 10 ** Math.floor(random() * 20 - 10), 8);
  const sky = random() < 0.5;
  return {
    layer: pick(["u_gal", "a b&c=d", "cube-µK", "x/y?z#1"]),
    slice: pick([undefined, [3], [1, 0, 2]]),
    view: sky
      ? { ra: fixed(random() * 360, 8), dec: fixed(random() * 180 - 90, 8), fov: figures(random() * 300 + 1e-6, 6) }
      : { x: fixed(random() * 40000, 3), y: fixed(random() * 9999, 3), scale: figures(random() * 64 + 1e-4, 6) },
    style: {
      vmin,
      vmax: figures(vmin + Math.abs(vmin) * (random() + 0.01) + 1e-12, 8),
      stretch: pick(STRETCHES),
      cmap: pick(["viridis", "RdBu_r", "gray"]),
      ...(random() < 0.5 ? { gamma: figures(0.1 + random() * 9, 3) } : {}),
      ...(random() < 0.5 ? { invert: true } : {}),
      ...(random() < 0.5 ? { absolute: true } : {}),
    },
    compare:
      random() < 0.5
        ? { id: "other&layer", mode: pick(["opacity", "blink", "swipe"] as const), mix: figures(random(), 3) }
        : undefined,
    overlays: {
      ...(random() < 0.5 ? { frame: "galactic" as const } : {}),
      ...(random() < 0.5 ? { raConvention: "±180" as const } : {}),
      ...(random() < 0.5 ? { raHours: true } : {}),
      ...(random() < 0.5 ? { graticule: false, reticle: true } : {}),
    },
    mirror: random() < 0.5,
    extra: random() < 0.5 ? { boxes: "1,2,3", catalogs: "stars" } : {},
  };
}

describe("the address", () => {
  it("brings back every state it was made of", () => {
    const random = generator(11);
    for (let round = 0; round < 500; round++) {
      const state = anyState(random);
      if (state.style.gamma === 1) delete state.style.gamma;
      expect(decodeUrl(`?${encodeUrl(state)}`)).toEqual(state);
    }
  });

  it("is stable: writing what was read changes nothing", () => {
    const random = generator(5);
    for (let round = 0; round < 200; round++) {
      const query = encodeUrl(anyState(random));
      expect(encodeUrl(decodeUrl(query))).toBe(query);
    }
  });

  it("with nonsense in it is read as if the nonsense were not there", () => {
    const nonsense =
      "?min=abc&max=5&gamma=-1&stretch=cubic&cmap=<script>&ra=NaN&dec=1&x=1e999&y=2&slice=-1&mode=dance&frame=supergalactic" +
      "&grid=maybe&mirror=yes&%E0%A4%A=1&fov=";
    const state = decodeUrl(nonsense);
    expect(state).toEqual({
      layer: undefined,
      slice: undefined,
      view: {},
      style: {},
      compare: undefined,
      overlays: {},
      mirror: false,
      extra: {},
    });
  });

  it("takes no empty or turned-round range", () => {
    expect(decodeUrl("?min=5&max=5").style).toEqual({});
    expect(decodeUrl("?min=5&max=1").style).toEqual({});
    expect(decodeUrl("?max=1").style).toEqual({});
  });

  it("never throws", () => {
    const random = generator(3);
    const alphabet = "layerminmaxradec=&%@,.-+0123456789é\u0000?#";
    for (let round = 0; round < 1000; round++) {
      const text = Array.from({ length: 40 }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
      expect(decodeUrl(text).view).toBeDefined();
    }
  });
});

describe("layer ids", () => {
  it("split into base and slice", () => {
    expect(splitLayerId("u_gal")).toEqual({ base: "u_gal", slice: [] });
    expect(splitLayerId("cube@3,1")).toEqual({ base: "cube", slice: [3, 1] });
    expect(splitLayerId("a@b@2")).toEqual({ base: "a@b", slice: [2] });
    expect(joinLayerId("cube", [3, 1])).toBe("cube@3,1");
    expect(joinLayerId("cube", [0])).toBe("cube");
  });
});
