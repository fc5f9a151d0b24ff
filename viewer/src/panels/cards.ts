/** A FITS header as lines that can be searched. Pure. */

export interface Card {
  keyword: string;
  value: string;
  comment: string;
  raw: string;
}

/** Split one 80-character card (FITS Standard 4.0, section 4.1). */
export function parseCard(raw: string): Card {
  const text = raw.trimEnd();
  if (text.startsWith("HIERARCH")) {
    const equals = text.indexOf("=");
    if (equals > 0) return { keyword: text.slice(9, equals).trim(), ...splitValue(text.slice(equals + 1)), raw: text };
  }
  const keyword = text.slice(0, 8).trim();
  if (text.slice(8, 10) !== "= ") return { keyword, value: "", comment: text.slice(8).trim(), raw: text };
  return { keyword, ...splitValue(text.slice(10)), raw: text };
}

function splitValue(text: string): { value: string; comment: string } {
  const string = /^\s*('(?:[^']|'')*')\s*(?:\/\s?(.*))?$/.exec(text);
  if (string) return { value: string[1], comment: (string[2] ?? "").trim() };
  const slash = text.indexOf("/");
  if (slash < 0) return { value: text.trim(), comment: "" };
  return { value: text.slice(0, slash).trim(), comment: text.slice(slash + 1).trim() };
}

export function parseHeader(text: string): Card[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map(parseCard);
}

/** Indices of the cards that hold the text, capitals or not. */
export function searchCards(cards: readonly Card[], query: string): number[] {
  const low = query.trim().toLowerCase();
  if (low === "") return [];
  return cards.flatMap((card, index) => (card.raw.toLowerCase().includes(low) ? [index] : []));
}

/** `text` cut into parts, every second of which is a match. */
export function markParts(text: string, query: string): string[] {
  const low = query.trim().toLowerCase();
  if (low === "") return [text];
  const parts: string[] = [];
  let from = 0;
  for (let at = text.toLowerCase().indexOf(low); at >= 0; at = text.toLowerCase().indexOf(low, from)) {
    parts.push(text.slice(from, at), text.slice(at, at + low.length));
    from = at + low.length;
  }
  return [...parts, text.slice(from)];
}
