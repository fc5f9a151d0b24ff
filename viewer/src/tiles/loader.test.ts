import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Job, Loader } from "./loader";

interface Call {
  key: string;
  signal: AbortSignal;
  done(): void;
  fail(error: unknown): void;
}

let calls: Call[] = [];
let faults: unknown[] = [];

function job(key: string, priority = 0): Job {
  const run = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      calls.push({ key, signal, done: resolve, fail: reject });
      signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });
  return { key, priority, run };
}

const keys = () => calls.map((call) => call.key);
const loader = (limit = 2, worthRetrying = true) =>
  new Loader({
    limit,
    worthRetrying: () => worthRetrying,
    onFault: (error) => faults.push(error),
    onChange: () => {},
    now: () => Date.now(),
  });
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  faults = [];
});
afterEach(() => vi.useRealTimers());

describe("Loader", () => {
  it("starts the most wanted first, a few at a time", async () => {
    loader().want([job("c", 3), job("a", 1), job("b", 2)]);
    expect(keys()).toEqual(["a", "b"]);
    calls[0].done();
    await settle();
    expect(keys()).toEqual(["a", "b", "c"]);
  });

  it("aborts what is no longer wanted and lets the rest run", async () => {
    const it = loader();
    it.want([job("a"), job("b")]);
    it.want([job("b"), job("c")]);
    expect(calls[0].signal.aborted).toBe(true);
    expect(calls[1].signal.aborted).toBe(false);
    expect(keys()).toEqual(["a", "b", "c"]);
    await settle();
    expect(faults).toEqual([]);
  });

  it("tries again later, tells of it once all tries have failed, and then rests", async () => {
    const it = loader();
    it.want([job("a")]);
    for (const delay of [400, 1500, 4000]) {
      calls.at(-1)?.fail(new Error("broken"));
      await settle();
      const before = calls.length;
      await vi.advanceTimersByTimeAsync(delay - 5);
      expect(calls.length).toBe(before);
      await vi.advanceTimersByTimeAsync(10);
      expect(calls.length).toBe(before + 1);
    }
    expect(faults).toEqual([]);
    calls.at(-1)?.fail(new Error("broken"));
    await settle();
    expect(faults.length).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(calls.length).toBe(4);
    expect(it.pending).toBe(0);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(calls.length).toBe(5);
  });

  it("does not repeat what cannot succeed", async () => {
    const it = loader(2, false);
    it.want([job("a")]);
    calls[0].fail(new Error("no such tile"));
    await settle();
    it.want([job("a")]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls.length).toBe(1);
    expect(faults.length).toBe(1);
    it.forgive();
    expect(calls.length).toBe(2);
  });
});
