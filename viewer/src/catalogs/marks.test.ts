import { describe, expect, it } from "vitest";
import { Marks } from "./marks";

function made(places: [number, number, number, number, number][]): Marks {
  const marks = new Marks();
  for (const place of places) marks.add(...place);
  return marks;
}

describe("Marks", () => {
  it("meets the nearest centre, also under a larger symbol", () => {
    const marks = made([
      [0, 0, 50, 50, 12],
      [0, 1, 58, 50, 3],
    ]);
    expect(marks.hit(57, 50)?.index).toBe(1);
    expect(marks.hit(45, 50)?.index).toBe(0);
  });

  it("meets nothing beside symbols", () => {
    const marks = made([[0, 0, 50, 50, 4]]);
    expect(marks.hit(57.9, 50)?.index).toBe(0);
    expect(marks.hit(58.1, 50)).toBeNull();
    expect(new Marks().hit(0, 0)).toBeNull();
  });

  it("takes the topmost of those at one place, and tells the others", () => {
    const marks = made([
      [0, 4, 20, 20, 5],
      [1, 9, 20, 20, 5],
      [0, 5, 23, 24, 5],
      [0, 6, 26, 20, 5],
    ]);
    const mark = marks.hit(20, 20);
    expect([mark?.catalog, mark?.index]).toEqual([1, 9]);
    expect(mark && marks.beside(mark).map(({ catalog, index }) => [catalog, index])).toEqual([
      [0, 4],
      [0, 5],
    ]);
  });

  it("holds as many as there are, and forgets them", () => {
    const marks = new Marks();
    for (let k = 0; k < 5000; k++) marks.add(2, k, 10 * (k % 100), 10 * Math.floor(k / 100), 3);
    expect(marks.hit(10 * 37 + 1, 10 * 42 - 1)?.index).toBe(4237);
    expect(marks.find(2, 4999)).toMatchObject({ x: 990, y: 490, radius: 3 });
    expect(marks.of(1)).toEqual([]);
    marks.clear();
    expect(marks.hit(370, 420)).toBeNull();
  });
});
