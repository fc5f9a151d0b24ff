import { beforeEach, describe, expect, it, vi } from "vitest";
import { getSession, type SessionInfo } from "../api/account";
import { ApiError } from "../api/client";
import { type JobInfo, jobs as server } from "../api/jobs";
import { account } from "./account";
import { deleteJob, jobs, olderJobs, refreshJobs, startJobs, submitJob } from "./jobs";

vi.mock("../api/jobs", () => ({
  jobs: { list: vi.fn(), get: vi.fn(), create: vi.fn(), setPhase: vi.fn(), remove: vi.fn() },
}));
vi.mock("../api/account", () => ({ getSession: vi.fn(), endSession: vi.fn() }));
const addEventListener = () => undefined;
vi.stubGlobal("document", { visibilityState: "hidden", baseURI: "http://host/base/", addEventListener });
vi.stubGlobal("window", { addEventListener });

const job = (id: string) =>
  ({
    job_id: id,
    phase: "COMPLETED",
    owner: "hypatia",
    run_id: id,
    created: id,
    revision: 1,
    results: [],
  }) as unknown as JobInfo;
const session = (name: string | null, csrf: string) =>
  ({ user: name === null ? null : { name, administrator: false }, csrf }) as SessionInfo;
const ids = () => jobs.state.list.map(({ id }) => id);

/** The next answer of the list, given when it is called. */
function listLater(): (lines: JobInfo[]) => void {
  let answer: (lines: JobInfo[]) => void = () => undefined;
  vi.mocked(server.list).mockReturnValueOnce(
    new Promise((resolve) => {
      answer = resolve;
    }),
  );
  return (lines) => answer(lines);
}

async function make(id: string): Promise<void> {
  vi.mocked(server.create).mockResolvedValueOnce(job(id));
  await submitJob(new FormData());
}

beforeEach(() => {
  vi.resetAllMocks();
  vi.mocked(server.get).mockImplementation(async (id) => job(id));
  account.set({ session: session("hypatia", "c"), ended: null });
  jobs.set({ list: [], faults: new Map(), busy: new Set() });
});

describe("a list of jobs", () => {
  it("takes off what the server knows no more", async () => {
    await make("a1");
    await make("a2");
    vi.mocked(server.list).mockResolvedValueOnce([job("a1")]);
    await refreshJobs();
    expect(ids()).toEqual(["a1"]);
  });

  it("says nothing of a job that was made while it was on its way", async () => {
    await make("b1");
    const answer = listLater();
    const refreshed = refreshJobs();
    await make("b2");
    answer([job("b1")]);
    await refreshed;
    expect(ids()).toEqual(["b2", "b1"]);
  });

  it("brings nothing back that was deleted while it was on its way", async () => {
    await make("c1");
    const answer = listLater();
    const refreshed = refreshJobs();
    expect(await deleteJob("c1")).toBe(true);
    answer([job("c1")]);
    await refreshed;
    expect(ids()).toEqual([]);
  });

  it("keeps what the server would not delete", async () => {
    await make("d1");
    const answer = listLater();
    const refreshed = refreshJobs();
    vi.mocked(server.remove).mockRejectedValueOnce(new ApiError(500, "http", "No."));
    expect(await deleteJob("d1")).toBe(false);
    answer([job("d1")]);
    await refreshed;
    expect(ids()).toEqual(["d1"]);
    expect(jobs.state.faults.get("d1")).toBe("No.");
  });

  it("that was asked for somebody else shows nothing to whoever comes next", async () => {
    startJobs();
    const answer = listLater();
    const refreshed = refreshJobs();
    vi.mocked(server.list).mockResolvedValue([]);
    account.set({ session: session("nobody else", "d"), ended: null });
    answer([job("hers")]);
    await refreshed;
    expect(ids()).toEqual([]);
  });

  it("is complete or not by how many were asked for", async () => {
    const many = Array.from({ length: 100 }, (_, k) => job(`e${k + 100}`));
    vi.mocked(server.list).mockResolvedValueOnce(many);
    await olderJobs();
    await make("e0");
    const answer = listLater();
    const refreshed = refreshJobs();
    vi.mocked(server.list).mockResolvedValueOnce([...many, job("e0")]);
    await olderJobs();
    answer(many);
    await refreshed;
    expect(ids()).toContain("e0");
  });
});

describe("a login that has ended", () => {
  beforeEach(() => {
    vi.mocked(server.create).mockRejectedValueOnce(new ApiError(403, "csrf", "Too old."));
    vi.mocked(server.create).mockResolvedValueOnce(job("f1"));
  });

  it("is told, and nothing is made as nobody's", async () => {
    vi.mocked(getSession).mockResolvedValueOnce(session(null, "d"));
    await expect(submitJob(new FormData())).rejects.toThrow("Your login has ended.");
    expect(account.state.ended).toBe("hypatia");
    expect(server.create).toHaveBeenCalledTimes(1);
    expect(ids()).toEqual([]);
  });

  it("and was renewed elsewhere makes no difference", async () => {
    vi.mocked(getSession).mockResolvedValueOnce(session("hypatia", "d"));
    expect(await submitJob(new FormData())).toBe("f1");
    expect(account.state).toMatchObject({ ended: null, session: { csrf: "d" } });
  });
});
