"""The job store in a database. Conformance: ``testing/job_stores.py``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, literal, select

from armillary.errors import NotFoundError, ParameterError, UsageError
from armillary.jobs.bell import QUEUE
from armillary.jobs.database import Database
from armillary.jobs.model import Job, JobLine, Phase
from armillary.jobs.prepared import Prepared
from armillary.jobs.rows import (
    moment,
    packed,
    packed_pairs,
    rows_of,
    stamp,
)
from armillary.jobs.schema import CONTENTS, JOBS, PROPERTIES
from armillary.jobs.sql_base import FILL, FORGET, GONE, THAT, is_id, new_id, refused
from armillary.jobs.sql_claims import OF, QUEUED, SqlClaims
from armillary.jobs.store import UNBOUNDED, Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Column, Connection

    from armillary.jobs.bell import Bell
    from armillary.jobs.model import Owner, Upload
    from armillary.jobs.prepared import Row

MOST_RUN_ID = 256
MOST_IDS = 500

BRIEF = Prepared(select(JOBS.c.phase, JOBS.c.revision).where(THAT, OF))
NEXT_TURN = select(func.coalesce(func.max(JOBS.c.turn), 0) + literal(1)).where(OF, QUEUED).scalar_subquery()
TURN = Prepared(select(NEXT_TURN.label("turn")))
NEW_QUEUED = Prepared(lambda insert: insert(JOBS).values(turn=NEXT_TURN).on_conflict_do_nothing())
NEW_PENDING = Prepared(lambda insert: insert(JOBS).values(turn=0).on_conflict_do_nothing())
NEW_CONTENTS = Prepared(CONTENTS.insert())


def open_store(address: str, service: str, bell: Bell) -> SqlJobStore:
    """The jobs of a service; nothing is opened before it is needed.

    Parameters
    ----------
    address
        Path of a file of SQLite, or ``postgresql://user:password@host/name``.
    service
        Whose jobs: several services may share one database.
    bell
        Rung after every change.
    """
    return SqlJobStore(Database(address), service, bell)


class SqlJobStore(SqlClaims):
    """What owners do with jobs, over what workers do (``SqlClaims``)."""

    def close(self) -> None:
        """Close the connections; they are made anew when needed."""
        self._database.close()

    def identity(self) -> str:
        """A name of the database and the service that no other has; the database is made for it."""
        with self._database.writing() as connection:
            return f"{connection.execute(select(PROPERTIES.c.identity)).scalar_one()}/{self._service}"

    def new_id(self) -> str:
        """An id for ``create``."""
        return new_id()

    def create(
        self,
        owner: Owner,
        kind: str,
        parameters: Sequence[tuple[str, str]],
        *,
        duration_s: int,
        destruction: datetime,
        run_id: str = "",
        uploads: Sequence[Upload] = (),
        quota: Quota = UNBOUNDED,
        start: bool = False,
        job_id: str = "",
    ) -> Job:
        """A new job; see ``JobStore``.

        Raises
        ------
        LimitError
            The payer's quota is used up; ``quota`` in its detail names which.
        ParameterError
            The run id is no text of one line.
        UsageError
            There is a job of that id already, or it is none that ``new_id`` made.
        """
        job = Job(
            job_id or new_id(),
            kind,
            replace(owner, access=json.loads(json.dumps(dict(owner.access)))),
            Phase.QUEUED if start else Phase.PENDING,
            created=moment(self._now()),
            destruction=moment(stamp(destruction)),
            duration_s=duration_s,
            parameters=tuple((name, value) for name, value in parameters),
            uploads=tuple(uploads),
            run_id=_checked_run_id(run_id),
        )
        _check_new(job)
        row, contents = rows_of(job, self._service)

        def change(connection: Connection) -> tuple[Job, tuple[str, ...]]:
            more = {"jobs": 1, "seconds": duration_s, "size": row["size"]}
            self._payers.pay(connection, owner.payer, quota, **more, endless=not duration_s)
            if not (NEW_QUEUED if start else NEW_PENDING).run(connection, {**row, "of": self._service}):
                raise UsageError("There is a job of this id already.", code="id")
            NEW_CONTENTS.run(connection, contents)
            # Nobody waits for a job whose id was not told yet.
            return job, (QUEUE,) if start else ()

        return self._make(change)

    def usage(self, payer: str) -> Quota:
        """What the kept jobs of a payer take: how many there are, their seconds, their bytes."""
        with self._database.reading() as connection:
            return self._payers.used(connection, payer)

    def get(self, job_id: str) -> Job:
        """A job with all that belongs to it."""
        _check_id(job_id)
        with self._database.reading() as connection:
            return self._whole(connection, job_id)

    def revision(self, job_id: str) -> tuple[Phase, int]:
        """Phase and revision of a job."""
        _check_id(job_id)
        with self._database.reading() as connection:
            row = BRIEF.first(connection, {"job": job_id, "of": self._service})
        if row is None:
            raise NotFoundError(GONE)
        return Phase(row.phase), row.revision

    def jobs(
        self, owner_name: str, *, phases: Collection[Phase] = (), after: datetime | None = None, last: int | None = None
    ) -> list[JobLine]:
        """Jobs of a named owner, newest first; the anonymous caller has no list."""
        if not owner_name or not owner_name.isprintable():
            return []
        wanted = select(JOBS.c.job_id, JOBS.c.phase, JOBS.c.owner_name, JOBS.c.run_id, JOBS.c.created).where(
            JOBS.c.service == self._service, JOBS.c.owner_name == owner_name
        )
        if phases:
            wanted = wanted.where(JOBS.c.phase.in_(sorted(phase.value for phase in phases)))
        else:
            wanted = wanted.where(JOBS.c.phase != Phase.ARCHIVED.value)
        if after is not None:
            wanted = wanted.where(JOBS.c.created > stamp(after))
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(JOBS.c.created.desc(), JOBS.c.job_id).limit(last)).all()
        return [JobLine(row.job_id, Phase(row.phase), row.owner_name, row.run_id, moment(row.created)) for row in rows]

    def _changed(self, job_id: str, change: Callable[[Connection, Row], bool], *, queue: bool = False) -> Job:
        """Change a job within a transaction; ``change`` says whether it did anything."""

        def made(connection: Connection) -> tuple[Job, tuple[str, ...]]:
            done = change(connection, self._locked(connection, job_id))
            topics = (job_id, QUEUE) if queue else (job_id,)
            return self._whole(connection, job_id), topics if done else ()

        return self._make(made)

    def add_parameters(
        self,
        job_id: str,
        parameters: Sequence[tuple[str, str]],
        uploads: Sequence[Upload] = (),
        quota: Quota = UNBOUNDED,
    ) -> Job:
        """More parameters, while PENDING."""

        def change(connection: Connection, row: Row) -> bool:
            if row.phase != Phase.PENDING.value:
                raise refused(row.phase, "parameters can be changed while it is PENDING only")
            known = self._whole(connection, job_id)
            size = sum(upload.size for upload in uploads)
            self._payers.pay(connection, row.payer, Quota(size=quota.size), size=size)
            pairs, tables = (*known.parameters, *parameters), (*known.uploads, *uploads)
            FILL.run(connection, {"job": job_id, "parameters": packed_pairs(pairs), "uploads": packed(tables)})
            self._change(connection, row, size=row.size + size)
            return True

        return self._changed(job_id, change)

    def set_run_id(self, job_id: str, run_id: str) -> Job:
        """Another run id, while PENDING."""
        run_id = _checked_run_id(run_id)

        def change(connection: Connection, row: Row) -> bool:
            if row.phase != Phase.PENDING.value:
                raise refused(row.phase, "its run id can be changed while it is PENDING only")
            self._change(connection, row, run_id=run_id)
            return True

        return self._changed(job_id, change)

    def set_destruction(self, job_id: str, destruction: datetime) -> Job:
        """Another time of destruction."""

        def change(connection: Connection, row: Row) -> bool:
            self._change(connection, row, destruction=stamp(destruction))
            return True

        return self._changed(job_id, change)

    def set_duration(self, job_id: str, duration_s: int, quota: Quota = UNBOUNDED) -> Job:
        """Another bound on the running time, while PENDING or QUEUED."""

        def change(connection: Connection, row: Row) -> bool:
            if row.phase not in {Phase.PENDING.value, Phase.QUEUED.value}:
                raise refused(row.phase, "its running time can be changed before it runs only")
            more = duration_s - row.seconds
            bound = Quota(seconds=quota.seconds if more > 0 or not duration_s else 0)
            self._payers.pay(connection, row.payer, bound, seconds=more, endless=not duration_s)
            self._change(connection, row, duration_s=duration_s, seconds=duration_s)
            return True

        return self._changed(job_id, change)

    def start(self, job_id: str) -> Job:
        """PENDING → QUEUED; nothing happens to a job that was started already."""

        def change(connection: Connection, row: Row) -> bool:
            if row.phase == Phase.PENDING.value:
                following: Any = TURN.first(connection, {"of": self._service})
                self._change(connection, row, phase=Phase.QUEUED.value, turn=following.turn)
                return True
            return False

        return self._changed(job_id, change, queue=True)

    def abort(self, job_id: str) -> Job:
        """To ABORTED from any phase that is not final; nothing happens to one that is."""

        def change(connection: Connection, row: Row) -> bool:
            if Phase(row.phase).final:
                return False
            self._end(connection, row, Phase.ABORTED)
            return True

        return self._changed(job_id, change)

    def delete(self, job_id: str) -> None:
        """Forget a job; whoever runs it hears STOP. Its files are the reaper's."""

        def change(connection: Connection) -> tuple[None, tuple[str, ...]]:
            row = self._locked(connection, job_id)
            FORGET.run(connection, {"job": job_id})
            self._payers.pay(connection, row.payer, jobs=-1, seconds=-row.seconds, size=-row.size)
            self._payers.forget_idle(connection, row.payer)
            return None, (job_id,)

        self._make(change)

    def kept(self, job_ids: Collection[str]) -> dict[str, int]:
        """Of those of these jobs that are there: the attempt whose files belong to it (0: only its uploads)."""
        return {row.job_id: row.kept_attempt for row in self._some(job_ids, JOBS.c.kept_attempt)}

    def revisions(self, job_ids: Collection[str]) -> dict[str, tuple[Phase, int]]:
        """Phases and revisions of those of these jobs that are there."""
        found = self._some(job_ids, JOBS.c.phase, JOBS.c.revision)
        return {row.job_id: (Phase(row.phase), row.revision) for row in found}

    def _some(self, job_ids: Collection[str], *columns: Column[Any]) -> list[Row]:
        """These columns of those of these jobs that are there."""
        known = [job_id for job_id in job_ids if is_id(job_id)]
        wanted = select(JOBS.c.job_id, *columns).where(
            JOBS.c.service == self._service, JOBS.c.job_id.in_(bindparam("some", expanding=True))
        )
        found: list[Row] = []
        with self._database.reading() as connection:
            for start in range(0, len(known), MOST_IDS):
                found += connection.execute(wanted, {"some": known[start : start + MOST_IDS]}).all()
        return found


def _check_new(job: Job) -> None:
    if not is_id(job.job_id):
        raise UsageError("This is no id of a job.", code="id")
    for text in (job.owner.name, job.owner.payer, job.kind):
        if not text.isprintable():
            raise UsageError("The name of a user holds characters that cannot be shown.", code="name")


def _check_id(job_id: str) -> None:
    if not is_id(job_id):
        raise NotFoundError(GONE)


def _checked_run_id(run_id: str) -> str:
    if not run_id.isprintable() or len(run_id) > MOST_RUN_ID:
        raise ParameterError("RUNID", f"it is no text of one line of up to {MOST_RUN_ID} characters.")
    return run_id
