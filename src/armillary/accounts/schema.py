"""Tables of the accounts, their version, and the way from an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
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


def _owner(table: str) -> Column[int]:
    return Column(f"{table[:-1]}_id", ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True)


PROPERTIES = Table("armillary", META, Column("version", Integer, nullable=False))
USERS = Table(
    "users",
    META,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password", Text),
    Column("administrator", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
)
GROUPS = Table(
    "groups", META, Column("id", Integer, primary_key=True), Column("name", String(64), nullable=False, unique=True)
)
MEMBERS = Table("members", META, _owner("users"), _owner("groups"))
USER_GRANTS = Table("user_grants", META, _owner("users"), Column("name", String(128), primary_key=True))
GROUP_GRANTS = Table("group_grants", META, _owner("groups"), Column("name", String(128), primary_key=True))
TOKENS = Table(
    "tokens",
    META,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("label", String(64), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("used", BigInteger),
    UniqueConstraint("user_id", "label"),
)
SESSIONS = Table(
    "sessions",
    META,
    Column("digest", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE")),
    Column("epoch", Integer, nullable=False),
    Column("name", String(256), nullable=False),
    Column("grants", Text, nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Index("sessions_expires", "expires"),
    Index("sessions_user", "user_id"),
)
ATTEMPTS = Table(
    "attempts",
    META,
    Column("digest", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Index("attempts_seen", "seen"),
)

STEPS: dict[int, Callable[[Connection], None]] = {}
"""What makes version ``n + 1`` of version ``n``."""


def bring_up_to_date(connection: Connection) -> None:
    """Make the tables, or bring older ones up to this version; in the caller's transaction, alone.

    Raises
    ------
    ConfigurationError
        A newer release made them, or somebody else.
    """
    if not inspect(connection).has_table(PROPERTIES.name):
        META.create_all(connection)
        connection.execute(PROPERTIES.insert().values(version=VERSION))
        return
    found = connection.execute(select(PROPERTIES.c.version)).scalar()
    if found is None or found > VERSION:
        raise ConfigurationError(
            "accounts_database: a newer release of Armillary made it: install that one, or use another database."
        )
    for step in range(found, VERSION):
        STEPS[step](connection)
    if found < VERSION:
        connection.execute(update(PROPERTIES).values(version=VERSION))
