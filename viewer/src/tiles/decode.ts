/**
 * Tiles as they come over the wire: `q16` (docs/reference/q16.md; `armillary/render/q16.py` writes it) and raw `f32`.
 * Both are little-endian, as is every machine that runs a browser with WebGL.
 */

const MAGIC = 0x36315141; // "AQ16"
const FORMAT_VERSION = 1;
const HEADER_SIZE = 48;
const FLOAT32_MAX = 3.4028234663852886e38;

const EMPTY = 0;
const CONSTANT = 1;
const QUANTISED = 2;
const FLOAT32 = 3;

const DELTA = 1;
const LOSSLESS = 2;
const GAPS = 4;

export interface TileHeader {
  kind: number;
  /** Bytes of the payload for each pixel. */
  width: number;
  delta: boolean;
  lossless: boolean;
  gaps: boolean;
  rows: number;
  columns: number;
  zero: number;
  scale: number;
  /** Bound on the difference to the encoded pixel, before the result is rounded to float32. */
  maxError: number;
  noise: number;
}

export class TileFormatError extends Error {
  constructor(why: string) {
    super(`This tile cannot be read: ${why}.`);
    this.name = "TileFormatError";
  }
}

/** Values of a tile, `tileSize`², row 0 at the top, NaN where there is no data. Throws `TileFormatError`. */
export function decodeTile(buffer: ArrayBuffer, kind: "q16" | "f32", tileSize: number): Float32Array<ArrayBuffer> {
  if (kind === "q16") return decodeQ16(buffer, tileSize);
  if (buffer.byteLength !== 4 * tileSize * tileSize) throw new TileFormatError("its length is wrong");
  return new Float32Array(buffer);
}

export function decodeQ16(buffer: ArrayBuffer, tileSize: number): Float32Array<ArrayBuffer> {
  const header = readHeader(buffer);
  if (header.rows !== tileSize || header.columns !== tileSize) throw new TileFormatError("its size is not the layer's");
  const values = new Float32Array(tileSize * tileSize);
  const payload = new Uint8Array(buffer, HEADER_SIZE);
  if (header.kind === EMPTY) values.fill(Number.NaN);
  else if (header.kind === CONSTANT) values.fill(header.zero);
  else if (header.kind === FLOAT32) joinFloats(payload, values);
  else if (header.width === 2) dequantise2(payload, header, values);
  else dequantise3(payload, header, values);
  return values;
}

/** Reads and checks the header, the length of the payload included. */
export function readHeader(buffer: ArrayBuffer): TileHeader {
  if (buffer.byteLength < HEADER_SIZE) throw new TileFormatError("it is shorter than its header");
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new TileFormatError("it is not of the format q16");
  if (view.getUint8(4) !== FORMAT_VERSION) throw new TileFormatError("its format is of another version");
  const flags = view.getUint8(7);
  if (flags & ~(DELTA | LOSSLESS | GAPS)) throw new TileFormatError("an unknown flag");
  const header: TileHeader = {
    kind: view.getUint8(5),
    width: view.getUint8(6),
    delta: (flags & DELTA) !== 0,
    lossless: (flags & LOSSLESS) !== 0,
    gaps: (flags & GAPS) !== 0,
    rows: view.getUint32(8, true),
    columns: view.getUint32(12, true),
    zero: view.getFloat64(16, true),
    scale: view.getFloat64(24, true),
    maxError: view.getFloat64(32, true),
    noise: view.getFloat64(40, true),
  };
  checkHeader(header);
  if (buffer.byteLength !== HEADER_SIZE + header.width * header.rows * header.columns) {
    throw new TileFormatError("its length does not agree with its header");
  }
  return header;
}

function checkHeader(header: TileHeader): void {
  const { kind, width, rows, columns, zero, scale, maxError, noise } = header;
  const widths = [[0], [0], [2, 3], [4]][kind];
  if (!widths?.includes(width)) throw new TileFormatError("an unknown kind or width");
  if (header.delta && kind !== QUANTISED) throw new TileFormatError("differences of what is not quantised");
  if (!(rows >= 1 && rows <= 1024 && columns >= 1 && columns <= 1024)) throw new TileFormatError("impossible sides");
  if (!(Math.abs(zero) <= FLOAT32_MAX && scale >= 0 && scale <= FLOAT32_MAX)) {
    throw new TileFormatError("zero or scale is out of range");
  }
  const bounds = [maxError, noise].every((bound) => bound >= 0 && Number.isFinite(bound));
  if (!bounds) throw new TileFormatError("error bound or noise is out of range");
  if (kind === QUANTISED && scale === 0) throw new TileFormatError("a scale of zero");
}

/** Looks every level up: 0.6 ms for 512², where converting and comparing each one takes up to three times as long. */
function dequantise2(payload: Uint8Array, { zero, scale, delta }: TileHeader, values: Float32Array): void {
  const count = values.length;
  const table = new Float32Array(0x10000);
  for (let level = 0; level < 0xffff; level++) table[level] = zero + scale * level;
  table[0xffff] = Number.NaN;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const code = payload[i] | (payload[count + i] << 8);
    if (delta) before = (before + ((code >>> 1) ^ -(code & 1))) & 0xffff;
    else before = code;
    values[i] = table[before];
  }
}

/** The levels are too many for a table; loops that do one thing each come next. */
function dequantise3(payload: Uint8Array, { zero, scale, delta }: TileHeader, values: Float32Array): void {
  const count = values.length;
  const levels = new Uint32Array(count);
  let before = 0;
  for (let i = 0; i < count; i++) {
    const code = payload[i] | (payload[count + i] << 8) | (payload[2 * count + i] << 16);
    if (delta) before = (before + ((code >>> 1) ^ -(code & 1))) & 0xffffff;
    else before = code;
    levels[i] = before;
  }
  for (let i = 0; i < count; i++) values[i] = zero + scale * levels[i];
  for (let i = 0; i < count; i++) if (levels[i] === 0xffffff) values[i] = Number.NaN;
}

function joinFloats(payload: Uint8Array, values: Float32Array): void {
  const count = values.length;
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < count; i++) {
    const low = payload[i] | (payload[count + i] << 8) | (payload[2 * count + i] << 16);
    words[i] = low | (payload[3 * count + i] << 24);
  }
}
