/** Names beside the symbols, while there are few. */
import type { Points } from "../api/points";
import { type SkyPart, sources } from "../api/sources";
import { isAbort, Latest } from "../app/session";
import { font, haloText, overlaps, type Rect } from "../map/overlay/frame";
import type { Mark } from "./marks";
import type { ShownCatalog } from "./store";

const MOST_ROWS = 400;
const LONGEST = 32;
const HEIGHT = 14;

export class Labels {
  private readonly names = new Map<number, string>();
  /** File and column that the names are of. */
  private source = "";
  private asked: Points | null = null;
  private readonly asking = new Latest();

  constructor(private readonly changed: () => void) {}

  /** Ask for the names of an answer's sources, once. */
  look(catalog: ShownCatalog, column: string, points: Points, part: SkyPart): void {
    if (points === this.asked || points.count > MOST_ROWS) return;
    this.asked = points;
    const source = `${points.version} ${column}`;
    if (source !== this.source) this.names.clear();
    this.source = source;
    if (points.row.every((row) => this.names.has(row))) return;
    void this.ask(catalog, column, points, part);
  }

  private async ask({ id, filter }: ShownCatalog, column: string, points: Points, part: SkyPart): Promise<void> {
    try {
      const wish = { part, filter, columns: [column], count: points.count };
      const page = await sources.rows(id, wish, this.asking.next());
      page.row.forEach((row, k) => {
        this.names.set(row, String(page.rows[k]?.[0] ?? "").trim());
      });
      this.changed();
    } catch (error) {
      if (!isAbort(error)) this.asked = null;
    }
  }

  /** Right of the symbols, left of them where that is taken, else not at all. */
  draw(context: CanvasRenderingContext2D, marks: readonly Mark[], points: Points, taken: Rect[]): void {
    context.font = font(12, 500);
    context.textBaseline = "middle";
    context.textAlign = "left";
    taken.push(...marks.map(({ x, y, radius: r }) => ({ x: x - r, y: y - r, w: 2 * r, h: 2 * r })));
    for (const { index, x, y, radius } of marks) {
      const name = this.names.get(points.row[index]);
      if (!name) continue;
      const text = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
      const w = context.measureText(text).width;
      const places = [x + radius + 5, x - radius - 5 - w].map((left) => ({ x: left, y: y - HEIGHT / 2, w, h: HEIGHT }));
      const free = places.find((place) => !taken.some((other) => overlaps(place, other)));
      if (!free) continue;
      taken.push(free);
      haloText(context, text, free.x, y);
    }
  }
}
