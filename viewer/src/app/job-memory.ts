/** Jobs of callers without a name are known by their ids alone: this browser keeps them, for each server. */
import { remember, remembered } from "./theme";

export const MOST_KEPT = 200;

export interface KeptJob {
  id: string;
  name: string;
  created: string;
}

export const memoryKey = (): string => `armillary.jobs:${new URL(".", document.baseURI).pathname}`;

/** What was written down, without what makes no sense. */
export function readKept(text: string | null): KeptJob[] {
  try {
    const saved: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(saved)) return [];
    const good = saved.filter((one) => typeof one?.id === "string" && /^[\w.-]{1,128}$/.test(one.id));
    return good.slice(0, MOST_KEPT).map(({ id, name, created }) => ({
      id,
      name: typeof name === "string" ? name : "",
      created: typeof created === "string" ? created : "",
    }));
  } catch {
    return [];
  }
}

export const keptJobs = (): KeptJob[] => readKept(remembered(memoryKey()));

const write = (kept: KeptJob[]): void => remember(memoryKey(), JSON.stringify(kept.slice(0, MOST_KEPT)));

export function keepJob(job: KeptJob): void {
  write([job, ...keptJobs().filter(({ id }) => id !== job.id)]);
}

export function forgetJobs(ids: ReadonlySet<string>): void {
  const kept = keptJobs();
  const left = kept.filter(({ id }) => !ids.has(id));
  if (left.length !== kept.length) write(left);
}
