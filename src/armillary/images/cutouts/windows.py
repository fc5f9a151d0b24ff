"""The box of pixels that holds a region: every pixel whose centre lies in the region lies in the box.

Boxes of the plane are looked at from coarse to fine (``cells``). One that reaches beyond what was found so far and
may meet the region is cut into smaller ones; the smallest are looked at pixel by pixel. So the answer does not depend
on how a projection bends, tears or ends, and costs little for a region of any size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import ParameterError
from armillary.images.cutouts.atlas import PARTS, Atlas, atlas_of
from armillary.images.cutouts.cells import Cells, look_up, split
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.regions import Region
    from armillary.sky.wcs import PlaneWcs

LEAF_PIXELS = 64
AT_ONCE = 1 << 16
BORDER_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Cut:
    """What is cut out of a plane.

    Parameters
    ----------
    window
        Pixels. On a map that goes around the sky columns may run on beyond an end: see ``columns``.
    period
        Columns in 360° on such a map, else None.
    region
        Region beyond which pixels are masked; None where all of the window is wanted.
    text
        The region in words, empty without one.
    inside
        Which pixels of the window lie in the region, where that is known already.
    """

    window: Window
    period: int | None = None
    region: Region | None = None
    text: str = ""
    inside: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.window.shape

    def columns(self, x0: int, x1: int) -> list[tuple[int, int]]:
        """Columns of the plane, in half-open pieces, that columns ``x0:x1`` of the window's counting are."""
        if self.period is None:
            return [(x0, x1)]
        pieces = []
        while x0 < x1:
            first = x0 % self.period
            length = min(x1 - x0, self.period - first)
            pieces.append((first, first + length))
            x0 += length
        return pieces


def wrap_period(wcs: PlaneWcs | None) -> int | None:
    """Columns after which a map repeats, where it holds all of them and they are a whole number; else None."""
    if wcs is None or not wcs.full_circle or wcs.wrap_period_px is None:
        return None
    period = round(wcs.wrap_period_px)
    whole = abs(wcs.wrap_period_px - period) < 1e-6 and period <= wcs.shape[1]
    return period if whole and wcs.seam_can_move else None


def whole_plane(shape: tuple[int, int]) -> Cut:
    """All pixels."""
    return Cut(Window(0, shape[0], 0, shape[1]))


def cut_pixels(shape: tuple[int, int], wcs: PlaneWcs | None, x0: int, y0: int, x1: int, y1: int) -> Cut:
    """A box of pixels, half-open, clipped to the plane; on a map that goes around columns may run on.

    Raises
    ------
    ParameterError
        It holds no pixel (code ``region_outside``).
    """
    ny, nx = shape
    inside = x0 >= 0 and x1 <= nx
    period = None if inside else wrap_period(wcs)
    if period is None:
        x0, x1 = max(0, x0), min(nx, x1)
    elif x1 - x0 >= period:
        x0, x1, period = 0, nx, None
    y0, y1 = max(0, y0), min(ny, y1)
    if x0 >= x1 or y0 >= y1:
        raise outside("x0", nx, ny)
    return _placed(x0, y0, x1, y1, period, nx)


def cut_region(wcs: PlaneWcs, region: Region, *, masked: bool = True) -> Cut:
    """The pixels whose centres lie in a region; the one that holds its centre where there is none.

    Raises
    ------
    ParameterError
        The plane has none of them (code ``region_outside``).
    """
    period = wrap_period(wcs)
    ny, nx = wcs.shape
    low, middle = 0, None
    if period is not None:
        middle = wcs.vectors_to_pixel(region.centre())
        low = round(float(middle[0])) - period // 2 if np.isfinite(middle[0]) else 0
    atlas = atlas_of(wcs, period)
    found = atlas.search(region, low)
    box, inside = found if found is not None else (_Search(atlas, region, low).run(), None)
    if box is None:
        pixel = _pixel_of(wcs.vectors_to_pixel(region.centre()) if middle is None else middle, (ny, nx))
        if pixel is None:
            raise outside("POS", nx, ny)
        return Cut(Window(pixel[1], pixel[1] + 1, pixel[0], pixel[0] + 1), None, None, region.label)
    x0, y0, x1, y1 = box
    if period is not None and x1 - x0 >= period - 1:
        x0, x1, period, inside = 0, nx, None, None
    cut = _placed(x0, y0, x1, y1, period, nx)
    return Cut(cut.window, cut.period, region if masked else None, region.label, inside if masked else None)


