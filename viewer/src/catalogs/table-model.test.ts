import { describe, expect, it } from "vitest";
import type { SourceColumn } from "../api/sources";
import { cellText, NOTHING, rowCsv, shortest } from "./cells";
import { cornerCard, placeCard } from "./place-card";
import {
  columnDecimals,
  columnWidths,
  firstColumns,
  nextOrder,
  PAGE,
  Pages,
  padded,
  ROW,
  Scroller,
} from "./table-model";

const column = (name: string, dtype = "float64", numeric = true): SourceColumn => ({
  name,
  dtype,
  unit: "",
  ucd: "",
  description: "",
  numeric,
});
const page = (start: number, count = PAGE, total = 100_000) => ({
  total,
  start,
  version: "v",
  columns: ["a"],
  row: Array.from({ length: count }, (_, k) => 3 * (start + k)),
  rows: Array.from({ length: count }, (_, k) => [start + k]),
});

describe.each([50, 1000, 150_000, 10_000_000])("a table of %i rows", (total) => {
  const scroller = new Scroller(total, 300);

  it("reaches its first and its last row", () => {
    expect(scroller.firstAt(0)).toBe(0);
    const bottom = scroller.height - scroller.view;
    expect(scroller.firstAt(bottom)).toBeCloseTo(total - scroller.fitting, 6);
    expect(scroller.drawn(scroller.firstAt(bottom), 4)[1]).toBe(total);
    expect(scroller.height).toBeLessThanOrEqual(6_000_000);
  });

  it.each([0, 0.1, 0.5, 0.99, 1])("stands where it was put: %s", (share) => {
    const first = scroller.clamp(share * total);
    expect(scroller.firstAt(scroller.scrollTopOf(first))).toBeCloseTo(first, 4);
  });

  it("moves as little as need be", () => {
    const first = scroller.clamp(20);
    expect(scroller.reveal(first + 2, first)).toBe(first);
    expect(scroller.reveal(3, 20)).toBe(3);
    expect(scroller.reveal(total - 1, 0)).toBeCloseTo(total - 300 / ROW, 6);
  });
});

describe("Pages", () => {
  it("knows what is missing, the middle first", () => {
    const pages = new Pages();
    pages.put(page(200));
    expect(pages.missing(150, 420)).toEqual([3, 1, 4]);
    expect(pages.at(205)).toEqual({ row: 615, cells: [205] });
    expect(pages.at(305)).toBeNull();
    expect(pages.total).toBe(100_000);
  });

  it("finds a row of the catalog where its page is here", () => {
    const pages = new Pages();
    pages.put(page(200));
    expect(pages.indexOf(3 * 250)).toBe(250);
    expect(pages.indexOf(1)).toBeNull();
  });

  it("gives up what was looked at longest ago", () => {
    const pages = new Pages();
    for (let k = 0; k < 60; k++) pages.put(page(PAGE * k));
    pages.missing(0, 10);
    pages.put(page(PAGE * 60));
    expect(pages.at(5)).not.toBeNull();
    expect(pages.at(PAGE + 5)).toBeNull();
  });

  it("ends where the last page is short", () => {
    const pages = new Pages();
    pages.put(page(0, 3, 3));
    expect(pages.at(2)?.row).toBe(6);
    expect(pages.at(3)).toBeNull();
  });
});

