"""Which pixels of a window lie in a region, rows at a time."""

from __future__ import annotations

import functools
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.images.cutouts.atlas import atlas_of, is_smooth
from armillary.images.cutouts.cells import Cells, look_up, node_pixels
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.cutouts.windows import Cut
    from armillary.sky.regions import Region
    from armillary.sky.wcs import PlaneWcs

SIDE = 32
KEPT_PIXELS = 1 << 26  # of 8 MiB
AT_ONCE = 1 << 15
# A position between nodes is taken to be off by no more than this often what four others are off by.
CAUTION = 16.0
_TESTED = ((8, 8), (8, 23), (23, 8), (23, 23))


class Mask:
    """Which pixels of a cutout lie in its region; what was found is kept where it is not much.

    Parameters
    ----------
    wcs
        World coordinates of the plane.
    cut
        A cutout with a region.
    """

    def __init__(self, wcs: PlaneWcs, cut: Cut) -> None:
        assert cut.region is not None
        self._wcs, self._cut, self._region = wcs, cut, cut.region
        self._keeps = prod(cut.shape) <= KEPT_PIXELS
        self._kept: dict[Window, NDArray[np.uint8]] = {}

    def inside(self, part: Window) -> NDArray[np.bool_]:
        """Which pixels of a part of the window are inside."""
        window, inside = self._cut.window, self._cut.inside
        if inside is not None:
            return inside[part.y0 - window.y0 : part.y1 - window.y0, part.x0 - window.x0 : part.x1 - window.x0]
        known = self._kept.get(part)
        if known is not None:
            return np.unpackbits(known, count=prod(part.shape)).view(np.bool_).reshape(part.shape)
        made = inside_region(self._wcs, self._region, part.y0, part.y1, part.x0, part.x1)
        if self._keeps:
            self._kept[part] = np.packbits(made)
        return made

    def blank(self, numbers: NDArray[Any], part: Window, axes: tuple[int, int], fill: float) -> None:
        """Put ``fill`` into the pixels of an array that lie outside; ``axes`` are its rows and columns."""
        inside, value = self.inside(part), np.array(fill).astype(numbers.dtype)
        if axes == (numbers.ndim - 2, numbers.ndim - 1):
            plain = f"u{numbers.itemsize}"
            _kernels().fill_outside(numbers.view(plain).reshape(-1, *part.shape), inside, value.view(plain)[()])
            return
        shape = [1] * numbers.ndim
        shape[axes[0]], shape[axes[1]] = part.shape
        np.copyto(numbers, value, where=~inside.reshape(shape))


@functools.cache
def _kernels() -> Any:
    from armillary.images.cutouts import mask_kernels

    return mask_kernels


def inside_region(wcs: PlaneWcs, region: Region, y0: int, y1: int, x0: int, x1: int) -> NDArray[np.bool_]:
    """Whether the centres of the pixels of rows ``y0:y1`` and columns ``x0:x1`` lie in a region."""
    from armillary.images.cutouts.windows import wrap_period

    def otherwise(part: Window) -> NDArray[np.bool_]:
        return plainly_inside(wcs, region, part)

    atlas = atlas_of(wcs, wrap_period(wcs))
    window = Window(y0, y1, x0, x1)
    ny, nx = wcs.shape
    covered = y0 >= 0 and y1 <= ny and (atlas.period is not None or (x0 >= 0 and x1 <= nx))
    inside: NDArray[np.bool_] = atlas.mask(region, window, otherwise) if covered else otherwise(window)
    return inside


