import { afterEach, expect, it, vi } from "vitest";
import type { Points } from "../api/points";
import { type RowPage, sources } from "../api/sources";
import { Labels } from "./labels";
import type { ShownCatalog } from "./store";

afterEach(() => vi.restoreAllMocks());

const catalog = { id: "stars", filter: "" } as ShownCatalog;
const part = { layer: "sky", x0: 0, y0: 0, x1: 10, y1: 10 };
const points = (version: string) => ({ version, count: 1, row: new Uint32Array([7]) }) as Points;

/** A context that writes down what is written. */
function paper() {
  const written: string[] = [];
  const context = {
    measureText: (text: string) => ({ width: 6 * text.length }),
    strokeText: () => undefined,
    fillText: (text: string, x: number) => written.push(`${text} at ${x}`),
  } as unknown as CanvasRenderingContext2D;
  return { written, context };
}

const mark = { catalog: 0, index: 0, x: 50, y: 50, radius: 5 };

async function told(labels: Labels, of: Points, taken = [] as { x: number; y: number; w: number; h: number }[]) {
  labels.look(catalog, "name", of, part);
  await new Promise((resolve) => setTimeout(resolve));
  const { written, context } = paper();
  labels.draw(context, [mark], of, taken);
  return written;
}

it("Labels are those of the file that is shown, not of the one before it", async () => {
  const page = (name: string) => ({ row: [7], rows: [[name]] }) as unknown as RowPage;
  const rows = vi.spyOn(sources, "rows").mockResolvedValueOnce(page("old")).mockResolvedValueOnce(page("new"));
  const labels = new Labels(() => undefined);
  expect(await told(labels, points("1"))).toEqual(["old at 60"]);
  expect(await told(labels, points("1"))).toEqual(["old at 60"]);
  expect(rows).toHaveBeenCalledTimes(1);
  expect(await told(labels, points("2"))).toEqual(["new at 60"]);
});

it("Labels keep off what others have written", async () => {
  vi.spyOn(sources, "rows").mockResolvedValue({ row: [7], rows: [["name"]] } as unknown as RowPage);
  const labels = new Labels(() => undefined);
  expect(await told(labels, points("1"), [{ x: 62, y: 48, w: 10, h: 4 }])).toEqual(["name at 16"]);
  expect(await told(labels, points("1"), [{ x: 0, y: 45, w: 100, h: 10 }])).toEqual([]);
});
