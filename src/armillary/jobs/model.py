"""What a job is: the object of UWS 1.1 (IVOA REC 2016-10-24), with no HTTP and no database in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Phase(StrEnum):
    """Phases of UWS 1.1, section 2.1.3, as far as jobs here have them."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"
    ARCHIVED = "ARCHIVED"

    @property
    def final(self) -> bool:
        """Whether nothing follows but the end of the job."""
        return self in FINAL


FINAL = frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.ARCHIVED})


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a job is.

    Parameters
    ----------
    name
        Of the user; empty for the anonymous caller, whose jobs are known by their secret ids alone.
    payer
        Whose quota it counts against: the user, or the address of an anonymous caller.
    access
        What the job may see when it runs, as JSON: ``grants``, ``everything``, ``administrator``.
    """

    name: str
    payer: str
    access: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upload:
    """A table that came with a job. ``key`` is where the result store keeps it."""

    name: str
    key: str
    size: int
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A result of a job.

    Parameters
    ----------
    result_id
        Unique within the job, an XML NMTOKEN.
    key
        Where the result store keeps it: ``{job_id}/{attempt}/{file}``.
    name
        File name for whoever downloads it.
    empty
        Whether it is the text of an error or of an empty cutout, not data.
    """

    result_id: str
    key: str
    size: int
    media_type: str
    name: str
    empty: bool = False


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, in one line for people. ``transient``: the same may succeed later (UWS ``errorSummary``)."""

    message: str
    transient: bool = False
    code: str = "Error"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: ``done`` of ``total`` results (0: not known yet)."""

    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was at one moment. Times are aware, UTC.

    Parameters
    ----------
    revision
        Grows with every change that somebody who waits would see: phase, progress, times.
    duration_s
        Most seconds it may run; 0 for no bound.
    attempt
        How often it was begun.
    """

    job_id: str
    kind: str
    owner: Owner
    phase: Phase
    created: datetime
    destruction: datetime
    duration_s: int
    parameters: tuple[tuple[str, str], ...] = ()
    uploads: tuple[Upload, ...] = ()
    run_id: str = ""
    revision: int = 0
    attempt: int = 0
    quote: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    progress: Progress = Progress()
    results: tuple[Result, ...] = ()
    error: JobError | None = None


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in a list."""

    job_id: str
    phase: Phase
    owner_name: str
    run_id: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one worker to run one attempt of a job; void once the store gave the job to another.

    Parameters
    ----------
    token
        Fences: what a worker reports under an old token changes nothing.
    payer_size
        Bytes that the payer of the job kept when it was claimed.
    """

    job: Job
    token: str
    payer_size: int = 0


class Order(StrEnum):
    """What a worker hears when it tells that it lives."""

    GO_ON = "go on"
    STOP = "stop"
    """The job was aborted or deleted: end it, throw its files away."""
    LOST = "lost"
    """Another worker has it: end it, throw its files away, report nothing."""
