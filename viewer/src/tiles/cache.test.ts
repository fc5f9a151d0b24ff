import { expect, it } from "vitest";
import { isData, NO_DATA, type Tile, TileCache } from "./cache";

const tile = (key: string, bytes = 10): Tile => ({
  key,
  level: 0,
  row: 0,
  col: 0,
  data: null,
  bitmap: null,
  preview: false,
  bytes,
  frame: 0,
});

it("drops the least recently drawn tiles beyond its bytes, never those of this frame", () => {
  const dropped: string[] = [];
  const cache = new TileCache(30, (gone) => dropped.push(gone.key));
  for (const key of ["a", "b", "c"]) cache.put(tile(key));
  cache.frame = 5;
  cache.use("a");
  cache.put(tile("d"));
  expect(dropped).toEqual(["b"]);
  for (const key of ["c", "d"]) cache.use(key);
  cache.put(tile("e"));
  expect(dropped).toEqual(["b"]);
  expect(cache.size).toBe(40);
});

it("replaces a tile of the same key and forgets by prefix", () => {
  const dropped: string[] = [];
  const cache = new TileCache(1000, (gone) => dropped.push(gone.key));
  cache.put(tile("1/a", 10));
  cache.put(tile("1/a", 20));
  cache.put(tile("2/a", 5));
  expect(cache.size).toBe(25);
  cache.forget("1/");
  expect(cache.size).toBe(5);
  expect(dropped).toEqual(["1/a", "1/a"]);
});

it("tells no data from data in float32", () => {
  expect(isData(new Float32Array([NO_DATA])[0])).toBe(false);
  expect(isData(-3e38)).toBe(true);
  expect(isData(Number.NaN)).toBe(false);
});
