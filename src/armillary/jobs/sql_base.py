"""What both sides of the SQL store share: rows locked within a transaction, sums of the payers, the way to an end."""

from __future__ import annotations

import secrets
import string
import time
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import bindparam, delete, select, update

from armillary.errors import NotFoundError, UsageError
from armillary.jobs.model import Progress
from armillary.jobs.prepared import Prepared
from armillary.jobs.rows import job_of, packed, packed_error
from armillary.jobs.schema import CONTENTS, JOBS
from armillary.jobs.sql_payers import SqlPayers
from armillary.jobs.store import UNBOUNDED, Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from armillary.jobs.bell import Bell
    from armillary.jobs.commits import Change
    from armillary.jobs.database import Database
    from armillary.jobs.model import Job, JobError, Phase, Result
    from armillary.jobs.prepared import Row

T = TypeVar("T")

GONE = "There is no such job: it was deleted, or its time was over."
ID_BYTES = 16

ALL = (
    select(JOBS, CONTENTS.c.access, CONTENTS.c.parameters, CONTENTS.c.uploads, CONTENTS.c.results)
    .join(CONTENTS, CONTENTS.c.job_id == JOBS.c.job_id)
    .where(JOBS.c.service == bindparam("of"))
)
THAT = JOBS.c.job_id == bindparam("job")
WHOLE = Prepared(ALL.where(THAT))
LOCKED = Prepared(select(JOBS).where(THAT, JOBS.c.service == bindparam("of")).with_for_update())
CHANGE = Prepared(update(JOBS).where(THAT))
FILL = Prepared(update(CONTENTS).where(CONTENTS.c.job_id == bindparam("job")))
FORGET = Prepared(delete(JOBS).where(THAT))


def new_id() -> str:
    """An id that nobody guesses: 128 random bits."""
    return secrets.token_hex(ID_BYTES)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    return len(text) == 2 * ID_BYTES and all(letter in string.hexdigits[:16] for letter in text)


class SqlJobs:
    """Jobs of one service in a database.

    Parameters
    ----------
    database
        Where they are.
    service
        Several services may share a database; none sees the jobs of another.
    bell
        Rung after every change.
    clock
        Seconds since 1970. Times are only shown, and kept for destruction: nothing else depends on them.
    """

    def __init__(self, database: Database, service: str, bell: Bell, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._service = service
        self._payers = SqlPayers(service)
        self._bell = bell
        self._clock = clock

    def _now(self) -> int:
        return round(self._clock() * 1_000_000)

    def _make(self, change: Change[T]) -> T:
        """What comes of a change, once it is committed and was rung for."""
        return self._database.make(change, self._bell.ring)

    def _whole(self, connection: Connection, job_id: str) -> Job:
        row = WHOLE.first(connection, {"job": job_id, "of": self._service})
        if row is None:
            raise NotFoundError(GONE)
        return job_of(row)

    def _found(self, connection: Connection, job_id: str) -> Row | None:
        """The small row of a job, nobody else's until the transaction ends."""
        if not is_id(job_id):
            return None
        return LOCKED.first(connection, {"job": job_id, "of": self._service})

    def _locked(self, connection: Connection, job_id: str) -> Row:
        row = self._found(connection, job_id)
        if row is None:
            raise NotFoundError(GONE)
        return row

    def _change(self, connection: Connection, row: Row, **values: Any) -> None:
        CHANGE.run(connection, {"job": row.job_id, "revision": row.revision + 1, **values})

    def _end(
        self,
        connection: Connection,
        row: Row,
        phase: Phase,
        *,
        token: str | None = None,
        error: JobError | None = None,
        results: Sequence[Result] = (),
        quota: Quota = UNBOUNDED,
        progress: Progress | None = None,
    ) -> None:
        """Bring a job to a final phase: all that it leaves is written, and paid for, in the caller's transaction.

        The token stays where its holder brought the job there: who asks again, not knowing, hears the same answer.
        """
        now = self._now()
        seconds = 0 if row.started is None else max(0, -((row.started - now) // 1_000_000))
        if row.duration_s:
            seconds = min(seconds, row.duration_s)
        size = sum(result.size for result in results)
        came = progress or Progress(row.done, row.total)
        self._change(
            connection,
            row,
            phase=phase.value,
            ended=now,
            token=token,
            worker=None,
            kept_attempt=row.attempt if results else 0,
            error=None if error is None else packed_error(error),
            seconds=seconds,
            size=row.size + size,
            done=came.done,
            total=came.total,
        )
        if results:
            FILL.run(connection, {"job": row.job_id, "results": packed(results)})
        bound = Quota(size=quota.size if size else 0)
        self._payers.pay(connection, row.payer, bound, seconds=seconds - row.seconds, size=size)


def refused(phase: str, what: str) -> UsageError:
    """The phase of a job does not allow what was asked."""
    return UsageError(f"The job is {phase}: {what}.", code="phase", phase=phase)
