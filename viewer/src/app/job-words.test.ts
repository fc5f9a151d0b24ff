import { describe, expect, it } from "vitest";
import type { JobInfo, JobResult } from "../api/jobs";
import {
  askedWords,
  durationWords,
  isActive,
  lineOf,
  mainResult,
  outcomeWords,
  phaseWords,
  regionWords,
  shareOf,
  titleOf,
  whenWords,
} from "./job-words";

const result = (id: string, size: number, extra: Partial<JobResult> = {}): JobResult => ({
  id,
  href: "",
  size,
  media_type: "application/fits",
  name: `${id}.fits`,
  empty: false,
  ...extra,
});

const info = (extra: Partial<JobInfo>): JobInfo => ({
  job_id: "abcdefghijkl",
  phase: "COMPLETED",
  owner: null,
  run_id: null,
  created: null,
  started: null,
  ended: null,
  quote: null,
  execution_duration: 0,
  destruction: null,
  revision: 1,
  progress: { done: 0, total: 0 },
  parameters: [],
  uploads: [],
  results: [],
  error: null,
  ...extra,
});

const pack = result("package", 5000, { media_type: "application/zip", name: "cutouts.zip" });
const hollow = (id: string) => result(id, 40, { media_type: "text/plain", empty: true });

describe("results", () => {
  it("are counted without the package, and empty ones are said to be empty", () => {
    expect(outcomeWords([result("a", 2880)])).toBe("2.88 kB");
    expect(outcomeWords([result("a", 1000), result("b", 2000)])).toBe("2 files · 3 kB");
    expect(outcomeWords([result("a", 1000), hollow("b"), pack])).toBe("2 files, 1 empty · 5 kB");
    expect(outcomeWords([hollow("a")])).toBe("Empty: no pixel there");
    expect(outcomeWords([hollow("a"), hollow("b"), pack])).toBe("All 2 empty: no pixel there");
    expect(outcomeWords([])).toBe("No results");
  });

  it("have one that is meant by a click, if there is one", () => {
    const one = result("a", 1);
    expect(mainResult([one])).toBe(one);
    expect(mainResult([one, hollow("b")])).toBe(one);
    expect(mainResult([one, result("b", 1)])).toBeNull();
    expect(mainResult([one, result("b", 1), pack])).toBe(pack);
    expect(mainResult([hollow("a"), pack])).toBeNull();
    expect(mainResult([pack])).toBe(pack);
  });
});

describe("a line of a job", () => {
  const now = new Date(2025, 10, 29, 15, 0);
  it("counts while it runs", () => {
    const running = info({ phase: "EXECUTING", progress: { done: 1200, total: 5000 } });
    expect(lineOf({ phase: "EXECUTING", created: null, info: running }, now)).toBe("1\u2009200 of 5\u2009000");
    expect(shareOf(running)).toBeCloseTo(0.24);
    expect(shareOf(info({}))).toBeNull();
  });

  it("tells size and time when it is done", () => {
    const ended = new Date(2025, 10, 29, 14, 2).toISOString();
    const done = info({ results: [result("a", 1_420_000)], ended });
    expect(lineOf({ phase: "COMPLETED", created: null, info: done }, now)).toBe("1.42 MB · 14:02");
    expect(whenWords(ended, new Date(2025, 10, 30))).toBe("2025-11-29 14:02");
    expect(whenWords(ended, new Date(2025, 11, 30), true)).toBe("29 Nov");
    expect(whenWords(ended, new Date(2026, 0, 1), true)).toBe("2025-11-29");
    expect(whenWords("nonsense")).toBe("");
    expect(whenWords(null)).toBe("");
  });
});

describe("words", () => {
  it("of phases are there for every phase, also for one to come", () => {
    expect(phaseWords("EXECUTING").word).toBe("Running");
    expect(phaseWords("HELD" as never).word).toBe("Unknown");
    expect(isActive("QUEUED")).toBe(true);
    expect(isActive("PENDING")).toBe(false);
    expect(isActive("ABORTED")).toBe(false);
  });

  it("of durations", () => {
    expect([0, 400, 12_000, 59_700, 185_000, 3_600_000, 7_800_000].map(durationWords)).toEqual([
      "0 s",
      "0.4 s",
      "12 s",
      "1 min",
      "3 min 5 s",
      "1 h",
      "2 h 10 min",
    ]);
  });

  it("of regions", () => {
    expect(regionWords("CIRCLE 150.1 -2.2 0.05")).toBe("Circle of 3′ at 150.1° −2.2°");
    expect(regionWords("RANGE 359 1 -0.5 0.5")).toBe("RA 359° to 1°, Dec −0.5° to +0.5°");
    expect(regionWords("POLYGON 0 -1 2 -1 2 1 0 1")).toBe("2° × 2° around 1° +0°");
    expect(regionWords("POLYGON 0 0 2 0 1 2")).toMatch(/^Polygon of 3 corners around 1° \+0\.66/);
    expect(regionWords("POLYGON 1 1 2")).toBe("POLYGON 1 1 2");
    expect(regionWords("BLOB 1")).toBe("BLOB 1");
  });

  it("of what was asked for", () => {
    const asked = info({
      parameters: [
        { name: "ID", value: "field_r" },
        { name: "pos", value: "CIRCLE 1 2 0.5" },
        { name: "RESPONSEFORMAT", value: "image/png" },
      ],
    });
    expect(askedWords(asked, (layer) => layer.toUpperCase())).toEqual([
      ["Region", "Circle of 30′ at 1° +2°"],
      ["Layer", "FIELD_R"],
      ["Format", "PNG"],
    ]);
    expect(titleOf({ id: "abcdefghijkl", runId: "", info: asked })).toBe("Circle of 30′ at 1° +2°");
    expect(titleOf({ id: "abcdefghijkl", runId: "", info: null })).toBe("Job abcdefgh");
    expect(titleOf({ id: "x", runId: "Nebula", info: asked })).toBe("Nebula");
    const many = info({ parameters: ["a", "b", "c", "d", "e"].map((value) => ({ name: "ID", value })) });
    expect(askedWords(many, (layer) => layer)[0]).toEqual(["Layer", "a, b, c and 2 more"]);
  });
});
