"""Which element of a column holds a pixel, in maps that list their pixels: explicit ones and multi-order ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.healpix import ranges_of_uniq

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_BUCKETS = 1 << 22


class CellIndex:
    """Cells sorted by their first pixel, with a table of buckets that makes the search short.

    Parameters
    ----------
    starts, ends
        Half-open ranges of pixels, one for each element; empty ranges are left out. Of ranges that begin at the same
        pixel the smallest counts; cells must not overlap otherwise.
    total
        Pixels of the whole sky.
    """

    def __init__(self, starts: NDArray[np.int64], ends: NDArray[np.int64], total: int) -> None:
        good = (starts >= 0) & (ends <= total) & (starts < ends)
        ordered = bool(good.all()) and bool((starts[1:] > starts[:-1]).all())
        if ordered:
            self._elements = np.empty(0, np.int64)
        else:
            # By start, and of equal starts the largest first: the search finds the last.
            order = np.flatnonzero(good)
            self._elements = order[np.lexsort((-ends[order], starts[order]))]
            starts, ends = starts[self._elements], ends[self._elements]
        self._starts = starts
        self._ends = ends if (ends != starts + 1).any() else np.empty(0, np.int64)
        self._shift = max(0, (total // max(1, min(2 * len(starts), _MAX_BUCKETS))).bit_length() - 1)
        edges = np.arange((total >> self._shift) + 2, dtype=np.int64) << self._shift
        self._buckets = np.searchsorted(starts, edges)

    @classmethod
    def of_pixels(cls, pixels: NDArray[np.int64], total: int) -> CellIndex:
        """Of single pixels."""
        return cls(pixels, pixels + 1, total)

    @classmethod
    def of_uniq(cls, uniq: NDArray[np.int64], total: int) -> CellIndex:
        """Of NUNIQ cells, brought to order 29."""
        return cls(*ranges_of_uniq(uniq), total)

    def find(self, pixels: NDArray[np.int64]) -> None:
        """Replace pixels, 0 to ``total`` − 1, by elements; −1 where no cell holds one."""
        from armillary.images.healpix_kernels import find_cells

        flat = pixels.reshape(-1)
        find_cells(flat, self._starts, self._ends, self._elements, self._buckets, self._shift)
