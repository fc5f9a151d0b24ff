"""Numbers of rows: the catalog's rows in the order of its partitions, from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

STRIDE = 1 << 31
MOST_PARTITIONS = 1 << 21
"""With so many, numbers of rows stay whole as clients hold them: below 2⁵³."""


def row_type(rows: NDArray[np.int64]) -> type[np.uint32 | np.float64]:
    """How numbers of rows leave: as uint32 where they fit, else as float64, which holds them exactly."""
    return np.uint32 if not len(rows) or int(rows.max()) < 1 << 32 else np.float64


class Numbering:
    """Which partition and which of its rows a number means.

    Parameters
    ----------
    starts
        Number of the first row of each partition, and one beyond the last row; ascending.
    dense
        Whether every number below the last is a row; otherwise there are gaps between partitions.
    """

    def __init__(self, starts: NDArray[np.int64], *, dense: bool) -> None:
        self.starts, self.dense = starts, dense

    @classmethod
    def of_counts(cls, counts: NDArray[np.int64]) -> Numbering:
        """Of the rows of each partition."""
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), dense=True)

    @classmethod
    def sparse(cls, partitions: int) -> Numbering:
        """Of partitions whose rows nobody has counted."""
        return cls(np.arange(partitions + 1, dtype=np.int64) * STRIDE, dense=False)

    def count(self, place: int) -> int | None:
        """Rows of a partition, None where they are not known."""
        return int(self.starts[place + 1] - self.starts[place]) if self.dense else None

    def holds(self, row: int) -> bool:
        """Whether a number can be that of a row."""
        return 0 <= row < int(self.starts[-1])

    def split(self, rows: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Partitions of some numbers, ascending, and the rows of each."""
        places = np.searchsorted(self.starts, rows, "right") - 1
        for place in np.unique(places).tolist():
            yield place, rows[places == place] - int(self.starts[place])
