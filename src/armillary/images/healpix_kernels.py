"""Compiled loops for HEALPix tables: from cells to elements of a column, and from elements to stored numbers.

Serial, without the GIL, cached on disk; import inside functions only. Numbers in a table are big-endian, lie at any
byte and at any stride: they are put together byte by byte, which compiles to one load and swap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def find_cells(
    pixels: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    elements: NDArray[np.int64],
    buckets: NDArray[np.int64],
    shift: int,
) -> None:
    """Replace every pixel by the element of the cell that holds it, −1 where there is none.

    ``starts`` is sorted; empty ``ends`` means cells of one pixel; empty ``elements`` means that they are numbered as
    they come. ``buckets[b]`` is the first cell that starts at ``b << shift`` or later. Neighbours mostly share a
    cell: the last one found is tried first.
    """
    first = end = np.int64(0)
    found = np.int64(-1)
    for k in range(pixels.size):
        pixel = pixels[k]
        if not first <= pixel < end:
            low, high = buckets[pixel >> shift], buckets[(pixel >> shift) + 1]
            while low < high:
                middle = (low + high) >> 1
                if starts[middle] <= pixel:
                    low = middle + 1
                else:
                    high = middle
            first = end = pixel
            found = np.int64(-1)
            if low > 0:
                last = starts[low - 1] + 1 if ends.size == 0 else ends[low - 1]
                if pixel < last:
                    first, end = starts[low - 1], last
                    found = low - 1 if elements.size == 0 else elements[low - 1]
        pixels[k] = found


@njit(nogil=True, cache=True)
def locate(
    elements: NDArray[np.int64], count: int, first: int, row_bytes: int, repeat: int, item: int, limit: int
) -> None:
    """Replace every element of a column by the offset of its bytes; −1 stays, and stands for what is not there.

    ``count`` elements exist; none whose bytes end after ``limit``.
    """
    power = repeat & (repeat - 1) == 0
    shift = 0
    while power and (1 << shift) < repeat:
        shift += 1
    for k in range(elements.size):
        element = elements[k]
        if element < 0 or element >= count:
            elements[k] = -1
            continue
        row = element >> shift if power else element // repeat
        offset = first + row * row_bytes + (element - row * repeat) * item
        elements[k] = offset if offset + item <= limit else -1


@njit(nogil=True, cache=True)
def gather1(data: NDArray[np.uint8], offsets: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
    """Bytes at offsets; 0 where one is negative."""
    for k in range(offsets.size):
        out[k] = data[offsets[k]] if offsets[k] >= 0 else np.uint8(0)


@njit(nogil=True, cache=True)
def gather2(data: NDArray[np.uint8], offsets: NDArray[np.int64], out: NDArray[np.uint16]) -> None:
    """Numbers of two bytes at offsets; 0 where one is negative."""
    for k in range(offsets.size):
        at = offsets[k]
        out[k] = np.uint16(data[at]) << np.uint16(8) | np.uint16(data[at + 1]) if at >= 0 else np.uint16(0)


@njit(nogil=True, cache=True)
def _four(data: Any, at: Any) -> Any:
    high = np.uint32(data[at]) << np.uint32(24) | np.uint32(data[at + 1]) << np.uint32(16)
    return high | np.uint32(data[at + 2]) << np.uint32(8) | np.uint32(data[at + 3])


@njit(nogil=True, cache=True)
def gather4(data: NDArray[np.uint8], offsets: NDArray[np.int64], out: NDArray[np.uint32]) -> None:
    """Numbers of four bytes at offsets; 0 where one is negative. An offset met twice in a row is read once."""
    last = np.int64(-1)
    value = np.uint32(0)
    for k in range(offsets.size):
        if offsets[k] != last:
            last = offsets[k]
            value = _four(data, last) if last >= 0 else np.uint32(0)
        out[k] = value


@njit(nogil=True, cache=True)
def gather8(data: NDArray[np.uint8], offsets: NDArray[np.int64], out: NDArray[np.uint64]) -> None:
    """Numbers of eight bytes at offsets; 0 where one is negative. An offset met twice in a row is read once."""
    last = np.int64(-1)
    value = np.uint64(0)
    for k in range(offsets.size):
        if offsets[k] != last:
            last = offsets[k]
            value = np.uint64(0)
            if last >= 0:
                value = np.uint64(_four(data, last)) << np.uint64(32) | np.uint64(_four(data, last + 4))
        out[k] = value
