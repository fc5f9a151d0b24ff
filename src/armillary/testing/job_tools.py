"""What tests of job stores are made with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from armillary.jobs.model import Job, JobError, Owner, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.bell import Bell
    from armillary.jobs.model import Claim
    from armillary.jobs.store import JobStore

ALICE = Owner("alice", "alice", {"grants": ["act", "planck"], "everything": False})
NOBODY = Owner("", "192.0.2.7")
NOON = datetime(2027, 1, 2, 12, tzinfo=UTC)
FAILED = JobError("The disk of the moon is full.", transient=True, code="Moon")


class RecordingBell:
    """A ``Bell`` that remembers what was rung."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def ring(self, *topics: str) -> None:
        """Remember."""
        self.rung.extend(topics)

    def listen(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Nobody is told."""
        del heard
        return lambda: None

    def close(self) -> None:
        """Nothing to close."""


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = NOON.timestamp()

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


def result(job: Job, name: str = "cutout.fits", size: int = 5760) -> Result:
    """A result of the attempt that a job is in."""
    return Result(name.partition(".")[0], f"{job.job_id}/{job.attempt}/{name}", size, "application/fits", name)


def new_job(store: JobStore, owner: Owner = ALICE, *, start: bool = True, **more: Any) -> Job:
    """A job with two parameters."""
    more = {"duration_s": 600, "destruction": NOON + timedelta(days=7), "start": start, **more}
    return store.create(owner, "cutout", [("ID", "dr6/map"), ("CIRCLE", "1 2 0.5")], **more)


def claimed(store: JobStore, job: Job) -> Claim:
    """The right to run this job."""
    claim = store.claim("worker", job.job_id)
    assert claim is not None
    return claim


class StoreFixtures(ABC):
    """A store that is to be tested, its bell and its clock."""

    @abstractmethod
    def open(self, place: Any, service: str, bell: Bell, clock: Callable[[], float]) -> JobStore:
        """A store of a service at a place, with this bell and clock."""

    @abstractmethod
    @pytest.fixture
    def place(self) -> Any:
        """Where an empty store is."""

    @pytest.fixture
    def bell(self) -> RecordingBell:
        """The bell of the store."""
        return RecordingBell()

    @pytest.fixture
    def clock(self) -> Clock:
        """The clock of the store."""
        return Clock()

    @pytest.fixture
    def store(self, place: Any, bell: RecordingBell, clock: Clock) -> Any:
        """An empty store."""
        made = self.open(place, "one", bell, clock)
        yield made
        made.close()
