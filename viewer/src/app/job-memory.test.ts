import { describe, expect, it } from "vitest";
import { MOST_KEPT, readKept } from "./job-memory";

describe("kept jobs", () => {
  it("come back as they were", () => {
    const kept = [{ id: "a1-B_2", name: "Nebula", created: "2025-11-29T10:00:00Z" }];
    expect(readKept(JSON.stringify(kept))).toEqual(kept);
  });

  it("are none where the memory makes no sense", () => {
    for (const text of [null, "", "{", "{}", "3", '"a"', "[3]", "[null]", '[{"id":5}]', '[{"id":"../x"}]'])
      expect(readKept(text)).toEqual([]);
    expect(readKept('[{"id":"a","name":5}]')).toEqual([{ id: "a", name: "", created: "" }]);
  });

  it("are so many and no more", () => {
    const lots = Array.from({ length: MOST_KEPT + 50 }, (_, k) => ({ id: `job${k}` }));
    expect(readKept(JSON.stringify(lots))).toHaveLength(MOST_KEPT);
  });
});
