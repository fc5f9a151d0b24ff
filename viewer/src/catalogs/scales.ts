/** Ranges of the columns that give sizes and colours: of a sample of the whole sky, so that symbols keep theirs. */
import { sources } from "../api/sources";
import { isAbort, Latest } from "../app/session";
import { makeScale } from "./scale";
import type { ShownCatalog } from "./store";
import { isMagnitude } from "./symbols";

const SAMPLE = 4000;

export class Scales {
  private asked = "";
  private readonly asking = new Latest();

  constructor(private readonly learned: (scales: Pick<ShownCatalog, "sizeScale" | "colourScale">) => void) {}

  /** Ask for the ranges where other columns are wanted than before. */
  look({ id, style, info }: ShownCatalog): void {
    const { sizeColumn: size, colourColumn: color } = style;
    const key = JSON.stringify([size, color, info?.version]);
    if (key === this.asked) return;
    this.asked = key;
    this.asking.cancel();
    if (size || color) void this.ask(id, size, color, info);
    else this.learned({ sizeScale: null, colourScale: null });
  }

  private async ask(id: string, size: string | null, color: string | null, info: ShownCatalog["info"]): Promise<void> {
    const inverted = (name: string | null) => {
      const column = info?.columns.find((one) => one.name === name);
      return column !== undefined && isMagnitude(column);
    };
    try {
      const part = { ra: 0, dec: 0, radius: 180 };
      const points = await sources.points(
        id,
        { part, limit: SAMPLE, size, color, v: info?.version },
        this.asking.next(),
      );
      this.learned({
        sizeScale: points.size && makeScale(points.size, inverted(size)),
        colourScale: points.color && makeScale(points.color),
      });
    } catch (error) {
      // Without a range all symbols are of one size; the next change of the view asks again.
      if (!isAbort(error)) this.asked = "";
    }
  }
}
