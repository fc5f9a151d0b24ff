"""Which pixels of a window lie in a region, rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from armillary.images.cutouts.cells import Cells, look_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.regions import Region
    from armillary.sky.wcs import PlaneWcs

SIDE = 32
AT_ONCE = 1 << 15


def inside_region(wcs: PlaneWcs, region: Region, y0: int, y1: int, x0: int, x1: int) -> NDArray[np.bool_]:
    """Whether the centres of the pixels of rows ``y0:y1`` and columns ``x0:x1`` lie in a region.

    Boxes of 32 by 32 pixels that lie wholly inside or outside are settled at once; the others pixel by pixel.
    """
    inside = np.zeros((y1 - y0, x1 - x0), np.bool_)
    cells = look_up(wcs, *_boxes(y0, y1, x0, x1))
    clearance = region.clearance(cells.middle)
    full = cells.whole & (clearance > cells.radius)
    for left, right, low, high in _corners(cells, full):
        inside[low - y0 : high + 1 - y0, left - x0 : right + 1 - x0] = True
    open_ones = _corners(cells, ~full & ~(clearance <= -cells.radius))
    at_once = AT_ONCE // (SIDE * SIDE)
    for first in range(0, len(open_ones), at_once):
        _look_closely(wcs, region, open_ones[first : first + at_once], inside, (y0, x0))
    return inside


def _boxes(y0: int, y1: int, x0: int, x1: int) -> tuple[NDArray[np.int64], ...]:
    left, low = np.arange(x0, x1, SIDE), np.arange(y0, y1, SIDE)
    across, up = (part.reshape(-1) for part in np.meshgrid(left, low))
    return across, np.minimum(across + SIDE, x1) - 1, up, np.minimum(up + SIDE, y1) - 1


def _corners(cells: Cells, which: NDArray[np.bool_]) -> list[list[int]]:
    picked: list[list[int]] = np.stack([part[which] for part in (cells.x0, cells.x1, cells.y0, cells.y1)], -1).tolist()
    return picked


def _look_closely(
    wcs: PlaneWcs, region: Region, boxes: list[list[int]], inside: NDArray[np.bool_], origin: tuple[int, int]
) -> None:
    grids = [np.mgrid[low : high + 1, left : right + 1] for left, right, low, high in boxes]
    y = np.concatenate([grid[0].reshape(-1) for grid in grids])
    x = np.concatenate([grid[1].reshape(-1) for grid in grids])
    inside[y - origin[0], x - origin[1]] = region.contains(wcs.pixel_to_vectors(x, y))
