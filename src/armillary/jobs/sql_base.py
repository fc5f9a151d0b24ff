"""What both sides of the SQL store share: rows locked within a transaction, sums of the payers, the way to an end."""

from __future__ import annotations

import secrets
import string
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, update

from armillary.errors import NotFoundError, UsageError
from armillary.jobs.bell import QUEUE
from armillary.jobs.rows import job_of, packed, packed_error
from armillary.jobs.schema import CONTENTS, JOBS
from armillary.jobs.sql_payers import SqlPayers
from armillary.jobs.store import UNBOUNDED, Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Row

    from armillary.jobs.bell import Bell
    from armillary.jobs.database import Database
    from armillary.jobs.model import Job, JobError, Phase, Result

GONE = "There is no such job: it was deleted, or its time was over."
ID_BYTES = 16

ALL = (
    select(JOBS, CONTENTS.c.access, CONTENTS.c.parameters, CONTENTS.c.uploads, CONTENTS.c.results)
    .join(CONTENTS, CONTENTS.c.job_id == JOBS.c.job_id)
    .where(JOBS.c.service == bindparam("of"))
)
WHOLE = ALL.where(JOBS.c.job_id == bindparam("job"))
LOCKED = select(JOBS).where(JOBS.c.job_id == bindparam("job"), JOBS.c.service == bindparam("of")).with_for_update()
CHANGE = update(JOBS).where(JOBS.c.job_id == bindparam("job"))
FILL = update(CONTENTS).where(CONTENTS.c.job_id == bindparam("job"))
FORGET = delete(JOBS).where(JOBS.c.job_id == bindparam("job"))


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

    def _rung(self, job_id: str, *, queue: bool = False) -> None:
        self._bell.ring(job_id)
        if queue:
            self._bell.ring(QUEUE)

    def _whole(self, connection: Connection, job_id: str) -> Job:
        row = connection.execute(WHOLE, {"job": job_id, "of": self._service}).first()
        if row is None:
            raise NotFoundError(GONE)
        return job_of(row)

    def _found(self, connection: Connection, job_id: str) -> Row[Any] | None:
        """The small row of a job, nobody else's until the transaction ends."""
        if not is_id(job_id):
            return None
        return connection.execute(LOCKED, {"job": job_id, "of": self._service}).first()

    def _locked(self, connection: Connection, job_id: str) -> Row[Any]:
        row = self._found(connection, job_id)
        if row is None:
            raise NotFoundError(GONE)
        return row

    def _change(self, connection: Connection, row: Row[Any], **values: Any) -> None:
        connection.execute(CHANGE, {"job": row.job_id, "revision": row.revision + 1, **values})

    def _end(
        self,
        connection: Connection,
        row: Row[Any],
        phase: Phase,
        *,
        token: str | None = None,
        error: JobError | None = None,
        results: Sequence[Result] = (),
        quota: Quota = UNBOUNDED,
    ) -> None:
        """Bring a job to a final phase: all that it leaves is written, and paid for, in the caller's transaction.

        The token stays where its holder brought the job there: who asks again, not knowing, hears the same answer.
        """
        now = self._now()
        seconds = 0 if row.started is None else max(0, -((row.started - now) // 1_000_000))
        if row.duration_s:
            seconds = min(seconds, row.duration_s)
        size = sum(result.size for result in results)
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
        )
        if results:
            connection.execute(FILL, {"job": row.job_id, "results": packed(results)})
        bound = Quota(size=quota.size if size else 0)
        self._payers.pay(connection, row.payer, bound, seconds=seconds - row.seconds, size=size)


def refused(phase: str, what: str) -> UsageError:
    """The phase of a job does not allow what was asked."""
    return UsageError(f"The job is {phase}: {what}.", code="phase", phase=phase)
