/** Lines of equal longitude and latitude on the screen, by marching squares over positions known on a lattice. */
import { wrap180 } from "./frames";
import { stepAtLeast } from "./steps";

/** Positions at the nodes of a lattice on the screen; NaN off the sky. */
export interface SkyLattice {
  cols: number;
  rows: number;
  /** Screen places of the columns and rows. */
  xs: Float64Array;
  ys: Float64Array;
  /** Degrees, `[rows][cols]`. */
  lon: Float64Array;
  lat: Float64Array;
}

export interface GridLine {
  kind: "lon" | "lat";
  value: number; // longitude in [0, 360)
  /** Pieces, four numbers each: from x, y to x, y. */
  pieces: number[];
}

export interface Graticule {
  lines: GridLine[];
  lonStep: number;
  latStep: number;
}

/** A cell across which the longitude changes by more than this holds a pole. */
const POLE_DEG = 120;

export function graticule(lattice: SkyLattice, lonSteps: number[], latSteps: number[], spacing: number): Graticule {
  const { lon, lat } = slopes(lattice);
  const lonStep = stepAtLeast(lonSteps, lon * spacing);
  const latStep = Math.min(stepAtLeast(latSteps, lat * spacing), 45);
  const tracer = new Tracer(lattice, lonStep, latStep);
  return { lines: tracer.lines(), lonStep, latStep };
}

/** Typical change of longitude and latitude for one unit on the screen: medians over the cells. */
function slopes({ cols, rows, xs, ys, lon, lat }: SkyLattice): { lon: number; lat: number } {
  const found: [number[], number[]] = [[], []];
  const every = Math.max(1, Math.floor((cols * rows) / 2000));
  for (let k = 0; k < (rows - 1) * cols; k += every) {
    if (k % cols === cols - 1) continue;
    const dx = xs[1] - xs[0];
    const dy = ys[1] - ys[0];
    const slope = (a: number, b: number) => Math.hypot(a / dx, b / dy);
    const l = slope(wrap180(lon[k + 1] - lon[k]), wrap180(lon[k + cols] - lon[k]));
    const b = slope(lat[k + 1] - lat[k], lat[k + cols] - lat[k]);
    if (Number.isFinite(l)) found[0].push(l);
    if (Number.isFinite(b)) found[1].push(b);
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  return { lon: median(found[0]), lat: median(found[1]) };
}

class Tracer {
  private readonly found = new Map<string, GridLine>();

  constructor(
    private readonly lattice: SkyLattice,
    private readonly lonStep: number,
    private readonly latStep: number,
  ) {}

  lines(): GridLine[] {
    const { cols, rows } = this.lattice;
    for (let j = 0; j < rows - 1; j++) for (let i = 0; i < cols - 1; i++) this.cell(i, j);
    return [...this.found.values()];
  }

  private cell(i: number, j: number): void {
    const { cols, lon, lat } = this.lattice;
    const k = j * cols + i;
    const below = k + cols;
    this.crossed("lat", i, j, lat[k], lat[k + 1], lat[below + 1], lat[below], this.latStep);
    const start = lon[k];
    const [b, c, d] = [wrap180(lon[k + 1] - start), wrap180(lon[below + 1] - start), wrap180(lon[below] - start)];
    if (Math.max(0, b, c, d) - Math.min(0, b, c, d) > POLE_DEG) return;
    this.crossed("lon", i, j, start, start + b, start + c, start + d, this.lonStep);
  }

  /** Most cells hold no line: find out without making arrays. NaN crosses nothing. */
  private crossed(
    kind: "lon" | "lat",
    i: number,
    j: number,
    a: number,
    b: number,
    c: number,
    d: number,
    step: number,
  ): void {
    const low = Math.min(a, b, c, d) / step;
    const high = Math.max(a, b, c, d) / step;
    if (Math.ceil(low) <= high) this.levels(kind, i, j, [a, b, c, d], step);
  }

  private levels(kind: "lon" | "lat", i: number, j: number, values: number[], step: number): void {
    const last = Math.floor(Math.max(...values) / step);
    for (let n = Math.ceil(Math.min(...values) / step); n <= last; n++) {
      if (kind === "lat" && Math.abs(n * step) > 90 - step / 100) continue;
      const turns = kind === "lon" ? Math.round(360 / step) : 0;
      const index = turns ? ((n % turns) + turns) % turns : n;
      this.march(this.line(kind, index, step), i, j, values, n * step);
    }
  }

  private line(kind: "lon" | "lat", index: number, step: number): GridLine {
    const key = `${kind}${index}`;
    let line = this.found.get(key);
    if (!line) {
      line = { kind, value: index * step, pieces: [] };
      this.found.set(key, line);
    }
    return line;
  }

  /** Where `values` at the corners (clockwise from i, j) cross `level`: one piece, or two at a saddle. */
  private march(line: GridLine, i: number, j: number, values: number[], level: number): void {
    const { xs, ys } = this.lattice;
    const x = [xs[i], xs[i + 1], xs[i + 1], xs[i]];
    const y = [ys[j], ys[j], ys[j + 1], ys[j + 1]];
    const ends: number[] = [];
    for (let a = 0; a < 4; a++) {
      const b = (a + 1) & 3;
      if (values[a] >= level === values[b] >= level) continue;
      const t = (level - values[a]) / (values[b] - values[a]);
      ends.push(x[a] + t * (x[b] - x[a]), y[a] + t * (y[b] - y[a]));
    }
    if (ends.length >= 4) line.pieces.push(...ends.slice(0, 4));
    if (ends.length === 8) line.pieces.push(...ends.slice(4));
  }
}

export type Edge = "top" | "bottom" | "left" | "right" | "inside";

export interface LabelPlace {
  edge: Edge;
  x: number;
  y: number;
}

const PREFERENCE: Record<"lon" | "lat", Edge[]> = {
  lon: ["top", "bottom", "right", "left"],
  lat: ["right", "left", "top", "bottom"],
};

/** Where a line may carry its label, the best place first. */
export function labelPlaces(line: GridLine, width: number, height: number): LabelPlace[] {
  const places: LabelPlace[] = [];
  for (const edge of PREFERENCE[line.kind]) places.push(...onEdge(line, edge, width, height));
  if (places.length === 0) places.push(inside(line, height));
  return places;
}

function onEdge({ pieces }: GridLine, edge: Edge, width: number, height: number): LabelPlace[] {
  const touches = (x: number, y: number) => {
    if (edge === "top") return y < 0.5;
    if (edge === "bottom") return y > height - 0.5;
    return edge === "left" ? x < 0.5 : x > width - 0.5;
  };
  const found: LabelPlace[] = [];
  for (let k = 0; k < pieces.length; k += 2) {
    if (touches(pieces[k], pieces[k + 1])) found.push({ edge, x: pieces[k], y: pieces[k + 1] });
  }
  return found;
}

/** A line that stays away from the edges: parallels at their right end, meridians half way up the screen. */
function inside({ kind, pieces }: GridLine, height: number): LabelPlace {
  let best = 0;
  for (let k = 2; k < pieces.length; k += 2) {
    const better =
      kind === "lat"
        ? pieces[k] > pieces[best]
        : Math.abs(pieces[k + 1] - height / 2) < Math.abs(pieces[best + 1] - height / 2);
    if (better) best = k;
  }
  return { edge: "inside", x: pieces[best], y: pieces[best + 1] };
}
