"""Processes killed at random moments: each accepted job ends once, whole or with a said error; nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil
import pytest
from conftest_postgresql import running_postgresql
from runner_processes import Manager, redis

from armillary.jobs.celery_runner import CelerySender
from armillary.jobs.model import Phase
from armillary.jobs.reaper import Patience, Reaper
from armillary.jobs.service import open_jobs
from armillary.testing.runners import Running, alive, noted, until

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE_S = 1.5
PATIENCE = {"lease_s": LEASE_S, "round_s": 0.2, "sweep_s": 0.3, "young_s": 1.0}
# Jobs that were begun many times because of us are not to fail for that.
PLAN = {"most_attempts": 100, "look_s": 0.5}
JOBS = 150
STRIKES = 14
CHILD = "armillary.jobs.child"


def children_of(folder) -> list[psutil.Process]:
    """Children of crews whose manager works, or worked, on the jobs of a folder; by what they opened."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if CHILD in process.cmdline() and process.environ().get("ARMILLARY_TEST_FOLDER") == str(folder):
                found.append(process)
    return found


@dataclass
class Place:
    """The jobs of a test, seen from outside of every manager."""

    running: Running
    words: dict
    managers: list[Manager] = field(default_factory=list)

    def manager(self, **words) -> Manager:
        made = Manager(self.running.folder / "log", **(self.words | words))
        self.managers.append(made)
        return made


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("ARMILLARY_TEST_FOLDER", str(tmp_path))
    words = {"database": str(tmp_path / "jobs.sqlite"), "results": str(tmp_path / "results")}
    jobs = open_jobs("toy", **words)
    made = Place(Running(jobs, lambda _: None, tmp_path), words | {"plan": PLAN, "patience": PATIENCE})
    yield made
    for manager in made.managers:
        manager.kill()
    jobs.close()
    for process in children_of(tmp_path):
        process.kill()


def submit_some(running: Running, random_: random.Random, count: int = JOBS) -> dict[str, dict[str, bytes] | None]:
    """Small jobs of several kinds, and what each is to give: results, or None for an error."""
    wanted: dict[str, dict[str, bytes] | None] = {}
    for k in range(count):
        pause = ("sleep", f"{random_.random() * 0.08:.3f}")
        kind = random_.random()
        if kind < 0.1:
            wanted[running.submit(("keep", "a=1"), pause, ("usage", f"said {k}"))] = None
        elif kind < 0.4:
            size = random_.randrange(1, 400_000)
            wanted[running.submit(("bytes", f"a={size}"), pause, ("keep", f"b={k}"))] = {
                "a": bytes(size),
                "b": str(k).encode(),
            }
        else:
            wanted[running.submit(pause, ("keep", f"a={k}"), ("tell", "1/1"))] = {"a": str(k).encode()}
    return wanted


def check_all(running: Running, wanted: dict[str, dict[str, bytes] | None]) -> list[int]:
    """Each job ended as it was to, and the files that are there are those of the results; how often each was begun."""
    files, ended = set(), {}
    for job_id, content in wanted.items():
        job = ended[job_id] = running.ended(job_id)
        if content is None:
            assert (job.phase, job.error.message[:4]) == (Phase.ERROR, "said"), job
        else:
            assert job.phase == Phase.COMPLETED, job
            assert running.content(job) == content
        files |= {result.key for result in job.results}
    assert until(lambda: files_of(running) == files), files_of(running) ^ files
    assert {job_id: running.jobs.store.get(job_id) for job_id in wanted} == ended
    return [job.attempt for job in ended.values()]


def files_of(running: Running) -> set[str]:
    """Keys of all files that are there, also half written ones."""
    folder = running.folder / "results" / "toy"
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and len(path.relative_to(folder).parts) > 1
    }


def await_work(running: Running, random_: random.Random, most_s: float) -> None:
    """Let some time pass until a job runs, unless all have ended, and a bit longer."""
    store = running.jobs.store
    until(lambda: store.executing() or not store.waiting(), 10)
    time.sleep(random_.random() * most_s)


def strike(victims: list, random_: random.Random) -> None:
    """Kill one of some processes."""
    if victims:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            random_.choice(victims).kill()


def all_end_well_under_blows(running: Running, random_: random.Random, blow: Callable[[], object]) -> None:
    """Jobs end as they are to while blows fall on those who do them; more are submitted if all missed a job."""
    wanted: dict[str, dict[str, bytes] | None] = {}
    for _ in range(5):
        wanted |= submit_some(running, random_)
        for _ in range(STRIKES):
            await_work(running, random_, 0.2)
            blow()
        if max(check_all(running, wanted)) > 1:
            return
    pytest.fail("no job was ever begun again")


@pytest.mark.parametrize(("seed", "elsewhere"), [(1, False), (2, True)], ids=["same-machine", "other-machines"])
def test_children_and_managers_are_killed(place, seed, elsewhere):
    random_ = random.Random(seed)
    if elsewhere:  # Nobody can tell by its name that a crew is gone: leases run out.
        place.words["plan"] = PLAN | {"name": "another/machine/1/1/x"}
    running = place.running
    for manager in (place.manager(), place.manager()):
        manager.start()

    def blow() -> None:
        if random_.random() < 0.6:
            strike(children_of(running.folder), random_)
        else:
            manager = random_.choice(place.managers)
            manager.kill()
            manager.start(wait=False)

    all_end_well_under_blows(running, random_, blow)
    for manager in place.managers:
        manager.kill()
    assert until(lambda: not children_of(running.folder))


