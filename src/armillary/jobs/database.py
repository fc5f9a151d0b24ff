"""The database of jobs: SQLite by default, or PostgreSQL."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

from armillary.errors import ConfigurationError
from armillary.jobs.commits import SharedCommits
from armillary.storage import databases
from armillary.storage.databases import sqlite_file
from armillary.storage.places import data_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from armillary.jobs.commits import Change

T = TypeVar("T")

BUSY_MS = 20_000
CONNECT_S = 10
CHECKPOINT_PAGES = 4000
"""Of SQLite's log: its default, 1000, is reached after a hundred jobs, and each time the disk is waited for."""
POSTGRESQL = ("postgresql://", "postgres://", "postgresql+psycopg://")


def default_path(name: str) -> Path:
    """Where the jobs of what is served under a name lie when no setting says so."""
    return data_folder() / "jobs" / f"{name}.sqlite"


def full_address(address: str) -> str:
    """An address as SQLAlchemy wants it, with the drivers that are used here."""
    file = sqlite_file(address)
    if file is not None:
        return f"sqlite:///{file}"
    for form in POSTGRESQL:
        if address.startswith(form):
            return "postgresql+psycopg://" + address.removeprefix(form)
    return address


def driver_address(address: str) -> dict[str, Any]:
    """What ``psycopg.connect`` takes for an address of PostgreSQL."""
    from sqlalchemy import make_url

    url = make_url(full_address(address))
    return dict(url.get_dialect()().create_connect_args(url)[1])


class Database(databases.Database):
    """Connections to the jobs.

    Parameters
    ----------
    address
        Path of a file of SQLite, or ``postgresql://user:password@host/name``.
    """

    setting = "jobs_database"
    what = "jobs"
    packages = "cluster"

    def __init__(self, address: str) -> None:
        super().__init__(full_address(address))
        self._shared: SharedCommits | None = None

    @property
    def missing(self) -> bool:
        """Whether there is no file yet: nothing is made before somebody writes, and whoever reads finds nothing."""
        return self._engines is None and self.file is not None and not self.file.exists()

    def _opened(self) -> tuple[Engine, Engine]:
        if not self.address.startswith(("sqlite:", "postgresql+psycopg:")):
            raise ConfigurationError("jobs_database: name a file of SQLite, or postgresql://user:password@host/name.")
        if self.file is not None:
            self._shared = SharedCommits(self.writing)
        return super()._opened()

    def _options(self) -> dict[str, Any]:
        return {} if self.file is not None else {"connect_args": {"connect_timeout": CONNECT_S}}

    def _pragmas(self) -> tuple[str, ...]:
        checkpoint = f"wal_autocheckpoint = {CHECKPOINT_PAGES}"
        return (f"busy_timeout = {BUSY_MS}", "synchronous = NORMAL", checkpoint)

    def _ready(self, engine: Engine) -> None:
        super()._ready(engine)
        if self.file is None:
            _prepare_postgresql(engine)

    def _prepare(self, engine: Engine, writer: Engine) -> None:
        from armillary.jobs.schema import bring_up_to_date, is_up_to_date

        with engine.begin() as connection:
            # Whoever comes later waits for no writer.
            if is_up_to_date(connection):
                return
        with writer.begin() as connection:
            bring_up_to_date(connection)

    def _reader(self) -> Engine:
        return _empty() if self.missing else super()._reader()

    def make(self, change: Change[T], ring: Callable[..., None]) -> T:
        """What comes of a change, once it is committed and was rung for.

        In SQLite those that wait for their turn at the same time are committed together. In PostgreSQL they are not:
        two processes would lock the rows of several jobs in orders of their own, and wait for each other.

        Raises
        ------
        UnavailableError
            As ``writing``; else what the change raises, and nothing of it is written.
        """
        self.engines()
        if self._shared is not None:
            return self._shared.make(change, ring)
        with self.writing() as connection:
            made, topics = change(connection)
        if topics:
            ring(*topics)
        return made


@functools.cache
def _empty() -> Engine:
    """Tables without rows, made anew for every connection."""
    from sqlalchemy import NullPool, create_engine, event

    from armillary.jobs.schema import META

    engine = create_engine("sqlite://", poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: META.create_all(connection, checkfirst=False))
    return engine


def _prepare_postgresql(engine: Engine) -> None:
    """Nobody waits for ever, and a process that was stopped within a transaction lets go of its locks."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.execute(f"SET lock_timeout = {BUSY_MS}")
        raw.execute(f"SET idle_in_transaction_session_timeout = {BUSY_MS}")
        raw.commit()
