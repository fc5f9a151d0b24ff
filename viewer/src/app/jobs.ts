/** Background jobs of this browser and of whoever is logged in: which there are, how far they are, what is done to them. */
import { getSession } from "../api/account";
import { ApiError } from "../api/client";
import { type JobInfo, type JobLine, jobs as server } from "../api/jobs";
import { account, nextAccount } from "./account";
import { forgetJobs, keepJob, keptJobs, memoryKey } from "./job-memory";
import { isGone, JobWatch } from "./job-watch";
import { isActive, isHollow, many, titleOf } from "./job-words";
import { isOpen } from "./panels";
import { debounced, say, wordsOf } from "./session";
import { Store } from "./state";
import { store } from "./store-controller";

export interface JobEntry extends Pick<JobInfo, "phase" | "created"> {
  id: string;
  runId: string;
  /** Whether the server has told its phase. */
  told: boolean;
  /** Null until it was asked for. */
  info: JobInfo | null;
}

export interface JobsState {
  /** The newest first. */
  list: readonly JobEntry[];
  /** Whether the server has said which there are. */
  known: boolean;
  /** There are older ones than those listed. */
  more: boolean;
  selected: string | null;
  /** Ids of jobs that something is being done to. */
  busy: ReadonlySet<string>;
  /** Why the last thing that was done to a job failed. */
  faults: ReadonlyMap<string, string>;
  /** Why the list is not here. */
  fault: string;
  /** Why nothing is heard of jobs that run. */
  trouble: string | null;
}

export const jobs = new Store<JobsState>({
  list: [],
  known: false,
  more: false,
  selected: null,
  busy: new Set(),
  faults: new Map(),
  fault: "",
  trouble: null,
});

const PAGE = 50;
const AT_ONCE = 2;
const LIST_MS = 20_000;

let wanted = PAGE;

/** What was deleted here: an answer that was on its way meanwhile still knows it. */
const deleted = new Set<string>();

export const jobOf = (id: string | null): JobEntry | null => jobs.state.list.find((job) => job.id === id) ?? null;
export const activeCount = (): number => jobs.state.list.filter(({ phase }) => isActive(phase)).length;
export const selectJob = (id: string | null): void => jobs.set({ selected: id });

const watch = new JobWatch({
  ask: (id, wait, signal) => server.get(id, wait, signal),
  changed: heard,
  gone: (id) => drop([id]),
  trouble: (trouble) => jobs.set({ trouble }),
});

/** Newest first; where two were made in the same moment they keep their order. */
const byAge = (a: JobEntry, b: JobEntry): number => (b.created ?? "").localeCompare(a.created ?? "");

function put(list: JobEntry[]): void {
  jobs.set({ list: list.sort(byAge) });
  pursue();
}

function entryOf(info: JobInfo): JobEntry {
  return { id: info.job_id, phase: info.phase, runId: info.run_id ?? "", created: info.created, told: true, info };
}

/** A fresh answer about a job. */
function heard(info: JobInfo): void {
  if (deleted.has(info.job_id)) return;
  const before = jobOf(info.job_id);
  if (before?.info && before.info.revision > info.revision) return;
  const entry = entryOf(info);
  put([...jobs.state.list.filter(({ id }) => id !== entry.id), entry]);
  if (before && isActive(before.phase) && !isActive(info.phase)) tellEnd(entry);
}

/** Whoever looks at the panel sees it. */
function tellEnd(job: JobEntry): void {
  if (isOpen("jobs") && document.visibilityState === "visible") return;
  const name = titleOf(job);
  if (job.phase === "ERROR") say(`“${name}” failed: ${job.info?.error?.message ?? "see the panel of jobs"}`, "fault");
  else if (job.phase === "COMPLETED") {
    say(isHollow(job.info?.results ?? []) ? `“${name}” is done: no pixel there.` : `“${name}” is done.`);
  }
}

let lost = 0;
const sayLost = debounced(() => {
  say(`${many(lost, "job")} ${lost === 1 ? "is" : "are"} no longer there and left the list.`);
  lost = 0;
}, 400);

/** Take jobs off the list that the server does not know any more. */
function drop(ids: readonly string[], quietly = false): void {
  const gone = new Set(ids);
  const { list, selected } = jobs.state;
  forgetJobs(gone);
  jobs.set({ selected: selected && gone.has(selected) ? null : selected });
  put(list.filter(({ id }) => !gone.has(id)));
  if (quietly) return;
  lost += gone.size;
  sayLost();
}

// --- following ---

