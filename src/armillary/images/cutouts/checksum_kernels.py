"""Compiled loops for checksums of FITS units (FITS 4.0, appendix J). Import them inside functions only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AFTER_SIGN = 16


@njit(nogil=True, cache=True)
def folded(total: Any) -> Any:
    """A sum of 32-bit words with its carries added in: the sum in ones' complement."""
    while total >> np.uint64(32):
        total = (total & np.uint64(0xFFFFFFFF)) + (total >> np.uint64(32))
    return total


@njit(nogil=True, cache=True)
def _swapped(word: Any) -> Any:
    high = ((word & np.uint32(0xFF)) << np.uint32(24)) | ((word & np.uint32(0xFF00)) << np.uint32(8))
    return high | ((word >> np.uint32(8)) & np.uint32(0xFF00)) | (word >> np.uint32(24))


@njit(nogil=True, cache=True)
def sum_words(words: NDArray[np.uint32], start: int, rest: NDArray[np.uint8], total: int) -> Any:
    """Add bytes to a sum in ones' complement.

    Parameters
    ----------
    words
        Bytes as 32-bit words of the machine, which is little-endian.
    start
        How many bytes the unit had before them: what is not at a multiple of four is turned.
    rest
        Up to three bytes after the words.
    total
        The sum so far, of 32 bits.
    """
    added = np.uint64(0)
    for k in range(words.size):
        added += np.uint64(_swapped(words[k]))
    last = np.uint64(0)
    for k in range(rest.size):
        last |= np.uint64(rest[k]) << np.uint64(24 - 8 * k)
    added = folded(added + last)
    turn = np.uint64(8 * (start % 4))
    added = ((added >> turn) | (added << (np.uint64(32) - turn))) & np.uint64(0xFFFFFFFF)
    return folded(added + np.uint64(total))


@njit(nogil=True, cache=True)
def seal_header(header: NDArray[np.uint8], data_sum: int, at_data_sum: int, at_checksum: int) -> None:
    """Write DATASUM and CHECKSUM into a header.

    Parameters
    ----------
    header
        Its bytes; the value of DATASUM is blank, that of CHECKSUM 16 zeros, which stay what is summed.
    data_sum
        Sum of the data.
    at_data_sum, at_checksum
        Places of the first characters of both values.
    """
    digits = 1
    power = np.int64(10)
    while data_sum >= power:
        power *= 10
        digits += 1
    left = np.int64(data_sum)
    for k in range(digits):
        header[at_data_sum + digits - 1 - k] = 48 + left % 10
        left //= 10
    total = np.uint64(data_sum)
    for k in range(0, header.size, 4):
        total += (
            np.uint64(header[k]) << np.uint64(24)
            | np.uint64(header[k + 1]) << np.uint64(16)
            | np.uint64(header[k + 2]) << np.uint64(8)
            | np.uint64(header[k + 3])
        )
    _write_complement(np.uint64(0xFFFFFFFF) - folded(total), header, at_checksum)


@njit(nogil=True, cache=True)
def _write_complement(complement: Any, header: NDArray[np.uint8], start: int) -> None:
    """16 letters and digits whose sum is the complement: each byte in four characters, turned by one place."""
    four = np.empty(4, np.int64)
    for k in range(4):
        byte = np.int64((complement >> np.uint64(24 - 8 * k)) & np.uint64(0xFF))
        four[:] = byte // 4 + 48
        four[0] += byte % 4
        strange = True
        while strange:
            strange = False
            for j in (0, 2):
                if _is_sign(four[j]) or _is_sign(four[j + 1]):
                    four[j] += 1
                    four[j + 1] -= 1
                    strange = True
        for j in range(4):
            header[start + (4 * j + k + 1) % _AFTER_SIGN] = four[j]


@njit(nogil=True, cache=True)
def _is_sign(character: Any) -> Any:
    """Whether a character between 0 and r is neither digit nor letter."""
    return 0x3A <= character <= 0x40 or 0x5B <= character <= 0x60
