"""Bytes of rows in memory, by which catalogs are cut as ``hats-import`` cuts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.ingest.alignment import Counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.ingest.pieces import SortedPiece

BIT = 0.125


def row_bytes(table: Any) -> NDArray[np.float64]:
    """Bytes that each row of a ``pyarrow.Table`` takes of its buffers.

    Values, the places of texts and lists, and a bit for whether there is a value, where that is held (Arrow columnar
    format 1.5, "Physical memory layout"). What has a form of its own, as dictionaries have, is shared out evenly.
    """
    total = np.zeros(len(table))
    for column in table.columns:
        first = 0
        for chunk in column.chunks:
            total[first : first + len(chunk)] += _bytes_of(chunk)
            first += len(chunk)
    return total


def _bytes_of(array: Any) -> NDArray[np.float64]:
    """Of each value of a ``pyarrow.Array``."""
    from pyarrow import compute, types

    kind, count = array.type, len(array)
    known = BIT if count and array.buffers()[0] is not None else 0.0
    place = 8 if types.is_large_string(kind) or types.is_large_binary(kind) or types.is_large_list(kind) else 4
    if types.is_struct(kind):
        return known + sum((_bytes_of(array.field(k)) for k in range(kind.num_fields)), np.zeros(count))
    if types.is_list(kind) or types.is_large_list(kind):
        return _bytes_of_lists(array) + place + known
    if any(is_it(kind) for is_it in (types.is_string, types.is_binary, types.is_large_string, types.is_large_binary)):
        return _numbers(compute.binary_length(array)) + place + known
    try:
        return np.full(count, kind.bit_width * BIT + known)
    except ValueError:
        return np.full(count, array.nbytes / max(1, count))


def _bytes_of_lists(array: Any) -> NDArray[np.float64]:
    from pyarrow import compute

    ends = np.concatenate([[0.0], np.cumsum(_bytes_of(array.flatten()))])
    lengths = _numbers(compute.list_value_length(array))
    places = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return np.diff(ends[places])


def _numbers(array: Any) -> NDArray[np.float64]:
    """Lengths, 0 where there is no value."""
    from pyarrow import compute

    found: NDArray[np.float64] = np.asarray(compute.fill_null(array, 0).to_numpy(zero_copy_only=False), np.float64)
    return found


def sizes_of(piece: SortedPiece, shift: int) -> Counts:
    """How many bytes of a piece lie in each pixel."""
    counts = Counts.of(piece.cells, shift)
    ends = np.concatenate([[0.0], np.cumsum(row_bytes(piece.table)[piece.rows])])
    places = np.concatenate([[0], np.cumsum(counts.counts)])
    return Counts(counts.pixels, np.rint(np.diff(ends[places])).astype(np.int64))
