"""What every runner must do: subclass ``RunnerConformance``, say how to start one, and run it with pytest.

A runner has the jobs of a ``JobService`` done in processes of their own. The work is ``runner_works.make_toy``, the
plan ``runner_works.toy_plan``.
"""

from __future__ import annotations

import os
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from armillary.errors import NotFoundError
from armillary.jobs.model import Job, Owner, Phase, Progress, Upload
from armillary.testing.runner_works import MEMORY_MIB, ROOM_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from armillary.jobs.service import JobService

SETTLE_S = 60.0


def until(condition: Callable[[], Any], seconds: float = SETTLE_S) -> Any:
    """Wait for something to be true; what it was at last."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody asked after does not."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - a Path costs more than the reading
            return not file.read().rpartition(b")")[2].startswith(b" Z")
    except ProcessLookupError:
        return False
    except OSError:
        return not sys.platform.startswith("linux")


def noted(path: Path) -> list[int]:
    """Processes that a job wrote into a file."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


@dataclass(slots=True)
class Running:
    """A runner that runs.

    Parameters
    ----------
    jobs
        Whose.
    queued
        Tells it that a job was queued.
    folder
        For files of the test.
    """

    jobs: JobService
    queued: Callable[[str], None]
    folder: Path

    def submit(self, *parameters: tuple[str, Any], duration_s: int = 0, uploads: Any = ()) -> str:
        """A job that is queued."""
        store, job_id = self.jobs.store, self.jobs.store.new_id()
        tables = []
        for name, data in uploads:
            key = f"{job_id}/uploads/{name}"
            tables.append(Upload(name, key, self.jobs.results.write(key, [data])))
        store.create(
            Owner("somebody", "p"),
            "toy",
            [(name, str(value)) for name, value in parameters],
            duration_s=duration_s,
            destruction=datetime.now(UTC) + timedelta(days=1),
            uploads=tables,
            job_id=job_id,
            start=True,
        )
        self.queued(job_id)
        return job_id

    def ended(self, job_id: str) -> Job:
        """The job once it is in a final phase."""
        assert until(lambda: self.jobs.store.revision(job_id)[0].final), self.jobs.store.get(job_id)
        return self.jobs.store.get(job_id)

    def content(self, job: Job) -> dict[str, bytes]:
        """Bytes of its results."""
        return {result.result_id: b"".join(self.jobs.results.read(result.key)) for result in job.results}

    def attempts_kept(self, job_id: str) -> list[str]:
        """Attempts of a job that have files."""
        return [attempt for kept, attempt in self.jobs.results.jobs() if kept == job_id and attempt != "uploads"]


