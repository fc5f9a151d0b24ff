"""Columns and types that all pieces of an input have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.arrays import numpy_of
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

EXACT = 1 << 53
"""The largest integer up to which doubles hold all."""
LARGEST = (1 << 63) - 1
"""Of int64."""


@dataclass(slots=True)
class Settled:
    """What the schemas of all pieces come to.

    Parameters
    ----------
    schema
        A ``pyarrow.Schema``.
    as_text
        Columns of text tables that have to be read again, as text.
    misfits
        Files whose columns do not fit those before, by their path: their name, and why.
    """

    schema: Any = None
    as_text: set[str] = field(default_factory=set)
    misfits: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Column:
    entry: Any
    text: bool
    highest: int | None
    name: str


def wide_columns(table: Any) -> dict[str, int]:
    """Columns of integers of which some are so large that doubles do not hold them, and the largest of each."""
    from pyarrow import types

    found = {}
    for entry in table.schema:
        if types.is_int64(entry.type) or types.is_uint64(entry.type):
            low, high = _ends(table.column(entry.name))
            if low is not None and high is not None and (low < -EXACT or high > EXACT):
                found[entry.name] = high
    return found


def _ends(column: Any) -> tuple[int | None, int | None]:
    """Least and greatest of a column of integers."""
    if len(column) and not column.null_count:
        values = numpy_of(column)
        return int(values.min()), int(values.max())
    from pyarrow import compute

    ends = compute.min_max(column)
    return ends["min"].as_py(), ends["max"].as_py()


def settle(made: list[Mapping[str, Any]]) -> Settled:
    """Columns of all pieces: those of the first, and what later ones have beside; types that hold the values of all.

    Parameters
    ----------
    made
        Of each piece, in order: ``schema`` (serialised, hexadecimal), ``text`` (whether its types were found out),
        ``wide`` (as ``wide_columns``), ``files``.
    """
    import pyarrow as pa

    out = Settled()
    columns: dict[str, _Column] = {}
    counts: dict[str, int] = {}
    pieces = 0
    known: dict[str, Any] = {}
    for piece in made:
        text = piece["schema"]
        if text not in known:
            known[text] = pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(text)))
        given = [
            _Column(entry, piece["text"], piece["wide"].get(entry.name), next(iter(piece["files"].values())))
            for entry in known[text]
        ]
        fitted = {column.entry.name: _fit(columns.get(column.entry.name), column, out) for column in given}
        why = next((found for found in fitted.values() if isinstance(found, str)), None)
        if why is not None:
            out.misfits |= {path: (name, why) for path, name in piece["files"].items()}
            continue
        columns |= {name: found for name, found in fitted.items() if isinstance(found, _Column)}
        pieces += 1
        for name in fitted:
            counts[name] = counts.get(name, 0) + 1
    entries = []
    for name, column in columns.items():
        entry = column.entry.with_nullable(column.entry.nullable or counts[name] < pieces)
        # Nothing but nulls in text: a number as well as anything else, and every reader takes it.
        entries.append(entry.with_type(pa.float64()) if column.text and pa.types.is_null(entry.type) else entry)
    out.schema = pa.schema(entries)
    return out


def _fit(before: _Column | None, column: _Column, out: Settled) -> _Column | str:
    """A column that holds the values of both, or why there is none."""
    import pyarrow as pa

    if before is None:
        return column
    entry = before.entry
    highest = max((found.highest for found in (before, column) if found.highest is not None), default=None)
    if not entry.type.equals(column.entry.type):
        try:
            first, second = (pa.schema([_plain(found)]) for found in (entry, column.entry))
            both = pa.unify_schemas([first, second], promote_options="permissive").field(0)
        except pa.ArrowException:
            return _misfit(before, column, out)
        if highest is not None and (
            pa.types.is_floating(both.type) or (pa.types.is_int64(both.type) and highest > LARGEST)
        ):
            return _misfit(before, column, out)
        entry = both.with_metadata(entry.metadata)
    entry = entry.with_nullable(entry.nullable or column.entry.nullable)
    return _Column(entry, before.text and column.text, highest, before.name)


def _plain(entry: Any) -> Any:
    """A column without metadata; with its values where it is a dictionary."""
    import pyarrow as pa

    kind = entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type
    return entry.remove_metadata().with_type(kind)


def _misfit(before: _Column, column: _Column, out: Settled) -> _Column | str:
    import pyarrow as pa

    name = column.entry.name
    text = pa.types.is_string(before.entry.type) or before.text
    if text and (pa.types.is_string(column.entry.type) or column.text) and (before.text or column.text):
        out.as_text.add(name)
        return _Column(before.entry.with_type(pa.string()), before.text and column.text, None, before.name)
    return f"its column {name!r} holds {column.entry.type}, which does not fit {before.entry.type} of {before.name}"


def check(settled: Settled) -> None:
    """Refuse files that do not fit.

    Raises
    ------
    CorruptFileError
        It names the first.
    """
    for name, why in settled.misfits.values():
        raise CorruptFileError(name, f"{why}.")


def not_text(made: Mapping[str, Any], columns: set[str]) -> bool:
    """Whether any of some columns of a piece is something else than text."""
    import pyarrow as pa

    if not columns:
        return False
    schema = pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(made["schema"])))
    return any(entry.name in columns and not pa.types.is_string(entry.type) for entry in schema)
