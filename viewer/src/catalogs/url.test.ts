import { describe, expect, it } from "vitest";
import { defaultStyle } from "./symbols";
import { decodeCatalogs, decodeSource, encodeCatalogs, encodeSource } from "./url";

const one = (id: string, patch = {}, filter = "", labels = true) => ({
  id,
  style: { ...defaultStyle(0), ...patch },
  filter,
  labels,
});

describe("catalogs in the address", () => {
  it.each([
    [one("stars")],
    [one("a,b*c d", { colour: "#123456", shape: "cross", size: 20 }, 'mag < 12; name = "M*42, x"')],
    [one("x", { sizeColumn: "r mag*", colourColumn: "b,v", cmap: "magma" }, "", false)],
  ])("come back as they were", (catalog) => {
    const [found] = decodeCatalogs(encodeCatalogs([catalog]));
    expect({ ...catalog, style: { ...catalog.style, ...found.style } }).toEqual(catalog);
    expect(found).toMatchObject({ id: catalog.id, filter: catalog.filter, labels: catalog.labels });
  });

  it("is short, and takes a bare name", () => {
    expect(encodeCatalogs([one("stars"), one("b")])).toBe("stars*sky*circle*11,b*sky*circle*11");
    expect(decodeCatalogs("stars")).toEqual([{ id: "stars", style: {}, filter: "", labels: true }]);
  });

  it.each(["", ",", "***", "%", "%E0%A4%A", "a*nocolour*nothing*999*%", "a,a,a"])("reads anything: %s", (text) => {
    const found = decodeCatalogs(text);
    expect(found.length).toBeLessThanOrEqual(1);
    for (const { style } of found) expect(style).not.toHaveProperty("colour");
  });

  it("says no to too many", () => {
    expect(decodeCatalogs(Array.from({ length: 500 }, (_, k) => `c${k}`).join(","))).toHaveLength(32);
  });
});

describe("the selected source in the address", () => {
  it.each([
    { id: "stars", row: 0 },
    { id: "a*b,c", row: 4_294_967_295 },
    { id: "gaia", row: 2 ** 53 - 1 },
  ])("comes back: %o", (key) => {
    expect(decodeSource(encodeSource(key))).toEqual(key);
  });
  it.each([
    "",
    "stars",
    "stars*",
    "*3",
    "stars*-1",
    "stars*1.5",
    "stars*99999999999999999",
    "stars*9007199254740992",
    "%*3",
  ])("is none in %s", (text) => {
    expect(decodeSource(text)).toBeNull();
  });
  it("is empty without one", () => expect(encodeSource(null)).toBe(""));
});
