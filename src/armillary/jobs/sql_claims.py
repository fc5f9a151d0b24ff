"""The side of the SQL store that workers and the reaper see: claims, beats, ends."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, literal, select, update

from armillary.jobs.bell import QUEUE
from armillary.jobs.model import Claim, JobError, Order, Phase
from armillary.jobs.prepared import Prepared
from armillary.jobs.rows import job_of, moment, stamp
from armillary.jobs.schema import JOBS, PAYERS
from armillary.jobs.sql_base import ALL, THAT, SqlJobs, is_id
from armillary.jobs.store import UNBOUNDED, Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from armillary.jobs.model import Progress, Result
    from armillary.jobs.prepared import Row
    from armillary.jobs.store import Quota

DIED = "What ran the job ended {count} times without a word, most likely for want of memory: ask for less at once."

QUEUED = JOBS.c.phase == Phase.QUEUED.value
OF = JOBS.c.service == bindparam("of")
CLAIMABLE = (
    ALL.add_columns(PAYERS.c.size.label("payer_size"))
    .join(PAYERS, and_(PAYERS.c.service == JOBS.c.service, PAYERS.c.payer == JOBS.c.payer))
    .where(QUEUED)
    .with_for_update(skip_locked=True, of=JOBS)
)
THAT_ONE = Prepared(CLAIMABLE.where(THAT))
FIRST = Prepared(CLAIMABLE.order_by(JOBS.c.turn, JOBS.c.job_id).limit(1))
HELD = Prepared(select(JOBS.c.token, JOBS.c.worker, JOBS.c.beats).where(OF, JOBS.c.phase == Phase.EXECUTING.value))
WAITING = Prepared(select(func.count().label("number")).select_from(JOBS).where(OF, QUEUED))
PHASES = Prepared(select(JOBS.c.phase, func.count().label("number")).where(OF).group_by(JOBS.c.phase))
SIZE = Prepared(
    select(func.coalesce(func.sum(PAYERS.c.size), 0).label("size")).where(PAYERS.c.service == bindparam("of"))
)
EXPIRED = Prepared(
    select(JOBS.c.job_id)
    .where(OF, JOBS.c.destruction <= bindparam("now"))
    .order_by(JOBS.c.destruction)
    .limit(bindparam("most"))
)
BEAT = Prepared(update(JOBS).where(THAT).values(beats=JOBS.c.beats + literal(1)))


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

        def change(connection: Connection) -> tuple[Claim | None, tuple[str, ...]]:
            wanted = FIRST if job_id is None else THAT_ONE
            row = wanted.first(connection, {"of": self._service, "job": job_id})
            if row is None:
                return None, ()
            return self._taken(connection, row, worker), (row.job_id,)

        return self._make(change)

    def _taken(self, connection: Connection, row: Row, worker: str) -> Claim:
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
        return Claim(job, token, row.payer_size)

    def beat(self, claim: Claim, progress: Progress | None = None) -> Order:
        """Tell that the worker lives, and how far it is."""

        def change(connection: Connection) -> tuple[Order, tuple[str, ...]]:
            row = self._found(connection, claim.job.job_id)
            order = _order(row, claim)
            if row is None or order is not Order.GO_ON:
                return order, ()
            if progress is None or (progress.done, progress.total) == (row.done, row.total):
                BEAT.run(connection, {"job": row.job_id})
                return order, ()
            self._change(connection, row, beats=row.beats + 1, done=progress.done, total=progress.total)
            return order, (row.job_id,)

        return self._make(change)

    def finish(
        self,
        claim: Claim,
        results: Sequence[Result],
        quota: Quota = UNBOUNDED,
        progress: Progress | None = None,
    ) -> bool:
        """EXECUTING → COMPLETED with these results, all at once."""
        return self._ended(claim, Phase.COMPLETED, results=results, quota=quota, progress=progress)

    def fail(
        self,
        claim: Claim,
        error: JobError,
        results: Sequence[Result] = (),
        quota: Quota = UNBOUNDED,
        progress: Progress | None = None,
    ) -> bool:
        """EXECUTING → ERROR."""
        return self._ended(claim, Phase.ERROR, error=error, results=results, quota=quota, progress=progress)

    def stop(self, claim: Claim, error: JobError) -> bool:
        """EXECUTING → ABORTED, for a job that ran too long."""
        return self._ended(claim, Phase.ABORTED, error=error)

    def _ended(self, claim: Claim, phase: Phase, **words: Any) -> bool:
        """End a job under a claim; ``words`` as of ``_end``."""

        def change(connection: Connection) -> tuple[bool, tuple[str, ...]]:
            row = self._found(connection, claim.job.job_id)
            if row is None or row.token != claim.token:
                return False, ()
            if row.phase != Phase.EXECUTING.value:
                return bool(row.phase == phase.value), ()
            self._end(connection, row, phase, token=claim.token, **words)
            return True, (row.job_id,)

        return self._make(change)

    def release(self, claim: Claim) -> bool:
        """EXECUTING → QUEUED without an attempt counted: the worker ends."""

        def change(connection: Connection) -> tuple[bool, tuple[str, ...]]:
            row = self._held(connection, claim.token)
            if row is None:
                return False, ()
            self._queue_again(connection, row, row.deaths)
            return True, (row.job_id, QUEUE)

        return self._make(change)

    def requeue(
        self, claim_token: str, *, most_attempts: int, beats: int | None = None, error: JobError | None = None
    ) -> bool:
        """EXECUTING → QUEUED for a worker that died, or → ERROR after that many attempts."""

        def change(connection: Connection) -> tuple[bool, tuple[str, ...]]:
            row = self._held(connection, claim_token)
            if row is None or (beats is not None and row.beats != beats):
                return False, ()
            deaths = row.deaths + 1
            if deaths < most_attempts:
                self._queue_again(connection, row, deaths)
                return True, (row.job_id, QUEUE)
            died = error or JobError(DIED.format(count=deaths), transient=True)
            self._end(connection, row, Phase.ERROR, error=died)
            return True, (row.job_id,)

        return self._make(change)

    def _held(self, connection: Connection, token: str) -> Row | None:
        """The row of a job that is held under this token."""
        row = self._found(connection, token.partition("/")[0])
        return row if row is not None and row.token == token and row.phase == Phase.EXECUTING.value else None

    def _queue_again(self, connection: Connection, row: Row, deaths: int) -> None:
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
            return [(row.token, row.worker, row.beats) for row in HELD.all(connection, {"of": self._service})]

    def waiting(self) -> int:
        """How many jobs are QUEUED."""
        with self._database.reading() as connection:
            counted: Any = WAITING.first(connection, {"of": self._service})
        return int(counted.number)

    def totals(self) -> Totals:
        """How many jobs are kept in each phase, and what they take."""
        of = {"of": self._service}
        with self._database.reading() as connection:
            phases, kept = PHASES.all(connection, of), SIZE.first(connection, of)
        return Totals({Phase(row.phase): row.number for row in phases}, int(kept.size) if kept else 0)

    def expired(self, now: datetime, most: int = 100) -> list[str]:
        """Ids of jobs whose destruction has come, the longest ago first."""
        with self._database.reading() as connection:
            values = {"of": self._service, "now": stamp(now), "most": most}
            return [row.job_id for row in EXPIRED.all(connection, values)]


def _order(row: Row | None, claim: Claim) -> Order:
    if row is None:
        return Order.STOP
    if row.phase == Phase.EXECUTING.value and row.token == claim.token:
        return Order.GO_ON
    stopped = row.phase == Phase.ABORTED.value and row.attempt == claim.job.attempt
    return Order.STOP if stopped else Order.LOST
