"""The contract of a job store: the only truth about jobs. A queue only says that one may be claimable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from armillary.jobs.model import Claim, Job, JobError, JobLine, Order, Owner, Phase, Progress, Result, Upload


@dataclass(frozen=True, slots=True)
class Quota:
    """What one payer may have; 0 for no bound.

    Parameters
    ----------
    jobs
        Jobs that are kept, in any phase.
    seconds
        Running time of the jobs that are kept: what those that ended took, what the others may take.
    size
        Bytes of results and uploads that are kept.
    """

    jobs: int = 0
    seconds: int = 0
    size: int = 0


UNBOUNDED = Quota()


@dataclass(frozen=True, slots=True)
class Totals:
    """All jobs that are kept.

    Parameters
    ----------
    jobs
        How many there are in each phase; phases without any are left out.
    size
        Bytes of their results and uploads.
    """

    jobs: Mapping[Phase, int]
    size: int


class JobStore(Protocol):
    """Jobs of one service. Safe to use from many threads and processes. Conformance: ``testing/job_stores.py``.

    Every method raises ``UnavailableError`` where the database cannot be reached, ``NotFoundError`` for a job that is
    not there (or was deleted), ``UsageError`` (code ``phase``) for what the phase of a job does not allow.
    """

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
        quota: Quota = ...,
        start: bool = False,
        job_id: str = "",
    ) -> Job:
        """A new job, PENDING, or QUEUED with ``start``; its id is unguessable, or ``job_id`` as ``new_id`` made it.

        Raises
        ------
        LimitError
            The payer's quota is used up; names which.
        """

    def identity(self) -> str:
        """A name of these jobs that no others have, here or in another database."""

    def new_id(self) -> str:
        """An id for ``create``: uploads are kept under it before the job is there."""

    def get(self, job_id: str) -> Job:
        """A job with all that belongs to it."""

    def revision(self, job_id: str) -> tuple[Phase, int]:
        """Phase and revision of a job, cheaply."""

    def revisions(self, job_ids: Collection[str]) -> dict[str, tuple[Phase, int]]:
        """Phases and revisions of those of these jobs that are there."""

    def jobs(
        self, owner_name: str, *, phases: Collection[Phase] = (), after: datetime | None = None, last: int | None = None
    ) -> list[JobLine]:
        """Jobs of a named owner, newest first; ARCHIVED ones only where asked for. UWS 1.1, 2.2.2.1."""

    def usage(self, payer: str) -> Quota:
        """What the kept jobs of a payer take, of each kind that has a quota."""

    def add_parameters(
        self,
        job_id: str,
        parameters: Sequence[tuple[str, str]],
        uploads: Sequence[Upload] = (),
        quota: Quota = ...,
    ) -> Job:
        """More parameters, while PENDING; ``LimitError`` where the uploads are more than the payer may keep."""

    def set_run_id(self, job_id: str, run_id: str) -> Job:
        """Another run id, while PENDING."""

    def set_destruction(self, job_id: str, destruction: datetime) -> Job:
        """Another time of destruction."""

    def set_duration(self, job_id: str, duration_s: int, quota: Quota = ...) -> Job:
        """Another bound on the running time, while PENDING or QUEUED; ``LimitError`` where the payer has not that."""

    def start(self, job_id: str) -> Job:
        """PENDING → QUEUED; nothing happens to a job that was started already."""

    def abort(self, job_id: str) -> Job:
        """To ABORTED from any phase that is not final; nothing happens to one that is."""

    def delete(self, job_id: str) -> None:
        """Forget a job; whoever runs it hears STOP. Its files are removed by the reaper's next round."""

    def claim(self, worker: str, job_id: str | None = None) -> Claim | None:
        """Take the job that was queued first, or that very one: QUEUED → EXECUTING, a new attempt; None for none."""

    def beat(self, claim: Claim, progress: Progress | None = None) -> Order:
        """Tell that the worker lives, and how far it is."""

    def finish(
        self, claim: Claim, results: Sequence[Result], quota: Quota = ..., progress: Progress | None = None
    ) -> bool:
        """EXECUTING → COMPLETED with these results, all at once; False where the claim is void.

        Asked again, after an answer that was lost, it says True again; so do ``fail`` and ``stop``.

        Raises
        ------
        LimitError
            The results have more bytes than the payer may still keep, whatever ends at the same time: nothing changed,
            and the claim is held still.
        """

    def fail(
        self,
        claim: Claim,
        error: JobError,
        results: Sequence[Result] = (),
        quota: Quota = ...,
        progress: Progress | None = None,
    ) -> bool:
        """EXECUTING → ERROR; False where the claim is void; ``LimitError`` as ``finish``."""

    def stop(self, claim: Claim, error: JobError) -> bool:
        """EXECUTING → ABORTED, for a job that ran too long; False where the claim is void."""

    def release(self, claim: Claim) -> bool:
        """EXECUTING → QUEUED without an attempt counted: the worker ends. False where the claim is void."""

    def requeue(
        self, claim_token: str, *, most_attempts: int, beats: int | None = None, error: JobError | None = None
    ) -> bool:
        """EXECUTING → QUEUED for a worker that died, or → ERROR after that many attempts: ``error`` where it is known.

        False where the claim is void, or its worker was heard of since ``beats``.
        """

    def executing(self) -> list[tuple[str, str, int]]:
        """``(token, worker, beats)`` of every claim that is held, for the reaper."""

    def waiting(self) -> int:
        """How many jobs are QUEUED."""

    def totals(self) -> Totals:
        """How many jobs are kept in each phase, and what they take."""

    def expired(self, now: datetime, most: int = 100) -> list[str]:
        """Ids of jobs whose destruction has come."""

    def kept(self, job_ids: Collection[str]) -> dict[str, int]:
        """Of those of these jobs that are there: the attempt whose files belong to it (0: only its uploads)."""

    def close(self) -> None:
        """Close the connections; they are made anew when needed."""