/** Follow what runs and ask for what is not known, as eagerly as somebody looks. */
function pursue(): void {
  const hidden = document.visibilityState !== "visible";
  const open = isOpen("jobs");
  watch.follow(jobs.state.list, hidden ? "rest" : open ? "close" : "calm");
  fill();
}

const filling = new Set<string>();

/** Jobs that somebody has looked at. */
const seen = new Set<string>();

/** A job is on the screen: whoever sees it wants to know more than its phase. */
export function seeJob(id: string): void {
  if (seen.has(id)) return;
  seen.add(id);
  fill();
}

/** Whether there is more to be known of a job than its line; one with thousands of results is not asked for unseen. */
function isWanted({ id, phase, info, told }: JobEntry): boolean {
  if (filling.has(id) || failedOnce.has(id) || info?.phase === phase) return false;
  return info !== null || !told || seen.has(id) || id === jobs.state.selected;
}

/** Details of jobs, a few at a time. */
function fill(): void {
  for (const job of jobs.state.list) {
    if (filling.size >= AT_ONCE) return;
    if (!isWanted(job)) continue;
    filling.add(job.id);
    void server
      .get(job.id)
      .then(heard, (error) => {
        if (isGone(error)) drop([job.id]);
        else failedOnce.add(job.id);
      })
      .finally(() => {
        filling.delete(job.id);
        fill();
      });
  }
}

/** Jobs whose details did not come: asked for again with the next list. */
const failedOnce = new Set<string>();

/** Whose jobs are shown. */
let user: string | null = null;

/** Ask which jobs there are, and put them among those that are known. */
export async function refreshJobs(): Promise<void> {
  addKept();
  // The answer knows nothing of what happens until it is here.
  const asked = new Set(jobs.state.list.map(({ id }) => id));
  const count = wanted;
  const whose = user;
  try {
    const lines = await server.list(count);
    if (whose !== user) return;
    const complete = lines.length < count;
    merge(
      lines.filter(({ job_id }) => !deleted.has(job_id)),
      asked,
      complete,
    );
    jobs.set({ known: true, more: !complete, fault: "", trouble: null });
  } catch (error) {
    // Without a list the jobs of this browser are still known.
    jobs.set({ known: true, fault: wordsOf(error) });
  }
  failedOnce.clear();
  pursue();
}

export async function olderJobs(): Promise<void> {
  wanted += PAGE;
  await refreshJobs();
}

/** Put lines among what is known; of what was known when they were `asked` for, a `complete` list leaves out what is gone. */
function merge(lines: readonly JobLine[], asked: ReadonlySet<string>, complete: boolean): void {
  const known = new Map(jobs.state.list.map((job) => [job.id, job]));
  const kept = new Set(keptJobs().map(({ id }) => id));
  const listed = new Set(lines.map(({ job_id }) => job_id));
  for (const line of lines) {
    const before = known.get(line.job_id);
    const { phase, run_id, created } = line;
    // A detailed answer that came meanwhile is newer than the list.
    if (!before)
      known.set(line.job_id, { id: line.job_id, phase, runId: run_id ?? "", created, told: true, info: null });
    else if (!before.info || isActive(before.phase)) known.set(line.job_id, { ...before, phase, told: true });
  }
  const gone = [...known.values()].filter(
    ({ id, info }) => complete && asked.has(id) && !listed.has(id) && !kept.has(id) && info?.owner && !filling.has(id),
  );
  if (gone.length) drop(gone.map(({ id }) => id));
  const lostIds = new Set(gone.map(({ id }) => id));
  put([...known.values()].filter(({ id }) => !lostIds.has(id)));
}

/** Jobs that this browser remembers, also those that another tab made. */
function addKept(): void {
  const known = new Set(jobs.state.list.map(({ id }) => id));
  const added = keptJobs().filter(({ id }) => !known.has(id));
  // Until it was asked for nobody knows its phase.
  const entries = added.map(
    ({ id, name, created }): JobEntry => ({
      id,
      runId: name,
      created,
      phase: "PENDING",
      told: false,
      info: null,
    }),
  );
  if (entries.length) put([...jobs.state.list, ...entries]);
}

/** Somebody else's jobs are not shown to whoever comes next. */
function followUser(): void {
  const { session } = account.state;
  const name = session?.user?.name ?? (session?.auth === "token" ? "" : null);
  if (name === user) return;
  user = name;
  const kept = new Set(keptJobs().map(({ id }) => id));
  wanted = PAGE;
  jobs.set({ selected: null, known: false, more: false });
  put(jobs.state.list.filter(({ id }) => kept.has(id)));
  if (name !== null || isOpen("jobs")) void refreshJobs();
}