class RunnerConformance(ABC):
    """Tests of the contract."""

    @abstractmethod
    @pytest.fixture
    def running(self) -> Running:
        """A runner of ``toy_plan`` with two processes."""

    def test_a_job_is_done(self, running: Running) -> None:
        """Its results are whole, in order, and it is as far as it said."""
        job = running.ended(running.submit(("keep", "a=1"), ("tell", "1/2"), ("bytes", "b=200000"), ("tell", "2/2")))
        assert (job.phase, job.error, job.progress) == (Phase.COMPLETED, None, Progress(2, 2))
        assert [result.result_id for result in job.results] == ["a", "b"]
        assert running.content(job) == {"a": b"1", "b": bytes(200_000)}
        assert [(result.size, result.name) for result in job.results] == [(1, "a.txt"), (200_000, "b.bin")]
        assert job.started is not None
        assert job.ended is not None
        assert job.created <= job.started <= job.ended

    def test_uploads_reach_the_work_and_names_are_safe(self, running: Running) -> None:
        """What came with a job is read; a name that leads elsewhere is made harmless."""
        job = running.ended(running.submit(("copy", "table"), uploads=[("table", b"ra,dec\n")]))
        assert running.content(job) == {"copy-table": b"ra,dec\n"}
        assert job.results[0].name == "_table_"

    def test_every_job_is_done_once(self, running: Running) -> None:
        """Of many small jobs each is done, by one attempt."""
        notes = running.folder / "notes"
        notes.mkdir()
        job_ids = [running.submit(("note", notes / str(k)), ("keep", f"a={k}")) for k in range(60)]
        jobs = [running.ended(job_id) for job_id in job_ids]
        assert {job.phase for job in jobs} == {Phase.COMPLETED}
        assert [running.content(job)["a"] for job in jobs] == [str(k).encode() for k in range(60)]
        assert [len(noted(notes / str(k))) for k in range(60)] == [1] * 60

    @pytest.mark.parametrize(
        ("verb", "code", "transient", "words"),
        [
            ("usage", "UsageError", False, "not so"),
            ("unavailable", "ServiceUnavailable", True, "not so"),
            ("mistake", "Error", False, "a mistake of the program"),
        ],
    )
    def test_errors_are_told(self, running: Running, verb: str, code: str, transient: bool, words: str) -> None:
        """The owner reads what was meant for the owner, nothing else; no file of the attempt stays."""
        job = running.ended(running.submit(("keep", "a=1"), (verb, "not so")))
        assert (job.phase, job.results, job.attempt) == (Phase.ERROR, (), 1)
        assert job.error is not None
        assert (job.error.code, job.error.transient) == (code, transient)
        assert words in job.error.message
        assert verb == "mistake" or job.error.message == "not so"
        assert until(lambda: not running.attempts_kept(job.job_id))

    def test_the_next_job_is_done_after_one_that_failed(self, running: Running) -> None:
        """A failure of one is no failure of others."""
        for verb in (("usage", "no"), ("mistake", "no"), ("exit", 3), ("memory", 4 * MEMORY_MIB)):
            running.ended(running.submit(verb))
        assert running.ended(running.submit(("keep", "a=1"))).phase == Phase.COMPLETED

    def test_an_abort_ends_the_processes(self, running: Running) -> None:
        """Those of the job and those that it started; its files go as well."""
        mine, theirs = running.folder / "mine", running.folder / "theirs"
        job_id = running.submit(("keep", "a=1"), ("spawn", theirs), ("note", mine), ("sleep", 600))
        assert until(lambda: noted(mine))
        running.jobs.store.abort(job_id)
        assert running.jobs.store.get(job_id).phase == Phase.ABORTED
        assert until(lambda: not any(map(alive, noted(mine) + noted(theirs))))
        assert until(lambda: not running.attempts_kept(job_id))
        assert running.jobs.store.get(job_id).phase == Phase.ABORTED

    def test_a_deletion_ends_the_process(self, running: Running) -> None:
        """As an abort does."""
        mine = running.folder / "mine"
        job_id = running.submit(("keep", "a=1"), ("note", mine), ("sleep", 600))
        assert until(lambda: noted(mine))
        running.jobs.delete(job_id)
        assert until(lambda: not any(map(alive, noted(mine))))
        assert until(lambda: not running.attempts_kept(job_id))
        with pytest.raises(NotFoundError):
            running.jobs.store.get(job_id)

    def test_what_was_aborted_before_it_ran_is_not_begun(self, running: Running) -> None:
        """Nothing of it is done."""
        gate, notes = running.folder / "gate", running.folder / "notes"
        busy = [running.submit(("until", gate)) for _ in range(2)]
        assert until(lambda: len(running.jobs.store.executing()) == 2)
        job_id = running.submit(("note", notes))
        running.jobs.store.abort(job_id)
        gate.touch()
        assert {running.ended(one).phase for one in busy} == {Phase.COMPLETED}
        assert running.ended(running.submit(("keep", "a=1"))).phase == Phase.COMPLETED
        assert (running.jobs.store.get(job_id).phase, noted(notes)) == (Phase.ABORTED, [])

    def test_a_job_that_runs_too_long_is_aborted(self, running: Running) -> None:
        """It says so (UWS 1.1, 2.1.5), and its process is gone."""
        mine = running.folder / "mine"
        job = running.ended(running.submit(("note", mine), ("sleep", 600), duration_s=1))
        assert job.phase == Phase.ABORTED
        assert job.error is not None
        assert "longer than the 1 seconds" in job.error.message
        assert until(lambda: not any(map(alive, noted(mine))))

    def test_a_job_that_takes_too_much_memory_fails(self, running: Running) -> None:
        """It says how much it may take."""
        job = running.ended(running.submit(("keep", "a=1"), ("memory", 2 * MEMORY_MIB)))
        assert job.phase == Phase.ERROR
        assert job.error is not None
        assert f"{MEMORY_MIB} MiB" in job.error.message

    def test_a_job_whose_process_dies_is_begun_again(self, running: Running) -> None:
        """By another process; what the first one wrote is gone."""
        mark = running.folder / "mark"
        job = running.ended(running.submit(("keep", "a=1"), ("die_once", mark), ("keep", "b=2")))
        assert (job.phase, job.attempt) == (Phase.COMPLETED, 2)
        assert running.content(job) == {"a": b"1", "b": b"2"}
        assert until(lambda: running.attempts_kept(job.job_id) == ["2"])

    def test_a_job_whose_process_always_dies_fails(self, running: Running) -> None:
        """After as many attempts as it may have; it says how they ended."""
        notes = running.folder / "notes"
        job = running.ended(running.submit(("note", notes), ("signal", "SIGSEGV")))
        assert job.phase == Phase.ERROR
        assert job.error is not None
        assert "SIGSEGV" in job.error.message
        assert len(noted(notes)) == 2

    def test_a_process_that_hangs_in_foreign_code_is_killed(self, running: Running) -> None:
        """Also where it holds the interpreter's lock."""
        notes = running.folder / "notes"
        job = running.ended(running.submit(("note", notes), ("hold", 600)))
        assert (job.phase, len(noted(notes))) == (Phase.ERROR, 2)
        assert until(lambda: not any(map(alive, noted(notes))))

    def test_results_stay_within_the_room_of_their_owner(self, running: Running) -> None:
        """Bytes are counted over all results of the job while they are written."""
        most = ROOM_BYTES * 9 // 10
        job = running.ended(running.submit(("bytes", f"a={most}"), ("bytes", f"b={most}")))
        assert (job.phase, job.results) == (Phase.ERROR, ())
        assert job.error is not None
        assert "may still keep" in job.error.message
        small = running.ended(running.submit(("bytes", f"a={most}")))
        assert small.phase == Phase.COMPLETED
