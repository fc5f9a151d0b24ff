"""Row groups of a Parquet footer: bounds of a column, files. Compiled loops, serial, without the GIL, cached on disk.

pyarrow ends the process at statistics of some damaged files; this reads no byte beyond the footer, whatever it holds.
Formats: Thrift's compact protocol; ``parquet.thrift`` (FileMetaData, RowGroup, ColumnChunk, Statistics).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)
DEEPEST = 24
INT64 = 2
BAD = -1


@njit(nogil=True, cache=True)
def _varint(data: Any, at: Any) -> Any:
    """A number, and where it ends; ``BAD`` for the end where it breaks off."""
    value, shift = np.uint64(0), np.uint64(0)
    while 0 <= at < data.size and shift < np.uint64(70):
        byte = np.uint64(data[at])
        value |= (byte & np.uint64(127)) << shift
        at += 1
        if byte < np.uint64(128):
            return value, at
        shift += np.uint64(7)
    return np.uint64(0), BAD


@njit(nogil=True, cache=True)
def _signed(data: Any, at: Any) -> Any:
    """A number in zigzag, and where it ends."""
    value, at = _varint(data, at)
    return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1)), at


@njit(nogil=True, cache=True)
def _field(data: Any, at: Any, last: Any) -> Any:
    """Number and kind of the next field of a structure, and where its value begins; kind ``STOP`` at the end."""
    if not 0 <= at < data.size:
        return last, STOP, BAD
    byte = np.int64(data[at])
    at += 1
    if byte == 0:
        return last, STOP, at
    if byte >> 4:
        return last + (byte >> 4), byte & 15, at
    number, at = _signed(data, at)
    return number, byte & 15, at


@njit(nogil=True, cache=True)
def _list(data: Any, at: Any) -> Any:
    """Length and kind of the values of a list, and where they begin."""
    if not 0 <= at < data.size:
        return 0, STOP, BAD
    byte = np.int64(data[at])
    at += 1
    if byte >> 4 < 15:
        return byte >> 4, byte & 15, at
    count, at = _varint(data, at)
    if at == BAD or count > np.uint64(data.size):
        return 0, STOP, BAD
    return np.int64(count), byte & 15, at


@njit(nogil=True, cache=True)
def _skip(data: Any, at: Any, kind: Any) -> Any:
    """Where a value ends; ``BAD`` where it does not."""
    # Lists and structures that are open: values left (below 0: a structure), and their kind.
    left, kinds = np.zeros(DEEPEST, np.int64), np.zeros(DEEPEST, np.int64)
    top = 0
    while True:
        if kind == BYTE:
            at += 1
        elif kind in {I16, I32, I64}:
            _, at = _varint(data, at)
        elif kind == DOUBLE:
            at += 8
        elif kind == BINARY:
            length, at = _varint(data, at)
            at = BAD if at == BAD or length > np.uint64(data.size) else at + np.int64(length)
        elif kind in {LIST, SET, STRUCT}:
            if top == DEEPEST:
                return BAD
            left[top], kinds[top] = -1, STOP
            if kind != STRUCT:
                left[top], kinds[top], at = _list(data, at)
            top += 1
        elif kind not in {TRUE, FALSE}:
            return BAD
        kind = STOP
        while top and kind == STOP:
            if not 0 <= at <= data.size:
                return BAD
            if left[top - 1] < 0:
                _, kind, at = _field(data, at, 0)
                if at == BAD:
                    return BAD
            elif left[top - 1] > 0:
                left[top - 1] -= 1
                kind = kinds[top - 1]
                if kind in {TRUE, FALSE}:
                    kind = BYTE
                elif kind == STOP:
                    return BAD
            if kind == STOP:
                top -= 1
        if kind == STOP:
            return at if 0 <= at <= data.size else BAD


@njit(nogil=True, cache=True)
def _eight(data: Any, at: Any) -> Any:
    """A binary value of eight bytes as int64, whether it is one, and where it ends."""
    length, at = _varint(data, at)
    if at == BAD or length > np.uint64(data.size) or at + np.int64(length) > data.size:
        return np.int64(0), False, BAD
    value = np.uint64(0)
    if length == np.uint64(8):
        for k in range(8):
            value |= np.uint64(data[at + k]) << np.uint64(8 * k)
    return np.int64(value), length == np.uint64(8), at + np.int64(length)


@njit(nogil=True, cache=True)
def _is_named(data: Any, at: Any, name: Any) -> Any:
    """Whether a list of texts is one text alone."""
    count, kind, at = _list(data, at)
    if at == BAD or count != 1 or kind != BINARY:
        return False
    length, at = _varint(data, at)
    if at == BAD or length != np.uint64(name.size) or at + name.size > data.size:
        return False
    for k in range(name.size):  # noqa: SIM110 - compiled
        if data[at + k] != name[k]:
            return False
    return True


@njit(nogil=True, cache=True)
def _statistics(data: Any, at: Any) -> Any:
    """Least and largest value, and whether both are said."""
    low, high, has_low, has_high, number = np.int64(0), np.int64(0), False, False, 0
    while True:
        number, kind, at = _field(data, at, number)
        if at == BAD or kind == STOP:
            return low, high, has_low and has_high and at != BAD
        if number == 5 and kind == BINARY:
            high, has_high, at = _eight(data, at)
        elif number == 6 and kind == BINARY:
            low, has_low, at = _eight(data, at)
        else:
            at = _skip(data, at, kind)


@njit(nogil=True, cache=True)
def _column(data: Any, at: Any, name: Any) -> Any:
    """Bounds of a column chunk by its metadata, and whether it is the one of the name, of 64 bits, and says them."""
    low, high, said, named, whole, number = np.int64(0), np.int64(0), False, False, False, 0
    while True:
        number, kind, at = _field(data, at, number)
        if at == BAD or kind == STOP:
            return low, high, named and whole and said and at != BAD
        if number == 1 and kind == I32:
            whole = _signed(data, at)[0] == INT64
        elif number == 3 and kind == LIST:
            named = _is_named(data, at, name)
        elif number == 12 and kind == STRUCT:
            low, high, said = _statistics(data, at)
        at = _skip(data, at, kind)


@njit(nogil=True, cache=True)
def _chunk(data: Any, at: Any, name: Any) -> Any:
    """As ``_column``, of a column chunk; and where it ends."""
    low, high, found, number = np.int64(0), np.int64(0), False, 0
    while True:
        number, kind, at = _field(data, at, number)
        if at == BAD or kind == STOP:
            return low, high, found, at
        if number == 3 and kind == STRUCT:
            low, high, found = _column(data, at, name)
        at = _skip(data, at, kind)


@njit(nogil=True, cache=True)
def _row_group(data: Any, at: Any, name: Any) -> Any:
    """As ``_chunk``, of the column of the name in a row group."""
    low, high, found, number = np.int64(0), np.int64(0), False, 0
    while True:
        number, kind, at = _field(data, at, number)
        if at == BAD or kind == STOP:
            return low, high, found, at
        if number != 1 or kind != LIST:
            at = _skip(data, at, kind)
            continue
        count, inner, at = _list(data, at)
        if inner != STRUCT and count:
            return low, high, False, BAD
        for _ in range(count):
            one, two, here, at = _chunk(data, at, name)
            if at == BAD:
                return low, high, False, BAD
            if here:
                low, high, found = one, two, True


@njit(nogil=True, cache=True)
def bounds(data: NDArray[np.uint8], name: NDArray[np.uint8], lows: NDArray[np.int64], highs: NDArray[np.int64]) -> Any:
    """Least and largest value of a column of int64 in each row group; where none are said nothing is written.

    Parameters
    ----------
    data
        A footer: ``FileMetaData``.
    name
        Of the column, UTF-8.
    lows, highs
        One for each row group.

    Returns
    -------
    How many row groups were read; fewer where the footer breaks off.
    """
    at, number = 0, 0
    while True:
        number, kind, at = _field(data, at, number)
        if at == BAD or kind == STOP:
            return 0
        if number != 4 or kind != LIST:
            at = _skip(data, at, kind)
            continue
        count, inner, at = _list(data, at)
        if at == BAD or inner != STRUCT:
            return 0
        for group in range(min(count, lows.size)):
            low, high, found, at = _row_group(data, at, name)
            if at == BAD:
                return group
            if found and low <= high:
                lows[group], highs[group] = low, high
        return min(count, lows.size)


@njit(nogil=True, cache=True)
def _path(data: Any, at: Any) -> Any:
    """First byte and length of the path of the file that holds a column chunk, and where the chunk ends."""
    first, size, number = 0, np.int64(0), 0
    while True:
        number, kind, at = _field(data, at, number)
        if at == BAD or kind == STOP:
            return first, size, at
        if number == 1 and kind == BINARY:
            length, start = _varint(data, at)
            if start != BAD and length <= np.uint64(data.size):
                first, size = start, np.int64(length)
        at = _skip(data, at, kind)


@njit(nogil=True, cache=True)
def _path_of_group(data: Any, at: Any) -> Any:
    """As ``_path``, of the first column of a row group; and where the row group ends."""
    first, size, number = 0, 0, 0
    while True:
        number, kind, at = _field(data, at, number)
        if at == BAD or kind == STOP:
            return first, size, at
        if number == 1 and kind == LIST:
            count, inner, start = _list(data, at)
            if start != BAD and count and inner == STRUCT:
                first, size, _ = _path(data, start)
        at = _skip(data, at, kind)


@njit(nogil=True, cache=True)
def paths(data: NDArray[np.uint8], firsts: NDArray[np.int64], sizes: NDArray[np.int64]) -> Any:
    """First byte and length of the path of the file that holds each row group; 0 where none is said.

    Parameters
    ----------
    data
        A footer: ``FileMetaData``.
    firsts, sizes
        One for each row group that is wanted.

    Returns
    -------
    How many row groups there are; −1 where the footer breaks off.
    """
    at, number = 0, 0
    while True:
        number, kind, at = _field(data, at, number)
        if at == BAD or kind == STOP:
            return 0 if at != BAD else -1
        if number != 4 or kind != LIST:
            at = _skip(data, at, kind)
            continue
        count, inner, at = _list(data, at)
        if at == BAD or (count and inner != STRUCT):
            return -1
        for group in range(min(count, firsts.size)):
            firsts[group], sizes[group], at = _path_of_group(data, at)
            if at == BAD:
                return -1
        return count
