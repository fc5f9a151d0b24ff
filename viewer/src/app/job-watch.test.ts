import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import type { JobInfo, Phase } from "../api/jobs";
import { JobWatch, type WatchEvents } from "./job-watch";

const info = (id: string, phase: Phase): JobInfo => ({ job_id: id, phase }) as JobInfo;

/** A server that answers when it is told to. */
class Fake {
  readonly open = new Map<string, { answer: (phase: Phase) => void; fail: (error: unknown) => void }>();
  readonly waits: [string, number, Phase][] = [];
  readonly said: string[] = [];
  most = 0;

  readonly events: WatchEvents = {
    ask: (id, { seconds, phase }, signal) =>
      new Promise((resolve, reject) => {
        this.waits.push([id, seconds, phase]);
        const done = () => this.open.delete(id);
        this.open.set(id, {
          answer: (next) => {
            done();
            resolve(info(id, next));
          },
          fail: (error) => {
            done();
            reject(error);
          },
        });
        this.most = Math.max(this.most, this.open.size);
        signal.addEventListener("abort", () => {
          done();
          reject(new DOMException("", "AbortError"));
        });
      }),
    changed: ({ job_id, phase }) => this.said.push(`${job_id} ${phase}`),
    gone: (id) => this.said.push(`${id} gone`),
    trouble: (words) => this.said.push(words ?? "well again"),
  };
}

const queued = (...ids: string[]) => ids.map((id) => ({ id, phase: "QUEUED" as const }));
const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe("watching jobs", () => {
  let fake: Fake;
  let watch: JobWatch;
  beforeEach(() => {
    vi.useFakeTimers();
    fake = new Fake();
    watch = new JobWatch(fake.events);
  });
  afterEach(() => {
    watch.stop();
    vi.useRealTimers();
  });

  it("asks for another phase until the end, one request for a job", async () => {
    watch.follow(queued("a"), "close");
    await settle(10_000);
    expect(fake.waits).toEqual([["a", 20, "QUEUED"]]);
    fake.open.get("a")?.answer("EXECUTING");
    await settle(500);
    expect(fake.waits[1]).toEqual(["a", 2, "EXECUTING"]);
    fake.open.get("a")?.answer("COMPLETED");
    await settle(60_000);
    expect(fake.waits).toHaveLength(2);
    expect(fake.said).toEqual(["a EXECUTING", "a COMPLETED"]);
  });

  it("has few requests under way and comes to every job in turn", async () => {
    watch.follow(queued("a", "b", "c", "d", "e"), "close");
    for (let round = 0; round < 12; round++) {
      for (const one of [...fake.open.values()]) one.answer("QUEUED");
      await settle(450);
    }
    expect(fake.most).toBe(2);
    const asked = ["a", "b", "c", "d", "e"].map((id) => fake.waits.filter(([other]) => other === id).length);
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(4);
    expect(fake.waits.every(([, seconds]) => seconds === 1)).toBe(true);
  });

  it("leaves finished jobs alone and takes back what is no longer wanted", async () => {
    watch.follow([...queued("a"), { id: "b", phase: "COMPLETED" }], "close");
    await settle();
    expect([...fake.open.keys()]).toEqual(["a"]);
    watch.follow([], "close");
    await settle(10_000);
    expect(fake.open.size).toBe(0);
    expect(fake.said).toEqual([]);
  });

  it("rests where nobody looks, and looks at once when somebody does", async () => {
    watch.follow(queued("a"), "close");
    await settle();
    watch.follow(queued("a"), "rest");
    await settle(60_000);
    expect(fake.open.size).toBe(0);
    watch.follow(queued("a"), "close");
    await settle();
    expect(fake.open.size).toBe(1);
  });

  it("does not ask at once again where the server does not wait", async () => {
    watch.follow(queued("a"), "close");
    await settle();
    fake.open.get("a")?.answer("QUEUED");
    await settle(300);
    expect(fake.waits).toHaveLength(1);
    await settle(200);
    expect(fake.waits).toHaveLength(2);
  });

  it("asks less and less while the server fails, and says so once it is well again", async () => {
    watch.follow(queued("a"), "close");
    await settle();
    const pauses: number[] = [];
    for (let k = 0; k < 7; k++) {
      const before = Date.now();
      fake.open.get("a")?.fail(new ApiError(503, "busy", "Too busy."));
      while (fake.open.size === 0) await settle(100);
      pauses.push(Math.round((Date.now() - before) / 1000));
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30]);
    fake.open.get("a")?.answer("EXECUTING");
    await settle(10);
    expect(fake.said.slice(-2)).toEqual(["well again", "a EXECUTING"]);
    expect(fake.said[0]).toBe("Too busy.");
  });

  it("drops what is gone or denied", async () => {
    watch.follow(queued("a", "b"), "close");
    await settle();
    fake.open.get("a")?.fail(new ApiError(404, "not_found", "No such job."));
    fake.open.get("b")?.fail(new ApiError(403, "denied", "Not yours."));
    await settle(60_000);
    expect(fake.said).toEqual(["a gone", "b gone"]);
    expect(fake.waits).toHaveLength(2);
  });
});
