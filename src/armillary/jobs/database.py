"""The database of jobs: SQLite in WAL mode by default, or PostgreSQL."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from armillary.errors import ConfigurationError, UnavailableError
from armillary.jobs.commits import SharedCommits
from armillary.storage.places import data_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from armillary.jobs.commits import Change

T = TypeVar("T")
log = logging.getLogger(__name__)

BUSY_MS = 20_000
CONNECT_S = 10
CONNECTIONS = 8
CHECKPOINT_PAGES = 4000
"""Of SQLite's log: its default, 1000, is reached after a hundred jobs, and each time the disk is waited for."""
UNREACHABLE = "The database of jobs cannot be used now: try again in a moment."
POSTGRESQL = ("postgresql://", "postgres://", "postgresql+psycopg://")


def default_path(name: str) -> Path:
    """Where the jobs of what is served under a name lie when no setting says so."""
    return data_folder() / "jobs" / f"{name}.sqlite"


def sqlite_file(address: str) -> Path | None:
    """The file of a database that is one; None for an address of a server."""
    if address.startswith("sqlite:///"):
        return Path(address.removeprefix("sqlite:///").partition("?")[0])
    return None if "://" in address else Path(address).expanduser().absolute()


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


class Database:
    """Connections to the jobs. Safe to use from many threads, and in every process that a fork makes.

    Parameters
    ----------
    address
        Path of a file of SQLite, or ``postgresql://user:password@host/name``. Nothing is opened before it is needed.
    """

    def __init__(self, address: str) -> None:
        self.file = sqlite_file(address)
        self._address = full_address(address)
        self._lock = threading.Lock()
        # SQLite has one writer: threads of this process wait here for their turn, in order, not by trying again.
        self._turn: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        self._shared: SharedCommits | None = None
        self._engines: tuple[int, Engine, Engine] | None = None
        # Those of the process before a fork: closed here, their connections would be cut there.
        self._left: list[Engine] = []

    def engines(self) -> tuple[Engine, Engine]:
        """Engines of this process to read and to write; made, and the tables brought up to date, at the first call.

        Raises
        ------
        ConfigurationError
            The address is none, its driver is not installed, or the tables are of a newer release.
        UnavailableError
            It cannot be reached now.
        """
        known = self._engines
        if known is None or known[0] != os.getpid():
            with self._lock:
                known = self._engines
                if known is None or known[0] != os.getpid():
                    if known is not None:
                        self._left += known[1:]
                    known = os.getpid(), *self._opened()
                    if self.file is not None:
                        self._turn, self._shared = threading.Lock(), SharedCommits(self.writing)
                    self._engines = known
        return known[1], known[2]

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return "sqlite" if self._address.startswith("sqlite") else "postgresql"

    @property
    def missing(self) -> bool:
        """Whether there is no file yet: nothing is made before somebody writes, and whoever reads finds nothing."""
        return self._engines is None and self.file is not None and not self.file.exists()

    def _opened(self) -> tuple[Engine, Engine]:
        if self.file is not None:
            _make_private(self.file)
        engine = _make_engine(self._address)
        # SQLite's only writer keeps one connection: what that has read stays true, as long as nobody else writes.
        writer = engine if self.file is None else _make_engine(self._address, connections=1)
        writer = writer.execution_options(armillary_write=True)
        try:
            _prepare_tables(engine, writer)
        except BaseException:
            _dispose(engine, writer)
            raise
        return engine, writer

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a transaction that only reads.

        Raises
        ------
        UnavailableError
            The database cannot be reached, or stays locked.
        """
        engine = _empty() if self.missing else self.engines()[0]
        with told(engine), engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that writes: in SQLite it has the database to itself from the start.

        Raises
        ------
        UnavailableError
            The database cannot be reached, or stays locked; whether it was written is then not known.
        """
        engine = self.engines()[1]
        with told(engine), self._turn, engine.begin() as connection:
            yield connection

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

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            if self._engines is not None and self._engines[0] == os.getpid():
                _dispose(*self._engines[1:])
            self._engines = None


def _dispose(*engines: Engine) -> None:
    for engine in engines:
        engine.dispose()


def _make_private(path: Path) -> None:
    """Make an empty file that only its owner may read: SQLite's further files have the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"jobs_database: {path.name} cannot be written ({error.strerror or error}): name another place."
        ) from None


def _make_engine(address: str, connections: int = CONNECTIONS) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError

    if not address.startswith(("sqlite:", "postgresql+psycopg:")):
        raise ConfigurationError("jobs_database: name a file of SQLite, or postgresql://user:password@host/name.")
    sqlite = address.startswith("sqlite:")
    options: dict[str, Any] = {} if sqlite else {"connect_args": {"connect_timeout": CONNECT_S}}
    try:
        options |= {"pool_size": connections, "max_overflow": 3 * (connections - 1)}
        engine = create_engine(address, pool_pre_ping=not sqlite, **options)
    except ImportError:
        raise ConfigurationError(
            "jobs_database: the driver of PostgreSQL is not installed: pip install 'armillary[cluster]'."
        ) from None
    except (ArgumentError, ValueError, TypeError) as error:
        # The address may hold a password: only the kind of the mistake is told.
        raise ConfigurationError(
            f"jobs_database: this is no address that SQLAlchemy can use ({type(error).__name__})."
        ) from None
    if sqlite:
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)
    return engine


def _prepare_tables(engine: Engine, writer: Engine) -> None:
    from armillary.jobs.schema import bring_up_to_date, is_up_to_date

    with told(engine):
        with engine.begin() as connection:
            # Whoever comes later waits for no writer.
            if is_up_to_date(connection):
                return
        with writer.begin() as connection:
            bring_up_to_date(connection)


@functools.cache
def _empty() -> Engine:
    """Tables without rows, made anew for every connection."""
    from sqlalchemy import NullPool, create_engine, event

    from armillary.jobs.schema import META

    engine = create_engine("sqlite://", poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: META.create_all(connection, checkfirst=False))
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    from sqlalchemy import event

    pragmas = (
        f"busy_timeout = {BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
    )

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("armillary_write")
        driver: Any = connection.connection.dbapi_connection
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgresql(engine: Engine) -> None:
    """Nobody waits for ever, and a process that was stopped within a transaction lets go of its locks."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.execute(f"SET lock_timeout = {BUSY_MS}")
        raw.execute(f"SET idle_in_transaction_session_timeout = {BUSY_MS}")
        raw.commit()


@contextlib.contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Failures of the database, by SQLAlchemy's name or by its driver's, as one of ours."""
    from sqlalchemy.exc import SQLAlchemyError

    driver: Any = engine.dialect.dbapi
    try:
        yield
    except (SQLAlchemyError, driver.Error) as error:
        log.error("jobs: %s", type(getattr(error, "orig", None) or error).__name__, exc_info=error)  # noqa: TRY400
        raise UnavailableError(UNREACHABLE) from None
