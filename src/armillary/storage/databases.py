"""Databases that rooms keep tables in, by SQLAlchemy: files of SQLite in WAL mode, or what else it reaches."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from armillary.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

log = logging.getLogger(__name__)

CONNECTIONS = 8
MORE_CONNECTIONS = 24
SWITCH_S = 1.0


def sqlite_file(address: str) -> Path | None:
    """The file of a database that is one; None for an address of a server."""
    if address.startswith("sqlite:///"):
        return Path(address.removeprefix("sqlite:///").partition("?")[0])
    return None if "://" in address else Path(address).expanduser().absolute()


class Database(ABC):
    """Connections to one database. Safe to use from many threads, and in every process that a fork makes.

    Parameters
    ----------
    address
        Path of a file of SQLite, or an address of SQLAlchemy. Nothing is opened before it is needed.
    """

    setting: ClassVar[str]
    """Its name, for who is told of a mistake."""
    what: ClassVar[str]
    """What it is of."""
    packages: ClassVar[str]
    """The extra of this package that brings drivers."""

    def __init__(self, address: str) -> None:
        self.file = sqlite_file(address)
        self.address = address if self.file is None else f"sqlite:///{self.file}"
        self._lock = threading.Lock()
        # SQLite has one writer: threads of this process wait here for their turn, in order, not by trying again.
        self._turn: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        self._engines: tuple[int, Engine, Engine] | None = None
        # Those of the process before a fork: closed here, their connections would be cut there.
        self._left: list[Engine] = []

    @abstractmethod
    def _prepare(self, engine: Engine, writer: Engine) -> None:
        """Bring the tables up to date."""

    @abstractmethod
    def _pragmas(self) -> tuple[str, ...]:
        """What is set for every connection to SQLite, besides its modes."""

    def _ready(self, engine: Engine) -> None:
        """See to the connections of a new engine."""
        if self.file is not None:
            _prepare_sqlite(engine, self._pragmas())

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
                    self._turn = threading.Lock() if self.file is not None else contextlib.nullcontext()
                    known = self._engines = os.getpid(), *self._opened()
        return known[1], known[2]

    def _opened(self) -> tuple[Engine, Engine]:
        if self.file is not None:
            self._make_private(self.file)
        engine = self._engine(CONNECTIONS, MORE_CONNECTIONS)
        # SQLite's only writer keeps one connection: what that has read stays true, as long as nobody else writes.
        writer = engine if self.file is None else self._engine(1, 0)
        writer = writer.execution_options(armillary_write=True)
        try:
            with self.told(engine):
                self._prepare(engine, writer)
        except BaseException:
            _dispose(engine, writer)
            raise
        return engine, writer

    def _make_private(self, path: Path) -> None:
        """Make an empty file that only its owner may read: SQLite's further files have the same mode."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600))
        except OSError as error:
            said = f"{path.name} cannot be written ({error.strerror or error}): name another place."
            raise ConfigurationError(f"{self.setting}: {said}") from None

    def _engine(self, connections: int, more: int) -> Engine:
        try:
            from sqlalchemy import create_engine
            from sqlalchemy.exc import ArgumentError
        except ImportError:
            raise self._not_installed() from None
        pool = {"pool_pre_ping": self.file is None, "pool_size": connections, "max_overflow": more}
        try:
            engine = create_engine(self.address, **pool, **self._options())
        except ImportError:
            raise self._not_installed() from None
        except (ArgumentError, ValueError, TypeError) as error:
            # The address may hold a password: only the kind of the mistake is told.
            said = f"this is no address that SQLAlchemy can use ({type(error).__name__})."
            raise ConfigurationError(f"{self.setting}: {said}") from None
        self._ready(engine)
        return engine

    def _options(self) -> dict[str, Any]:
        """Further words for ``create_engine``."""
        return {}

    def _not_installed(self) -> ConfigurationError:
        words = f"{self.setting}: a package is not installed: pip install 'armillary[{self.packages}]'."
        return ConfigurationError(words)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a transaction that only reads.

        Raises
        ------
        UnavailableError
            The database cannot be reached, or stays locked.
        """
        engine = self._reader()
        with self.told(engine), engine.begin() as connection:
            yield connection

    def _reader(self) -> Engine:
        return self.engines()[0]

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that writes: in SQLite it has the database to itself from the start.

        Raises
        ------
        UnavailableError
            The database cannot be reached, or stays locked; whether it was written is then not known.
        """
        engine = self.engines()[1]
        with self.told(engine), self._turn, engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            if self._engines is not None and self._engines[0] == os.getpid():
                _dispose(*self._engines[1:])
            self._engines = None

    @contextlib.contextmanager
    def told(self, engine: Engine) -> Iterator[None]:
        """Failures, by SQLAlchemy's name or its driver's, as one of ours; its violated constraints stay what they are.

        Raises
        ------
        UnavailableError
            Something failed.
        """
        from sqlalchemy.exc import IntegrityError, SQLAlchemyError

        driver: Any = engine.dialect.dbapi
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, driver.Error) as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            log.error("%s: %s", self.setting, kind, exc_info=error)  # noqa: TRY400 - of where it came from
            raise UnavailableError(f"The database of {self.what} cannot be used now: try again in a moment.") from None


def _dispose(*engines: Engine) -> None:
    for engine in engines:
        engine.dispose()


def _write_ahead(raw: Any) -> None:
    """Have a database keep a log. Of several that do so first, SQLite refuses some at once, whatever their patience."""
    import sqlite3

    end_s = time.monotonic() + SWITCH_S
    while True:
        try:
            raw.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end_s:
                raise
            time.sleep(SWITCH_S / 100)
        else:
            return


def _prepare_sqlite(engine: Engine, pragmas: tuple[str, ...]) -> None:
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")
        _write_ahead(raw)
        raw.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("armillary_write")
        driver: Any = connection.connection.dbapi_connection
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
