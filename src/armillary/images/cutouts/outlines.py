"""The border of a region as lines in pixels of a plane, for drawing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.regions import Arc, Region
    from armillary.sky.wcs import PlaneWcs

# Points of one border; what they cannot follow any closer stays a little rougher.
MAX_POINTS = 8000
ROUNDS = 14
LEAST_PARTS, MOST_PARTS = 32, 360
PARTS_OF_SIDE = 4
_TOLERANCE_PX = 0.3
_PLANE_PARTS = 8000.0


def outline(wcs: PlaneWcs, region: Region) -> list[NDArray[np.float64]]:
    """Lines of pixels, arrays of shape (n, 2), broken where the map ends or wraps; none where there is no border.

    Each line keeps within a third of a pixel of the border, of a large plane within 1/8000 of its longer side. Lines
    end a little beyond the plane.
    """
    arcs = region.arcs()
    lines: list[NDArray[np.float64]] = []
    for arc in arcs:
        for line in _lines(wcs, arc, alone=len(arcs) == 1, points=max(64, MAX_POINTS // len(arcs))):
            if lines and np.abs(lines[-1][-1] - line[0]).max() < 1e-3:
                lines[-1] = np.concatenate([lines[-1], line[1:]])
            else:
                lines.append(line)
    if len(lines) > 1 and np.abs(lines[-1][-1] - lines[0][0]).max() < 1e-3:
        lines[0] = np.concatenate([lines.pop(), lines[0][1:]])
    return lines


def _lines(wcs: PlaneWcs, arc: Arc, *, alone: bool, points: int) -> list[NDArray[np.float64]]:
    parts = math.ceil(math.degrees(arc.length))
    parts = min(max(parts, LEAST_PARTS if alone else PARTS_OF_SIDE), MOST_PARTS)
    places = np.linspace(0.0, 1.0, parts + 1)
    pixels = _pixels(wcs, arc, places)
    is_open = np.ones(parts, np.bool_)
    tolerance = max(_TOLERANCE_PX, max(wcs.shape) / _PLANE_PARTS)
    for _ in range(ROUNDS):
        if not is_open.any() or len(places) + int(is_open.sum()) > points:
            break
        places, pixels, is_open = _halved(wcs, arc, places, pixels, is_open, tolerance)
    return _broken(pixels, is_open)


def _pixels(wcs: PlaneWcs, arc: Arc, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels of places on an arc; NaN for those far from the plane."""
    pixels = wcs.vectors_to_pixel(arc.at(places))
    ny, nx = wcs.shape
    margin = 2.0 + 0.05 * max(nx, ny)
    with np.errstate(invalid="ignore"):
        near = (pixels >= -margin).all(axis=1) & (pixels[:, 0] <= nx + margin) & (pixels[:, 1] <= ny + margin)
    pixels[~near] = np.nan
    return pixels


def _halved(
    wcs: PlaneWcs,
    arc: Arc,
    places: NDArray[np.float64],
    pixels: NDArray[np.float64],
    is_open: NDArray[np.bool_],
    tolerance: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Put a point in the middle of each open part; parts stay open whose middle is not where a line would have it."""
    which = np.flatnonzero(is_open)
    middles = (places[which] + places[which + 1]) / 2.0
    found = _pixels(wcs, arc, middles)
    miss = np.abs(found - (pixels[which] + pixels[which + 1]) / 2.0).max(axis=1)
    ends = np.isfinite(pixels[:, 0])
    nothing = ~ends[which] & ~ends[which + 1] & ~np.isfinite(found[:, 0])
    goes_on = ~(miss <= tolerance) & ~nothing
    both = is_open.copy()
    both[which] = goes_on
    return (
        np.insert(places, which + 1, middles),
        np.insert(pixels, which + 1, found, axis=0),
        np.insert(both, which, goes_on),
    )


def _broken(pixels: NDArray[np.float64], is_open: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Lines between points without sky and parts that never became straight."""
    finite = np.isfinite(pixels[:, 0])
    cut = np.flatnonzero(is_open | ~finite[:-1] | ~finite[1:]) + 1
    pieces = np.split(pixels, cut)
    return [piece for piece in pieces if len(piece) > 1 and np.isfinite(piece).all()]