/** For the life of the page. */
export function startJobs(): void {
  addKept();
  account.subscribe(["session"], followUser);
  let open = isOpen("jobs");
  if (open) void refreshJobs();
  store.subscribe(["leftPanel", "leftOpen", "sheet", "narrow", "fullScreen"], () => {
    const now = isOpen("jobs");
    if (now === open) return;
    open = now;
    if (now) void refreshJobs();
    else pursue();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && isOpen("jobs")) void refreshJobs();
    else pursue();
  });
  window.addEventListener("storage", (event) => {
    if (event.key === memoryKey()) addKept();
  });
  setInterval(() => {
    if (isOpen("jobs") && document.visibilityState === "visible") void refreshJobs();
  }, LIST_MS);
}

// --- doing ---

/** Do something with the mark that a change needs; where it is too old, with a new one. */
async function marked<T>(work: (csrf: string | null) => Promise<T>): Promise<T> {
  const known = account.state.session ?? (await getSession());
  try {
    return await work(known.csrf);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    const fresh = await getSession().catch(() => known);
    if (fresh.csrf === known.csrf) throw error;
    account.set(nextAccount(account.state, fresh));
    if (known.user && !fresh.user) throw new ApiError(401, "login", "Your login has ended. Log in again.");
    return work(fresh.csrf);
  }
}

/** Tables that were uploaded by this page, so that a job can be run again. */
const sent = new Map<string, FormData>();

/**
 * Make a job and start it; its id.
 *
 * Throws ApiError with words for people.
 */
export async function submitJob(form: FormData): Promise<string> {
  await checkFiles(form);
  const info = await marked((csrf) => server.create(form, csrf));
  const entry = entryOf(info);
  sent.set(entry.id, form);
  if (!info.owner) keepJob({ id: entry.id, name: entry.runId, created: entry.created ?? "" });
  jobs.set({ selected: entry.id, known: true });
  put([entry, ...jobs.state.list.filter(({ id }) => id !== entry.id)]);
  return entry.id;
}

/** A file that was changed or removed since it was chosen cannot be sent: the browser would only say that it failed. */
async function checkFiles(form: FormData): Promise<void> {
  for (const value of form.values()) {
    if (typeof value === "string") continue;
    await value
      .slice(0, 1)
      .arrayBuffer()
      .catch(() => {
        throw new ApiError(0, "file", `${value.name} was changed or removed since it was chosen. Choose it again.`);
      });
  }
}

/** Do something to a job; while it goes on its buttons rest, and what fails is told in its row. */
async function act(id: string, work: () => Promise<unknown>): Promise<boolean> {
  if (jobs.state.busy.has(id)) return false;
  const faults = new Map(jobs.state.faults);
  faults.delete(id);
  jobs.set({ busy: new Set(jobs.state.busy).add(id), faults });
  try {
    await work();
    return true;
  } catch (error) {
    jobs.set({ faults: new Map(jobs.state.faults).set(id, wordsOf(error)) });
    return false;
  } finally {
    const busy = new Set(jobs.state.busy);
    busy.delete(id);
    jobs.set({ busy });
  }
}

const phaseChange = (id: string, phase: "RUN" | "ABORT") =>
  act(id, async () => heard(await marked((csrf) => server.setPhase(id, phase, csrf))));

export const abortJob = (id: string): Promise<boolean> => phaseChange(id, "ABORT");
export const startJob = (id: string): Promise<boolean> => phaseChange(id, "RUN");

export const deleteJob = (id: string): Promise<boolean> =>
  act(id, async () => {
    const removed = marked((csrf) => server.remove(id, csrf)).then(() => deleted.add(id));
    await removed.catch((error) => {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    });
    sent.delete(id);
    drop([id], true);
  });

const NOT_AGAIN = new Set(["PHASE", "UPLOAD", "RUNID"]);

/** What to send to have the same once more; null where a table would have to be chosen again. */
export function sameAgain(job: JobEntry): FormData | null {
  const { info } = job;
  const before = sent.get(job.id);
  if (before) return before;
  if (!info || info.uploads.length) return null;
  const form = new FormData();
  for (const { name, value } of info.parameters) if (!NOT_AGAIN.has(name.toUpperCase())) form.append(name, value);
  if (job.runId) form.append("RUNID", job.runId);
  form.append("PHASE", "RUN");
  return form;
}

export function rerunJob(job: JobEntry): Promise<boolean> {
  const form = sameAgain(job);
  return form ? act(job.id, () => submitJob(form)) : Promise.resolve(false);
}