def test_celerys_workers_and_redis_are_killed(place):
    random_ = random.Random(3)
    with redis() as broker:
        sender = CelerySender(broker.address, "toy")
        place.running.queued = sender.send
        words = {"broker": broker.address}
        for manager in (place.manager(**words), place.manager(**words)):
            manager.start()

        def blow() -> None:
            victim = random_.random()
            if victim < 0.3:
                strike(children_of(place.running.folder), random_)
            elif victim < 0.6:
                broker.kill()
                time.sleep(random_.random() * 0.3)
                broker.start()
            else:
                manager = random_.choice(place.managers)
                manager.kill()
                manager.start(wait=False)

        all_end_well_under_blows(place.running, random_, blow)
        for manager in place.managers:
            manager.kill()
        sender.close()
    assert until(lambda: not children_of(place.running.folder))


def test_postgresql_is_killed(tmp_path, monkeypatch):
    monkeypatch.setenv("ARMILLARY_TEST_FOLDER", str(tmp_path))
    random_ = random.Random(4)
    with running_postgresql() as server:
        words = {"database": server.new_database(), "results": str(tmp_path / "results")}
        jobs = open_jobs("toy", **words)
        running = Running(jobs, lambda _: None, tmp_path)
        managers = [Manager(tmp_path / "log", **words, plan=PLAN, patience=PATIENCE) for _ in range(2)]
        try:
            for manager in managers:
                manager.start()
            wanted = submit_some(running, random_)
            for _ in range(4):
                await_work(running, random_, 0.3)
                if random_.random() < 0.3:
                    managers[0].kill()
                    managers[0].start(wait=False)
                server.kill()
                time.sleep(random_.random() * 0.5)
                server.start()
            check_all(running, wanted)
        finally:
            for manager in managers:
                manager.kill()
            jobs.close()
    assert until(lambda: not children_of(tmp_path))


def test_a_manager_that_was_stopped_and_comes_back_changes_nothing(place):
    """It finds its lease lost: what its child made meanwhile is thrown away."""
    running, gate = place.running, place.running.folder / "gate"
    mine = running.folder / "mine"
    slow = place.manager().start()
    job_id = running.submit(("note", mine), ("keep", "a=1"), ("until", gate), ("keep", "b=2"))
    assert until(lambda: noted(mine))
    slow.process.send_signal(signal.SIGSTOP)
    place.manager().start()
    assert until(lambda: len(noted(mine)) == 2)
    slow.process.send_signal(signal.SIGCONT)
    slow_child, other_child = noted(mine)
    assert until(lambda: not alive(slow_child))
    assert running.jobs.store.get(job_id).phase == Phase.EXECUTING
    assert alive(other_child)
    gate.touch()
    job = running.ended(job_id)
    assert (job.phase, job.attempt) == (Phase.COMPLETED, 2)
    check_all(running, {job_id: {"a": b"1", "b": b"2"}})


def test_a_manager_that_finished_too_late_changes_nothing(place):
    """Its child ended while it was stopped: the results of the other attempt are the job's."""
    running, gate = place.running, place.running.folder / "gate"
    mine = running.folder / "mine"
    slow = place.manager().start()
    job_id = running.submit(("note", mine), ("until", gate), ("keep", "a=1"))
    assert until(lambda: noted(mine))
    slow.process.send_signal(signal.SIGSTOP)
    gate.touch()
    place.manager().start()
    job = running.ended(job_id)
    assert (job.phase, job.attempt) == (Phase.COMPLETED, 2)
    slow.process.send_signal(signal.SIGCONT)
    assert until(lambda: running.attempts_kept(job_id) == ["2"])
    assert running.jobs.store.get(job_id) == job
    check_all(running, {job_id: {"a": b"1"}})


def test_a_killed_manager_takes_a_child_with_it_that_hangs_in_foreign_code(place):
    mine = place.running.folder / "mine"
    manager = place.manager().start()
    place.running.submit(("note", mine), ("hold", "600"))
    assert until(lambda: noted(mine))
    manager.kill()
    assert until(lambda: not any(map(alive, noted(mine))))


@pytest.fixture
def little_room(tmp_path):
    """A file system of a few MiB."""
    folder = tmp_path / "little"
    folder.mkdir()
    made = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    )
    if not made:
        pytest.skip("no small file system can be mounted")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_and_what_fits_is_done(place, little_room):
    words = {"database": str(place.running.folder / "jobs.sqlite"), "results": str(little_room)}
    jobs = open_jobs("toy", **words)
    running = Running(jobs, lambda _: None, place.running.folder)
    place.manager(**words).start()
    too_large = [running.submit(("keep", "a=1"), ("bytes", f"b={8 << 20}")) for _ in range(3)]
    small = [running.submit(("bytes", f"b={1 << 20}")) for _ in range(2)]
    for job_id in too_large:
        job = running.ended(job_id)
        assert (job.phase, job.results, job.error.transient) == (Phase.ERROR, (), True)
        assert "room" in job.error.message
        assert str(little_room) not in job.error.message
    # A large one beside it may have taken the room for a moment: that is said as well.
    for job_id in small:
        job = running.ended(job_id)
        assert job.phase == Phase.COMPLETED or "room" in job.error.message
    assert running.ended(running.submit(("bytes", f"b={1 << 20}"))).phase == Phase.COMPLETED
    kept = {job_id for job_id in small if jobs.store.get(job_id).results}
    Reaper(jobs.store, jobs.results, patience=Patience(**PATIENCE)).round()
    assert until(lambda: not any(running.attempts_kept(job_id) for job_id in too_large))
    assert all(running.attempts_kept(job_id) for job_id in kept)
    jobs.close()
