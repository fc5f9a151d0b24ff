/** Requests for tiles: the most wanted first, a few at a time, aborted when nobody wants them any more. */

export interface Job {
  key: string;
  priority: number; // smaller is sooner
  run(signal: AbortSignal): Promise<void>;
}

interface Trouble {
  attempts: number;
  again: number; // time before which it is not tried
}

export interface LoaderOptions {
  limit: number;
  /** Whether trying again can help. */
  worthRetrying(error: unknown): boolean;
  onFault(error: unknown): void;
  onChange(): void;
  now?: () => number;
}

const BACKOFF_MS = [400, 1500, 4000];
const REST_MS = 20_000;

export class Loader {
  private wanted: Job[] = [];
  private readonly running = new Map<string, AbortController>();
  private readonly troubles = new Map<string, Trouble>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly now: () => number;

  constructor(private readonly options: LoaderOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  /** How many are under way or waiting, those that were given up not counted. */
  get pending(): number {
    const soon = this.now() + BACKOFF_MS[BACKOFF_MS.length - 1];
    const waiting = this.wanted.filter((job) => (this.troubles.get(job.key)?.again ?? 0) <= soon);
    return this.running.size + waiting.length;
  }

  /** Replace everything that was wanted; requests under way that are not in the list are aborted. */
  want(jobs: Job[]): void {
    const keys = new Set(jobs.map((job) => job.key));
    for (const [key, control] of this.running) {
      if (!keys.has(key)) {
        control.abort();
        this.running.delete(key);
      }
    }
    this.wanted = jobs.filter((job) => !this.running.has(job.key)).sort((a, b) => a.priority - b.priority);
    this.pump();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.want([]);
    this.troubles.clear();
  }

  /** Forget past failures: try everything at once again. */
  forgive(): void {
    this.troubles.clear();
    this.pump();
  }

  private pump(): void {
    const now = this.now();
    const later: Job[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const job of this.wanted) {
      const again = this.troubles.get(job.key)?.again ?? 0;
      if (again > now) next = Math.min(next, again);
      if (again > now || this.running.size >= this.options.limit) later.push(job);
      else void this.start(job);
    }
    this.wanted = later;
    clearTimeout(this.timer);
    if (Number.isFinite(next)) this.timer = setTimeout(() => this.pump(), next - now + 1);
  }

  private async start(job: Job): Promise<void> {
    const control = new AbortController();
    this.running.set(job.key, control);
    try {
      await job.run(control.signal);
      this.troubles.delete(job.key);
    } catch (error) {
      if (control.signal.aborted) return;
      this.failed(job, error);
    } finally {
      if (this.running.get(job.key) === control) {
        this.running.delete(job.key);
        this.options.onChange();
        this.pump();
      }
    }
  }

  private failed(job: Job, error: unknown): void {
    const attempts = (this.troubles.get(job.key)?.attempts ?? 0) + 1;
    const delay = this.options.worthRetrying(error) ? BACKOFF_MS[attempts - 1] : Number.POSITIVE_INFINITY;
    const tired = delay === undefined;
    if (tired || !Number.isFinite(delay)) this.options.onFault(error);
    this.troubles.set(job.key, { attempts: tired ? 0 : attempts, again: this.now() + (tired ? REST_MS : delay) });
    if (Number.isFinite(delay ?? REST_MS)) this.wanted.push(job);
  }
}
