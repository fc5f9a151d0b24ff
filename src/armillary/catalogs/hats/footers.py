"""Which row groups of a Parquet file can hold what is looked for, and in which file they are, by its footer."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from io import RawIOBase

    from numpy.typing import NDArray

    Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]


MAGIC = b"PAR1"
MOST_GROUPS = 1 << 21
"""Files of so many row groups are told."""


def bounds_of(file: IO[bytes] | RawIOBase, name: str, groups: int) -> Bounds:
    """Least and largest value of a column of whole numbers in each row group, by their statistics.

    Where none are said: the least and the largest that there can be.

    Parameters
    ----------
    file
        An open Parquet file.
    name
        Of the column.
    groups
        How many row groups it has.
    """
    from armillary.catalogs.hats.footer_kernels import bounds

    limits = np.iinfo(np.int64)
    lows, highs = (np.full(groups, limit, np.int64) for limit in (limits.min, limits.max))
    bounds(_footer(file), np.frombuffer(name.encode(), np.uint8), lows, highs)
    return lows, highs


def _footer(file: IO[bytes] | RawIOBase) -> NDArray[np.uint8]:
    end = file.seek(-8, os.SEEK_END)
    length = int.from_bytes(file.read(4), "little")
    file.seek(max(0, end - length))
    return np.frombuffer(file.read(min(length, end)), np.uint8)


def paths_of(file: IO[bytes] | RawIOBase) -> list[str]:
    """Files that the row groups of a file of metadata are in, each once, in the order that they are named in.

    Raises
    ------
    ValueError
        It is no such file.
    """
    from armillary.catalogs.hats.footer_kernels import paths

    file.seek(-4, os.SEEK_END)
    if file.read(4) != MAGIC:
        raise ValueError("is no Parquet metadata")
    footer = _footer(file)
    count = paths(footer, *np.zeros((2, 0), np.int64))
    firsts, sizes = np.zeros((2, min(max(0, count), MOST_GROUPS)), np.int64)
    if paths(footer, firsts, sizes) != len(firsts):
        raise ValueError("is no Parquet metadata, or that of more row groups than are read")
    whole = footer.tobytes()
    spans = zip(firsts.tolist(), sizes.tolist(), strict=True)
    named = (whole[first : first + size].decode("utf-8", "replace") for first, size in spans if size)
    return list(dict.fromkeys(named))


def meet(bounds: Bounds, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which row groups may hold a value in some ascending half-open ranges."""
    lows, highs = bounds
    # The first range that ends beyond what a group begins with: does it begin before the group ends?
    first = np.searchsorted(stops, lows, "right")
    found: NDArray[np.bool_] = (first < len(starts)) & (np.append(starts, 0)[first] <= highs)
    return found
