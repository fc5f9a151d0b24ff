/** Catalogs that are on, and the selected source, as parts of the page's address. Reading is total. */
import { clampSize, colourName, hexColour, SHAPES, type SymbolStyle } from "./symbols";

/** What the address says of a catalog; what is left out is as the catalog has it. */
export interface UrlCatalog {
  id: string;
  style: Partial<SymbolStyle>;
  filter: string;
  labels: boolean;
}

const MOST = 32;
const FIELD = "*";
const BETWEEN = ",";

/** Free text between the marks of the address. */
const pack = (text: string): string =>
  encodeURIComponent(text).replace(/[*!'()]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

function unpack(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** `stars*orange*circle*9*mag*colour column*cmap*filter*nolabels`, fields at the end left out while they are empty. */
export function encodeCatalogs(
  shown: readonly { id: string; style: SymbolStyle; filter: string; labels: boolean }[],
): string {
  return shown
    .map(({ id, style, filter, labels }) => {
      const fields = [
        pack(id),
        colourName(style.colour),
        style.shape,
        String(style.size),
        pack(style.sizeColumn ?? ""),
        pack(style.colourColumn ?? ""),
        style.colourColumn ? style.cmap : "",
        pack(filter),
        labels ? "" : "0",
      ];
      return fields.join(FIELD).replace(/\*+$/, "");
    })
    .join(BETWEEN);
}

export function decodeCatalogs(text: string): UrlCatalog[] {
  const seen = new Set<string>();
  const found: UrlCatalog[] = [];
  for (const part of text.split(BETWEEN).slice(0, MOST)) {
    const [id, colour, shape, size, sizeColumn, colourColumn, cmap, filter, labels] = part.split(FIELD);
    const name = unpack(id ?? "");
    if (!name || seen.has(name)) continue;
    seen.add(name);
    found.push({
      id: name,
      style: defined({
        colour: hexColour(colour) ?? undefined,
        shape: SHAPES.find((known) => known === shape),
        size: /^\d{1,2}$/.test(size ?? "") ? clampSize(Number(size)) : undefined,
        // A whole entry says that there is no column as well.
        sizeColumn: colour ? unpack(sizeColumn ?? "") || null : undefined,
        colourColumn: colour ? unpack(colourColumn ?? "") || null : undefined,
        cmap: cmap && /^[\w.-]{1,64}$/.test(cmap) ? cmap : undefined,
      }),
      filter: unpack(filter ?? "").slice(0, 400),
      labels: labels !== "0",
    });
  }
  return found;
}

export const encodeSource = (selected: { id: string; row: number } | null): string =>
  selected ? `${pack(selected.id)}${FIELD}${selected.row}` : "";

export function decodeSource(text: string): { id: string; row: number } | null {
  const match = /^([^*]+)\*(\d{1,16})$/.exec(text);
  const id = match ? unpack(match[1]) : "";
  const row = Number(match?.[2]);
  return id && Number.isSafeInteger(row) ? { id, row } : null;
}

function defined(style: { [K in keyof SymbolStyle]?: SymbolStyle[K] | undefined }): Partial<SymbolStyle> {
  return Object.fromEntries(Object.entries(style).filter(([, value]) => value !== undefined));
}