def _placed(x0: int, y0: int, x1: int, y1: int, period: int | None, nx: int) -> Cut:
    """The window moved by whole turns so that it begins on the plane; without a period where it also ends there."""
    if period is not None:
        turn = x0 // period * period
        x0, x1 = x0 - turn, x1 - turn
        if x1 <= nx:
            period = None
    return Cut(Window(y0, y1, x0, x1), period)


def outside(parameter: str, nx: int, ny: int) -> ParameterError:
    """The error for a region beside the plane."""
    return ParameterError(
        parameter, f"the region holds no pixel of the layer, which has {nx} by {ny}", code="region_outside"
    )


def _pixel_of(place: NDArray[np.float64], shape: tuple[int, int]) -> tuple[int, int] | None:
    """Column and row of the pixel that holds a place, None beside the plane."""
    if not np.isfinite(place).all() or np.abs(place).max() > 1e15:
        return None
    x, y = (int(np.floor(value + 0.5)) for value in place)
    return (x, y) if 0 <= x < shape[1] and 0 <= y < shape[0] else None


class _Search:
    """A search for the box of a region.

    Parameters
    ----------
    low
        On a map that goes around, columns from ``low`` to ``low + period`` are looked at.
    """

    def __init__(self, atlas: Atlas, region: Region, low: int) -> None:
        wcs, period = atlas.wcs, atlas.period
        self._atlas, self._wcs, self._region, self._period = atlas, wcs, region, period
        self._low = low if period is not None else 0
        self._high = self._low + period if period is not None else wcs.shape[1]
        self._ny = wcs.shape[0]
        self._box: list[int] = [self._high, self._ny, self._low, 0]

    def run(self) -> tuple[int, int, int, int] | None:
        """``x0, y0, x1, y1`` half-open, None where no pixel's centre lies in the region."""
        self._try_border()
        cells = self._first_cells()
        while len(cells.x0):
            keep = self._look_at(cells)
            cells = cells.pick(keep)
            small = (cells.x1 - cells.x0 + 1) * (cells.y1 - cells.y0 + 1) <= LEAF_PIXELS
            self._look_closely(cells.pick(small))
            cells = cells.pick(~small)
            *corners, owner = split(cells, PARTS)
            beyond = self._reach(*corners)
            x0, x1, y0, y1 = (corner[beyond] for corner in corners)
            owner = owner[beyond]
            lost = np.isinf(cells.radius)[owner]
            cells = look_up(self._wcs, x0, x1, y0, y1)
            # A box without sky between others may hide a corner with some: it is looked into once more.
            hidden = np.isinf(cells.radius) & lost
            cells, lost = cells.pick(~hidden), lost[~hidden]
        x0_, y0_, x1_, y1_ = self._box
        return (x0_, y0_, x1_, y1_) if x0_ < x1_ else None

    def _first_cells(self) -> Cells:
        cells = self._atlas.cells
        if self._period is None:
            return cells
        turns = range(self._low // self._period, (self._high - 1) // self._period + 1)
        moved = [cells._replace(x0=cells.x0 + k * self._period, x1=cells.x1 + k * self._period) for k in turns]
        joined = Cells._make(np.concatenate(parts) for parts in zip(*moved, strict=True))
        return joined.pick((joined.x1 >= self._low) & (joined.x0 < self._high))

    def _try_border(self) -> None:
        """Take in the pixels at the centre and along the border: most of the box is known then."""
        places = self._region.border(BORDER_SAMPLES)
        pixels = self._wcs.vectors_to_pixel(np.concatenate([self._region.centre()[None], places]))
        pixels = pixels[np.isfinite(pixels).all(axis=1) & (np.abs(pixels).max(axis=1) < 1e9)]
        x, y = np.rint(pixels).astype(np.int64).T
        if self._period is not None:
            x = (x - self._low) % self._period + self._low
        there = (x >= self._low) & (x < self._high) & (y >= 0) & (y < self._ny)
        self._take(x[there], y[there], self._wcs.pixel_to_vectors(x[there], y[there]))

    def _take(self, x: NDArray[np.int64], y: NDArray[np.int64], vectors: NDArray[np.float64]) -> None:
        """Widen the box by those pixels that lie in the region."""
        inside = (x >= self._low) & (x < self._high) & self._region.contains(vectors)
        if inside.any():
            x, y = x[inside], y[inside]
            self._widen(x, x, y, y)

    def _widen(
        self, x0: NDArray[np.int64], x1: NDArray[np.int64], y0: NDArray[np.int64], y1: NDArray[np.int64]
    ) -> None:
        if len(x0):
            box = self._box
            low, high = max(self._low, int(x0.min())), min(self._high, int(x1.max()) + 1)
            self._box = [
                min(box[0], low),
                min(box[1], int(y0.min())),
                max(box[2], high),
                max(box[3], int(y1.max()) + 1),
            ]

    def _look_at(self, cells: Cells) -> NDArray[np.bool_]:
        """Which boxes must be looked into: those that may meet the region and reach beyond what was found."""
        clearance = self._region.clearance(cells.middle)
        full = cells.whole & (clearance > cells.radius)
        self._widen(cells.x0[full], cells.x1[full], cells.y0[full], cells.y1[full])
        may_meet = ~full & ~(clearance <= -cells.radius)
        open_ones = np.flatnonzero(may_meet & self._reaches(cells))
        near = cells.pick(open_ones)
        shape = (len(open_ones), 3, 3)
        x = np.stack([near.x0, (near.x0 + near.x1) // 2, near.x1], axis=-1)[:, None, :]
        y = np.stack([near.y0, (near.y0 + near.y1) // 2, near.y1], axis=-1)[:, :, None]
        x, y = np.broadcast_to(x, shape).reshape(-1), np.broadcast_to(y, shape).reshape(-1)
        self._take(x, y, near.nodes.reshape(-1, 3))
        found: NDArray[np.bool_] = may_meet & self._reaches(cells)
        return found

    def _reaches(self, cells: Cells) -> NDArray[np.bool_]:
        return self._reach(cells.x0, cells.x1, cells.y0, cells.y1)

    def _reach(
        self, left: NDArray[np.int64], right: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Whether boxes (corners included) reach beyond what was found."""
        x0, y0, x1, y1 = self._box
        left, right = np.maximum(left, self._low), np.minimum(right, self._high - 1)
        reaches: NDArray[np.bool_] = (left < x0) | (right >= x1) | (low < y0) | (high >= y1)
        return reaches

    def _look_closely(self, cells: Cells) -> None:
        """Look at every pixel of small boxes."""
        at_once = AT_ONCE // LEAF_PIXELS
        for first in range(0, len(cells.x0), at_once):
            part = cells.pick(slice(first, first + at_once))
            part = part.pick(self._reaches(part))
            x, y = _pixels_of(part)
            beyond = self._reach(x, x, y, y)
            x, y = x[beyond], y[beyond]
            if len(x):
                self._take(x, y, self._wcs.pixel_to_vectors(x, y))


def _pixels_of(cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of all pixels of boxes."""
    width = cells.x1 - cells.x0 + 1
    count = width * (cells.y1 - cells.y0 + 1)
    owner = np.repeat(np.arange(len(count)), count)
    place = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return cells.x0[owner] + place % width[owner], cells.y0[owner] + place // width[owner]
