import { describe, expect, it } from "vitest";
import { failureWords } from "./jobs";

describe("the words of a failure", () => {
  it("are those of a DALI text without its label", () => {
    expect(failureWords("UsageError: radius must be positive\n", 400)).toEqual({
      code: "UsageError",
      message: "Radius must be positive",
    });
    expect(failureWords("Error: two: parts", 500).message).toBe("two: parts");
    expect(failureWords("UsageError: POS: the region has no area", 400).message).toBe("POS: the region has no area");
    expect(failureWords("RADIUS: is in degrees", 400).message).toBe("RADIUS: is in degrees");
  });

  it("are those of JSON where it is that", () => {
    const text = JSON.stringify({ error: { code: "limit", message: "At most 64 MiB." } });
    expect(failureWords(text, 413)).toEqual({ code: "limit", message: "At most 64 MiB." });
  });

  it("never show markup, and something is always said", () => {
    expect(failureWords("<html><body>Bad gateway</body></html>", 502).message).toBe("The server answered 502.");
    expect(failureWords("", 503).message).toBe("The server answered 503.");
    expect(failureWords("{}", 400).message).toBe("{}");
    expect(failureWords("null", 400).message).toBe("null");
    expect(failureWords("UsageError: stars.csv: no rows", 400).message).toBe("stars.csv: no rows");
  });
});
