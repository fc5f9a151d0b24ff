"""Sources in JSON: a list of ``{"name", "ra", "dec", "extra": {…}}``, or an object that holds it as ``sources``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from armillary.catalogs.fields import unique_names
from armillary.catalogs.limits import DEFAULT, MAX_COLUMNS, Limits, check_columns
from armillary.catalogs.table import MemoryTable
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from armillary.catalogs.formats.streams import TextStream
    from armillary.catalogs.table import Table

MAX_TEXT_BYTES = 256 << 20
SHARE_OF_TEXT = 8
"""JSON takes about ten times its bytes while it is read, and more where it is nothing but brackets."""


def read_json(stream: TextStream, limits: Limits = DEFAULT) -> Table:
    """Read a JSON file.

    Raises
    ------
    CorruptFileError
        It is no JSON, or not of this form.
    UnsupportedFileError
        It is larger than a JSON file may be.
    """
    stream.tighten(replace(limits, bytes=min(limits.bytes // SHARE_OF_TEXT, MAX_TEXT_BYTES)))
    text = stream.read()
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(stream.name, f"it is no JSON: {_place(error)}.") from error
    if isinstance(content, dict):
        content = content.get("sources")
    if not isinstance(content, list):
        raise CorruptFileError(stream.name, 'it should be a list of sources, or {"sources": […]}.')
    return table_of_sources(stream.name, content, limits)


def _place(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} in line {error.lineno}, column {error.colno}"
    return "it is nested too deep" if isinstance(error, RecursionError) else "it is not text"


def table_of_sources(name: str, sources: Sequence[Any], limits: Limits = DEFAULT) -> Table:
    """A table of sources as JSON holds them; keys of ``extra`` become columns.

    Parameters
    ----------
    name
        For messages.
    sources
        Objects with ``ra`` and ``dec``, ICRS degrees, and perhaps ``name`` and ``extra``.

    Raises
    ------
    CorruptFileError
        One of them is no object.
    UnsupportedFileError
        More rows, columns or values than are read.
    """
    limits.check_rows(name, len(sources))

    def grow(count: int) -> None:
        # A key of the last source alone is a column of all rows.
        limits.check_cells(name, len(sources), count)

    columns: dict[str, list[Any]] = {"name": [], "ra": [], "dec": []}
    for number, source in enumerate(sources):
        if not isinstance(source, dict):
            raise CorruptFileError(name, f"source {number + 1} is no object with ra and dec.")
        extra = source.get("extra")
        _add(columns, number, source.items(), grow)
        if isinstance(extra, dict) and extra:
            # What is in ``extra`` never hides the source's own.
            own = {"name", "ra", "dec", *source}
            items = ((f"extra.{key}" if key in own else key, value) for key, value in extra.items())
            _add(columns, number, items, grow)
        if len(columns) > MAX_COLUMNS:
            check_columns(name, list(columns))
    columns.pop("extra", None)
    if all(value is None for value in columns["name"]):
        del columns["name"]
    full = {key: column + [None] * (len(sources) - len(column)) for key, column in columns.items()}
    names = unique_names(full)
    return MemoryTable(name, {title: array_of(full[key]) for title, key in zip(names, full, strict=True)})


def _add(
    columns: dict[str, list[Any]], number: int, items: Iterable[tuple[Any, Any]], grow: Callable[[int], None]
) -> None:
    """Put the values of source ``number`` at the ends of their columns; ``grow`` is asked before there is one more."""
    for key, value in items:
        column = columns.get(key)
        if column is None:
            grow(len(columns) + 1)
            column = columns[str(key)] = [None] * number
        elif len(column) < number:
            column.extend([None] * (number - len(column)))
        if len(column) == number:
            column.append(value)


def array_of(values: list[Any]) -> Any:
    """Values of any kind as one array: whole numbers, numbers, truths, else text."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and kinds:
        try:
            return pa.array(values, pa.int64() if kinds == {int} else pa.float64())
        except (pa.ArrowInvalid, OverflowError):
            return pa.array([None if value is None else float_of(value) for value in values], pa.float64())
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def float_of(value: float) -> float:
    """A number of Python as a float, infinite where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()
