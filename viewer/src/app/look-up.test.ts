import { expect, it } from "vitest";
import { ApiError } from "../api/client";
import { lookUp } from "./look-up";

const refusing = (error: unknown) => () => Promise.reject(error);
const signal = new AbortController().signal;

it.each([
  ["name_unknown", 404, "nobody", "No catalogue of names knows “M 4242”"],
  ["resolver_unreachable", 503, "the name service is away", "Names cannot be looked up now: the name service is away."],
  ["unreachable", 0, "The server does not answer.", "The server does not answer."],
])("%s is said in words", async (code, status, message, words) => {
  expect(await lookUp("M 4242", signal, refusing(new ApiError(status, code, message)))).toContain(words);
});

it("gives a position, and what is no answer to the one who asked", async () => {
  const found = { name: "M 42", ra: 83.8, dec: -5.4, found_by: "SIMBAD", type: null };
  expect(await lookUp("M 42", signal, () => Promise.resolve(found))).toBe(found);
  const abort = new DOMException("", "AbortError");
  await expect(lookUp("M 42", signal, refusing(abort))).rejects.toBe(abort);
});
