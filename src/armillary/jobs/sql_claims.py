"""The side of the SQL store that workers and the reaper see: claims, beats, ends."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, literal, select

from armillary.jobs.model import Claim, JobError, Order, Phase
from armillary.jobs.rows import job_of, moment
from armillary.jobs.schema import JOBS
from armillary.jobs.sql_base import ALL, CHANGE, WHOLE, SqlJobs, is_id
from armillary.jobs.store import UNBOUNDED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from armillary.jobs.model import Progress, Result
    from armillary.jobs.store import Quota

DIED = "What ran the job ended {count} times without a word, most likely for want of memory: ask for less at once."

QUEUED = JOBS.c.phase == Phase.QUEUED.value
THAT = WHOLE.where(QUEUED).with_for_update(skip_locked=True, of=JOBS)
FIRST = ALL.where(QUEUED).order_by(JOBS.c.turn, JOBS.c.job_id).limit(1).with_for_update(skip_locked=True, of=JOBS)
HELD = select(JOBS.c.token, JOBS.c.worker, JOBS.c.beats).where(
    JOBS.c.service == bindparam("of"), JOBS.c.phase == Phase.EXECUTING.value
)
WAITING = select(func.count()).select_from(JOBS).where(JOBS.c.service == bindparam("of"), QUEUED)
EXPIRED = (
    select(JOBS.c.job_id)
    .where(JOBS.c.service == bindparam("of"), JOBS.c.destruction <= bindparam("now"))
    .order_by(JOBS.c.destruction)
    .limit(bindparam("most"))
)
BEAT = CHANGE.values(beats=JOBS.c.beats + literal(1))


class SqlClaims(SqlJobs):
    """What workers do with jobs. A token is ``{job_id}/{attempt}/{secret}``; it fences every one of these methods."""

    before_claims: Callable[[], None] | None = None
    """Called before the first claim; where it raises, nothing is claimed, and it is called again at the next."""

    def claim(self, worker: str, job_id: str | None = None) -> Claim | None:
        """Take the job that was queued first, or that very one."""
        if self._database.missing or not (job_id is None or is_id(job_id)):
            return None
        if self.before_claims is not None:
            self.before_claims()
            self.before_claims = None
        with self._database.writing() as connection:
            wanted = FIRST if job_id is None else THAT
            row = connection.execute(wanted, {"of": self._service, "job": job_id}).first()
            if row is None:
                return None
            claim = self._taken(connection, row, worker)
        self._rung(row.job_id)
        return claim

    def _taken(self, connection: Connection, row: Row[Any], worker: str) -> Claim:
        attempt, now = row.attempt + 1, self._now()
        token = f"{row.job_id}/{attempt}/{secrets.token_hex(8)}"
        values = {"attempt": attempt, "started": now, "done": 0, "total": 0}
        self._change(
            connection,
            row,
            **values,
            phase=Phase.EXECUTING.value,
            token=token,
            worker=worker,
            beats=0,
            kept_attempt=attempt,
        )
        job = replace(
            job_of(row), phase=Phase.EXECUTING, attempt=attempt, started=moment(now), revision=row.revision + 1
        )
        return Claim(job, token)

    def beat(self, claim: Claim, progress: Progress | None = None) -> Order:
        """Tell that the worker lives, and how far it is."""
        with self._database.writing() as connection:
            row = self._found(connection, claim.job.job_id)
            order = _order(row, claim)
            if row is None or order is not Order.GO_ON:
                return order
            if progress is None or (progress.done, progress.total) == (row.done, row.total):
                connection.execute(BEAT, {"job": row.job_id})
                return order
            self._change(connection, row, beats=row.beats + 1, done=progress.done, total=progress.total)
        self._rung(claim.job.job_id)
        return order

    def finish(self, claim: Claim, results: Sequence[Result], quota: Quota = UNBOUNDED) -> bool:
        """EXECUTING → COMPLETED with these results, all at once."""
        return self._ended(claim, Phase.COMPLETED, results=results, quota=quota)

    def fail(self, claim: Claim, error: JobError, results: Sequence[Result] = (), quota: Quota = UNBOUNDED) -> bool:
        """EXECUTING → ERROR."""
        return self._ended(claim, Phase.ERROR, error=error, results=results, quota=quota)

    def stop(self, claim: Claim, error: JobError) -> bool:
        """EXECUTING → ABORTED, for a job that ran too long."""
        return self._ended(claim, Phase.ABORTED, error=error)

    def _ended(
        self,
        claim: Claim,
        phase: Phase,
        *,
        error: JobError | None = None,
        results: Sequence[Result] = (),
        quota: Quota = UNBOUNDED,
    ) -> bool:
        with self._database.writing() as connection:
            row = self._found(connection, claim.job.job_id)
            if row is None or row.token != claim.token:
                return False
            if row.phase != Phase.EXECUTING.value:
                return bool(row.phase == phase.value)
            self._end(connection, row, phase, token=claim.token, error=error, results=results, quota=quota)
        self._rung(claim.job.job_id)
        return True

    def release(self, claim: Claim) -> bool:
        """EXECUTING → QUEUED without an attempt counted: the worker ends."""
        with self._database.writing() as connection:
            row = self._held(connection, claim.token)
            if row is None:
                return False
            self._queue_again(connection, row, row.deaths)
        self._rung(claim.job.job_id, queue=True)
        return True

    def requeue(
        self, claim_token: str, *, most_attempts: int, beats: int | None = None, error: JobError | None = None
    ) -> bool:
        """EXECUTING → QUEUED for a worker that died, or → ERROR after that many attempts."""
        with self._database.writing() as connection:
            row = self._held(connection, claim_token)
            if row is None or (beats is not None and row.beats != beats):
                return False
            deaths = row.deaths + 1
            again = deaths < most_attempts
            if again:
                self._queue_again(connection, row, deaths)
            else:
                error = error or JobError(DIED.format(count=deaths), transient=True)
                self._end(connection, row, Phase.ERROR, error=error)
        self._rung(row.job_id, queue=again)
        return True

    def _held(self, connection: Connection, token: str) -> Row[Any] | None:
        """The row of a job that is held under this token."""
        row = self._found(connection, token.partition("/")[0])
        return row if row is not None and row.token == token and row.phase == Phase.EXECUTING.value else None

    def _queue_again(self, connection: Connection, row: Row[Any], deaths: int) -> None:
        self._change(
            connection,
            row,
            phase=Phase.QUEUED.value,
            deaths=deaths,
            token=None,
            worker=None,
            kept_attempt=0,
            started=None,
            done=0,
            total=0,
        )

    def executing(self) -> list[tuple[str, str, int]]:
        """``(token, worker, beats)`` of every claim that is held."""
        with self._database.reading() as connection:
            rows = connection.execute(HELD, {"of": self._service}).all()
        return [(token, worker, beats) for token, worker, beats in rows]

    def waiting(self) -> int:
        """How many jobs are QUEUED."""
        with self._database.reading() as connection:
            return connection.execute(WAITING, {"of": self._service}).scalar_one()

    def expired(self, now: datetime, most: int = 100) -> list[str]:
        """Ids of jobs whose destruction has come, the longest ago first."""
        from armillary.jobs.rows import stamp

        with self._database.reading() as connection:
            values = {"of": self._service, "now": stamp(now), "most": most}
            return list(connection.execute(EXPIRED, values).scalars())


def _order(row: Row[Any] | None, claim: Claim) -> Order:
    if row is None:
        return Order.STOP
    if row.phase == Phase.EXECUTING.value and row.token == claim.token:
        return Order.GO_ON
    stopped = row.phase == Phase.ABORTED.value and row.attempt == claim.job.attempt
    return Order.STOP if stopped else Order.LOST
