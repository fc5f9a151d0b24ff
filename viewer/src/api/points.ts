/** The body of `GET /api/sources/{source_group}/points`: a JSON head and typed arrays. Reading is total. */

export interface Points {
  /** Sources that lie in what was asked for. */
  total: number;
  /** Those of them that are here. */
  count: number;
  complete: boolean;
  version: string;
  row: Uint32Array;
  ra: Float64Array;
  dec: Float64Array;
  /** Pixels of the layer that was asked for. */
  x: Float64Array | null;
  y: Float64Array | null;
  size: Float32Array | null;
  color: Float32Array | null;
}

const KINDS = { "<u4": Uint32Array, "<f4": Float32Array, "<f8": Float64Array } as const;
type Kind = keyof typeof KINDS;
type Column = Uint32Array | Float32Array | Float64Array;

/** What each array must be; those with a question mark may be missing. */
const WANTED: Record<string, { kind: Kind; needed: boolean }> = {
  row: { kind: "<u4", needed: true },
  ra: { kind: "<f8", needed: true },
  dec: { kind: "<f8", needed: true },
  x: { kind: "<f8", needed: false },
  y: { kind: "<f8", needed: false },
  size: { kind: "<f4", needed: false },
  color: { kind: "<f4", needed: false },
};

const MOST_HEAD = 65_536;
const MOST_POINTS = 50_000;

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
    row: get("row") as Uint32Array,
    ra: get("ra") as Float64Array,
    dec: get("dec") as Float64Array,
    x: get("x") as Float64Array | null,
    y: get("y") as Float64Array | null,
    size: get("size") as Float32Array | null,
    color: get("color") as Float32Array | null,
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
  if (!whole) throw new DamagedPoints("the head says too little");
  return head as Head;
}

function readArrays(body: ArrayBuffer, head: Head, start: number): Map<string, Column> {
  const columns = new Map<string, Column>();
  let at = start;
  for (const array of head.arrays) {
    const Kind = Object.hasOwn(KINDS, String(array?.dtype)) ? KINDS[array.dtype] : undefined;
    if (!Kind) throw new DamagedPoints("an array is of an unknown type");
    if (array.length !== head.count) throw new DamagedPoints("an array is of another length");
    const bytes = array.length * Kind.BYTES_PER_ELEMENT;
    if (at + bytes > body.byteLength) throw new DamagedPoints("an array is cut off");
    const wanted = Object.hasOwn(WANTED, array.name) ? WANTED[array.name] : null;
    if (wanted && wanted.kind !== array.dtype) throw new DamagedPoints(`${array.name} is of another type`);
    if (wanted) columns.set(array.name, new Kind(body, at, array.length));
    at = Math.ceil((at + bytes) / 8) * 8;
  }
  for (const [name, { needed }] of Object.entries(WANTED)) {
    if (needed && !columns.has(name)) throw new DamagedPoints(`${name} is missing`);
  }
  if (columns.has("x") !== columns.has("y")) throw new DamagedPoints("half of the pixels is missing");
  return columns;
}
