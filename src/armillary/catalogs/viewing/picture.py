"""How dense sources lie in a window of a plane, graded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.viewing.counts import pixel_area_deg2
from armillary.sky.frames import to_angles
from armillary.sky.healpix import pixels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.viewing.counts import SkyCounts
    from armillary.catalogs.views import PixelWindow

LONGEST_SIDE = 480
GRADES = 255
FEWEST = 16.0
"""Where a pixel of the sky holds fewer sources a larger one is taken: otherwise chance is all that shows."""
COARSER = 2
"""Orders that are gone back for that at most, so that what is empty stays so."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a window.

    Parameters
    ----------
    grades
        uint8 of shape (ny, nx), first row at ``y0``: 0 where there is nothing, else 1 to 255 by the logarithm of the
        density.
    x0, y0, x1, y1
        Edges of the window in pixels of the plane.
    low, high
        Densities of the grades 1 and 255, sources per square degree; the same for all windows of a catalog.
    order
        Highest HEALPix order of the densities; where sources are few they are those of lower ones.
    """

    grades: NDArray[np.uint8]
    x0: float
    y0: float
    x1: float
    y1: float
    low: float
    high: float
    order: int

    @property
    def words(self) -> dict[str, float]:
        """All but the grades."""
        ny, nx = self.grades.shape
        edges = {"x0": self.x0, "y0": self.y0, "x1": self.x1, "y1": self.y1}
        return {"nx": nx, "ny": ny, **edges, "low": self.low, "high": self.high, "order": self.order}


def picture_of(window: PixelWindow, counts: SkyCounts) -> Picture:
    """The densities in a window of a plane."""
    wide, high = window.x1 - window.x0, window.y1 - window.y0
    step = max(wide, high) / LONGEST_SIDE
    nx, ny = (max(1, min(LONGEST_SIDE, math.ceil(length / step - 1e-9))) for length in (wide, high))
    x = window.x0 + (np.arange(nx) + 0.5) * wide / nx
    y = window.y0 + (np.arange(ny) + 0.5) * high / ny
    vectors = window.wcs.sky_grid(x, y)
    order, density = _densities(vectors, counts)
    low, high_density = counts.densities
    edges = (window.x0, window.y0, window.x1, window.y1)
    return Picture(_graded(density, low, high_density), *edges, low, high_density, order)


def _densities(vectors: NDArray[np.float64], counts: SkyCounts) -> tuple[int, NDArray[np.float64]]:
    """Sources per square degree, 0 off the sky; and the highest order of the pixels that they are from."""
    order = min(counts.order, _order_of(vectors))
    known = np.isfinite(vectors).all(axis=-1)
    cells = pixels_of(1 << order, *to_angles(vectors[known]), nested=True)
    found = counts.levels[order][cells] / pixel_area_deg2(order)
    few = np.flatnonzero(counts.levels[order][cells] < FEWEST)
    for coarser in range(order - 1, max(-1, order - 1 - COARSER), -1):
        numbers = counts.levels[coarser][cells[few] >> (2 * (order - coarser))]
        found[few] = numbers / pixel_area_deg2(coarser)
        few = few[numbers < FEWEST]
    out = np.zeros(known.shape)
    out[known] = found
    return order, out


def _order_of(vectors: NDArray[np.float64]) -> int:
    """Order of the pixels that are about as large as the steps of a grid."""
    steps = np.linalg.norm(np.diff(vectors, axis=1), axis=-1)
    known = steps[np.isfinite(steps)]
    step = float(np.median(known)) if len(known) else 1.0
    return max(0, math.floor(math.log2(math.sqrt(math.pi / 3.0) / max(step, 1e-9))))


def _graded(density: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    out = np.zeros(density.shape, np.uint8)
    full = density > 0
    if high > low > 0:
        share = np.log(density[full] / low) / math.log(high / low)
        out[full] = 1 + np.rint(np.clip(share, 0.0, 1.0) * (GRADES - 1)).astype(np.uint8)
    return out
