"""Jobs as rows of the database, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from armillary.jobs.model import Job, JobError, Owner, Phase, Progress, Result, Upload

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def stamp(time: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (time - EPOCH) // MICROSECOND


def moment(microseconds: int) -> datetime:
    """The time so many microseconds after 1970, UTC."""
    return EPOCH + microseconds * MICROSECOND


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else moment(microseconds)


def packed(values: Iterable[Any]) -> str:
    """Uploads or results as JSON."""
    return json.dumps([asdict(value) for value in values])


def packed_error(error: JobError) -> str:
    """An error as JSON."""
    return json.dumps(asdict(error))


def packed_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Parameters as JSON."""
    return json.dumps([list(pair) for pair in pairs])


def job_of(row: Any) -> Job:
    """The job of a row of both tables."""
    return Job(
        job_id=row.job_id,
        kind=row.kind,
        owner=Owner(row.owner_name, row.payer, json.loads(row.access)),
        phase=Phase(row.phase),
        created=moment(row.created),
        destruction=moment(row.destruction),
        duration_s=row.duration_s,
        parameters=tuple((name, value) for name, value in json.loads(row.parameters)),
        uploads=tuple(Upload(**value) for value in json.loads(row.uploads)),
        run_id=row.run_id,
        revision=row.revision,
        attempt=row.attempt,
        started=_moment(row.started),
        ended=_moment(row.ended),
        progress=Progress(row.done, row.total),
        results=tuple(Result(**value) for value in json.loads(row.results)),
        error=None if row.error is None else JobError(**json.loads(row.error)),
    )


def rows_of(job: Job, service: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of a new job in both tables, but for its turn."""
    zeros = dict.fromkeys(("revision", "attempt", "deaths", "kept_attempt", "beats", "done", "total"), 0)
    row = {
        "job_id": job.job_id,
        "service": service,
        "owner_name": job.owner.name,
        "payer": job.owner.payer,
        "kind": job.kind,
        "run_id": job.run_id,
        "phase": job.phase.value,
        "created": stamp(job.created),
        "destruction": stamp(job.destruction),
        "duration_s": job.duration_s,
        "seconds": job.duration_s,
        "size": sum(upload.size for upload in job.uploads),
    }
    contents = {
        "job_id": job.job_id,
        "access": json.dumps(dict(job.owner.access)),
        "parameters": packed_pairs(job.parameters),
        "uploads": packed(job.uploads),
        "results": "[]",
    }
    return zeros | row, contents
