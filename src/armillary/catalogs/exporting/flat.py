"""Columns in the forms that tables outside of Arrow know: numbers, truths, text, and lists of numbers."""

from __future__ import annotations

import json
from typing import Any


def flat(table: Any, *, lists: bool) -> Any:
    """A ``pyarrow.Table`` of numbers, truths and text; of lists of numbers too where these may stay.

    Dictionaries become their values, times and decimals text, what is nested JSON.
    """
    import pyarrow as pa

    columns = [_flat(table.column(name), lists=lists) for name in table.schema.names]
    fields = [
        pa.field(entry.name, column.type, metadata=entry.metadata)
        for entry, column in zip(table.schema, columns, strict=True)
    ]
    return pa.table(columns, schema=pa.schema(fields))


def word_of(entry: Any, name: str) -> str:
    """What the metadata of a column says of its ``unit`` or ``ucd``."""
    text = (entry.metadata or {}).get(name.encode(), b"").decode("utf-8", "replace")
    return text if text.isprintable() else ""


def flat_schema(schema: Any, *, lists: bool) -> Any:
    """Columns of what ``flat`` makes."""
    return flat(schema.empty_table(), lists=lists).schema


def _flat(column: Any, *, lists: bool) -> Any:
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        return _flat(column.cast(kind.value_type), lists=lists)
    if _plain(kind) or (lists and is_list(kind) and _plain(kind.value_type) and not types.is_boolean(kind.value_type)):
        return column
    if types.is_float16(kind):
        return column.cast(pa.float32())
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        words = [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(words, pa.string())])


def _plain(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_boolean, types.is_integer, types.is_float32, types.is_float64)
    return any(test(kind) for test in tests)


def is_list(kind: Any) -> bool:
    """Whether a type of pyarrow is a list of any sort."""
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))
