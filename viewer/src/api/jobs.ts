/** Background jobs: cutouts that the server makes by itself (UWS 1.1 over SODA). */
import { ApiError, refusals } from "./client";

export const PHASES = ["PENDING", "QUEUED", "EXECUTING", "COMPLETED", "ERROR", "ABORTED", "ARCHIVED"] as const;
export type Phase = (typeof PHASES)[number];

export interface JobLine {
  job_id: string;
  phase: Phase;
  owner: string | null;
  run_id: string | null;
  created: string | null;
}

export interface JobResult {
  id: string;
  href: string;
  size: number;
  media_type: string;
  name: string;
  /** It holds no pixel, only words that say why. */
  empty: boolean;
}

export interface JobInfo extends JobLine {
  started: string | null;
  ended: string | null;
  quote: string | null;
  /** Seconds; 0 for no bound. */
  execution_duration: number;
  destruction: string | null;
  revision: number;
  progress: { done: number; total: number };
  parameters: { name: string; value: string }[];
  uploads: { name: string; size: number }[];
  results: JobResult[];
  error: { message: string; type: string } | null;
}

/** Words that begin an error of SODA 1.0, 5.3. */
const LABEL = /^(\w*Error|\w*Fault|MultiValuedParamNotSupported|ServiceUnavailable)\s*:\s*([\s\S]*)$/;

const JSON_ANSWER = { Accept: "application/json" };

/** Address of the jobs, or of one of them, below the folder this page was served from. */
export function jobUrl(id = "", rest = "", query: Record<string, string | number> = {}): string {
  const path = id ? `vo/soda/async/${encodeURIComponent(id)}${rest}` : "vo/soda/async";
  const url = new URL(path, new URL(".", document.baseURI));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url.href;
}

export const resultUrl = (id: string, result: JobResult): string =>
  jobUrl(id, `/results/${encodeURIComponent(result.id)}`);

const MOST_WORDS = 600;

/** Names at the beginning stay as they are written. */
const sentence = (text: string): string => (/^[a-z]+[ ,]/.test(text) ? text[0].toUpperCase() + text.slice(1) : text);

/** The words of a failure: JSON as everywhere, or a text as DALI 1.1, 4.2.2 has it (`UsageError: …`). */
export function failureWords(text: string, status: number): { code: string; message: string } {
  try {
    const { error } = JSON.parse(text);
    if (typeof error.message === "string") return { code: String(error.code ?? "http"), message: error.message };
  } catch {
    // It is a text.
  }
  const plain = text.trim();
  if (plain === "" || plain.startsWith("<")) return { code: "http", message: `The server answered ${status}.` };
  const labelled = LABEL.exec(plain);
  const message = labelled?.[2] || plain;
  return { code: labelled?.[1] ?? "http", message: sentence(message.slice(0, MOST_WORDS)) };
}

async function ask(url: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal, credentials: "same-origin" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The server does not answer. Is Armillary still running?");
  }
  if (response.ok) return response;
  if (response.status === 401) refusals.dispatchEvent(new Event("refused"));
  const { code, message } = failureWords(await response.text().catch(() => ""), response.status);
  throw new ApiError(response.status, code, message);
}

const marked = (csrf: string | null): Record<string, string> => ({
  ...JSON_ANSWER,
  ...(csrf ? { "X-Armillary-CSRF": csrf } : {}),
});

export const jobs = {
  /** The newest jobs of whoever asks; empty for who has no name. */
  async list(last: number, signal?: AbortSignal): Promise<JobLine[]> {
    const response = await ask(jobUrl("", "", { LAST: last }), { headers: JSON_ANSWER, cache: "no-store" }, signal);
    return (await response.json()).jobs;
  },
  /** A job; with `wait` (seconds) the answer comes when its phase is no longer `phase`, or that much later. */
  async get(id: string, wait?: { seconds: number; phase: Phase }, signal?: AbortSignal): Promise<JobInfo> {
    const query: Record<string, string | number> = wait ? { WAIT: wait.seconds, PHASE: wait.phase } : {};
    return (await ask(jobUrl(id, "", query), { headers: JSON_ANSWER, cache: "no-store" }, signal)).json();
  },
  /** Make a job of these fields and start it. */
  async create(form: FormData, csrf: string | null): Promise<JobInfo> {
    return (await ask(jobUrl(), { method: "POST", headers: marked(csrf), body: form })).json();
  },
  async setPhase(id: string, phase: "RUN" | "ABORT", csrf: string | null): Promise<JobInfo> {
    const body = new URLSearchParams({ PHASE: phase });
    return (await ask(jobUrl(id, "/phase"), { method: "POST", headers: marked(csrf), body })).json();
  },
  async remove(id: string, csrf: string | null): Promise<void> {
    await ask(jobUrl(id), { method: "DELETE", headers: marked(csrf) });
  },
};
