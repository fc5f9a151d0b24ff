import { describe, expect, it } from "vitest";
import { lonLat, type Vec3 } from "./frames";
import { type Graticule, graticule, labelPlaces, type SkyLattice } from "./graticule";
import { DEGREE_STEPS } from "./steps";

const SIZE = 400;

/** A screen of 400 × 400 whose places have the positions that a function gives. */
function lattice(position: (x: number, y: number) => [number, number], nodes = 81): SkyLattice {
  const places = Float64Array.from({ length: nodes }, (_, i) => (i * SIZE) / (nodes - 1));
  const lon = new Float64Array(nodes * nodes);
  const lat = new Float64Array(nodes * nodes);
  for (let k = 0; k < nodes * nodes; k++) {
    [lon[k], lat[k]] = position(places[k % nodes], places[Math.floor(k / nodes)]);
  }
  return { cols: nodes, rows: nodes, xs: places, ys: places, lon, lat };
}

/** Gnomonic projection (Calabretta & Greisen 2002, section 5.1.3), rotated by `turn`, `scale` radians a pixel. */
function tangent(dec: number, turn: number, scale: number) {
  const rad = Math.PI / 180;
  return (x: number, y: number): [number, number] => {
    const a = (x - SIZE / 2) * scale;
    const b = (SIZE / 2 - y) * scale;
    const east = -(a * Math.cos(turn) - b * Math.sin(turn));
    const north = a * Math.sin(turn) + b * Math.cos(turn);
    const [s, c] = [Math.sin(dec * rad), Math.cos(dec * rad)];
    const v: Vec3 = [c - north * s, east, s + north * c];
    return lonLat(v);
  };
}

/** Largest distance of the ends of all pieces from the line they stand for, in degrees of its coordinate. */
function worst(found: Graticule, position: (x: number, y: number) => [number, number], below = 80): number {
  let error = 0;
  for (const { kind, value, pieces } of found.lines) {
    for (let k = 0; k < pieces.length; k += 2) {
      const [lon, lat] = position(pieces[k], pieces[k + 1]);
      if (Math.abs(lat) > below) continue;
      const off = kind === "lat" ? lat - value : ((lon - value + 540) % 360) - 180;
      error = Math.max(error, Math.abs(off));
    }
  }
  return error;
}

describe("graticule", () => {
  it("follows a rotated tangential projection over right ascension 0", () => {
    const position = tangent(-35, 0.6, 4e-4);
    const found = graticule(lattice(position), DEGREE_STEPS, DEGREE_STEPS, 100);
    expect(found.lines.filter((line) => line.kind === "lat").length).toBeGreaterThan(2);
    expect(found.lines.filter((line) => line.kind === "lon").length).toBeGreaterThan(2);
    expect(worst(found, position)).toBeLessThan(0.01 * found.latStep);
    const values = found.lines.filter((line) => line.kind === "lon").map((line) => line.value);
    expect(values.every((value) => value >= 0 && value < 360)).toBe(true);
    expect(values).toContain(0);
    expect(new Set(values).size).toBe(values.length);
  });

  it("goes round a pole", () => {
    const position = tangent(90, 0.2, 1e-3);
    const found = graticule(lattice(position), DEGREE_STEPS, DEGREE_STEPS, 100);
    expect(worst(found, position, 89)).toBeLessThan(1);
    const turns = 360 / found.lonStep;
    expect(found.lines.filter((line) => line.kind === "lon").length).toBe(turns);
  });

  it("draws the seam of a whole sky once and nothing across it", () => {
    const position = (x: number, y: number): [number, number] => [
      (540 - (x / SIZE) * 360) % 360,
      90 - (y / SIZE) * 180,
    ];
    const found = graticule(lattice(position), DEGREE_STEPS, DEGREE_STEPS, 60);
    expect(worst(found, position)).toBeLessThan(1e-9);
    for (const { kind, pieces } of found.lines) {
      if (kind !== "lon") continue;
      for (let k = 0; k < pieces.length; k += 4) expect(Math.abs(pieces[k] - pieces[k + 2])).toBeLessThan(1e-6);
    }
  });

  it("stays precise in fields of micro-arcseconds", () => {
    const position = tangent(45, 0, 1e-12);
    const found = graticule(lattice(position), DEGREE_STEPS, DEGREE_STEPS, 100);
    expect(found.latStep).toBeLessThan(1e-7);
    expect(found.lines.length).toBeGreaterThan(3);
  });

  it("draws nothing where there is no sky", () => {
    const found = graticule(
      lattice(() => [Number.NaN, Number.NaN]),
      DEGREE_STEPS,
      DEGREE_STEPS,
      100,
    );
    expect(found.lines).toEqual([]);
  });
});

describe("labelPlaces", () => {
  it("puts meridians at the top and parallels at the right where they can be", () => {
    const line = { value: 10, pieces: [100, 0, 110, 200, 110, 200, 120, 400] };
    expect(labelPlaces({ kind: "lon", ...line }, SIZE, SIZE)[0]).toEqual({ edge: "top", x: 100, y: 0 });
    const across = { kind: "lat" as const, value: 10, pieces: [0, 50, 400, 60] };
    expect(labelPlaces(across, SIZE, SIZE)[0]).toEqual({ edge: "right", x: 400, y: 60 });
  });

  it("labels inside what never touches an edge", () => {
    const round = { kind: "lat" as const, value: 80, pieces: [100, 200, 200, 100, 200, 100, 300, 200] };
    expect(labelPlaces(round, SIZE, SIZE)).toEqual([{ edge: "inside", x: 300, y: 200 }]);
  });
});
