"""Where the sources of a catalog lie: rows in the order of their HEALPix cells (order 29, nested, ICRS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.healpix import MAX_ORDER, pixels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_ROWS = 1 << 20


class SkyIndex:
    """Rows that have a place on the sky, sorted by cell.

    Parameters
    ----------
    ra, dec
        ICRS degrees of every row, NaN for rows without a place.

    Attributes
    ----------
    cells
        Cells of order 29, ascending, int64.
    rows
        Row of each, uint32.
    """

    def __init__(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> None:
        cells = np.empty(len(ra), np.int64)
        for start in range(0, len(ra), BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            cells[part] = pixels_of(1 << MAX_ORDER, ra[part], dec[part], nested=True)
        order = np.argsort(cells)
        placed = cells[order]
        first = int(np.searchsorted(placed, 0))
        self.cells: NDArray[np.int64] = placed[first:]
        self.rows: NDArray[np.uint32] = order[first:].astype(np.uint32)

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.cells.nbytes + self.rows.nbytes

    def ranges(self, order: int, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Half-open ranges of places in this index that lie in cells of ``order``, int64 of shape (cells,)."""
        shift = 2 * (MAX_ORDER - order)
        starts = np.searchsorted(self.cells, cells << shift)
        stops = np.searchsorted(self.cells, (cells + 1) << shift)
        return starts.astype(np.int64), stops.astype(np.int64)
