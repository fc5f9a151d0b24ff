"""The database of accounts: SQLite in WAL mode by default, anything that SQLAlchemy reaches otherwise."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armillary.accounts.passwords import MISSING
from armillary.errors import ConfigurationError, UnavailableError
from armillary.storage.places import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection, Engine

log = logging.getLogger(__name__)

BUSY_MS = 10_000
UNREACHABLE = "The database of accounts cannot be used now: try again in a moment."


def default_path(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where the accounts lie when no setting says so."""
    return data_folder(environment, platform) / "accounts.sqlite"


class Database:
    """Connections to the accounts. Safe to use from many threads, and in every process that a fork makes.

    Parameters
    ----------
    address
        A path, an address of SQLAlchemy, or nothing for the platform's place.
    """

    def __init__(self, address: str = "") -> None:
        self.file: Path | None = None
        if "://" not in address:
            self.file = Path(address).expanduser() if address else default_path()
            address = f"sqlite:///{self.file.absolute()}"
        elif address.startswith("sqlite:///"):
            self.file = Path(address.removeprefix("sqlite:///").partition("?")[0])
        self._address = address
        self._lock = threading.Lock()
        self._engine: tuple[int, Engine] | None = None

    @property
    def engine(self) -> Engine:
        """The engine of this process; made, and the tables brought up to date, when it is first asked for.

        Raises
        ------
        ConfigurationError
            The address is none, its driver is not installed, or the tables are of a newer release.
        UnavailableError
            It cannot be reached now.
        """
        known = self._engine
        if known is not None and known[0] == os.getpid():
            return known[1]
        with self._lock:
            if self._engine is None or self._engine[0] != os.getpid():
                self._engine = os.getpid(), self._opened()
            return self._engine[1]

    def _opened(self) -> Engine:
        if self.file is not None:
            _make_private(self.file)
        engine = _make_engine(self._address)
        from armillary.accounts.schema import bring_up_to_date

        with _told(), engine.execution_options(armillary_write=True).begin() as connection:
            bring_up_to_date(connection)
        return engine

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a transaction that only reads.

        Raises
        ------
        UnavailableError
            The database cannot be reached, or stays locked.
        """
        engine = self.engine
        with _told(), engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that writes: in SQLite it has the database to itself from the start.

        Raises
        ------
        UnavailableError
            The database cannot be reached, or stays locked.
        """
        engine = self.engine
        with _told(), engine.execution_options(armillary_write=True).begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            if self._engine is not None and self._engine[0] == os.getpid():
                self._engine[1].dispose()
            self._engine = None


def _make_private(path: Path) -> None:
    """Make an empty file that only its owner may read: SQLite's further files have the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"accounts_database: {path.name} cannot be written ({error.strerror or error}): name another place."
        ) from None


def _make_engine(address: str) -> Engine:
    try:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise ConfigurationError(MISSING) from None
    try:
        engine = create_engine(address, pool_pre_ping=not address.startswith("sqlite"))
    except (ArgumentError, ImportError, ValueError) as error:
        # The address may hold a password: only the kind of the mistake is told.
        raise ConfigurationError(
            f"accounts_database: this is no address that SQLAlchemy can use ({type(error).__name__})."
        ) from None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        for pragma in (f"busy_timeout = {BUSY_MS}", "journal_mode = WAL", "foreign_keys = ON"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("armillary_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Failures of the database as one of ours; violated constraints stay what they are."""
    from sqlalchemy.exc import IntegrityError, SQLAlchemyError

    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        log.error("accounts: %s", type(getattr(error, "orig", None) or error).__name__, exc_info=error)  # noqa: TRY400
        raise UnavailableError(UNREACHABLE) from None
