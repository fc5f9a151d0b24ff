"""Statements that are made text once, and then handed to the driver as they are."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Connection
    from sqlalchemy.sql.base import Executable

Row: TypeAlias = Any
"""A named tuple of what a statement selects."""


class Prepared:
    """A statement whose way to the driver is short: SQLAlchemy's own costs several times what SQLite takes to do it.

    Transactions and connections stay SQLAlchemy's; failures of the driver are turned into ours by ``Database``. No type
    needs a conversion: integers and text are the same on both sides.

    Parameters
    ----------
    statement
        Or what makes it of the ``insert`` of the dialect.
    """

    def __init__(self, statement: Executable | Callable[[Any], Executable]) -> None:
        self._statement = statement
        self._known: dict[tuple[str, ...], _Text] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Do it with these values; how many rows it changed."""
        count: int = self._done(connection, values)[1].rowcount
        return count

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        """The first row that it gives; None where there is none."""
        text, cursor = self._done(connection, values)
        found = cursor.fetchone()
        row = None if found is None else text.row(cursor, found)
        cursor.close()
        return row

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """All rows that it gives."""
        text, cursor = self._done(connection, values)
        return [text.row(cursor, found) for found in cursor.fetchall()]

    def _done(self, connection: Connection, values: Mapping[str, Any]) -> tuple[_Text, Any]:
        key = (connection.dialect.name, *values)
        text = self._known.get(key)
        if text is None:
            text = self._known[key] = _Text(self._statement, connection, list(values))
        driver: Any = connection.connection.dbapi_connection
        return text, driver.execute(text.sql, text.given(values))


class _Text:
    """The text of a statement for one dialect, given these names of values."""

    def __init__(self, statement: Any, connection: Connection, names: list[str]) -> None:
        dialect = connection.dialect
        if not hasattr(statement, "compile"):
            statement = statement(_insert_of(dialect.name))
        compiled = statement.compile(dialect=dialect, column_keys=names)
        self.sql = str(compiled)
        self._constants: dict[str, Any] = dict(compiled.params)
        self._order: list[str] | None = compiled.positiontup if compiled.positional else None
        self._row: Any = None

    def given(self, values: Mapping[str, Any]) -> Any:
        """Values as the driver wants them."""
        whole = {**self._constants, **values}
        return whole if self._order is None else [whole[name] for name in self._order]

    def row(self, cursor: Any, found: tuple[Any, ...]) -> Row:
        """A row of a cursor, with names."""
        if self._row is None:
            self._row = _named([column[0] for column in cursor.description])
        return self._row(found)


def _named(columns: list[str]) -> Callable[[Iterable[Any]], Any]:
    made: Any = namedtuple("Row", columns)  # type: ignore[misc] # noqa: PYI024 - their names are known by now only
    make: Callable[[Iterable[Any]], Any] = made._make
    return make


def _insert_of(dialect: str) -> Any:
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert
