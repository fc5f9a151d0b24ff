import { describe, expect, it } from "vitest";
import { peek } from "./table-peek";

const bytes = (text: string) => new TextEncoder().encode(text);
const card = (key: string, value: string) => `${key.padEnd(8)}= ${value.padStart(20)}`.padEnd(80);
const header = (...cards: string[]) => {
  const text = [...cards, "END".padEnd(80)].join("");
  return text.padEnd(Math.ceil(text.length / 2880) * 2880);
};
const primary = (...more: string[]) => header(card("SIMPLE", "T"), card("BITPIX", "8"), ...more);
const table = header(
  card("XTENSION", "'BINTABLE'"),
  card("BITPIX", "8"),
  card("NAXIS", "2"),
  card("NAXIS1", "16"),
  card("NAXIS2", "4711"),
);

describe("a look into a table", () => {
  it("counts lines of CSV", () => {
    expect(peek(bytes("ra,dec\n1,2\n3,4\n"), "a.csv")).toEqual({ kind: "CSV", rows: 2 });
    expect(peek(bytes("# made by hand\r\nra,dec\r\n1,2\r\n\r\n3,4"), "a.csv").rows).toBe(2);
    expect(peek(bytes('name,ra,dec\n"two\nlines",1,2\n"say ""so""",3,4\n'), "a.csv").rows).toBe(2);
    expect(peek(bytes("# it's 5\" wide\nra dec\n1 2\n"), "a.txt").rows).toBe(1);
    expect(peek(bytes("ra,dec\n"), "a.csv").rows).toBe(0);
  });

  it("counts rows of VOTables that are text", () => {
    const rows = "<TR><TD>1</TD></TR>\n<TR ID='x'><TD>2</TD></TR>";
    const xml = `<?xml version="1.0"?><VOTABLE><TABLE><DATA><TABLEDATA>${rows}</TABLEDATA></DATA></TABLE></VOTABLE>`;
    expect(peek(bytes(xml), "a.vot")).toEqual({ kind: "VOTable", rows: 2 });
    expect(peek(bytes("<VOTABLE><BINARY2></BINARY2></VOTABLE>"), "a.vot")).toEqual({ kind: "VOTable", rows: null });
  });

  it("reads the length of a FITS table behind other units", () => {
    const empty = primary(card("NAXIS", "0"));
    expect(peek(bytes(empty + table), "a.fits")).toEqual({ kind: "FITS", rows: 4711 });
    const image = primary(card("NAXIS", "2"), card("NAXIS1", "100"), card("NAXIS2", "50")) + " ".repeat(2 * 2880);
    expect(peek(bytes(image + table), "a.fits").rows).toBe(4711);
    expect(peek(bytes(empty), "a.fits").rows).toBeNull();
    expect(peek(bytes(empty.slice(0, 500)), "a.fits").rows).toBeNull();
  });

  it("says nothing of what it does not know", () => {
    for (const [text, name] of [
      ["", "a.csv"],
      ["\u0000\u0001", "a.bin"],
      ["PK", "a.zip"],
      ["", "a.csv.gz"],
    ])
      expect(peek(bytes(text), name)).toEqual({ kind: null, rows: null });
    expect(peek(new Uint8Array([0x1f, 0x8b, 8, 0]), "table")).toEqual({ kind: null, rows: null });
  });
});
