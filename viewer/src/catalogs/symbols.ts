/** How the sources of a catalog are drawn: colours, shapes, sizes. */
import type { SourceColumn } from "../api/sources";
import type { SourceGroupEntry } from "../api/types";

export const SHAPES = ["circle", "square", "diamond", "triangle", "plus", "cross"] as const;
export type Shape = (typeof SHAPES)[number];

/**
 * Told apart with any colour vision (after Okabe & Ito 2008, lightened for dark skies); their dark rim makes them
 * readable on light ones.
 */
export const PALETTE: readonly { name: string; hex: string }[] = [
  { name: "sky", hex: "#56b4e9" },
  { name: "orange", hex: "#f0a30a" },
  { name: "green", hex: "#22cfa0" },
  { name: "vermilion", hex: "#ff7547" },
  { name: "yellow", hex: "#f0e442" },
  { name: "purple", hex: "#e794c8" },
  { name: "blue", hex: "#7da3ff" },
  { name: "white", hex: "#ffffff" },
];

export const SMALLEST = 4;
export const LARGEST = 26;
/** Widest range of diameters when a column gives them. */
export const BY_COLUMN: readonly [number, number] = [5, 24];
export const DEFAULT_CMAP = "viridis";

export interface SymbolStyle {
  /** `#rrggbb` */
  colour: string;
  shape: Shape;
  /** Diameter in CSS pixels where no column gives it. */
  size: number;
  sizeColumn: string | null;
  colourColumn: string | null;
  cmap: string;
}

/** A style that differs from those of the catalogs before it. */
export function defaultStyle(place: number, given?: SourceGroupEntry["style"] | null): SymbolStyle {
  const turn = Math.floor(place / PALETTE.length);
  return {
    colour: hexColour(given?.color) ?? PALETTE[place % PALETTE.length].hex,
    shape: SHAPES.find((shape) => shape === given?.shape) ?? SHAPES[(place + turn) % 4],
    size: clampSize(given?.size ?? 11),
    sizeColumn: given?.size_column ?? null,
    colourColumn: null,
    cmap: DEFAULT_CMAP,
  };
}

export const clampSize = (size: number): number =>
  Number.isFinite(size) ? Math.min(LARGEST, Math.max(SMALLEST, Math.round(size))) : 11;

/** `#rrggbb` of a name of the palette, of a hexadecimal colour, or of any that the browser knows. */
export function hexColour(text: string | null | undefined): string | null {
  const plain = text?.trim().toLowerCase() ?? "";
  const named = PALETTE.find(({ name }) => name === plain);
  if (named) return named.hex;
  if (/^#?[0-9a-f]{6}$/.test(plain)) return plain.startsWith("#") ? plain : `#${plain}`;
  if (/^#?[0-9a-f]{3}$/.test(plain)) return `#${[...plain.replace("#", "")].map((c) => c + c).join("")}`;
  return /^[a-z]{3,24}$/.test(plain) ? cssColour(plain) : null;
}

function cssColour(name: string): string | null {
  if (typeof CSS === "undefined" || !CSS.supports("color", name)) return null;
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return null;
  context.fillStyle = name;
  return /^#[0-9a-f]{6}$/.test(context.fillStyle) ? context.fillStyle : null;
}

/** Name of a colour for the address: that of the palette, else its figures. */
export const colourName = (hex: string): string =>
  PALETTE.find((colour) => colour.hex === hex)?.name ?? hex.replace("#", "");

/** Whether a column holds magnitudes: the smaller the brighter. */
export function isMagnitude({ name, ucd, unit }: Pick<SourceColumn, "name" | "ucd" | "unit">): boolean {
  const words = (ucd ?? "").toLowerCase();
  if (/stat\.error|meta\.number/.test(words)) return false;
  if (words.includes("phot.mag")) return true;
  if (/(^|[_\s])(e|err|sigma|n)_|[_\s]?(err|error|unc|sigma|count)\w*$/i.test(name)) return false;
  return unit?.toLowerCase() === "mag" || /(^|[_\s.])[a-z]{0,3}mag([_\s.\d]|$)/i.test(name);
}
