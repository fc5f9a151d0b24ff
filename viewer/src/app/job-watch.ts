/** Follows jobs that are not at their end by long polling: few requests at a time, slower where the server does not answer. */
import { ApiError } from "../api/client";
import type { JobInfo, Phase } from "../api/jobs";
import { isActive } from "./job-words";

export interface Watched {
  id: string;
  phase: Phase;
}

export interface WatchEvents {
  ask(id: string, wait: { seconds: number; phase: Phase }, signal: AbortSignal): Promise<JobInfo>;
  changed(info: JobInfo): void;
  /** The server does not know it (any more). */
  gone(id: string): void;
  /** Something went wrong that may be over soon; null: it is over. */
  trouble(words: string | null): void;
}

/** How eagerly: nobody looks, somebody sees the number of them only, somebody sees them all. */
export type Pace = "rest" | "calm" | "close";

/** Requests at a time: a browser has six for one server, and the map wants most of them. */
const SLOTS: Record<Pace, number> = { rest: 0, calm: 1, close: 2 };
/** Seconds that the server may wait for another phase; progress is no phase, so what runs is asked more often. */
const WAIT_S = { alone: 20, running: 2, shared: 1 };
const GAP_MS: Record<Pace, number> = { rest: 0, calm: 2500, close: 400 };
const FIRST_BACK_OFF_MS = 1000;
const LONGEST_BACK_OFF_MS = 30_000;

export class JobWatch {
  private readonly due = new Map<string, number>();
  private readonly asking = new Map<string, AbortController>();
  private watched = new Map<string, Phase>();
  private pace: Pace = "rest";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private quietUntil = 0;

  constructor(private readonly events: WatchEvents) {}

  /** Which jobs to follow, those that are seen first. */
  follow(jobs: readonly Watched[], pace: Pace): void {
    this.watched = new Map(jobs.filter(({ phase }) => isActive(phase)).map(({ id, phase }) => [id, phase]));
    for (const [id, control] of this.asking) if (!this.watched.has(id) || pace === "rest") control.abort();
    for (const id of this.due.keys()) if (!this.watched.has(id)) this.due.delete(id);
    // Whoever looks closely again wants to know now.
    if (pace === "close" && this.pace !== "close") this.due.clear();
    this.pace = pace;
    this.next();
  }

  stop(): void {
    this.follow([], "rest");
  }

  private next(): void {
    clearTimeout(this.timer);
    const now = Date.now();
    let soonest = Number.POSITIVE_INFINITY;
    const idle = [...this.watched.keys()].filter((id) => !this.asking.has(id));
    idle.sort((a, b) => (this.due.get(a) ?? 0) - (this.due.get(b) ?? 0));
    for (const id of idle) {
      if (this.asking.size >= SLOTS[this.pace]) return;
      const at = Math.max(this.due.get(id) ?? 0, this.quietUntil);
      if (at <= now) void this.look(id);
      else soonest = Math.min(soonest, at);
    }
    if (Number.isFinite(soonest)) this.timer = setTimeout(() => this.next(), soonest - now);
  }

  private async look(id: string): Promise<void> {
    const phase = this.watched.get(id);
    if (!phase) return;
    const control = new AbortController();
    this.asking.set(id, control);
    try {
      const info = await this.events.ask(id, { seconds: this.patience(phase), phase }, control.signal);
      if (!control.signal.aborted) this.heard(info);
    } catch (error) {
      if (!control.signal.aborted) this.failed(id, error);
    } finally {
      this.asking.delete(id);
      this.due.set(id, Date.now() + GAP_MS[this.pace]);
      this.next();
    }
  }

  private patience(phase: Phase): number {
    if (this.watched.size > SLOTS[this.pace]) return WAIT_S.shared;
    return phase === "EXECUTING" && this.pace === "close" ? WAIT_S.running : WAIT_S.alone;
  }

  private heard(info: JobInfo): void {
    if (this.failures) this.events.trouble(null);
    this.failures = 0;
    this.quietUntil = 0;
    if (this.watched.has(info.job_id)) this.watched.set(info.job_id, info.phase);
    if (!isActive(info.phase)) this.watched.delete(info.job_id);
    this.events.changed(info);
  }

  private failed(id: string, error: unknown): void {
    if (isGone(error)) {
      this.watched.delete(id);
      this.events.gone(id);
      return;
    }
    const wait = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** this.failures);
    this.failures++;
    this.quietUntil = Date.now() + wait;
    this.events.trouble(error instanceof Error ? error.message : String(error));
  }
}

/** What is denied looks like what is missing. */
export const isGone = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 404 || error.status === 403);
