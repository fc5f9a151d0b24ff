"""Tables of the jobs, their version, and the way from an older one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    select,
    update,
)

from armillary.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

VERSION = 1
META = MetaData()


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


PROPERTIES = Table(
    "armillary_jobs", META, Column("version", Integer, nullable=False), Column("identity", Text, nullable=False)
)
# What changes while a job runs, kept small: a beat rewrites the row. Times are microseconds since 1970, UTC.
JOBS = Table(
    "jobs",
    META,
    Column("job_id", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("owner_name", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("phase", Text, nullable=False),
    _count("revision"),
    _count("created"),
    _count("destruction"),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    _count("duration_s"),
    # What counts against the payer's quota: the seconds it may run, then those it ran; bytes of uploads and results.
    _count("seconds"),
    _count("size"),
    # Place in the queue.
    _count("turn"),
    # Every claim is an attempt with a number of its own; only those count as deaths that nobody ended.
    _count("attempt"),
    _count("deaths"),
    _count("kept_attempt"),
    Column("token", Text),
    Column("worker", Text),
    _count("beats"),
    _count("done"),
    _count("total"),
    Column("error", Text),
    Index("jobs_phases", "service", "phase", "turn"),
    Index("jobs_owners", "service", "owner_name", "created"),
    Index("jobs_destruction", "service", "destruction"),
)
# What may be long, written once or twice: JSON.
CONTENTS = Table(
    "job_contents",
    META,
    Column("job_id", ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True),
    Column("access", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("uploads", Text, nullable=False),
    Column("results", Text, nullable=False),
)
# Sums over the kept jobs of a payer, changed in the transactions that change these.
PAYERS = Table(
    "job_payers",
    META,
    Column("service", Text, primary_key=True),
    Column("payer", Text, primary_key=True),
    _count("jobs"),
    _count("seconds"),
    _count("size"),
)

STEPS: dict[int, Callable[[Connection], None]] = {}
"""What makes version ``n + 1`` of version ``n``."""


def is_up_to_date(connection: Connection) -> bool:
    """Whether the tables are there, and of this version."""
    found = inspect(connection).has_table(PROPERTIES.name)
    return found and connection.execute(select(PROPERTIES.c.version)).scalar() == VERSION


def bring_up_to_date(connection: Connection) -> None:
    """Make the tables, or bring older ones up to this version; in the caller's transaction, alone.

    Raises
    ------
    ConfigurationError
        A newer release made them, or somebody else.
    """
    if connection.dialect.name == "postgresql":
        # Several processes may start at once, and PostgreSQL has no lock on tables that are not there yet.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4702311853301)")
    if not inspect(connection).has_table(PROPERTIES.name):
        META.create_all(connection)
        connection.execute(PROPERTIES.insert().values(version=VERSION, identity=secrets.token_hex(16)))
        return
    found = connection.execute(select(PROPERTIES.c.version)).scalar()
    if found is None or found > VERSION:
        raise ConfigurationError(
            "jobs_database: a newer release of Armillary made it: install that one, or use another database."
        )
    for step in range(found, VERSION):
        STEPS[step](connection)
    if found < VERSION:
        connection.execute(update(PROPERTIES).values(version=VERSION))
