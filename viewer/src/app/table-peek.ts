/** How many rows a table has, looked up in its first bytes or lines before it is sent. Total: null where it is not known. */

export interface Peek {
  kind: "CSV" | "VOTable" | "FITS" | null;
  rows: number | null;
}

/** Tables larger than this are sent unread. */
export const MOST_PEEKED = 16_000_000;

const text = (bytes: Uint8Array, from = 0, to = bytes.length): string =>
  new TextDecoder("utf-8").decode(bytes.subarray(from, to));

export function peek(bytes: Uint8Array, name: string): Peek {
  const start = text(bytes, 0, 2048).trimStart();
  if (start.startsWith("SIMPLE  =")) return { kind: "FITS", rows: fitsRows(bytes) };
  if (start.startsWith("\u001f\ufffd") || /\.(gz|zip|bz2|xz)$/i.test(name)) return { kind: null, rows: null };
  if (/^<\?xml|^<(\w+:)?VOTABLE/i.test(start)) return { kind: "VOTable", rows: xmlRows(text(bytes)) };
  if (start === "" || start.includes("\u0000")) return { kind: null, rows: null };
  return { kind: "CSV", rows: csvRows(text(bytes)) };
}

function xmlRows(xml: string): number | null {
  if (!/<(\w+:)?TABLEDATA[\s>]/i.test(xml)) return null;
  return xml.match(/<(\w+:)?TR[\s>]/gi)?.length ?? 0;
}

/** Lines behind the one of the names; those in quotes belong to their row. */
function csvRows(csv: string): number | null {
  let rows = -1;
  let quoted = false;
  let line = "";
  const end = () => {
    if (line.trim() !== "" && !line.startsWith("#")) rows++;
    line = "";
  };
  for (const part of csv.split(/\r\n|\r|\n/)) {
    line += part;
    if (!part.startsWith("#") || quoted) for (const c of part) if (c === '"') quoted = !quoted;
    if (!quoted) end();
  }
  end();
  return rows < 0 ? null : rows;
}

const BLOCK = 2880;
const CARD = 80;
const MOST_UNITS = 64;

/** `NAXIS2` of the first table (FITS Standard 4.0, section 7). */
function fitsRows(bytes: Uint8Array): number | null {
  let at = 0;
  for (let unit = 0; unit < MOST_UNITS; unit++) {
    const cards = new Map<string, string>();
    let ended = false;
    for (; !ended; at += CARD) {
      if (at + CARD > bytes.length) return null;
      const card = text(bytes, at, at + CARD);
      const key = card.slice(0, 8).trim();
      if (card.slice(8, 10) === "= " && !cards.has(key)) cards.set(key, card.slice(10).split("/")[0].trim());
      ended = key === "END";
    }
    if (/^'(BINTABLE|TABLE)/.test(cards.get("XTENSION") ?? "")) return whole(cards.get("NAXIS2"));
    const size = dataSize(cards);
    if (size === null) return null;
    at = BLOCK * (Math.ceil(at / BLOCK) + Math.ceil(size / BLOCK));
  }
  return null;
}

/** Bytes of the data of a unit (section 4.4.1.1 and 4.4.1.2). */
function dataSize(cards: Map<string, string>): number | null {
  const axes = whole(cards.get("NAXIS"));
  const bits = Math.abs(Number(cards.get("BITPIX") ?? Number.NaN));
  if (axes === null || !Number.isFinite(bits)) return null;
  if (axes === 0) return 0;
  let elements = 1;
  for (let k = 1; k <= axes; k++) elements *= whole(cards.get(`NAXIS${k}`)) ?? Number.NaN;
  const bytes = (bits / 8) * (whole(cards.get("GCOUNT")) ?? 1) * ((whole(cards.get("PCOUNT")) ?? 0) + elements);
  return Number.isFinite(bytes) && bytes >= 0 ? bytes : null;
}

const whole = (value: string | undefined): number | null =>
  value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null;
