"""Which HEALPix cells a region of the sky meets: ranges of the index of order 29 that leave nothing of it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.cells import children, largest_radius, outlines
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.regions_base import Region

MOST_CELLS = 4096
# Cells much finer than the smallest thing that is asked for cost time and leave nothing more out.
FINEST = 0.05


def cover(
    region: Region, *, slack_rad: float = 1e-8, most_cells: int = MOST_CELLS
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Half-open ranges of the index of order 29 that hold all of a region, ascending, apart from each other.

    Cells are judged by their centres, from the coarse to the fine, until there are ``most_cells`` of which some may
    lie outside.

    Parameters
    ----------
    slack_rad
        How far outside the region may lie what has to be held all the same.
    """
    centre, reach = region.cone()
    kept: list[tuple[NDArray[np.int64], int]] = []
    cells, order = np.arange(12, dtype=np.int64), 0
    while True:
        radius = largest_radius(order)
        places = outlines(order, cells)[:, 0]
        apart = 2.0 * np.arcsin(np.minimum(1.0, 0.5 * np.sqrt(np.square(places - centre).sum(axis=1))))
        near = apart <= reach + radius + slack_rad
        cells, places = cells[near], places[near]
        # A cell larger than the circle about the region cannot be told better by the region itself.
        clearance = region.clearance(places) if radius < reach else np.zeros(len(cells))
        inside = clearance > radius + slack_rad
        kept.append((cells[inside], order))
        cells = cells[~inside & (clearance >= -(radius + slack_rad))]
        if not len(cells) or order == MAX_ORDER or 4 * len(cells) > most_cells or radius < FINEST * reach:
            break
        cells, order = children(cells), order + 1
    kept.append((cells, order))
    starts = np.concatenate([part << (2 * (MAX_ORDER - level)) for part, level in kept])
    stops = np.concatenate([(part + 1) << (2 * (MAX_ORDER - level)) for part, level in kept])
    return joined(starts, stops)


def joined(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Half-open ranges in any order as ascending ones that neither overlap nor touch; empty ones are left out."""
    full = stops > starts
    order = np.argsort(starts[full], kind="stable")
    first, last = starts[full][order], np.maximum.accumulate(stops[full][order])
    if not len(first):
        return first, last
    begins = np.concatenate([[True], first[1:] > last[:-1]])
    ends = np.append(np.flatnonzero(begins)[1:] - 1, len(first) - 1)
    return first[begins], last[ends]


def held_by(cells: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which indices lie in any of some ascending half-open ranges."""
    if not len(starts):
        return np.zeros(len(cells), np.bool_)
    places = np.searchsorted(starts, cells, "right") - 1
    held: NDArray[np.bool_] = (places >= 0) & (cells < stops[np.maximum(places, 0)])
    return held
