"""The local crew keeps the contract of runners; what only it has."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from armillary.jobs.child import NOT_SET_UP
from armillary.jobs.crew import COURTESY_S, Crew
from armillary.jobs.crew_scratch import Scratch
from armillary.jobs.model import Phase
from armillary.jobs.service import open_jobs
from armillary.jobs.store import Quota
from armillary.storage.processes import process_name
from armillary.testing.runner_works import toy_plan
from armillary.testing.runners import RunnerConformance, Running, alive, noted, until


@pytest.fixture
def jobs(tmp_path):
    opened = open_jobs("toy", database=str(tmp_path / "jobs.sqlite"), results=str(tmp_path / "results"))
    yield opened
    opened.close()


@pytest.fixture
def crew_of(jobs):
    """Starts crews; they end with the test."""
    started = []

    def start(**changes):
        crew = Crew(jobs, toy_plan(**changes))
        crew.start()
        started.append(crew)
        return crew

    yield start
    for crew in started:
        crew.close()


class TestLocalCrew(RunnerConformance):
    @pytest.fixture
    def running(self, jobs, crew_of, tmp_path):
        crew_of()
        return Running(jobs, lambda _: None, tmp_path)


@pytest.fixture
def alone(jobs, tmp_path):
    """The jobs, with nobody who does them yet."""
    return Running(jobs, lambda _: None, tmp_path)


def test_two_crews_on_one_store_do_every_job_once(alone, crew_of, tmp_path):
    crews = [crew_of(), crew_of()]
    job_ids = [alone.submit(("note", tmp_path / str(k)), ("sleep", 0.02), ("keep", f"a={k}")) for k in range(40)]
    assert {alone.ended(job_id).phase for job_id in job_ids} == {Phase.COMPLETED}
    assert [len(noted(tmp_path / str(k))) for k in range(40)] == [1] * 40
    assert all(len(crew.children()) <= 2 for crew in crews)


def test_jobs_that_wait_when_it_starts_are_done(alone, crew_of):
    job_id = alone.submit(("keep", "a=1"))
    crew_of()
    assert alone.ended(job_id).phase == Phase.COMPLETED


def test_without_a_bell_jobs_are_found(jobs, alone, crew_of, monkeypatch):
    monkeypatch.setattr(type(jobs.bell), "ring", lambda self, topic: None)
    crew_of(look_s=0.1)
    until(lambda: False, 0.3)
    job_id = alone.submit(("keep", "a=1"))
    assert alone.ended(job_id).phase == Phase.COMPLETED
    mine = alone.folder / "mine"
    job_id = alone.submit(("note", mine), ("sleep", 600))
    assert until(lambda: noted(mine))
    jobs.store.abort(job_id)
    assert until(lambda: not any(map(alive, noted(mine))))


def test_a_child_without_a_job_ends(alone, crew_of):
    crew = crew_of(idle_s=0.3)
    alone.ended(alone.submit(("keep", "a=1")))
    children = crew.children()
    assert until(lambda: not crew.children())
    assert until(lambda: not any(map(alive, children)))
    assert alone.ended(alone.submit(("keep", "a=1"))).phase == Phase.COMPLETED


def test_a_child_that_died_while_idle_costs_no_attempt(alone, crew_of):
    crew = crew_of(workers=1, most_attempts=1)
    for _ in range(10):
        alone.ended(alone.submit(("keep", "a=1")))
        os.kill(crew.children()[0], signal.SIGKILL)
        assert alone.ended(alone.submit(("keep", "a=1"))).phase == Phase.COMPLETED


def test_one_child_does_many_jobs(alone, crew_of, tmp_path):
    crew_of(workers=1)
    for job_id in [alone.submit(("note", tmp_path / "notes")) for _ in range(10)]:
        alone.ended(job_id)
    assert len(set(noted(tmp_path / "notes"))) == 1


def test_the_end_gives_jobs_back(jobs, alone, crew_of, tmp_path):
    gate, mine = tmp_path / "gate", tmp_path / "mine"
    crew = crew_of()
    job_id = alone.submit(("keep", "a=1"), ("note", mine), ("until", gate))
    assert until(lambda: noted(mine))
    crew.close()
    job = jobs.store.get(job_id)
    assert (job.phase, job.started) == (Phase.QUEUED, None)
    assert until(lambda: not any(map(alive, noted(mine))))
    assert alone.attempts_kept(job_id) == []
    gate.touch()
    crew_of(most_attempts=1)  # What was given back is no attempt that failed.
    assert alone.ended(job_id).phase == Phase.COMPLETED


def test_a_scene_that_cannot_be_opened_is_told(alone, crew_of):
    crew_of(scene={"broken": True})
    job = alone.ended(alone.submit(("keep", "a=1")))
    assert (job.phase, job.error.message, job.error.transient) == (Phase.ERROR, NOT_SET_UP, True)


def test_a_work_that_is_not_there_is_told(alone, crew_of):
    crew_of(work="armillary.testing.runner_works:no_such_factory")
    job = alone.ended(alone.submit(("keep", "a=1")))
    assert job.phase == Phase.ERROR
    assert job.error.message == NOT_SET_UP


def test_time_to_open_does_not_count_as_running(alone, crew_of):
    crew_of(workers=1, scene={"opens_s": 1.5})
    assert alone.ended(alone.submit(("keep", "a=1"), duration_s=1)).phase == Phase.COMPLETED


def test_an_abort_while_the_work_opens_ends_it(jobs, alone, crew_of):
    crew = crew_of(workers=1, scene={"opens_s": 600})
    job_id = alone.submit(("keep", "a=1"))
    children = until(crew.children)
    jobs.store.abort(job_id)
    assert until(lambda: not any(map(alive, children)))


def test_jobs_of_a_crew_of_this_machine_that_is_gone_are_begun_again_at_once(jobs, alone, crew_of):
    process = subprocess.Popen(
        [sys.executable, "-c", "from armillary.storage.processes import process_name; print(process_name())"],
        stdout=subprocess.PIPE,
        text=True,
    )
    name = process.communicate()[0].strip()
    job_id = alone.submit(("keep", "a=1"))
    assert jobs.store.claim(name + "/1").job.job_id == job_id
    crew_of()  # There is no reaper here.
    assert alone.ended(job_id).phase == Phase.COMPLETED


def test_two_jobs_at_once_do_not_take_the_same_room(alone, crew_of, tmp_path):
    crew_of(quota=Quota(size=150_000))
    gate = tmp_path / "gate"
    job_ids = [alone.submit(("bytes", "a=100000"), ("note", tmp_path / "notes"), ("until", gate)) for _ in range(2)]
    assert until(lambda: len(noted(tmp_path / "notes")) == 2)
    gate.touch()
    ended = [alone.ended(job_id) for job_id in job_ids]
    assert sorted(job.phase for job in ended) == [Phase.COMPLETED, Phase.ERROR]
    failed = next(job for job in ended if job.phase is Phase.ERROR)
    assert "may still keep" in failed.error.message
    assert until(lambda: alone.attempts_kept(failed.job_id) == [])


def test_two_jobs_that_end_together_do_not_take_the_same_room(jobs, alone, crew_of, monkeypatch):
    both, finish = threading.Barrier(2), jobs.store.finish

    def finish_together(*words):
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(30)
        return finish(*words)

    monkeypatch.setattr(jobs.store, "finish", finish_together)
    crew_of(quota=Quota(size=150_000))
    ended = [alone.ended(job_id) for job_id in [alone.submit(("bytes", "a=100000")) for _ in range(2)]]
    assert sorted(job.phase for job in ended) == [Phase.COMPLETED, Phase.ERROR]
    assert jobs.store.usage("p").size == 100_000
    failed = next(job for job in ended if job.phase is Phase.ERROR)
    assert until(lambda: alone.attempts_kept(failed.job_id) == [])


def test_what_a_child_puts_down_goes_with_it(alone, crew_of, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    crew = crew_of(workers=1)
    job_id = alone.submit(("litter", "left"), ("note", tmp_path / "notes"), ("sleep", 600))
    assert until(lambda: noted(tmp_path / "notes"))
    litter = list(tmp_path.glob("armillary-jobs-*/*/*/left"))
    assert len(litter) == 1
    alone.jobs.store.abort(job_id)
    assert until(lambda: not litter[0].exists())
    crew.close()
    assert not list(tmp_path.glob("armillary-jobs-*"))


def test_what_a_killed_crew_put_down_goes_with_the_next(alone, crew_of, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    host, machine, pid, begun, rest = process_name().split("/")
    base = tmp_path / f"armillary-jobs-{os.getuid()}"
    mine, gone, other = (
        base / ",".join(words)
        for words in (
            (host, machine, pid, begun, "x"),
            (host, machine, pid, str(int(begun) + 1), rest),
            (host, "elsewhere", "1", "1", "x"),
        )
    )
    base.mkdir(mode=0o700)
    for place in (mine, gone, other):
        (place / "1").mkdir(parents=True)
    crew_of()
    assert alone.ended(alone.submit(("keep", "a=1"))).phase == Phase.COMPLETED
    assert [place.exists() for place in (mine, gone, other)] == [True, False, True]


def test_what_a_killed_process_took_in_goes_with_the_next(tmp_path):
    program = """
