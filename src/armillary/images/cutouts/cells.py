"""Boxes of pixels and the circles of the sky that hold them: whole boxes are then inside or outside a region.

Nine pixels of a box are looked up. The circle about the middle one that holds the others, made wider, holds what lies
between them wherever the projection is continuous. Boxes of which only a part has sky are never taken for whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from armillary.sky.regions_base import angle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.wcs import PlaneWcs

SPARE = 1.3
PARTLY_SPARE = 4.0
_MIDDLE = 4


class Cells(NamedTuple):
    """Boxes of pixels.

    Parameters
    ----------
    x0, x1, y0, y1
        First and last column and row, both included; shape (n,).
    nodes
        Unit vectors of nine pixels of each, shape (n, 9, 3): rows of three from below, NaN where there is no sky.
    middle, radius
        Circle that holds the box: unit vectors, shape (n, 3), and radians. Infinite where no pixel that was looked
        up has sky.
    whole
        Whether all nine have.
    """

    x0: NDArray[np.int64]
    x1: NDArray[np.int64]
    y0: NDArray[np.int64]
    y1: NDArray[np.int64]
    nodes: NDArray[np.float64]
    middle: NDArray[np.float64]
    radius: NDArray[np.float64]
    whole: NDArray[np.bool_]

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Cells:
        """Some of them."""
        return Cells._make(part[which] for part in self)


def node_pixels(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """First, middle and last of each, shape (n, 3)."""
    return np.stack([first, (first + last) // 2, last], axis=-1)


def look_up(
    wcs: PlaneWcs, x0: NDArray[np.int64], x1: NDArray[np.int64], y0: NDArray[np.int64], y1: NDArray[np.int64]
) -> Cells:
    """Find the circles of boxes."""
    x, y = node_pixels(x0, x1), node_pixels(y0, y1)
    shape = (len(x), 3, 3)
    nodes = wcs.pixel_to_vectors(np.broadcast_to(x[:, None, :], shape), np.broadcast_to(y[:, :, None], shape))
    nodes = nodes.reshape(-1, 9, 3)
    return Cells(x0, x1, y0, y1, nodes, *_circles(nodes, wcs.pixel_scale_deg, np.hypot(x1 - x0 + 1, y1 - y0 + 1)))


def _circles(
    nodes: NDArray[np.float64], scale_deg: float, diagonal: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    finite = np.isfinite(nodes[..., 0])
    whole: NDArray[np.bool_] = np.asarray(finite.all(axis=1))
    place = np.where(finite[:, _MIDDLE], _MIDDLE, finite.argmax(axis=1))
    middle = np.take_along_axis(nodes, place[:, None, None], axis=1)
    reach = np.where(finite, angle(nodes, middle), 0.0).max(axis=1)
    least = np.radians(scale_deg) * diagonal / 2.0
    radius = np.where(whole, SPARE * reach + 1e-12, PARTLY_SPARE * np.maximum(reach, least))
    radius = np.where(finite.any(axis=1), radius, np.inf)
    return middle[:, 0], radius, whole


def split(cells: Cells, parts: int) -> tuple[NDArray[np.int64], ...]:
    """Corners of the parts of each box, ``parts`` by ``parts`` where it has that many pixels; and whose parts they are.

    Returns
    -------
    ``x0, x1, y0, y1, owner``, each of shape (m,).
    """
    xs, ys = _edges(cells.x0, cells.x1, parts), _edges(cells.y0, cells.y1, parts)
    shape = (len(cells.x0), parts, parts)
    x0 = np.broadcast_to(xs[:, None, :-1], shape).reshape(-1)
    x1 = np.broadcast_to(xs[:, None, 1:], shape).reshape(-1) - 1
    y0 = np.broadcast_to(ys[:, :-1, None], shape).reshape(-1)
    y1 = np.broadcast_to(ys[:, 1:, None], shape).reshape(-1) - 1
    owner = np.repeat(np.arange(shape[0]), parts * parts)
    some = (x0 <= x1) & (y0 <= y1)
    return x0[some], x1[some], y0[some], y1[some], owner[some]


def _edges(first: NDArray[np.int64], last: NDArray[np.int64], parts: int) -> NDArray[np.int64]:
    """``parts`` + 1 edges of half-open parts of each interval."""
    return first[:, None] + (last - first + 1)[:, None] * np.arange(parts + 1) // parts
