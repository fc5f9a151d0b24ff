"""A piece of the input, ready to be shared out: its table as it was read, and in which order its rows are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.sky.healpix import MAX_ORDER, pixels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_ROWS = 1 << 19


@dataclass(frozen=True, slots=True)
class SortedPiece:
    """A piece whose rows are known by their place on the sky.

    Parameters
    ----------
    table
        A ``pyarrow.Table`` of one chunk, rows in the order of the input.
    cells
        Index of order 29 of the rows with a place, ascending, int64.
    rows
        Row of each.
    """

    table: Any
    cells: NDArray[np.int64]
    rows: NDArray[np.int64]

    def part(self, start: int, stop: int) -> tuple[Any, NDArray[np.int64]]:
        """Rows whose cells lie in a half-open range, in the order of their cells, and these cells."""
        import pyarrow as pa

        low, high = np.searchsorted(self.cells, [start, stop])
        return self.table.take(pa.array(self.rows[low:high])), self.cells[low:high]


def cells_of(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of order 29 of positions; −1 where there is none."""
    cells = np.empty(len(ra_deg), np.int64)
    for start in range(0, len(cells), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        cells[part] = pixels_of(1 << MAX_ORDER, ra_deg[part], dec_deg[part], nested=True)
    return cells


def sort_piece(table: Any, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> tuple[SortedPiece, Any]:
    """A piece in the order of the sky, and the table of its rows without a place.

    Parameters
    ----------
    table
        A ``pyarrow.Table``.
    ra_deg, dec_deg
        ICRS degrees of its rows; NaN, infinite or beyond a pole where there is no place.
    """
    import pyarrow as pa

    cells = cells_of(ra_deg, dec_deg)
    order = np.argsort(cells, kind="stable")
    placed = cells[order]
    first = int(np.searchsorted(placed, 0))
    bad = table.take(pa.array(order[:first])) if first else table.slice(0, 0)
    return SortedPiece(table.combine_chunks(), placed[first:], order[first:]), bad


def merged(pieces: list[SortedPiece], start: int, stop: int) -> tuple[Any, NDArray[np.int64]]:
    """Rows of several pieces whose cells lie in a half-open range, by cell, then as they came; and their cells."""
    import pyarrow as pa

    parts = [part for piece in pieces if len((part := piece.part(start, stop))[1])]
    if not parts:
        return pieces[0].table.slice(0, 0), np.empty(0, np.int64)
    if len(parts) == 1:
        return parts[0]
    cells = np.concatenate([part[1] for part in parts])
    order = np.argsort(cells, kind="stable")
    table = pa.concat_tables([part[0] for part in parts]).combine_chunks()
    return table.take(pa.array(order)), cells[order]