describe("columns", () => {
  it("are sorted upward, downward, not at all", () => {
    const up = nextOrder(null, "a");
    const down = nextOrder(up, "a");
    expect([up, down, nextOrder(down, "a"), nextOrder(down, "b")]).toEqual([
      { column: "a", descending: false },
      { column: "a", descending: true },
      null,
      { column: "b", descending: false },
    ]);
  });

  it("show those that name and place a source first", () => {
    const many = Array.from({ length: 40 }, (_, k) => column(`c${k}`, k === 1 ? "float32[5]" : "float64"));
    const names = firstColumns(many, ["c39", "c20", null]);
    expect(names).toHaveLength(14);
    expect(names).toEqual(expect.arrayContaining(["c0", "c20", "c39"]));
    expect(names).not.toContain("c1");
    expect(firstColumns(many.slice(0, 5), [])).toHaveLength(5);
  });

  it("have room for their names and values", () => {
    const [short, long] = columnWidths([column("a"), column("name", "text", false)], [[1, "x".repeat(300)]]);
    expect(short).toBeLessThan(80);
    expect(long).toBe(280);
  });

  it("are as wide as what is filled up to the same decimals", () => {
    const [alone] = columnWidths([column("a")], [[-12.5]]);
    const [filled] = columnWidths([column("a")], [[-12.5], [0.1234567891]]);
    const characters = "-12.5".length + 9;
    expect(filled).toBeGreaterThanOrEqual(7.2 * characters + 20);
    expect(filled).toBeGreaterThan(alone);
  });

  it("put their points below each other without claiming zeros", () => {
    const rows = [[1.5], [22.125], [7], [null]];
    expect(columnDecimals([column("a")], rows)).toEqual([3]);
    expect(padded("1.5", 3)).toBe("1.5\u2007\u2007");
    expect(padded("7", 3)).toBe("7\u2007\u2007\u2007\u2007");
    expect(padded("1e-9", 3)).toBe("1e-9");
    expect(padded(NOTHING, 3)).toBe(NOTHING);
    expect(padded("53.25", 12, 7)).toBe("53.25\u2007\u2007");
    expect(padded("53.25", 12, 4)).toBe("53.25");
  });
});

describe("cells", () => {
  it.each([
    [null, "float64", NOTHING],
    ["", "text", NOTHING],
    [0.1 + 0.2, "float64", "0.30000000000000004"],
    [Math.fround(0.1), "float32", "0.1"],
    [Math.fround(16777217), "float32", "16777216"],
    [-12.5, "float64", "−12.5"],
    ["1000000000000000001", "int64", "1000000000000000001"],
    ["-9007199254740993", "int64", "−9007199254740993"],
    ["HD-12", "text", "HD-12"],
    [true, "bool", "true"],
    [[1, null, 3], "float32[3]", `1, ${NOTHING}, 3`],
  ])("%o of %s reads %s", (cell, dtype, text) => {
    expect(cellText(cell, dtype)).toBe(text);
  });

  it("show fewer figures where room is short", () => {
    expect(cellText(150.123456789, "float64", 10)).toBe("150.1234568");
    expect(cellText(1234567890123, "int64", 10)).toBe("1234567890123");
  });

  it("say a float32 in the fewest figures that bring it back", () => {
    for (const value of [1 / 3, 1e-20, 3.4e38, 12345.678]) {
      const stored = Math.fround(value);
      expect(Math.fround(Number(shortest(stored, "float32")))).toBe(stored);
      expect(shortest(stored, "float32").replace(/\D/g, "").length).toBeLessThanOrEqual(12);
    }
  });

  it("are quoted in CSV where they must be", () => {
    expect(rowCsv({ a: 'x "y", z', "b,c": 1.5, d: null, e: [1, 2] })).toBe(
      'a,"b,c",d,e\r\n"x ""y"", z",1.5,,"[1,2]"\r\n',
    );
  });
});

describe("cards", () => {
  const size = { width: 300, height: 200 };
  const map = { radius: 6, width: 1000, height: 600 };
  it.each([
    [100, 300],
    [950, 300],
    [500, 5],
    [500, 595],
    [-80, 900],
  ])("stand in the map, not over the place: %i, %i", (x, y) => {
    const [left, top] = placeCard({ ...map, x, y }, size);
    expect(left).toBeGreaterThanOrEqual(8);
    expect(top).toBeGreaterThanOrEqual(8);
    expect(left + size.width).toBeLessThanOrEqual(992);
    expect(top + size.height).toBeLessThanOrEqual(592);
    const covers = x > left && x < left + size.width && y > top && y < top + size.height;
    expect(covers).toBe(false);
  });

  it("stand beside a source that was brought into the middle of a small window", () => {
    const [left] = placeCard({ x: 312, y: 220, radius: 12, width: 624, height: 439 }, { width: 280, height: 344 });
    expect(left).toBeGreaterThan(312 + 12);
  });

  it("go below or above where the map is narrow", () => {
    const [left, top] = placeCard({ x: 170, y: 100, radius: 6, width: 340, height: 600 }, size);
    expect(left).toBe(20);
    expect(top).toBe(118);
    expect(cornerCard(1000, size)).toEqual([692, 8]);
  });
});