import sys, time
from pathlib import Path
from armillary.storage.processes import process_name
from armillary.jobs.crew_scratch import Scratch
with Scratch(process_name(), Path(sys.argv[1])).passing() as folder:
    print(folder, flush=True)
    time.sleep(600)
"""
    base = tmp_path / "base"
    command = [sys.executable, "-c", program, str(base)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        left = Path(process.stdout.readline().strip())
        (left / "table").touch()
        with Scratch(process_name(), base).passing():
            assert (left / "table").exists()  # It lives.
        process.kill()
    scratch = Scratch(process_name(), base)
    with scratch.passing() as folder:
        assert list(base.glob("*/*")) == [folder]
    scratch.close()
    assert list(base.glob("*/*")) == []


def test_a_scratch_folder_of_somebody_else_is_not_used(alone, crew_of, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    base = tmp_path / f"armillary-jobs-{os.getuid()}"
    base.mkdir()
    base.chmod(0o777)
    crew_of()
    assert alone.ended(alone.submit(("keep", "a=1"))).phase == Phase.COMPLETED
    assert not list(base.iterdir())


def test_a_crew_lets_others_go_first_and_does_its_jobs(alone, crew_of, monkeypatch):
    waited, wait = [], Crew.wait

    def remembered(crew, seconds):
        waited.append(seconds)
        wait(crew, seconds)

    monkeypatch.setattr(Crew, "wait", remembered)
    crew_of(others_first=lambda: True)
    job_ids = [alone.submit(("keep", "a=1")) for _ in range(4)]
    assert {alone.ended(job_id).phase for job_id in job_ids} == {Phase.COMPLETED}
    assert waited.count(COURTESY_S) >= 4


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux only")
def test_children_step_back(alone, crew_of):
    crew = crew_of(workers=1, nice=3)
    alone.ended(alone.submit(("keep", "a=1")))
    (child,) = crew.children()
    assert os.sched_getscheduler(child) == os.SCHED_BATCH
    assert os.getpriority(os.PRIO_PROCESS, child) == os.getpriority(os.PRIO_PROCESS, 0) + 3
