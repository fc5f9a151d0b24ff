/** The body of `GET /api/sources/{source_group}/points`: a JSON head and typed arrays. Reading is total. */

/** How dense the sources lie in a window of the layer, sources per square degree. */
export interface Density {
  nx: number;
  ny: number;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  /** Densities of the grades 1 and 255, with logarithmic steps between; the same for every window of a catalog. */
  low: number;
  high: number;
  /** Row by row from `y0` on; 0 where there is nothing. */
  grades: Uint8Array;
}

export interface Points {
  /** Sources that lie in what was asked for; nearly, where there is a density. */
  total: number;
  /** Those of them that are here. */
  count: number;
  complete: boolean;
  version: string;
  /** Numbers of rows; those of very large catalogs come as floats. */
  row: Uint32Array | Float64Array;
  ra: Float64Array;
  dec: Float64Array;
  /** Pixels of the layer that was asked for. */
  x: Float64Array | null;
  y: Float64Array | null;
  size: Float32Array | null;
  color: Float32Array | null;
  /** Where the sources are too many to be here. */
  density: Density | null;
}

const KINDS = { "<u4": Uint32Array, "<f4": Float32Array, "<f8": Float64Array, "|u1": Uint8Array } as const;
type Kind = keyof typeof KINDS;
type Column = Uint32Array | Float32Array | Float64Array | Uint8Array;

/** What each array may be, and whether it must be there. */
const WANTED: Record<string, { kinds: readonly Kind[]; needed: boolean }> = {
  row: { kinds: ["<u4", "<f8"], needed: true },
  ra: { kinds: ["<f8"], needed: true },
  dec: { kinds: ["<f8"], needed: true },
  x: { kinds: ["<f8"], needed: false },
  y: { kinds: ["<f8"], needed: false },
  size: { kinds: ["<f4"], needed: false },
  color: { kinds: ["<f4"], needed: false },
  density: { kinds: ["|u1"], needed: false },
};

const MOST_HEAD = 65_536;
const MOST_POINTS = 50_000;
const MOST_SIDE = 4096;

/** The answer is not what the contract says. */
export class DamagedPoints extends Error {
  constructor(what: string) {
    super(`The sources did not arrive whole (${what}). Move the map to ask again.`);
    this.name = "DamagedPoints";
  }
}

interface Head {
  total: number;
  count: number;
  complete: boolean;
  version: string;
  density?: Omit<Density, "grades">;
  arrays: { name: string; dtype: Kind; length: number }[];
}

export function decodePoints(body: ArrayBuffer): Points {
  const { head, end } = readHead(body);
  const columns = readArrays(body, head, end);
  const get = (name: string) => columns.get(name) ?? null;
  return {
    total: head.total,
    count: head.count,
    complete: head.complete,
    version: head.version,
    row: get("row") as Uint32Array | Float64Array,
    ra: get("ra") as Float64Array,
    dec: get("dec") as Float64Array,
    x: get("x") as Float64Array | null,
    y: get("y") as Float64Array | null,
    size: get("size") as Float32Array | null,
    color: get("color") as Float32Array | null,
    density: head.density ? { ...head.density, grades: get("density") as Uint8Array } : null,
  };
}

function readHead(body: ArrayBuffer): { head: Head; end: number } {
  if (body.byteLength < 4) throw new DamagedPoints("no head");
  const length = new DataView(body).getUint32(0, true);
  const end = 4 + length;
  if (length > MOST_HEAD || end > body.byteLength) throw new DamagedPoints("the head is cut off");
  if (end % 8) throw new DamagedPoints("the arrays are not aligned");
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(body, 4, length)));
  } catch {
    throw new DamagedPoints("the head cannot be read");
  }
  return { head: checkHead(parsed), end };
}

const isCount = (value: unknown, most: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;

function checkHead(parsed: unknown): Head {
  const head = parsed as Partial<Head> | null;
  const whole =
    typeof head === "object" &&
    head !== null &&
    isCount(head.count, MOST_POINTS) &&
    isCount(head.total, Number.MAX_SAFE_INTEGER) &&
    typeof head.complete === "boolean" &&
    typeof head.version === "string" &&
    Array.isArray(head.arrays) &&
    head.arrays.length <= 32;
  if (!whole || !isWindow(head.density)) throw new DamagedPoints("the head says too little");
  return head as Head;
}

/** Whether a density says all that it must; there need be none. */
function isWindow(density: unknown): boolean {
  if (density === undefined) return true;
  const said = density as Record<string, unknown> | null;
  if (typeof said !== "object" || said === null) return false;
  const sides = isCount(said.nx, MOST_SIDE) && isCount(said.ny, MOST_SIDE) && said.nx > 0 && said.ny > 0;
  return sides && ["x0", "y0", "x1", "y1", "low", "high"].every((name) => Number.isFinite(said[name]));
}

function readArrays(body: ArrayBuffer, head: Head, start: number): Map<string, Column> {
  const columns = new Map<string, Column>();
  let at = start;
  for (const array of head.arrays) {
    const Kind = Object.hasOwn(KINDS, String(array?.dtype)) ? KINDS[array.dtype] : undefined;
    if (!Kind) throw new DamagedPoints("an array is of an unknown type");
    const { nx, ny } = head.density ?? { nx: 0, ny: 0 };
    if (array.length !== (array.name === "density" ? nx * ny : head.count))
      throw new DamagedPoints("an array is of another length");
    const bytes = array.length * Kind.BYTES_PER_ELEMENT;
    if (at + bytes > body.byteLength) throw new DamagedPoints("an array is cut off");
    const wanted = Object.hasOwn(WANTED, array.name) ? WANTED[array.name] : null;
    if (wanted && !wanted.kinds.includes(array.dtype)) throw new DamagedPoints(`${array.name} is of another type`);
    if (wanted) columns.set(array.name, new Kind(body, at, array.length));
    at = Math.ceil((at + bytes) / 8) * 8;
  }
  for (const [name, { needed }] of Object.entries(WANTED)) {
    if (needed && !columns.has(name)) throw new DamagedPoints(`${name} is missing`);
  }
  if (columns.has("x") !== columns.has("y")) throw new DamagedPoints("half of the pixels is missing");
  if (head.density && !columns.has("density")) throw new DamagedPoints("the density is missing");
  return columns;
}
