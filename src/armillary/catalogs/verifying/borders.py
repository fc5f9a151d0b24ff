"""Distances to the border of a pixel the slow way: the border as many places, and great circles between them.

Nothing here is shared with the kernels that make margins.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.hats.pixels import Pixel

POINTS_OF_A_SIDE = 512
ROWS_AT_ONCE = 2048


def border_of(pixel: Pixel, points: int = POINTS_OF_A_SIDE) -> NDArray[np.float64]:
    """Unit vectors of places along the border, once round, shape (4 points, 3)."""
    from armillary.sky.cell_kernels import places

    steps = np.arange(points) / points
    ones, zeros = np.ones(points), np.zeros(points)
    u = np.concatenate([steps, ones, 1.0 - steps, zeros])
    v = np.concatenate([zeros, steps, ones, 1.0 - steps])
    out = np.empty((1, 4 * points, 3))
    places(pixel.order, np.array([pixel.index]), u, v, out)
    border: NDArray[np.float64] = out[0]
    return border


def slack_of(border: NDArray[np.float64]) -> float:
    """How far, in radians, the border may lie beside the great circles between its places."""
    step = float(np.sqrt(np.square(np.roll(border, -1, axis=0) - border).sum(axis=1)).max())
    # Curvature of the sides: their middles against great circles, at half the number of places, bounds a quarter of it.
    middle = border[1::2]
    chord = (border[::2] + np.roll(border, -2, axis=0)[::2]) / 2.0
    chord /= np.sqrt(np.square(chord).sum(axis=1, keepdims=True))
    bend = float(np.sqrt(np.square(middle - chord).sum(axis=1)).max())
    return min(step, bend) + 1e-14


def near(
    vectors: NDArray[np.float64], border: NDArray[np.float64], threshold_rad: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which positions surely lie within a threshold of a border, and which may."""
    sure, may = np.zeros(len(vectors), np.bool_), np.zeros(len(vectors), np.bool_)
    slack = slack_of(border)
    step = float(np.sqrt(np.square(np.roll(border, -1, axis=0) - border).sum(axis=1)).max())
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        given = vectors[part]
        # The places alone settle nearly all: none nearer than the threshold and half a step is out.
        coarse = _angle(np.sqrt(np.maximum(0.0, 2.0 - 2.0 * (given @ border.T).max(axis=1))))
        open_ = np.flatnonzero(coarse <= threshold_rad + step + 1e-7)
        if len(open_):
            apart = _to_segments(given[open_], border)
            sure[start + open_] = apart < threshold_rad - slack
            may[start + open_] = apart <= threshold_rad + slack
    return sure, may


def _to_segments(vectors: NDArray[np.float64], border: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least angle from each position to the great circles between places that follow each other."""
    ahead = np.roll(border, -1, axis=0)
    along = ahead - border
    squares = np.square(along).sum(axis=1)
    best = np.empty(len(vectors))
    for row, vector in enumerate(vectors):
        gap = vector - border
        where = np.clip((gap * along).sum(axis=1) / np.where(squares > 0.0, squares, 1.0), 0.0, 1.0)
        places = border + where[:, None] * along
        places /= np.sqrt(np.square(places).sum(axis=1, keepdims=True))
        best[row] = np.square(vector - places).sum(axis=1).min()
    return _angle(np.sqrt(best))


def _angle(chord: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 2.0 * np.arcsin(np.minimum(1.0, 0.5 * chord))
    return found


def reach_of(order: int) -> float:
    """Radians from the centre of a pixel that hold all of it, generously."""
    return min(math.pi, 1.2 * math.sqrt(math.pi / 3.0) / (1 << min(order, MAX_ORDER)))
