"""Filters of rows: ``mag < 12; name = "M 42"``. Parsed here, never evaluated as code.

::

    filter     = comparison { ";" comparison }
    comparison = name operator value
    name       = a word, or text in double quotes or backticks
    operator   = "<" | "<=" | ">" | ">=" | "=" | "==" | "!="
    value      = text in single or double quotes, or anything up to ";"

A quote within quotes is written twice. A row without a value in a column passes no comparison of it.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING, Any, Protocol

from armillary.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.catalogs.fields import Field

LONGEST = 2000
MOST_COMPARISONS = 20
OPERATORS = {
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "=": "equal", "!=": "not_equal",
}  # fmt: skip
_NAME = re.compile(r'\s*(?:"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|([^\s"\'`<>=!;]+))\s*')
_OPERATOR = re.compile(r"<=|>=|!=|==|<|>|=")
_VALUE = re.compile(r'\s*(?:"((?:[^"]|"")*)"|\'((?:[^\']|\'\')*)\'|([^"\'`<>=!;]+))\s*(?=;|\Z)')
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z|[+-]?inf\Z", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,20}\Z", re.ASCII)


class Columns(Protocol):
    """Columns that can be compared: a catalog's, or those of some rows."""

    def field(self, name: str, parameter: str) -> Field:
        """A column by its name, which ``parameter`` gave."""

    def column(self, field: Field) -> Any:
        """Its values, a ``pyarrow`` array."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition.

    Parameters
    ----------
    name
        Of a column.
    operator
        One of ``OPERATORS``.
    value
        As it was written, without quotes.
    """

    name: str
    operator: str
    value: str

    def __str__(self) -> str:
        name, value = (text.replace('"', '""') for text in (self.name, self.value))
        return f'"{name}" {self.operator} "{value}"'


def parse(text: str) -> list[Comparison]:
    """Comparisons of a filter; none for blank text.

    Raises
    ------
    ParameterError
        It is no filter; the message says where.
    """
    if len(text) > LONGEST:
        raise ParameterError("filter", f"is longer than {LONGEST} characters")
    found: list[Comparison] = []
    position = 0
    while text[position:].strip(" \t\r\n;"):
        position += len(text) - position - len(text[position:].lstrip(" \t\r\n;"))
        comparison, position = _comparison(text, position)
        found.append(comparison)
        if len(found) > MOST_COMPARISONS:
            raise ParameterError("filter", f"has more than {MOST_COMPARISONS} comparisons")
    return found


def _comparison(text: str, start: int) -> tuple[Comparison, int]:
    name = _NAME.match(text, start)
    if not name:
        raise ParameterError("filter", f"a column's name is missing at character {start + 1}: write it as mag < 12")
    operator = _OPERATOR.match(text, name.end())
    if not operator:
        raise ParameterError("filter", f"one of < <= > >= = != is missing at character {name.end() + 1}")
    value = _VALUE.match(text, operator.end())
    if not value:
        raise ParameterError(
            "filter", f'a value is missing or not closed at character {operator.end() + 1}: write text as "M 42"'
        )
    return Comparison(_unquoted(name, '"`'), operator[0].replace("==", "="), _unquoted(value, "\"'")), value.end()


def _unquoted(match: re.Match[str], quotes: str) -> str:
    for group, quote in zip((1, 2), quotes, strict=True):
        if match[group] is not None:
            return match[group].replace(quote * 2, quote)
    return match[3].strip()


def passes(catalog: Columns, comparisons: Sequence[Comparison]) -> Any:
    """Which rows pass all comparisons: a ``pyarrow`` array of truths, None for no comparison.

    Raises
    ------
    ParameterError
        A column is missing, or cannot be compared with the value.
    """
    from pyarrow import compute

    result = None
    for comparison in comparisons:
        field = catalog.field(comparison.name, "filter")
        one = _passes(catalog, field, comparison)
        result = one if result is None else compute.and_(result, one)
    return result


def _passes(catalog: Columns, field: Field, comparison: Comparison) -> Any:
    import pyarrow as pa
    from pyarrow import compute

    if not (field.numeric or field.is_text or field.dtype == "bool"):
        raise ParameterError("filter", f"column {field.name!r} holds {field.dtype}, which is not compared")
    column = catalog.column(field)
    if pa.types.is_null(column.type):
        return column.is_valid()
    if pa.types.is_temporal(column.type):
        column, scalar = _times(column, field, comparison)
    else:
        value = _typed(field, comparison)
        if pa.types.is_float16(column.type):
            column = column.cast(pa.float32())
        try:
            # A number with a fraction would be cut to the type of a column of whole ones.
            scalar = pa.scalar(value, pa.float64() if isinstance(value, float) else column.type)
        except (pa.ArrowInvalid, OverflowError, TypeError):
            if pa.types.is_integer(column.type):
                # Above or below all that the type holds: as it is for 0 it is for every number.
                always = getattr(compute, OPERATORS[comparison.operator])(
                    pa.scalar(0), pa.scalar(1 if value > 0 else -1)
                )
                return compute.and_(column.is_valid(), always)
            scalar = pa.scalar(float(value))
    if isinstance(scalar, pa.DoubleScalar):
        column = column.cast(pa.float64(), safe=False)
    found = getattr(compute, OPERATORS[comparison.operator])(column, scalar)
    if comparison.operator == "!=" and pa.types.is_floating(column.type):
        found = compute.and_(found, compute.invert(compute.is_nan(column)))
    return compute.fill_null(found, False)  # noqa: FBT003 - pyarrow takes no name


def _times(column: Any, field: Field, comparison: Comparison) -> tuple[Any, Any]:
    """A column of dates or times and the value as such; without a zone it is UTC."""
    import pyarrow as pa

    kind, text = column.type, comparison.value.strip()
    kinds = [kind]
    if pa.types.is_timestamp(kind):
        kind = pa.timestamp(kind.unit)
        kinds = [kind, pa.timestamp(kind.unit, "UTC")]
    for tried in kinds:
        with contextlib.suppress(pa.ArrowException, ValueError):
            given = pa.scalar(time.fromisoformat(text)) if pa.types.is_time(kind) else pa.scalar(text)
            return column.cast(kind), given.cast(tried).cast(kind)
    raise ParameterError(
        "filter", f"column {field.name!r} holds {kind}, and {text[:40]!r} is none: write it as 2026-11-29T12:00:00"
    )


def _typed(field: Field, comparison: Comparison) -> Any:
    value = comparison.value
    if field.is_text:
        return value
    if field.dtype == "bool":
        if value.lower() not in {"true", "false", "1", "0"}:
            raise ParameterError("filter", f"column {field.name!r} is true or false")
        return value.lower() in {"true", "1"}
    word = value.strip().lower()
    if not _NUMBER.match(word):
        raise ParameterError("filter", f"column {field.name!r} holds numbers, and {value[:40]!r} is none")
    return int(word) if _WHOLE.match(word) else float(word)
