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


def on_faces(face: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors at the fractions ``x``, ``y`` of faces along their sides, shape (3, …) (Górski et al., section 5).

    With numpy alone, for a few of them: the kernels behind ``outlines`` take longer to load.
    """
    row = face // 4
    turn = 2 * (face % 4) + (row != 1)
    down = row + 2 - x - y
    width = np.clip(np.minimum(down, 4.0 - down), 0.0, 1.0)
    z = (2.0 - down) * 2.0 / 3.0
    s = np.sqrt(np.maximum(0.0, 1.0 - z * z))
    cap = width < 1.0
    if cap.any():
        away = width * width / 3.0
        z = np.where(cap, np.copysign(1.0 - away, z), z)
        s = np.where(cap, np.sqrt(away * (2.0 - away)), s)
    across = turn * width + x - y
    angle = 0.25 * math.pi * np.divide(across, width, out=np.zeros_like(across), where=width > 1e-15)
    return np.stack([s * np.cos(angle), s * np.sin(angle), z])


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
