"""Types of the input as Parquet holds them and pyarrow sorts them."""

from __future__ import annotations

import io
from typing import Any

from armillary.errors import UnsupportedFileError


def storable(table: Any, name: str) -> Any:
    """A table with text and bytes of their own where they were views.

    Parameters
    ----------
    name
        Of the file, for messages.

    Raises
    ------
    UnsupportedFileError
        Parquet knows no such type; the message names the column.
    """
    for place, entry in enumerate(table.schema):
        if "_view" in (word := str(entry.type)):
            kind = _without_views(entry.type)
            table = table.set_column(place, entry.with_type(kind), table.column(place).cast(kind))
        elif "<" in word or "interval" in word:
            _check(entry, name)
    return table


def has_order(kind: Any) -> bool:
    """Whether rows can be sorted by a column of a type; dictionaries by their values."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    try:
        compute.sort_indices(pa.schema([("x", kind)]).empty_table(), sort_keys=[("x", "ascending")])
    except (pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return False
    return not pa.types.is_struct(kind)


def _check(entry: Any, name: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.write_metadata(pa.schema([entry]), io.BytesIO())
    except pa.ArrowNotImplementedError:
        raise UnsupportedFileError(
            name, f"column {entry.name!r} holds {entry.type}, which Parquet does not know: leave it out."
        ) from None


def _without_views(kind: Any) -> Any:
    import pyarrow as pa
    from pyarrow import types

    def inner(given: Any) -> Any:
        return given.value_field.with_type(_without_views(given.value_type))

    makers: tuple[tuple[Any, Any], ...] = (
        (types.is_string_view, lambda _: pa.string()),
        (types.is_binary_view, lambda _: pa.binary()),
        (types.is_map, lambda given: pa.map_(_without_views(given.key_type), _without_views(given.item_type))),
        (types.is_struct, lambda given: pa.struct([part.with_type(_without_views(part.type)) for part in given])),
        (types.is_fixed_size_list, lambda given: pa.list_(inner(given), given.list_size)),
        (types.is_large_list, lambda given: pa.large_list(inner(given))),
        (types.is_large_list_view, lambda given: pa.large_list(inner(given))),
        (types.is_list, lambda given: pa.list_(inner(given))),
        (types.is_list_view, lambda given: pa.list_(inner(given))),
    )
    return next((make(kind) for fits, make in makers if fits(kind)), kind)
