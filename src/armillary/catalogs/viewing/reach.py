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
MOST_PARTS = 8192
FINE = 1 / 16
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
    about_starts, about_stops
        What lies in it, nearly: small pixels by their centres.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    inner_starts: NDArray[np.int64]
    inner_stops: NDArray[np.int64]
    about_starts: NDArray[np.int64]
    about_stops: NDArray[np.int64]


def reach_of(view: View | None) -> Reach:
    """What a view meets; the whole sky for None."""
    if view is None:
        whole = np.zeros(1, np.int64), np.array([12 << (2 * MAX_ORDER)])
        return Reach(*whole, *whole, *whole)
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
    border, held = _ranges(order, cells), _held(view, order, cells)
    every = (np.concatenate(pair) for pair in zip(kept, border, strict=True))
    about = (np.concatenate(pair) for pair in zip(kept, held, strict=True))
    return Reach(*joined(*every), *joined(*kept), *joined(*about))


def _held(view: View, order: int, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The parts of some cells whose centres lie in a view."""
    if not len(cells):
        return _ranges(order, cells)
    deep = 0
    while len(cells) << (2 * deep + 2) <= MOST_PARTS and order + deep < DEEPEST:
        deep += 1
    parts = ((cells[:, None] << (2 * deep)) + np.arange(1 << (2 * deep))).reshape(-1)
    ra, dec = to_angles(outlines(order + deep, parts)[:, 0])
    return _ranges(order + deep, parts[view.holds(ra, dec)])


def reach_of_cone(ra_deg: float, dec_deg: float, radius_deg: float) -> Reach:
    """What a cone meets, with room for positions that are rounded."""
    return reach_of(Cone(ra_deg, dec_deg, min(180.0, radius_deg + SLACK_DEG)))


def _ranges(order: int, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    shift = 2 * (MAX_ORDER - order)
    return cells << shift, (cells + 1) << shift
