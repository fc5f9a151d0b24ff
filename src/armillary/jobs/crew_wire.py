"""What a crew and its children say to each other: one JSON object a line, over a socket pair."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from armillary.errors import ArmillaryError, NotFoundError, UnavailableError, UsageError
from armillary.jobs.model import Job, JobError, Owner, Phase, Progress, Result, Upload

LONGEST_LINE = 16 << 20
"""Bytes of one message; a child that says longer ones is broken."""
BLOCK_BYTES = 1 << 16
NO_ROOM = "The results are larger than the owner of the job may still keep here: delete older jobs, or ask for less."
TIMES = ("created", "destruction", "quote", "started", "ended")


class WireError(Exception):
    """The other side said something that makes no sense."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a child hears first.

    Parameters
    ----------
    work
        Dotted path ``package.module:name`` of a ``WorkFactory``.
    scene
        What the factory is called with.
    results
        Address of the result store.
    memory_mib
        Memory of its own that it may take; 0 for no bound.
    alive_s
        Seconds between two signs of life.
    silence_s
        Seconds after which a child that cannot give one ends itself.
    nice
        By how much it steps back behind other processes.
    """

    work: str
    scene: dict[str, Any]
    results: str
    memory_mib: int = 0
    alive_s: float = 1.0
    silence_s: float = 60.0
    nice: int = 0
    log_level: str = "warning"
    log_format: str = "text"


@dataclass(slots=True)
class Lines:
    """Cuts what comes from a socket into messages."""

    _rest: bytearray = field(default_factory=bytearray)
    _seen: int = 0

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Messages that are whole by now.

        Raises
        ------
        WireError
            A line is too long or no JSON object.
        """
        self._rest += data
        found = []
        while (end := self._rest.find(b"\n", self._seen)) >= 0:
            found.append(read_line(bytes(self._rest[:end])))
            del self._rest[: end + 1]
            self._seen = 0
        self._seen = len(self._rest)
        if self._seen > LONGEST_LINE:
            raise WireError("a line that does not end")
        return found


def line(**message: Any) -> bytes:
    """One message as a line."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def read_line(data: bytes) -> dict[str, Any]:
    """The message of one line.

    Raises
    ------
    WireError
        It is no JSON object.
    """
    try:
        message = json.loads(data)
    except ValueError:
        raise WireError("no JSON") from None
    if not isinstance(message, dict):
        raise WireError("no object")
    return message


def job_words(job: Job) -> dict[str, Any]:
    """A job as JSON, without its results and error: those of an attempt are yet to come."""
    words: dict[str, Any] = {entry.name: getattr(job, entry.name) for entry in fields(job)}
    words.update(results=(), error=None, progress=asdict(job.progress), uploads=list(map(asdict, job.uploads)))
    words["owner"] = {"name": job.owner.name, "payer": job.owner.payer, "access": dict(job.owner.access)}
    words.update({name: value.isoformat() for name in TIMES if (value := getattr(job, name)) is not None})
    return words


def read_job(words: dict[str, Any]) -> Job:
    """The job that ``job_words`` wrote."""
    given = dict(words)
    given.update({name: datetime.fromisoformat(given[name]) for name in TIMES if given[name] is not None})
    given["owner"] = Owner(**given["owner"])
    given["phase"] = Phase(given["phase"])
    given["progress"] = Progress(**given["progress"])
    given["parameters"] = tuple((name, value) for name, value in given["parameters"])
    given["uploads"] = tuple(Upload(**upload) for upload in given["uploads"])
    given["results"] = ()
    return Job(**given)


def read_results(words: list[dict[str, Any]]) -> list[Result]:
    """Results that were sent as ``asdict`` has them.

    Raises
    ------
    WireError
        They are none.
    """
    try:
        return [Result(**result) for result in words]
    except TypeError:
        raise WireError("no results") from None


LABELS = ((UsageError, "UsageError"), (NotFoundError, "NotFoundFault"), (UnavailableError, "ServiceUnavailable"))


def told(error: ArmillaryError) -> JobError:
    """What the owner of a job hears of an error that was raised on purpose; codes are the labels of DALI 1.1, 4.2."""
    code = next((label for kind, label in LABELS if isinstance(error, kind)), "Error")
    return JobError(error.message, transient=isinstance(error, UnavailableError), code=code)
