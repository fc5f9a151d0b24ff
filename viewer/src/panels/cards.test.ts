import { describe, expect, it } from "vitest";
import { markParts, parseCard, parseHeader, searchCards } from "./cards";

describe("cards", () => {
  it.each([
    ["NAXIS1  =                 1441 / length of axis", "NAXIS1", "1441", "length of axis"],
    ["OBJECT  = 'M 42 / Orion''s'    / name", "OBJECT", "'M 42 / Orion''s'", "name"],
    ["COMMENT nothing = here", "COMMENT", "", "nothing = here"],
    ["HIERARCH ESO DET DIT = 2.5 / [s]", "ESO DET DIT", "2.5", "[s]"],
    ["END", "END", "", ""],
    ["EMPTY   =", "EMPTY", "", "="],
  ])("%s", (raw, keyword, value, comment) => expect(parseCard(raw)).toMatchObject({ keyword, value, comment }));

  it("are found in any case", () => {
    const cards = parseHeader("SIMPLE  = T\nCTYPE1  = 'RA---TAN'\n\nCTYPE2  = 'DEC--TAN'\n");
    expect(cards).toHaveLength(3);
    expect(searchCards(cards, "tan")).toEqual([1, 2]);
    expect(searchCards(cards, " ")).toEqual([]);
  });

  it("are cut at the matches", () => {
    expect(markParts("RA---TAN tan", "tan")).toEqual(["RA---", "TAN", " ", "tan", ""]);
    expect(markParts("abc", "")).toEqual(["abc"]);
  });
});
