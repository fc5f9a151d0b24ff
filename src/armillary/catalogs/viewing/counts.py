"""How many sources lie where: from a catalog's sky map, else from its partitions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.hats.pixels import Partitions
    from armillary.catalogs.viewing.reach import Reach

KEPT_ORDER = 9
"""Counts are kept in pixels of 7 arcminutes: finer maps are added up while they are read."""
SCALE_ORDER = 6
SEVERAL = 16


@dataclass(frozen=True, slots=True)
class SkyCounts:
    """Numbers of sources in pixels of the sky.

    Parameters
    ----------
    levels
        Numbers in all pixels of order 0, 1, …, nested, float32.
    below
        How many there are before each pixel of the highest order, float64, one more than there are pixels.
    of_partitions
        Rows of each partition, None where the map is too coarse to tell.
    """

    levels: tuple[NDArray[np.float32], ...]
    below: NDArray[np.float64]
    of_partitions: NDArray[np.int64] | None = None
    densities: tuple[float, float] = field(default=(0.0, 0.0))

    @classmethod
    def of(cls, finest: NDArray[np.float64], of_partitions: NDArray[np.int64] | None = None) -> SkyCounts:
        """Of the numbers in the pixels of one order."""
        levels = [finest]
        while len(levels[-1]) > 12:
            levels.append(levels[-1].reshape(-1, 4).sum(axis=1))
        below = np.concatenate([[0.0], np.cumsum(finest)])
        levels.reverse()
        made = tuple(level.astype(np.float32) for level in levels)
        return cls(made, below, of_partitions, _densities(levels[: SCALE_ORDER + 1]))

    @property
    def order(self) -> int:
        """Highest order."""
        return len(self.levels) - 1

    @property
    def total(self) -> int:
        """All sources."""
        return round(float(self.below[-1]))

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.below.nbytes + sum(level.nbytes for level in self.levels)

    def within(self, reach: Reach) -> float:
        """About how many lie in a view."""
        return float((self._before(reach.about_stops) - self._before(reach.about_starts)).sum())

    def _before(self, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """How many lie before indices of order 29, evenly spread in each pixel."""
        shift = 2 * (MAX_ORDER - self.order)
        pixels = cells >> shift
        part = (cells - (pixels << shift)) / float(1 << shift)
        following = self.below[np.minimum(pixels + 1, len(self.below) - 1)]
        before: NDArray[np.float64] = self.below[pixels] + part * (following - self.below[pixels])
        return before


def pixel_area_deg2(order: int) -> float:
    """Square degrees of a pixel."""
    return 4.0 * math.pi * math.degrees(1.0) ** 2 / (12 << (2 * order))


def _densities(levels: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Sources per square degree from where to where a picture is graded.

    The highest is one that only a twentieth of all sources exceed. The lowest ones are those of pixels large enough
    that most hold several sources; one source in a small pixel says little.
    """
    full = [level[level > 0] for level in levels]
    if not len(full[-1]):
        return 0.0, 0.0
    ascending = np.sort(full[-1])
    place = int(np.searchsorted(np.cumsum(ascending), 0.95 * ascending.sum()))
    high = float(ascending[min(place, len(ascending) - 1)]) / pixel_area_deg2(len(levels) - 1)
    order = max((order for order, some in enumerate(full) if np.median(some) >= SEVERAL), default=0)
    low = float(np.quantile(full[order], 0.02)) / pixel_area_deg2(order)
    return max(min(low, high / 8.0), high / 1e4), high


def partition_counts(partitions: Partitions, rows: NDArray[np.float64]) -> SkyCounts:
    """Counts as the partitions tell them, even within each."""
    order = min(KEPT_ORDER, partitions.highest_order)
    out = np.zeros(12 << (2 * order))
    fine = partitions.order >= order
    cells = partitions.index[fine] >> (2 * (partitions.order[fine] - order))
    np.add.at(out, cells, rows[fine])
    for place in np.flatnonzero(~fine).tolist():
        many = 1 << (2 * (order - int(partitions.order[place])))
        first = int(partitions.index[place]) * many
        out[first : first + many] += rows[place] / many
    return SkyCounts.of(out)
