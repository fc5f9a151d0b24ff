"""Rows as words: values that JSON and CSV can hold."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.fields import Field

EXACT = 1 << 53
"""Larger whole numbers leave as text: JSON readers of browsers round them."""
LONGEST_TEXT = 1000
LONGEST_LIST = 64
CSV_ROWS = 5000
# Text that a spreadsheet would run as a formula; what is only a number or an angle is harmless.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.][\d\s.:eE+°'\"hdms-]*\Z)")


class Rows(Protocol):
    """A catalog as far as its rows are taken: a ``Catalog``, or one of any size."""

    fields: tuple[Field, ...]

    def take(self, fields: Sequence[Field], rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows of some columns, as ``pyarrow`` arrays by name."""


def table_rows(catalog: Rows, fields: Sequence[Field], rows: NDArray[np.int64]) -> list[list[Any]]:
    """Values of some rows, a list for each, in the order of ``fields``."""
    if not fields:
        return [[] for _ in rows]
    taken = catalog.take(fields, rows)
    columns = [[word(value) for value in taken[field.name].to_pylist()] for field in fields]
    return [list(values) for values in zip(*columns, strict=True)]


def one_row(catalog: Rows, row: int) -> dict[str, Any]:
    """All values of a row by column, longer texts than in pages."""
    taken = catalog.take(catalog.fields, np.array([row]))
    return {
        field.name: word(taken[field.name].to_pylist()[0], longest=64 * LONGEST_TEXT, most=64 * LONGEST_LIST)
        for field in catalog.fields
    }


def word(value: Any, *, longest: int = LONGEST_TEXT, most: int = LONGEST_LIST) -> Any:
    """A value as JSON can hold it: None for NaN and infinities, text for whole numbers beyond 2⁵³."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) <= EXACT else str(value)
    if isinstance(value, str):
        return value if len(value) <= longest else value[: longest - 1] + "…"
    if isinstance(value, list):
        words = [word(entry, longest=longest, most=most) for entry in value[:most]]
        return words if len(value) <= most else [*words, "…"]
    return word(str(value), longest=longest)


def csv_parts(catalog: Rows, fields: Sequence[Field], rows: NDArray[np.int64]) -> Iterator[bytes]:
    """Rows as CSV (RFC 4180), some at a time, with a header.

    Text that a spreadsheet would take for a formula gets a ``'`` before it.
    """
    yield _lines([[_safe(field.name) for field in fields]])
    for start in range(0, len(rows), CSV_ROWS):
        taken = catalog.take(fields, rows[start : start + CSV_ROWS])
        columns = [[_cell(value) for value in taken[field.name].to_pylist()] for field in fields]
        yield _lines([list(values) for values in zip(*columns, strict=True)])


def _lines(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, list):
        return json.dumps(word(value, most=1 << 16), ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return value


def _safe(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text
