import { describe, expect, it } from "vitest";
import { DamagedPoints, decodePoints } from "./points";
import { parseExact } from "./sources";

type Column = {
  name: string;
  values: Uint32Array | Float32Array | Float64Array | Uint8Array;
  dtype?: string;
  length?: number;
};

function body(head: object, columns: Column[], cut = 0): ArrayBuffer {
  const dtypes = { Uint32Array: "<u4", Float32Array: "<f4", Float64Array: "<f8", Uint8Array: "|u1" } as Record<
    string,
    string
  >;
  const arrays = columns.map(({ name, values, dtype, length }) => ({
    name,
    dtype: dtype ?? dtypes[values.constructor.name],
    length: length ?? values.length,
  }));
  const text = new TextEncoder().encode(JSON.stringify({ ...head, arrays }));
  const start = Math.ceil((4 + text.length) / 8) * 8;
  const sizes = columns.map(({ values }) => Math.ceil(values.byteLength / 8) * 8);
  const bytes = new Uint8Array(start + sizes.reduce((a, b) => a + b, 0)).fill(32, 4, start);
  new DataView(bytes.buffer).setUint32(0, start - 4, true);
  bytes.set(text, 4);
  let at = start;
  columns.forEach(({ values }, k) => {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += sizes[k];
  });
  return bytes.buffer.slice(0, bytes.length - cut);
}

const three = (): Column[] => [
  { name: "row", values: Uint32Array.of(7, 0, 4_294_967_295) },
  { name: "x", values: Float64Array.of(1.5, -2, 1e9) },
  { name: "y", values: Float64Array.of(0, 1, 2) },
  { name: "ra", values: Float64Array.of(10, 20, 359.99999999) },
  { name: "dec", values: Float64Array.of(-90, 0, 90) },
  { name: "size", values: Float32Array.of(1, Number.NaN, 3) },
];
const head = { total: 12, count: 3, complete: false, version: "v1" };

describe("points", () => {
  it("are read as they were written, whatever their number", () => {
    const points = decodePoints(body(head, three()));
    expect(points).toMatchObject({ total: 12, count: 3, complete: false, version: "v1", color: null });
    expect([...points.row]).toEqual([7, 0, 4_294_967_295]);
    expect([...(points.x ?? [])]).toEqual([1.5, -2, 1e9]);
    expect(points.ra[2]).toBe(359.99999999);
    expect([...(points.size ?? [])]).toEqual([1, Number.NaN, 3]);
  });

  it("may be none", () => {
    const none = three().map(({ name, values }) => ({ name, values: values.slice(0, 0) }));
    expect(decodePoints(body({ ...head, total: 0, count: 0, complete: true }, none)).count).toBe(0);
  });

  const window = { nx: 3, ny: 2, x0: -0.5, y0: 0, x1: 2.5, y1: 2, low: 1, high: 8 };
  const grades = { name: "density", values: Uint8Array.of(0, 1, 2, 3, 4, 255) };
  const none = () => three().map(({ name, values }) => ({ name, values: values.slice(0, 0) }));

  it("come with the density of what is too much to be sent", () => {
    const { density, count } = decodePoints(body({ ...head, count: 0, density: window }, [...none(), grades]));
    expect(count).toBe(0);
    expect(density).toEqual({ ...window, grades: grades.values });
    expect(decodePoints(body(head, three())).density).toBeNull();
  });

  it.each([
    ["grades that are missing", window, none()],
    ["too few grades", { ...window, ny: 3 }, [...none(), grades]],
    ["a size beyond measure", { ...window, nx: 1e9 }, [...none(), grades]],
    ["edges that are missing", { ...window, x1: undefined }, [...none(), grades]],
    ["no window", null, [...none(), grades]],
  ])("with a density are refused for %s", (_, density, columns) => {
    expect(() => decodePoints(body({ ...head, count: 0, density }, columns))).toThrow(DamagedPoints);
  });

  it("of very large catalogs have numbers of rows beyond 32 bits", () => {
    const large = three().map((column) =>
      column.name === "row" ? { name: "row", values: Float64Array.of(1, 2 ** 40, 2 ** 52) } : column,
    );
    expect([...decodePoints(body(head, large)).row]).toEqual([1, 2 ** 40, 2 ** 52]);
  });

  it("leave unknown arrays aside", () => {
    const more = [...three(), { name: "__proto__", values: Float32Array.of(1, 2, 3) }];
    expect(decodePoints(body(head, more)).count).toBe(3);
  });

  const without = (name: string) => three().filter((column) => column.name !== name);
  const changed = (name: string, patch: Partial<Column>) =>
    three().map((column) => (column.name === name ? { ...column, ...patch } : column));
  it.each([
    ["no row", body(head, without("row")), "row is missing"],
    ["no ra", body(head, without("ra")), "ra is missing"],
    ["x without y", body(head, without("y")), "half"],
    ["another type", body(head, changed("ra", { dtype: "<f4" })), "another type"],
    ["an unknown type", body(head, changed("ra", { dtype: "<i8" })), "unknown type"],
    ["a type of the language", body(head, changed("ra", { dtype: "constructor" })), "unknown type"],
    ["too long", body(head, changed("size", { length: 4 })), "another length"],
    ["another count", body({ ...head, count: 4 }, three()), "another length"],
    ["a count beyond all", body({ ...head, count: 1e9 }, three()), "says too little"],
    ["a count that is none", body({ ...head, count: -1 }, three()), "says too little"],
    ["no version", body({ ...head, version: undefined }, three()), "says too little"],
    ["nothing", new ArrayBuffer(0), "no head"],
    ["a long head", Uint8Array.of(255, 255, 255, 127).buffer, "cut off"],
    ["a head that is no JSON", Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4).buffer, "cannot be read"],
    ["a head not aligned", Uint8Array.of(2, 0, 0, 0, 123, 125, 0, 0).buffer, "aligned"],
    ["a head of null", Uint8Array.of(4, 0, 0, 0, 110, 117, 108, 108).buffer, "says too little"],
  ])("are refused with %s", (_, bytes, words) => {
    expect(() => decodePoints(bytes as ArrayBuffer)).toThrow(DamagedPoints);
    expect(() => decodePoints(bytes as ArrayBuffer)).toThrow(words);
  });

  it("are refused wherever they are cut off", () => {
    const whole = body(head, three());
    // The last array ends with four bytes of padding that mean nothing.
    for (let length = 0; length < whole.byteLength - 4; length++) {
      expect(() => decodePoints(whole.slice(0, length))).toThrow(DamagedPoints);
    }
  });
});

describe("parseExact", () => {
  it("keeps integers that no number holds", () => {
    const text =
      '{"a": 1000000000000000001, "b": [9007199254740993, -9007199254740993], "c": 12, "d": 1e300, "e": "9007199254740993"}';
    expect(parseExact(text)).toEqual({
      a: "1000000000000000001",
      b: ["9007199254740993", "-9007199254740993"],
      c: 12,
      d: 1e300,
      e: "9007199254740993",
    });
  });
});
