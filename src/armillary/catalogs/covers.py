"""Which places of an index lie in a view: cells are judged from the coarse to the fine, sources only at the border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.views import INSIDE, OUTSIDE
from armillary.sky.cells import children, largest_radius, outlines
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.catalog import Catalog
    from armillary.catalogs.views import View

FEW_SOURCES = 20_000
POINTS_OF_A_CELL = 9


@dataclass(frozen=True, slots=True)
class Cover:
    """Places of an index.

    Parameters
    ----------
    starts, stops
        Half-open ranges, int64, disjoint.
    loose
        Places that are in none of them, int64.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    loose: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many."""
        return int((self.stops - self.starts).sum()) + len(self.loose)


def everything(catalog: Catalog) -> Cover:
    """All sources that have a place on the sky."""
    empty = np.empty(0, np.int64)
    return Cover(np.zeros(1, np.int64), np.array([len(catalog.index)]), empty)


def cover(catalog: Catalog, view: View) -> Cover:
    """The sources of a catalog that are in a view.

    Cells inside are taken whole, cells outside left; those between are cut into four until testing their sources
    costs less than judging further cells.
    """
    index, kept = catalog.index, []
    cells, order = np.arange(12, dtype=np.int64), 0
    starts, stops = index.ranges(order, cells)
    while True:
        full = stops > starts
        cells, starts, stops = cells[full], starts[full], stops[full]
        waiting = int((stops - starts).sum())
        if waiting <= max(FEW_SOURCES, 2 * POINTS_OF_A_CELL * len(cells)) or order == MAX_ORDER:
            break
        fate = judge(view, order, cells)
        inside = fate == INSIDE
        kept.append((starts[inside], stops[inside]))
        order += 1
        cells = children(cells[(fate != OUTSIDE) & ~inside])
        starts, stops = index.ranges(order, cells)
    loose = places_of(starts, stops)
    rows = index.rows[loose]
    loose = loose[view.holds(catalog.ra[rows], catalog.dec[rows])]
    kept.append((np.empty(0, np.int64), np.empty(0, np.int64)))
    return Cover(np.concatenate([pair[0] for pair in kept]), np.concatenate([pair[1] for pair in kept]), loose)


def judge(view: View, order: int, cells: NDArray[np.int64]) -> NDArray[np.int8]:
    """What becomes of cells: beyond the cone around the view they are outside, however projected."""
    shapes = outlines(order, cells)
    radius = largest_radius(order)
    chords = np.linalg.norm(shapes[:, 0] - view.center, axis=1)
    away = 2.0 * np.arcsin(np.minimum(1.0, chords / 2.0)) > view.radius_rad + 1.05 * radius
    fate = np.full(len(cells), 2, np.int8)
    fate[away] = OUTSIDE
    if order >= 2 and radius <= view.radius_rad / 2:
        near = np.flatnonzero(~away)
        fate[near] = view.judge(shapes[near], radius)
    return fate


def places_of(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.int64]:
    """All numbers of half-open ranges, one range after another."""
    lengths = stops - starts
    total = int(lengths.sum())
    if not total:
        return np.empty(0, np.int64)
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(total)
