import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { decodeTile, readHeader, TileFormatError } from "./decode";

const FOLDER = fileURLToPath(new URL("../../../tests/vectors/q16/", import.meta.url));
const SIDE = 16;

function bytes(name: string): ArrayBuffer {
  const file = readFileSync(FOLDER + name);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
}

function named(suffix: string): string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith(suffix));
}

describe("vectors shared with Python", () => {
  const whole = named(".f32").map((name) => name.slice(0, -4));
  it("are there", () => expect(whole.length).toBeGreaterThanOrEqual(11));

  it.each(whole)("decodes %s bit by bit", (name) => {
    const values = decodeTile(bytes(`${name}.bin`), "q16", SIDE);
    expect(values).toEqual(new Float32Array(bytes(`${name}.f32`)));
  });

  it.each(named(".bin").filter((name) => name.startsWith("bad-")))("refuses %s", (name) => {
    expect(() => decodeTile(bytes(name), "q16", SIDE)).toThrow(TileFormatError);
  });
});

it("reads the header", () => {
  expect(readHeader(bytes("gaps.bin"))).toMatchObject({
    rows: SIDE,
    columns: SIDE,
    gaps: true,
    lossless: false,
    noise: 1,
  });
  expect(readHeader(bytes("integers.bin"))).toMatchObject({ lossless: true, maxError: 0, scale: 0.5 });
});

it("refuses a tile of another size", () => {
  expect(() => decodeTile(bytes("noise.bin"), "q16", 2 * SIDE)).toThrow(TileFormatError);
});

it("takes raw floats as they are, of the right length only", () => {
  const buffer = new Float32Array([1.5, Number.NaN, -2, 0]).buffer;
  expect(decodeTile(buffer, "f32", 2)).toEqual(new Float32Array([1.5, Number.NaN, -2, 0]));
  expect(() => decodeTile(buffer, "f32", 4)).toThrow(TileFormatError);
  expect(() => decodeTile(buffer.slice(0, 15), "f32", 2)).toThrow(TileFormatError);
});

it("never fails otherwise, whatever the bytes", () => {
  const good = new Uint8Array(bytes("stars.bin"));
  let state = 12345;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 3000; round++) {
    const body = good.slice(0, random(4) ? good.length : random(good.length));
    for (let k = 0; k < 1 + random(3); k++) body[random(Math.min(body.length, 48))] = random(256);
    try {
      expect(decodeTile(body.buffer, "q16", SIDE)).toHaveLength(SIDE * SIDE);
    } catch (error) {
      expect(error).toBeInstanceOf(TileFormatError);
    }
  }
});
