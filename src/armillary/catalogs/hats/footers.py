"""Which row groups of a Parquet file can hold what is looked for, by the statistics in its footer."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from io import RawIOBase

    from numpy.typing import NDArray

    Bounds = tuple[NDArray[np.int64], NDArray[np.int64]]


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
    end = file.seek(-8, os.SEEK_END)
    length = int.from_bytes(file.read(4), "little")
    file.seek(max(0, end - length))
    footer = np.frombuffer(file.read(min(length, end)), np.uint8)
    bounds(footer, np.frombuffer(name.encode(), np.uint8), lows, highs)
    return lows, highs


def meet(bounds: Bounds, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which row groups may hold a value in some ascending half-open ranges."""
    lows, highs = bounds
    # The first range that ends beyond what a group begins with: does it begin before the group ends?
    first = np.searchsorted(stops, lows, "right")
    found: NDArray[np.bool_] = (first < len(starts)) & (np.append(starts, 0)[first] <= highs)
    return found
