import { describe, expect, it } from "vitest";
import { skyLinks } from "./links";

const link = (name: string, ra: number, dec: number, fov: number | null = null) => {
  const found = skyLinks(ra, dec, fov).find((one) => one.name === name);
  return new URL(found?.href ?? "");
};
const query = (url: URL) => Object.fromEntries(url.searchParams);

describe("links of a position", () => {
  it("names the four pages, all over HTTPS", () => {
    const links = skyLinks(83.82208, -5.39111, 1);
    expect(links.map(({ name }) => name)).toEqual(["SIMBAD", "VizieR", "Legacy Survey", "ESASky"]);
    expect(links.every(({ href }) => href.startsWith("https://"))).toBe(true);
  });

  it("asks SIMBAD and VizieR for a circle", () => {
    const simbad = link("SIMBAD", 83.82208, -5.39111, 0.5);
    expect(simbad.host).toBe("simbad.cds.unistra.fr");
    expect(query(simbad)).toEqual({
      Coord: "83.82208 -5.39111",
      CooFrame: "ICRS",
      Radius: "36",
      "Radius.unit": "arcsec",
    });
    const vizier = link("VizieR", 10.6845833, 41.2691667, 0.5);
    expect(vizier.pathname).toBe("/viz-bin/VizieR-4");
    expect(query(vizier)).toEqual({ "-c": "10.6845833 +41.2691667", "-c.rs": "36" });
  });

  it.each([
    [0.0001, "5"],
    [90, "600"],
    [null, "14"],
  ])("keeps the radius in bounds for a field of %s°", (fov, radius) => {
    expect(query(link("SIMBAD", 1, 2, fov)).Radius).toBe(radius);
  });

  it.each([
    [0.0728, "16"],
    [0.2911, "14"],
    [180, "5"],
    [0.00001, "18"],
  ])("zooms the Legacy Survey to a field of %s°", (fov, zoom) => {
    const url = link("Legacy Survey", 359.5, -0.25, fov);
    expect(query(url)).toEqual({ ra: "359.5", dec: "-0.25", layer: "ls-dr10", zoom, mark: "359.5,-0.25" });
  });

  it("brings right ascension into the circle", () => {
    expect(query(link("ESASky", -10, 5, 2))).toMatchObject({ target: "350 5", fov: "2" });
    expect(query(link("ESASky", 370, 5, 2)).target).toBe("10 5");
  });

  it("writes tiny numbers as plain figures", () => {
    expect(query(link("SIMBAD", 1e-9, -1e-9)).Coord).not.toContain("e");
  });
});
