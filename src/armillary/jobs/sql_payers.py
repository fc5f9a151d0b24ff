"""Sums of what payers keep: changed, and held against a quota, in the transactions that change the jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select

from armillary.errors import LimitError
from armillary.jobs.prepared import Prepared
from armillary.jobs.schema import PAYERS
from armillary.jobs.store import UNBOUNDED, Quota

if TYPE_CHECKING:
    from sqlalchemy import Connection

SUMS = (PAYERS.c.jobs, PAYERS.c.seconds, PAYERS.c.size)
THEIRS = (PAYERS.c.service == bindparam("of"), PAYERS.c.payer == bindparam("who"))


def _payment(insert: Any) -> Any:
    new = insert(PAYERS)
    sums = {column.name: column + new.excluded[column.name] for column in SUMS}
    return new.on_conflict_do_update(index_elements=["service", "payer"], set_=sums).returning(*SUMS)


PAY = Prepared(_payment)
USED = Prepared(select(*SUMS).where(*THEIRS))
UNCOUNTED = Prepared(delete(PAYERS).where(*THEIRS, PAYERS.c.jobs <= 0))


class SqlPayers:
    """Sums of the payers of one service.

    Parameters
    ----------
    service
        Its name.
    """

    def __init__(self, service: str) -> None:
        self._service = service

    def pay(
        self,
        connection: Connection,
        payer: str,
        quota: Quota = UNBOUNDED,
        *,
        jobs: int = 0,
        seconds: int = 0,
        size: int = 0,
        endless: bool = False,
    ) -> None:
        """Count what is about to be kept, or is no more; in PostgreSQL jobs of one payer wait here for each other.

        Raises
        ------
        LimitError
            It is more than the payer may keep: the caller's transaction is to end with it.
        """
        more = {"jobs": jobs, "seconds": seconds, "size": size}
        if not any(more.values()) and quota == UNBOUNDED:
            return
        used: Any = PAY.first(connection, {"service": self._service, "payer": payer, **more})
        if quota.jobs and used.jobs > quota.jobs:
            raise _over("jobs", quota.jobs, f"you have {used.jobs - jobs} jobs, and may keep {quota.jobs}")
        if quota.seconds and (used.seconds > quota.seconds or endless):
            said = f"your jobs may run {quota.seconds} seconds in all: ask for a shorter executionduration"
            raise _over("seconds", quota.seconds, said)
        if quota.size and used.size > quota.size:
            said = f"you keep {used.size - size} bytes of results and uploads, and may keep {quota.size}"
            raise _over("size", quota.size, said)

    def forget_idle(self, connection: Connection, payer: str) -> None:
        """Keep no row of a payer without jobs."""
        UNCOUNTED.run(connection, {"of": self._service, "who": payer})

    def used(self, connection: Connection, payer: str) -> Quota:
        """How many jobs a payer has, their seconds, their bytes."""
        row = USED.first(connection, {"of": self._service, "who": payer})
        return Quota() if row is None else Quota(row.jobs, row.seconds, row.size)


def _over(quota: str, most: int, said: str) -> LimitError:
    return LimitError(
        f"No further job: {said}. Delete jobs that you need no more.", code="quota", quota=quota, most=most
    )
