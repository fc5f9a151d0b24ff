"""Shapes of HEALPix cells (nested numbering)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The centre, then corners and middles of the sides.
_U = np.array([0.5, 0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0])
_V = np.array([0.5, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.5])


def outlines(order: int, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Centre, four corners and four middles of sides of each cell: unit vectors of shape (cells, 9, 3)."""
    from armillary.sky.cell_kernels import places

    out = np.empty((len(cells), len(_U), 3))
    places(order, np.ascontiguousarray(cells, np.int64), _U, _V, out)
    return out


@lru_cache(maxsize=32)
def largest_radius(order: int) -> float:
    """Largest angle in radians between the centre of a cell of this order and any of its points.

    That of the cells at the border of a polar cap (``healpix_base``, ``max_pixrad``).
    """
    nside = 1 << order
    angle = math.pi / (4 * nside)
    z = 2.0 / 3.0
    s = math.sqrt(1.0 - z * z)
    first = np.array([s * math.cos(angle), s * math.sin(angle), z])
    part = (1.0 - 1.0 / nside) ** 2
    z = 1.0 - part / 3.0
    second = np.array([math.sqrt(max(0.0, 1.0 - z * z)), 0.0, z])
    return float(math.atan2(float(np.linalg.norm(np.cross(first, second))), float(first @ second)))


def children(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """The four cells of the next order in each cell."""
    return (4 * cells[:, None] + np.arange(4)).reshape(-1)
