"""HCOMPRESS_1: quadtrees of bit planes of an H-transform (FITS 4.0, section 10.4.4; White et al. 1992).

A stream is a header, the bit planes of the four quadrants of the coefficients, and a sign for each coefficient that
is not zero. A quadrant's bit plane is a quadtree: a code of four bits says which quarters of a cell hold ones. Every
access is checked, so a damaged stream can do no harm.
"""

from __future__ import annotations

import struct
from typing import Any

import numba
import numpy as np

# Magic, rows, columns, scale, sum of all pixels, bit planes of the three kinds of quadrants.
HEADER = struct.Struct(">2siiiq3B")
MAX_PLANES = 60
DIRECT, TREE = 0, 15


def _codes() -> Any:
    """By a code's bits with a leading one: what it stands for, -1 where the code is longer."""
    table = np.full(128, -1, np.int64)
    words = [
        "000",
        "001",
        "010",
        "011",
        "1000",
        "1001",
        "1010",
        "1011",
        "1100",
        "11010",
        "11011",
        "11100",
        "11101",
        "11110",
        "111110",
        "111111",
    ]
    for word, meaning in zip(words, (1, 2, 4, 8, 3, 5, 10, 12, 15, 6, 7, 9, 11, 13, 0, 14), strict=True):
        table[int("1" + word, 2)] = meaning
    return table


CODES = _codes()


@numba.njit(cache=True, nogil=True)
def _read(stream: Any, position: Any, count: int) -> int:
    """The next ``count`` bits; zeros beyond the end, where ``position`` then lies."""
    number = 0
    for _ in range(count):
        at = position[0]
        bit = 0
        if at < 8 * stream.size:
            bit = (stream[at >> 3] >> (7 - (at & 7))) & 1
        number = number << 1 | bit
        position[0] = at + 1
    return number


@numba.njit(cache=True, nogil=True)
def _read_code(stream: Any, position: Any, codes: Any) -> int:
    """The next code of a quadtree."""
    word = 8 | _read(stream, position, 3)
    while codes[word] < 0:
        word = word << 1 | _read(stream, position, 1)
    return int(codes[word])


@numba.njit(cache=True, nogil=True)
def _levels(size: int) -> int:
    """How often a size must be halved, rounding up, to become 1."""
    levels = 0
    while size > 1:
        size = (size + 1) // 2
        levels += 1
    return levels


@numba.njit(cache=True, nogil=True)
def _halved(size: int, times: int) -> int:
    for _ in range(times):
        size = (size + 1) // 2
    return size


