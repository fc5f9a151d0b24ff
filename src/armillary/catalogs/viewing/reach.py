"""Which ranges of the index a view may meet: pixels are judged from the coarse to the fine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.covers import judge
from armillary.catalogs.views import INSIDE, OUTSIDE, Cone
from armillary.sky.cells import children, largest_radius, outlines
from armillary.sky.covers import joined
from armillary.sky.frames import to_angles
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.views import View

MOST_CELLS = 400
FINE = 1 / 16
PARTED = 2
DEEPEST = 18
"""Cells of 0.8 arcseconds: positions in single precision lie up to 0.03 arcseconds beside their index."""
SLACK_DEG = 1e-4


@dataclass(frozen=True, slots=True)
class Reach:
    """Half-open ranges of the index of order 29.

    Parameters
    ----------
    starts, stops
        All that a view may meet, ascending.
    inner_starts, inner_stops
        What lies wholly in it.
    border_starts, border_stops, border_shares
        What its border meets, and about which share of each lies in it.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    inner_starts: NDArray[np.int64]
    inner_stops: NDArray[np.int64]
    border_starts: NDArray[np.int64]
    border_stops: NDArray[np.int64]
    border_shares: NDArray[np.float64]


def reach_of(view: View | None) -> Reach:
    """What a view meets; the whole sky for None."""
    if view is None:
        whole = np.zeros(1, np.int64), np.array([12 << (2 * MAX_ORDER)])
        return Reach(*whole, *whole, *_ranges(0, np.empty(0, np.int64)), np.empty(0))
    cells, order = np.arange(12, dtype=np.int64), 0
    inner: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = [_ranges(0, cells[:0])]
    while True:
        fate = judge(view, order, cells)
        inner.append(_ranges(order, cells[fate == INSIDE]))
        cells = cells[(fate != OUTSIDE) & (fate != INSIDE)]
        small = largest_radius(order) < FINE * view.radius_rad
        if not len(cells) or len(cells) > MOST_CELLS or small or order == DEEPEST:
            break
        order += 1
        cells = children(cells)
    kept = [np.concatenate(part) for part in zip(*inner, strict=True)]
    border = _ranges(order, cells)
    every = (np.concatenate(pair) for pair in zip(kept, border, strict=True))
    return Reach(*joined(*every), *joined(*kept), *border, _shares(view, order, cells))


def _shares(view: View, order: int, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Which share of each cell lies in a view, by the centres of its parts."""
    deep = min(PARTED, MAX_ORDER - order)
    parts = (cells[:, None] << (2 * deep)) + np.arange(1 << (2 * deep))
    ra, dec = to_angles(outlines(order + deep, parts.reshape(-1))[:, 0])
    shares: NDArray[np.float64] = view.holds(ra, dec).reshape(parts.shape).mean(axis=1)
    return shares


def reach_of_cone(ra_deg: float, dec_deg: float, radius_deg: float) -> Reach:
    """What a cone meets, with room for positions that are rounded."""
    return reach_of(Cone(ra_deg, dec_deg, min(180.0, radius_deg + SLACK_DEG)))


def _ranges(order: int, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    shift = 2 * (MAX_ORDER - order)
    return cells << shift, (cells + 1) << shift
