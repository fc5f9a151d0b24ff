"""Sparse reads of files that are not in the page cache.

Reading every n-th row through a mapping of a cold file makes the kernel read ahead what nobody wants, ten times the
bytes. Whether a file is cold is asked with ``preadv2(RWF_NOWAIT)``, which fails where it would have to wait (Linux
4.14); rows are then read by position under ``POSIX_FADV_RANDOM``.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROBES = 16
THREADS = 4
MAX_BYTES = 1 << 30


def read_cold_rows(fd: int, offset: int, stride: int, length: int, count: int) -> NDArray[np.uint8] | None:
    """``length`` bytes at every ``stride`` bytes from ``offset``, uint8 of shape (count, length); None if warm.

    Parameters
    ----------
    fd
        Descriptor open for reading.
    offset, stride, length, count
        Bytes, ``stride`` may be negative; number of rows.
    """
    if length * count > MAX_BYTES or not is_cold(fd, offset, stride, count):
        return None
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
    rows = np.zeros((count, length), np.uint8)

    def fill(first: int) -> None:
        for k in range(first, count, THREADS):
            os.preadv(fd, [memoryview(rows[k])], offset + k * stride)

    with ThreadPoolExecutor(THREADS, "cold-read") as pool:
        list(pool.map(fill, range(THREADS)))
    return rows


def is_cold(fd: int, offset: int, stride: int, count: int) -> bool:
    """Whether most of the rows would have to come from the disk; False where the system cannot tell."""
    flag = getattr(os, "RWF_NOWAIT", None)
    if flag is None or not hasattr(os, "posix_fadvise"):
        return False
    probe = bytearray(1)
    looked = range(0, count, max(1, count // PROBES))
    cold = 0
    for k in looked:
        try:
            os.preadv(fd, [probe], offset + k * stride, flag)
        except BlockingIOError:
            cold += 1
        except OSError:
            return False
    return 2 * cold > len(looked)
