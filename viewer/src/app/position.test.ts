import { describe, expect, it } from "vitest";
import { parsePosition } from "./position";

const M42: [number, number] = [83.82208333, -5.39111111];

function sky(text: string): [number, number] {
  const place = parsePosition(text);
  if (place.kind !== "sky") throw new Error(`${text}: ${JSON.stringify(place)}`);
  return [place.ra, place.dec];
}

describe("equatorial positions", () => {
  it.each([
    "83.82208333 -5.39111111",
    "83.82208333, -5.39111111",
    "83.82208333,-5.39111111",
    "83.82208333d -5.39111111d",
    "83.82208333° −5.39111111°",
    "83.82208333deg -5.39111111deg",
    "05 35 17.3 -05 23 28",
    "05:35:17.3 -05:23:28",
    "05:35:17.3, -05:23:28",
    "05:35:17.3-05:23:28",
    "5h35m17.3s -5d23m28s",
    "05h35m17.3s −05°23′28″",
    "05h 35m 17.3s −05° 23′ 28″",
    "05h35m17.3s-05d23m28s",
    "J053517.3-052328",
    "SDSS J053517.3-052328",
    "2MASS J053517.3−052328",
    "ra=83.82208333 dec=-5.39111111",
    "RA 05h35m17.3s Dec -05d23m28s",
    "RA: 05:35:17.3, Dec: -05:23:28",
    "icrs 05 35 17.3 -05 23 28",
    "05 35 17.3 -05 23 28 J2000",
    "  05  35 17.3   -05 23 28 ",
  ])("%s", (text) => {
    const [ra, dec] = sky(text);
    expect(ra).toBeCloseTo(M42[0], 5);
    expect(dec).toBeCloseTo(M42[1], 5);
  });

  it("keeps the sign of declinations within a degree of the equator", () => {
    expect(sky("12 00 00 -00 30 00")[1]).toBeCloseTo(-0.5, 9);
    expect(sky("12h00m00s −0°30′0″")[1]).toBeCloseTo(-0.5, 9);
    expect(sky("J120000-003000")[1]).toBeCloseTo(-0.5, 9);
  });

  it("takes positions without a sign or without seconds", () => {
    expect(sky("05 35 17.3 05 23 28")[1]).toBeCloseTo(5.39111111, 6);
    expect(sky("05 35 -05 23")).toEqual([83.75, -5 - 23 / 60]);
    expect(sky("J0535-0523")).toEqual([83.75, -5 - 23 / 60]);
    expect(sky("5h35m17.3s 5d23m28s")[1]).toBeCloseTo(5.39111111, 6);
  });

  it("wraps negative right ascension", () => {
    expect(sky("-10 20")).toEqual([350, 20]);
  });
});

describe("other frames", () => {
  // astropy: SkyCoord(l=163.402, b=-49.871, frame="galactic").icrs
  const expected = sky("l=163.402 b=-49.871");
  it.each([
    "l=163.402 b=-49.871",
    "l 163.402, b −49.871",
    "163.402 -49.871 gal",
    "gal 163.402 -49.871",
    "G163.402-49.871",
  ])("%s", (text) => {
    expect(sky(text)[0]).toBeCloseTo(expected[0], 9);
    expect(sky(text)[1]).toBeCloseTo(expected[1], 9);
  });

  it("puts the galactic centre and pole where they are", () => {
    expect(sky("gal 0 0")[0]).toBeCloseTo(266.405, 2);
    expect(sky("gal 0 0")[1]).toBeCloseTo(-28.936, 2);
    expect(sky("l=0 b=90")[0]).toBeCloseTo(192.8595, 3);
    expect(sky("l=0 b=90")[1]).toBeCloseTo(27.1283, 3);
  });

  it("reads ecliptic positions", () => {
    expect(sky("ecl 90 0")[0]).toBeCloseTo(90, 4);
    expect(sky("ecl 90 0")[1]).toBeCloseTo(23.4393, 3);
    expect(sky("120 30 ecliptic")).toEqual(sky("ecl 120 30"));
  });

  it("means the frame that is chosen where the text names none", () => {
    expect(parsePosition("163.402 -49.871", "galactic")).toMatchObject({ frame: "galactic", lon: 163.402 });
    expect(parsePosition("05:35:17.3 -05:23:28 icrs", "galactic")).toMatchObject({ frame: "icrs" });
  });
});

describe("pixels", () => {
  it.each(["px 100 200", "px 100, 200", "x=100 y=200", "x=100, y=200", "pixel: 100 200", "PX 100 200"])(
    "%s",
    (text) => {
      expect(parsePosition(text)).toEqual({ kind: "pixel", x: 100, y: 200 });
    },
  );
});

describe("what is wrong is said", () => {
  it.each([
    ["", "Type a position"],
    ["400 10", "0° to 360°"],
    ["10 95", "−90° to +90°"],
    ["05 75 00 -05 00 00", "minutes must be below 60"],
    ["05 35 61 -05 00 00", "seconds must be below 60"],
    ["J057517-052328", "minutes must be below 60"],
    ["25 00 00 -05 00 00", "0 to 24"],
    ["83.8", "Two coordinates"],
    ["px 100", "two numbers"],
    ["M 42", "looks like a name"],
    ["NGC 1068", "looks like a name"],
    ["Crab nebula", "looks like a name"],
    ["gal 10 95", "Galactic latitude runs"],
  ])("%s", (text, words) => {
    const place = parsePosition(text);
    expect(place.kind).toBe("error");
    expect(place.kind === "error" && place.message).toContain(words);
  });

  it("knows names from broken positions", () => {
    expect(parsePosition(" M 42 ")).toMatchObject({ name: "M 42" });
    expect(parsePosition("83.8")).not.toHaveProperty("name");
    expect(parsePosition("10 95")).not.toHaveProperty("name");
  });

  it("never throws on anything", () => {
    const alphabet = "0123456789 .,+-:hmsd°'\"jgpxlb=e−′″";
    let seed = 7;
    const next = () => (seed = (seed * 16807) % 2147483647);
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: next() % 24 }, () => alphabet[next() % alphabet.length]).join("");
      const place = parsePosition(text);
      if (place.kind === "sky") {
        expect(place.ra >= 0 && place.ra <= 360 && Math.abs(place.dec) <= 90).toBe(true);
      }
    }
  });
});