def plainly_inside(wcs: PlaneWcs, region: Region, window: Window) -> NDArray[np.bool_]:
    """As ``inside_region``, without charts.

    Boxes of 32 by 32 pixels that lie wholly inside or outside are settled at once. In the others positions are
    interpolated between nine pixels, and tested at four more; those so near to the border that the interpolation
    might put them on the wrong side are computed one by one. Where the sky of a projection has gaps every pixel of a
    box is computed that does not lie wholly outside.
    """
    y0, y1, x0, x1 = window.y0, window.y1, window.x0, window.x1
    inside = np.zeros(window.shape, np.bool_)
    cells = look_up(wcs, *_boxes(y0, y1, x0, x1))
    clearance = region.clearance(cells.middle)
    smooth = is_smooth(wcs)
    full = cells.whole & (clearance > cells.radius) & smooth
    for left, right, low, high in _corners(cells.pick(full)):
        inside[low - y0 : high + 1 - y0, left - x0 : right + 1 - x0] = True
    cells = cells.pick(~full & ~(clearance <= -cells.radius))
    square = cells.whole & smooth & (cells.x1 - cells.x0 == SIDE - 1) & (cells.y1 - cells.y0 == SIDE - 1)
    at_once = AT_ONCE // (SIDE * SIDE)
    for which, look in ((square, _look_between), (~square, _look_closely)):
        picked = cells.pick(which)
        for first in range(0, len(picked.x0), at_once):
            look(wcs, region, picked.pick(slice(first, first + at_once)), inside, (y0, x0))
    return inside


def _boxes(y0: int, y1: int, x0: int, x1: int) -> tuple[NDArray[np.int64], ...]:
    left, low = np.arange(x0, x1, SIDE), np.arange(y0, y1, SIDE)
    across, up = (part.reshape(-1) for part in np.meshgrid(left, low))
    return across, np.minimum(across + SIDE, x1) - 1, up, np.minimum(up + SIDE, y1) - 1


def _corners(cells: Cells) -> list[list[int]]:
    corners: list[list[int]] = np.stack([cells.x0, cells.x1, cells.y0, cells.y1], -1).tolist()
    return corners


def _look_closely(
    wcs: PlaneWcs, region: Region, cells: Cells, inside: NDArray[np.bool_], origin: tuple[int, int]
) -> None:
    """Compute every pixel."""
    grids = [np.mgrid[low : high + 1, left : right + 1] for left, right, low, high in _corners(cells)]
    y = np.concatenate([grid[0].reshape(-1) for grid in grids])
    x = np.concatenate([grid[1].reshape(-1) for grid in grids])
    inside[y - origin[0], x - origin[1]] = region.contains(wcs.pixel_to_vectors(x, y))


def _look_between(
    wcs: PlaneWcs, region: Region, cells: Cells, inside: NDArray[np.bool_], origin: tuple[int, int]
) -> None:
    """Interpolate the pixels of boxes of full size, and compute those in doubt."""
    vectors = np.matmul(_weights(), cells.nodes).reshape(-1, SIDE, SIDE, 3)
    rows, columns = np.array(_TESTED).T
    tested = wcs.pixel_to_vectors(cells.x0[:, None] + columns, cells.y0[:, None] + rows)
    miss = np.abs(vectors[:, rows, columns] - tested).max(axis=(1, 2))
    slack = CAUTION * miss + 1e-11
    sides = region.side(vectors, slack[:, None, None])
    sides[~np.isfinite(miss)] = 0
    for side, left, low in zip(sides, (cells.x0 - origin[1]).tolist(), (cells.y0 - origin[0]).tolist(), strict=True):
        inside[low : low + SIDE, left : left + SIDE] = side > 0
    cell, row, column = np.nonzero(sides == 0)
    x, y = cells.x0[cell] + column, cells.y0[cell] + row
    inside[y - origin[0], x - origin[1]] = region.contains(wcs.pixel_to_vectors(x, y))


@functools.cache
def _weights() -> NDArray[np.float64]:
    """Weights of the nine nodes for every pixel of a box, shape (SIDE², 9): parabolas through three nodes each way."""
    nodes = node_pixels(np.zeros(1, np.int64), np.full(1, SIDE - 1))[0].astype(np.float64)
    places = np.arange(SIDE, dtype=np.float64)
    along = np.empty((SIDE, 3))
    for k in range(3):
        others = np.delete(nodes, k)
        along[:, k] = np.prod(places[:, None] - others, axis=1) / np.prod(nodes[k] - others)
    weights: NDArray[np.float64] = np.einsum("ik,jl->ijkl", along, along).reshape(SIDE * SIDE, 9)
    return weights
