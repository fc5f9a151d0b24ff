"""A plane as boxes with their circles and charts, and the quick way to the pixels of a region.

Where every box that a region comes near to has a chart (see ``armillary.sky.charts``) compiled loops find its pixels;
those so near to the border that a chart's error leaves a doubt are computed one by one. Elsewhere (the ends of a map,
projections that tear) the caller takes the long way, with the same answer.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from armillary.images.cutouts.cells import Cells, look_up, split
from armillary.sky.charts import Charts
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from armillary.sky.regions import Region
    from armillary.sky.regions_base import ForKernels
    from armillary.sky.wcs import PlaneWcs

COARSE = 32
PARTS = 4
KEPT = 128
MOST_DOUBTS = 1 << 12
# How many blocks there is room for, at first and then.
ROOM = (1 << 11, 1 << 14, 1 << 18)
# Up to so many pixels the mask is made with the search for the window, and kept with it.
MASK_PIXELS = 1 << 22
# Projections whose sky has neither a gap nor a dent: what lies between pixels with sky has some.
SMOOTH = frozenset(
    {"TAN", "SIN", "ARC", "ZEA", "STG", "AIR", "ZPN", "CAR", "CEA", "CYP", "MER", "SFL", "PAR", "MOL", "AIT"}
)
_NO_MASK = np.zeros((0, 0), np.bool_)
_kept: OrderedDict[tuple[int, int | None], Atlas] = OrderedDict()
_lock = threading.Lock()


def is_smooth(wcs: PlaneWcs) -> bool:
    """Whether what lies between pixels with sky has some."""
    return wcs.projection.partition("-")[0] in SMOOTH


class Found(NamedTuple):
    """Pixels of a region.

    Parameters
    ----------
    box
        ``x0, y0, x1, y1`` half-open, None where no pixel's centre lies in it.
    inside
        Which pixels of the box do; None where the box is too large for that.
    """

    box: tuple[int, int, int, int] | None
    inside: NDArray[np.bool_] | None = None


class Atlas:
    """Boxes of a plane.

    Parameters
    ----------
    wcs
        Its world coordinates.
    period
        Columns after which it repeats, None where it does not.

    Attributes
    ----------
    cells
        Boxes with sky, with their circles.
    """

    def __init__(self, wcs: PlaneWcs, period: int | None) -> None:
        self.wcs = wcs
        self.period = period
        self.cells = _first_cells(wcs, period)
        self._smooth = is_smooth(wcs)
        self._charts = Charts(wcs, np.stack(self.cells[:4], axis=-1))

    def search(self, region: Region, low: int) -> Found | None:
        """The pixels of a region, as ``windows`` finds them; None where it takes the long way.

        Parameters
        ----------
        low
            First column that is looked at, of a plane that repeats.
        """
        high = self.wcs.shape[1] if self.period is None else low + self.period
        shape = region.for_kernels()
        near = self._near(region, shape)
        if near is None or not len(near):
            return None if near is None else Found(None)
        blocks, loose = self._blocks(shape, near, self._around(near, low, high))
        if blocks is None or not len(blocks):
            return None if blocks is None else Found(None)
        mask = np.zeros(loose.shape, np.bool_) if loose.shape[0] * loose.shape[1] <= MASK_PIXELS else _NO_MASK
        box = self._settled(region, shape, blocks, loose, mask)
        if box is None or box[0] > box[1]:
            return None if box is None else Found(None)
        x0, x1, y0, y1 = box[0], box[1] + 1, box[2], box[3] + 1
        inside = mask[y0 - loose.y0 : y1 - loose.y0, x0 - loose.x0 : x1 - loose.x0] if mask.size else None
        return Found((x0, y0, x1, y1), inside)

    def mask(self, region: Region, window: Window, otherwise: Callable[[Window], NDArray[np.bool_]]) -> Any:
        """Which pixels of a window lie in a region.

        Parameters
        ----------
        otherwise
            Tells it for parts without charts.
        """
        if not self._smooth:
            return otherwise(window)
        inside = np.zeros(window.shape, np.bool_)
        shape = region.for_kernels()
        near = _kernels().near_caps(self.cells.middle, self.cells.radius, *region.cone())
        good = self._good(near, shape.most_slack)
        blocks, _ = self._blocks(shape, near[good], window)
        if blocks is None or self._settled(region, shape, blocks, window, inside) is None:
            return otherwise(window)
        for k in near[~good].tolist():
            for turn in self._turns(window.x0, window.x1).tolist():
                part = self._part(k, turn, window)
                if part is not None:
                    rows = slice(part.y0 - window.y0, part.y1 - window.y0)
                    inside[rows, part.x0 - window.x0 : part.x1 - window.x0] |= otherwise(part)
        return inside

    def _near(self, region: Region, shape: ForKernels) -> NDArray[np.int64] | None:
        """Boxes that may hold pixels of a region; None where one of them has no chart."""
        near: NDArray[np.int64] = _kernels().near_caps(self.cells.middle, self.cells.radius, *region.cone())
        return near if self._good(near, shape.most_slack).all() else None

    def _good(self, which: NDArray[np.int64], most_slack: float) -> NDArray[np.bool_]:
        good = self.cells.whole[which] & self._smooth
        good[good] = self._charts.ready(which[good])
        good &= self._charts.numbers[which, 6] <= most_slack
        return good

    def _around(self, near: NDArray[np.int64], low: int, high: int) -> Window:
        """Columns and rows of boxes, of a plane that repeats all columns."""
        cells = self.cells
        y0, y1 = int(cells.y0[near].min()), int(cells.y1[near].max()) + 1
        if self.period is not None:
            return Window(y0, y1, low, high)
        return Window(y0, y1, int(cells.x0[near].min()), int(cells.x1[near].max()) + 1)

    def _turns(self, x0: int, x1: int) -> NDArray[np.int64]:
        if self.period is None:
            return np.zeros(1, np.int64)
        return np.arange(x0 // self.period, (x1 - 1) // self.period + 1, dtype=np.int64) * self.period

    def _part(self, k: int, turn: int, window: Window) -> Window | None:
        cells = self.cells
        x0, x1 = max(window.x0, int(cells.x0[k]) + turn), min(window.x1, int(cells.x1[k]) + turn + 1)
        y0, y1 = max(window.y0, int(cells.y0[k])), min(window.y1, int(cells.y1[k]) + 1)
        return Window(y0, y1, x0, x1) if x0 < x1 and y0 < y1 else None

    def _blocks(
        self, shape: ForKernels, which: NDArray[np.int64], window: Window
    ) -> tuple[NDArray[np.int32] | None, Window]:
        """Blocks of pixels that are inside, or may be, and the window about them; None for too many."""
        charts = self._charts
        turns = self._turns(window.x0, window.x1)
        ends = (window.x0, window.x1 - 1, window.y0, window.y1 - 1)
        for room in ROOM:
            blocks = np.empty((room, 7), np.int32)
            box = np.array([window.x1, window.x0 - 1, window.y1, window.y0 - 1])
            count = _kernels().gather(
                charts.coefficients, charts.numbers, charts.corners, which, turns, ends, shape.kind,
                shape.arguments(), blocks, box,
            )  # fmt: skip
            if count >= 0:
                x0, x1, y0, y1 = box.tolist()
                return blocks[:count], Window(y0, y1 + 1, x0, x1 + 1)
        return None, window

    def _settled(
        self,
        region: Region,
        shape: ForKernels,
        blocks: NDArray[np.int32],
        window: Window,
        mask: NDArray[np.bool_],
    ) -> list[int] | None:
        """``x0, x1, y0, y1`` of pixels in a region, ends included; None for too many doubts.

        Parameters
        ----------
        mask
            Of the window: gets True for those; or empty.
        """
        charts = self._charts
        found = np.array([window.x1, window.x0 - 1, window.y1, window.y0 - 1])
        doubts = np.empty((MOST_DOUBTS, 2), np.int64)
        count = _kernels().settle(
            charts.coefficients, charts.numbers, blocks, shape.kind, shape.arguments(), mask,
            (window.y0, window.x0), doubts, found,
        )  # fmt: skip
        if count < 0:
            return None
        ends: list[int] = found.tolist()
        if count:
            x, y = doubts[:count].T
            inside = region.contains(self.wcs.pixel_to_vectors(x, y))
            if inside.any():
                x, y = x[inside], y[inside]
                if mask.size:
                    mask[y - window.y0, x - window.x0] = True
                ends = [min(ends[0], int(x.min())), max(ends[1], int(x.max())),
                        min(ends[2], int(y.min())), max(ends[3], int(y.max()))]  # fmt: skip
        return ends


def atlas_of(wcs: PlaneWcs, period: int | None) -> Atlas:
    """The atlas of a plane; those of the last planes are kept."""
    key = (id(wcs), period)
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    made = Atlas(wcs, period)
    with _lock:
        _kept[key] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


@functools.cache
def _kernels() -> Any:
    from armillary.sky import chart_kernels

    return chart_kernels


def _first_cells(wcs: PlaneWcs, period: int | None) -> Cells:
    """The plane in 32 by 32 boxes; of those without sky that touch others the parts that have some."""
    ny, nx = wcs.shape
    width = nx if period is None else period
    plane = np.zeros(1, np.int64), np.array([width - 1]), np.zeros(1, np.int64), np.array([ny - 1])
    blank = np.zeros((1, 9, 3))
    whole = Cells(*plane, blank, blank[:, 0], np.zeros(1), np.ones(1, np.bool_))
    x0, x1, y0, y1, _ = split(whole, COARSE)
    cells = look_up(wcs, x0, x1, y0, y1)
    lost = np.isinf(cells.radius)
    if not lost.any():
        return cells
    # A box without sky between others may hide a corner with some: it is looked into once more.
    x0, x1, y0, y1, _ = split(cells.pick(lost & _with_neighbours(cells)), PARTS)
    parts = look_up(wcs, x0, x1, y0, y1)
    parts = parts.pick(~np.isinf(parts.radius))
    return Cells._make(np.concatenate(both) for both in zip(cells.pick(~lost), parts, strict=True))


def _with_neighbours(cells: Cells) -> NDArray[np.bool_]:
    """Boxes with sky, and those that touch one: a bulge of the map's outline may reach into them."""
    known = np.flatnonzero(~np.isinf(cells.radius))
    rows, columns = np.unique(cells.y0, return_inverse=True)[1], np.unique(cells.x0, return_inverse=True)[1]
    sky = np.zeros((rows.max() + 3, columns.max() + 3), np.bool_)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            sky[rows[known] + dy, columns[known] + dx] = True
    touched: NDArray[np.bool_] = sky[rows + 1, columns + 1]
    return touched
