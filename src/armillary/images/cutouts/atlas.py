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
MOST_BLOCKS = 1 << 18
MOST_DOUBTS = 1 << 12
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
        self._circles = self.cells.middle, self.cells.radius
        self._charts = Charts(wcs, np.stack(self.cells[:4], axis=-1), self.cells.whole & self._smooth)

    def search(self, region: Region, low: int) -> Found | None:
        """The pixels of a region, as ``windows`` finds them; None where it takes the long way.

        Parameters
        ----------
        low
            First column that is looked at, of a plane that repeats.
        """
        kernels, charts, shape = _kernels(), self._charts, region.for_kernels()
        status = kernels.NO_CHART
        while status == kernels.NO_CHART:
            status, ends, mask, (y, x), doubts = kernels.search(
                self._circles, region.cone(), charts.arrays, (self.period or 0, low, low + (self.period or 0)),
                (shape.kind, shape.most_slack), shape.arguments(), (MASK_PIXELS, MOST_BLOCKS, MOST_DOUBTS),
            )  # fmt: skip
            if status == kernels.NO_CHART:
                charts.ready(self._near(region))
        if status == kernels.LONG_WAY:
            return None
        ends = self._with_doubts(region, ends.tolist(), doubts, mask, (y, x))
        if status == kernels.NOTHING or ends[0] > ends[1]:
            return Found(None)
        x0, x1, y0, y1 = ends[0], ends[1] + 1, ends[2], ends[3] + 1
        return Found((x0, y0, x1, y1), mask[y0 - y : y1 - y, x0 - x : x1 - x] if mask.size else None)

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
        near = self._near(region)
        good = self._charts.ready(near) & (self._charts.numbers[near, 6] <= shape.most_slack)
        if not self._mark(region, shape, near[good], window, inside):
            return otherwise(window)
        for k in near[~good].tolist():
            for turn in self._turns(window.x0, window.x1).tolist():
                part = self._part(k, turn, window)
                if part is not None:
                    rows = slice(part.y0 - window.y0, part.y1 - window.y0)
                    inside[rows, part.x0 - window.x0 : part.x1 - window.x0] |= otherwise(part)
        return inside

    def _near(self, region: Region) -> NDArray[np.int64]:
        """Boxes that may hold pixels of a region."""
        near: NDArray[np.int64] = _kernels().near_caps(*self._circles, *region.cone())
        return near

    def _turns(self, x0: int, x1: int) -> NDArray[np.int64]:
        if self.period is None:
            return np.zeros(1, np.int64)
        return np.arange(x0 // self.period, (x1 - 1) // self.period + 1, dtype=np.int64) * self.period

    def _part(self, k: int, turn: int, window: Window) -> Window | None:
        cells = self.cells
        x0, x1 = max(window.x0, int(cells.x0[k]) + turn), min(window.x1, int(cells.x1[k]) + turn + 1)
        y0, y1 = max(window.y0, int(cells.y0[k])), min(window.y1, int(cells.y1[k]) + 1)
        return Window(y0, y1, x0, x1) if x0 < x1 and y0 < y1 else None

    def _mark(
        self, region: Region, shape: ForKernels, which: NDArray[np.int64], window: Window, inside: NDArray[np.bool_]
    ) -> bool:
        """Tell of the pixels of a window that boxes have whether they are inside; False for too many doubts."""
        coefficients, numbers, corners, _ = self._charts.arrays
        turns, arguments = self._turns(window.x0, window.x1), shape.arguments()
        ends = (window.x0, window.x1 - 1, window.y0, window.y1 - 1)
        about, origin = np.empty(4, np.int64), (window.y0, window.x0)
        few, blocks = _kernels().gather(
            coefficients, numbers, corners, which, turns, ends, shape.kind, arguments, about, MOST_BLOCKS
        )  # fmt: skip
        if few:
            few, doubts = _kernels().settle(
                coefficients, numbers, blocks, (shape.kind, shape.most_slack), arguments, inside, origin, about,
                MOST_DOUBTS,
            )  # fmt: skip
        if few:
            self._with_doubts(region, about.tolist(), doubts, inside, origin)
        return bool(few)

    def _with_doubts(
        self,
        region: Region,
        ends: list[int],
        doubts: NDArray[np.int64],
        mask: NDArray[np.bool_],
        origin: tuple[int, int],
    ) -> list[int]:
        """Ends ``x0, x1, y0, y1`` widened by those pixels in doubt that are inside; a mask gets True for them."""
        if not len(doubts):
            return ends
        x, y = doubts.T
        inside = region.contains(self.wcs.pixel_to_vectors(x, y))
        if not inside.any():
            return ends
        x, y = x[inside], y[inside]
        if mask.size:
            mask[y - origin[0], x - origin[1]] = True
        return [min(ends[0], int(x.min())), max(ends[1], int(x.max())),
                min(ends[2], int(y.min())), max(ends[3], int(y.max()))]  # fmt: skip


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