@numba.njit(cache=True, nogil=True)
def _read_tree(stream: Any, position: Any, codes: Any, rows: int, columns: int, cells: Any, finer: Any) -> None:
    """Codes of the finest level of a tree over ``rows`` × ``columns`` bits, into the corner of ``cells``."""
    levels = max(1, _levels(max(rows, columns)))
    cells[0, 0] = _read_code(stream, position, codes)
    for level in range(levels - 1, 0, -1):
        ny, nx = _halved(rows, level), _halved(columns, level)
        for y in range(ny - 1, -1, -1):
            for x in range(nx - 1, -1, -1):
                held = cells[y // 2, x // 2] >> (3 - 2 * (y & 1) - (x & 1)) & 1
                finer[y, x] = _read_code(stream, position, codes) if held else 0
        for y in range(ny):
            for x in range(nx):
                cells[y, x] = finer[y, x]


@numba.njit(cache=True, nogil=True)
def _read_quadrant(stream: Any, position: Any, codes: Any, quadrant: Any, planes: int, cells: Any, finer: Any) -> bool:
    """Bit planes of one quadrant, the highest first."""
    rows, columns = quadrant.shape
    for plane in range(planes - 1, -1, -1):
        if position[0] > 8 * stream.size:
            return False
        kind = _read(stream, position, 4)
        if kind == TREE:
            _read_tree(stream, position, codes, rows, columns, cells, finer)
        elif kind == DIRECT:
            for y in range((rows + 1) // 2):
                for x in range((columns + 1) // 2):
                    cells[y, x] = _read(stream, position, 4)
        else:
            return False
        for y in range(rows):
            for x in range(columns):
                bit = cells[y // 2, x // 2] >> (3 - 2 * (y & 1) - (x & 1)) & 1
                quadrant[y, x] |= bit << plane
    return True


@numba.njit(cache=True, nogil=True)
def _decode(stream: Any, coefficients: Any, planes: Any, codes: Any) -> bool:
    rows, columns = coefficients.shape
    y, x = (rows + 1) // 2, (columns + 1) // 2
    cells = np.zeros(((y + 1) // 2, (x + 1) // 2), np.int64)
    finer = np.zeros_like(cells)
    position = np.zeros(1, np.int64)
    for number in range(4):
        quadrant = coefficients[:y, :x]
        if number == 1:
            quadrant = coefficients[:y, x:]
        elif number == 2:
            quadrant = coefficients[y:, :x]
        elif number == 3:
            quadrant = coefficients[y:, x:]
        kind = (number + 1) // 2
        if quadrant.size == 0:
            continue
        if not _read_quadrant(stream, position, codes, quadrant, planes[kind], cells, finer):
            return False
    if _read(stream, position, 4) != 0:
        return False
    position[0] = (position[0] + 7) // 8 * 8
    for row in range(rows):
        for column in range(columns):
            if coefficients[row, column] != 0 and _read(stream, position, 1):
                coefficients[row, column] = -coefficients[row, column]
    return bool(position[0] <= 8 * stream.size)


def decode(stream: Any, coefficients: Any, planes: Any) -> bool:
    """Coefficients of the H-transform.

    Parameters
    ----------
    stream
        Bytes after the header, uint8.
    coefficients
        Zeros, int64, shape (rows, columns): filled.
    planes
        Bit planes of the quadrants: sums; differences along one axis; along both.

    Returns
    -------
    False where the stream makes no sense.
    """
    return bool(_decode(stream, coefficients, planes, CODES))


@numba.njit(cache=True, nogil=True)
def _rounded(number: int, unit: int) -> int:
    """The nearest multiple of ``unit``, a power of two; halves away from zero."""
    if unit == 1:
        return number
    half = unit >> 1
    return (number + (half if number >= 0 else half - 1)) & -unit


@numba.njit(cache=True, nogil=True)
def _nearer(number: int, step: int) -> int:
    """``step`` nearer to zero."""
    return number - step if number >= 0 else number + step


@numba.njit(cache=True, nogil=True)
def _unfold(block: Any, out: Any, level: int) -> None:
    """One level: sums and differences in the quarters of ``block`` become the pixels of ``out``, of the same shape.

    Low bits that the forward transform dropped, because sums and differences share their parity, are put back.
    """
    rows, columns = block.shape
    below, right = (rows + 1) // 2, (columns + 1) // 2
    unit = 1 << level
    shift = 2 if level == 0 else 1
    for i in range(below):
        for j in range(right):
            has_y, has_x = 2 * i + 1 < rows, 2 * j + 1 < columns
            total = block[i, j]
            dy = _rounded(block[below + i, j], 2 * unit) if has_y else 0
            dx = _rounded(block[i, right + j], 2 * unit) if has_x else 0
            if has_y and has_x:
                both = _rounded(block[below + i, right + j], unit)
                low = both & unit
                dy, dx = _nearer(dy, low), _nearer(dx, low)
                parity = (both ^ dy ^ dx) & (2 * unit)
                if total >= 0:
                    total += low - parity
                else:
                    total += parity if low == 0 else low - parity
                out[2 * i + 1, 2 * j + 1] = (total + dy + dx + both) >> shift
                out[2 * i + 1, 2 * j] = (total + dy - dx - both) >> shift
                out[2 * i, 2 * j + 1] = (total - dy + dx - both) >> shift
                out[2 * i, 2 * j] = (total - dy - dx + both) >> shift
            else:
                # At most one of the differences is there.
                difference = dy + dx
                total = _nearer(total, difference & (2 * unit))
                if has_y:
                    out[2 * i + 1, 2 * j] = (total + difference) >> shift
                elif has_x:
                    out[2 * i, 2 * j + 1] = (total + difference) >> shift
                out[2 * i, 2 * j] = (total - difference) >> shift


@numba.njit(cache=True, nogil=True)
def inverse_transform(coefficients: Any) -> None:
    """Pixels from the coefficients of their H-transform, in place; int64, shape (rows, columns)."""
    rows, columns = coefficients.shape
    levels = _levels(max(rows, columns))
    if levels == 0:
        return
    coefficients[0, 0] = _rounded(coefficients[0, 0], 2 << levels)
    out = np.empty_like(coefficients)
    for level in range(levels - 1, -1, -1):
        ny, nx = _halved(rows, level), _halved(columns, level)
        _unfold(coefficients[:ny, :nx], out[:ny, :nx], level)
        for y in range(ny):
            for x in range(nx):
                coefficients[y, x] = out[y, x]
