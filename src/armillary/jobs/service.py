"""Everything of the jobs of one service, opened together."""

from __future__ import annotations

import contextlib
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import ConfigurationError, UnavailableError
from armillary.jobs.bells import open_bell
from armillary.jobs.database import default_path
from armillary.jobs.results_open import open_results
from armillary.storage.databases import sqlite_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from armillary.jobs.bell import Bell
    from armillary.jobs.results import ResultStore
    from armillary.jobs.store import JobStore
    from armillary.jobs.waiting import Waiter

FOREIGN = "jobs_results: this place belongs to the jobs of another database: name another place, and jobs will run."
SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def service_name(served: Iterable[str]) -> str:
    """A name for the jobs of a service: the same wherever the same is served.

    Parameters
    ----------
    served
        What makes the service: absolute paths, or the address of a configuration.
    """
    return hashlib.blake2b("\0".join(served).encode(errors="surrogateescape"), digest_size=10).hexdigest()


@dataclass(frozen=True, slots=True)
class JobService:
    """The jobs of one service.

    Parameters
    ----------
    service
        Its name.
    address
        Of the database.
    results_address
        Of the files, for processes that open these alone.
    waiter
        For one event loop.
    """

    service: str
    address: str
    results_address: str
    store: JobStore
    results: ResultStore
    bell: Bell
    waiter: Waiter

    def delete(self, job_id: str) -> None:
        """Forget a job and remove its files; those that cannot be removed now are the reaper's.

        Raises
        ------
        NotFoundError
            There is no such job.
        UnavailableError
            The database cannot be reached.
        """
        self.store.delete(job_id)
        with contextlib.suppress(UnavailableError):
            self.results.remove(job_id)

    def close(self) -> None:
        """Stop listening and close the connections. Whoever waits is to be ended before (``waiter.close``)."""
        self.bell.close()
        self.store.close()


def open_jobs(service: str, *, database: str = "", results: str = "") -> JobService:
    """The jobs of a service. Nothing is made, and nothing connected to, before the first job.

    Parameters
    ----------
    service
        Name of letters, digits, ``.``, ``_`` and ``-``; ``service_name`` makes one.
    database
        Path of a file of SQLite, or ``postgresql://user:password@host/name``; empty for a file in the platform's
        folder for the data of a user.
    results
        Path of a folder, or address of object storage, within which the service gets a folder; empty for a folder
        beside the file of the database (for PostgreSQL: where that file would be).
    """
    if SERVICE.fullmatch(service) is None:
        service = service_name([service])
    # SQLAlchemy takes a third of a second to import.
    from armillary.jobs.sql_store import open_store
    from armillary.jobs.waiting import Waiter

    address = database or str(default_path(service))
    file = sqlite_file(address) or default_path(service)
    name = service if file.stem == service else f"{file.stem}.{service}"
    place = f"{results.rstrip('/')}/{service}" if results else str(file.with_name(f"{name}.results"))
    bell = open_bell(address)
    store = open_store(address, service, bell)
    files = open_results(place)

    def check_place() -> None:
        if not files.belongs_to(store.identity()):
            raise ConfigurationError(FOREIGN)

    # Whoever writes there would have its results removed by the other's reaper.
    store.before_claims = check_place
    return JobService(service, address, place, store, files, bell, Waiter(store, bell))
