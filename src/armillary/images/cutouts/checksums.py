"""DATASUM and CHECKSUM of FITS units (FITS 4.0, section 4.4.2.7 and appendix J)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.storage.fits.cards import CARD

if TYPE_CHECKING:
    from collections.abc import Iterable

SUM_CARDS = b"DATASUM = '          '         / sum of the data".ljust(
    CARD
) + b"CHECKSUM= '0000000000000000'   / complement of the sum of the unit".ljust(CARD)
"""Cards that `sealed` fills in: neighbours, in this order."""
_VALUE = 11
_ALIGNED = 4


@functools.cache
def _kernels() -> Any:
    from armillary.images.cutouts import checksum_kernels

    return checksum_kernels


class DataSum:
    """The sum of data that come piece by piece: 32-bit words, in ones' complement."""

    def __init__(self) -> None:
        self.value = 0
        self._bytes = 0

    def add(self, part: bytes | memoryview) -> None:
        """Count the next bytes."""
        data = np.frombuffer(part, np.uint8)
        whole = len(data) // _ALIGNED * _ALIGNED
        words = data[:whole].view("<u4")
        self.value = int(_kernels().sum_words(words, self._bytes, data[whole:], self.value))
        self._bytes += len(data)


def sum_of(parts: Iterable[bytes | memoryview]) -> int:
    """The sum of data."""
    total = DataSum()
    for part in parts:
        total.add(part)
    return total.value


def sealed(header: bytes, place: int, data_sum: int) -> memoryview:
    """A header with its sums.

    Parameters
    ----------
    header
        Its bytes, with `SUM_CARDS` in it.
    place
        Where these are.
    data_sum
        Sum of the data of the unit, padding included.
    """
    filled = np.frombuffer(header, np.uint8).copy()
    _kernels().seal_header(filled, data_sum, place + _VALUE, place + CARD + _VALUE)
    return filled.data
