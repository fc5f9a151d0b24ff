"""Which places lie within a distance of the border of a pixel, with numpy alone: for few of both, small ones.

A side of a pixel is no great circle. A place is nearer to a part of it than to the chord of that part by at most what
the part bends away from it, and farther by no more. What this leaves in doubt is asked of the halves of the part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from armillary.sky.cells import on_faces
from armillary.sky.healpix_arrays import split

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 1 << 13
STEEPEST = 1.5
"""How much more a part may bend than at the places where it is looked at."""
ROUNDING = 1e-15
_ALONG = np.array([0.0, 1.0, 0.25, 0.5, 0.75])[:, None]
# Of the sides of a pixel: where they begin, and which way they go.
_FROM_X, _FROM_Y = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
_WAY_X, _WAY_Y = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])


class _Pixels(NamedTuple):
    """Faces of pixels, and their corners in units of their sides."""

    face: NDArray[np.int64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]


class _Parts(NamedTuple):
    """Parts of sides of pixels, each of which is compared with a place of its own."""

    which: NDArray[np.int64]
    side: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def kept(self, those: NDArray[np.bool_]) -> _Parts:
        return _Parts(self.which[those], self.side[those], self.low[those], self.high[those])

    def halves(self) -> _Parts:
        middle = 0.5 * (self.low + self.high)
        which, side = np.tile(self.which, 2), np.tile(self.side, 2)
        return _Parts(which, side, np.append(self.low, middle), np.append(middle, self.high))


def near_borders(
    vectors: NDArray[np.float64], order: int, pixels: NDArray[np.int64], threshold: float
) -> NDArray[np.bool_]:
    """Whether each place lies within a threshold of the border of a pixel of its own.

    Parameters
    ----------
    vectors
        Unit vectors, shape (places, 3).
    order, pixels
        Of the pixels.
    threshold
        Radians.
    """
    chord = 2.0 * np.sin(0.5 * min(threshold, np.pi))
    near = np.zeros(len(vectors), bool)
    for start in range(0, len(vectors), BLOCK):
        block = slice(start, start + BLOCK)
        near[block] = _near(vectors[block].T, order, _Pixels(*split(pixels[block], order)), chord)
    return near


def _near(vectors: NDArray[np.float64], order: int, pixels: _Pixels, chord: float) -> NDArray[np.bool_]:
    count = vectors.shape[1]
    near = np.zeros(count, bool)
    parts = _Parts(
        np.tile(np.arange(count), 4), np.repeat(np.arange(4), count), np.zeros(4 * count), np.ones(4 * count)
    )
    while len(parts.which):
        away, bend = _distances(parts, vectors, order, pixels)
        settled = bend <= 4.0 * ROUNDING
        near[parts.which[away + np.where(settled, 0.0, bend) <= chord]] = True
        parts = parts.kept((away - bend <= chord) & ~settled & ~near[parts.which]).halves()
    return near


def _distances(
    parts: _Parts, vectors: NDArray[np.float64], order: int, pixels: _Pixels
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of places from the chords of parts, and how far the parts bend away from these at most."""
    along = parts.low + (parts.high - parts.low) * _ALONG
    x = (pixels.x[parts.which] + _FROM_X[parts.side] + _WAY_X[parts.side] * along) * 0.5**order
    y = (pixels.y[parts.which] + _FROM_Y[parts.side] + _WAY_Y[parts.side] * along) * 0.5**order
    curve = on_faces(pixels.face[parts.which], x, y)
    first, way = curve[:, 0], curve[:, 1] - curve[:, 0]
    length = np.maximum((way * way).sum(axis=0), 1e-300)
    asked = np.concatenate([curve[:, 2:], vectors[:, None, parts.which]], axis=1) - first[:, None]
    reached = np.clip((asked * way[:, None]).sum(axis=0) / length, 0.0, 1.0)
    gap = asked - reached * way[:, None]
    away = np.sqrt((gap * gap).sum(axis=0))
    return away[3], STEEPEST * away[:3].max(axis=0) + ROUNDING
