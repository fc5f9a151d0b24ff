"""Which places lie within a distance of the border of a pixel, with numpy alone: for few of both, small ones.

A side of a pixel is no great circle. A place is nearer to a part of it than to the chord of that part by at most what
the part bends away from it, and farther by no more. What this leaves in doubt is asked of the halves of the part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from armillary.sky.cells import on_faces
from armillary.sky.healpix_arrays import split

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 1 << 9
"""Arrays of so many places stay in the nearest caches, and are no new pages of memory each time."""
STEEPEST = 1.5
"""How much more a part may bend than at the places where it is looked at."""
ROUNDING = 1e-15
_ALONG = np.array([0.0, 1.0, 0.25, 0.5, 0.75])[:, None]
# Of the sides of a pixel: where they begin, and which way they go.
_FROM_X, _FROM_Y = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
_WAY_X, _WAY_Y = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])


class _Parts(NamedTuple):
    """Parts of sides of pixels: of each the number of its pixel, and the fractions between which it goes."""

    pixel: NDArray[np.int64]
    side: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def those(self, kept: NDArray[Any]) -> _Parts:
        return _Parts(self.pixel[kept], self.side[kept], self.low[kept], self.high[kept])

    def halves(self) -> _Parts:
        middle = 0.5 * (self.low + self.high)
        pixel, side = np.tile(self.pixel, 2), np.tile(self.side, 2)
        return _Parts(pixel, side, np.append(self.low, middle), np.append(middle, self.high))


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
        near[block] = _near(vectors[block].T, order, pixels[block], chord)
    return near


def _near(vectors: NDArray[np.float64], order: int, pixels: NDArray[np.int64], chord: float) -> NDArray[np.bool_]:
    known, number = np.unique(pixels, return_inverse=True)
    sides = _Parts(
        np.repeat(np.arange(len(known)), 4), np.tile(np.arange(4), len(known)), np.zeros(4 * len(known)),
        np.ones(4 * len(known)),
    )  # fmt: skip
    near = np.zeros(len(pixels), bool)
    # Each side of each pixel is looked at once, however many places it is compared with.
    place = np.repeat(np.arange(len(pixels)), 4)
    asked = (4 * number[:, None] + np.arange(4)).reshape(-1)
    curve, parts = _curve(order, known, sides).take(asked, axis=2), sides.those(asked)
    while len(place):
        away, bend = _distances(curve, vectors.take(place, axis=1))
        settled = bend <= 4.0 * ROUNDING
        near[place[away + np.where(settled, 0.0, bend) <= chord]] = True
        doubtful = (away - bend <= chord) & ~settled & ~near[place]
        place, parts = np.tile(place[doubtful], 2), parts.those(doubtful).halves()
        curve = _curve(order, known, parts)
    return near


def _curve(order: int, pixels: NDArray[np.int64], parts: _Parts) -> NDArray[np.float64]:
    """Both ends of parts and three places between them: unit vectors of shape (3, 5, parts)."""
    face, x, y = (values[parts.pixel] for values in split(pixels, order))
    along = parts.low + (parts.high - parts.low) * _ALONG
    across = (x + _FROM_X[parts.side] + _WAY_X[parts.side] * along) * 0.5**order
    up = (y + _FROM_Y[parts.side] + _WAY_Y[parts.side] * along) * 0.5**order
    return on_faces(face, across, up)


def _distances(
    curve: NDArray[np.float64], vectors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of places from the chords of parts, and how far the parts bend away from these at most."""
    first, way = curve[:, 0], curve[:, 1] - curve[:, 0]
    length = np.maximum((way * way).sum(axis=0), 1e-300)
    asked = np.concatenate([curve[:, 2:], vectors[:, None]], axis=1) - first[:, None]
    reached = np.clip((asked * way[:, None]).sum(axis=0) / length, 0.0, 1.0)
    gap = asked - reached * way[:, None]
    away = np.sqrt((gap * gap).sum(axis=0))
    return away[3], STEEPEST * away[:3].max(axis=0) + ROUNDING
