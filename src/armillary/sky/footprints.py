"""Where data lie on the sky: polygons, whole rings of declination, HEALPix cells; and a text for each.

ICRS throughout. A footprint is what searches compare with regions, so it is as exact as its kind allows; its text
(``s_region`` of ObsCore) is one shape, which for data in several pieces holds all of them.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.frames import to_angles, to_vectors
from armillary.sky.regions_base import across, angle, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CELL_ORDER = 29
CELLS_OF_SKY = 12 << (2 * CELL_ORDER)
HULL_LIMIT = math.radians(75.0)
MOST_CORNERS = 64
COARSE_ORDER = 5
CLOSE = math.radians(0.5 / 3600.0)
_DECIMALS = 9


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """A part of the sky.

    Parameters
    ----------
    polygons
        Unit vectors of corners, shape (n, 3) each: what lies on the smaller side of great circles between them,
        counter-clockwise as seen on the sky with north up and east to the left (DALI 1.1, section 3.3.7).
    rings
        Southern and northern declination, degrees, of all right ascensions.
    cells
        Half-open ranges of nested HEALPix cells of order 29, shape (n, 2), sorted, disjoint; empty for none.
    centre, radius_rad
        A circle about all of it.
    words
        All of it as text: ``POLYGON``, ``CIRCLE`` or ``RANGE`` and degrees.
    """

    polygons: tuple[NDArray[np.float64], ...]
    rings: tuple[tuple[float, float], ...]
    cells: NDArray[np.int64]
    centre: NDArray[np.float64]
    radius_rad: float
    words: str


_NO_CELLS = np.empty((0, 2), np.int64)


@functools.cache
def all_sky() -> Footprint:
    """The whole sky."""
    cells = np.array([[0, CELLS_OF_SKY]], np.int64)
    return Footprint((), (), cells, to_vectors(0.0, 90.0), math.pi, "CIRCLE 0 90 180")


def of_polygon(corners: NDArray[np.float64]) -> Footprint:
    """A polygon of less than half of the sky, of corners in the order of ``Footprint.polygons``, shape (n, 3)."""
    centre, radius = cap(corners)
    return Footprint((corners,), (), _NO_CELLS, centre, radius, polygon_words(corners))


def of_ring(south_deg: float, north_deg: float) -> Footprint:
    """All right ascensions between two declinations."""
    if south_deg <= -90.0 and north_deg >= 90.0:
        return all_sky()
    nearer_south = south_deg + 90.0 < 90.0 - north_deg
    reach = north_deg + 90.0 if nearer_south else 90.0 - south_deg
    pole = to_vectors(0.0, -90.0 if nearer_south else 90.0)
    if south_deg <= -90.0 or north_deg >= 90.0:
        words = f"CIRCLE 0 {'-90' if south_deg <= -90.0 else '90'} {_number(reach)}"
    else:
        words = f"RANGE 0 360 {_number(south_deg)} {_number(north_deg)}"
    return Footprint((), ((south_deg, north_deg),), _NO_CELLS, pole, math.radians(reach), words)


def of_cells(order: int, cells: NDArray[np.int64]) -> Footprint:
    """Nested HEALPix cells of one order, ICRS; at least one."""
    return of_ranges(ranges_of_cells(order, cells))


def of_ranges(ranges: NDArray[np.int64]) -> Footprint:
    """Ranges of nested cells of order 29, ICRS, sorted and disjoint, shape (n, 2); at least one."""
    if len(ranges) == 1 and int(ranges[0, 1] - ranges[0, 0]) == CELLS_OF_SKY:
        return all_sky()
    points = _cornersof_ranges(ranges)
    centre, radius = cap(points)
    return Footprint((), (), ranges, centre, radius, _words_around(points, centre, radius))


def ranges_of_cells(order: int, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranges of order 29, as of ``Footprint.cells``."""
    shift = 2 * (CELL_ORDER - order)
    distinct = np.unique(np.asarray(cells, np.int64))
    return joined(np.stack([distinct << shift, (distinct + 1) << shift], axis=-1))


def joined(ranges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted, disjoint ranges of any."""
    if not len(ranges):
        return ranges.reshape(0, 2)
    ordered = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    first = np.concatenate([[True], ordered[1:, 0] > reach[:-1]])
    starts = np.flatnonzero(first)
    ends = np.concatenate([starts[1:], [len(ordered)]]) - 1
    return np.stack([ordered[starts, 0], reach[ends]], axis=-1)


def merged(parts: Sequence[Footprint]) -> Footprint | None:
    """All of several footprints; those that are the same but for half an arcsecond once. None of none."""
    distinct: list[Footprint] = []
    for part in parts:
        if not any(_same(part, other) for other in distinct[-4:]):
            distinct.append(part)
    if len(distinct) < 2:
        return distinct[0] if distinct else None
    cells = joined(np.concatenate([part.cells for part in distinct]))
    if len(cells) == 1 and int(cells[0, 1] - cells[0, 0]) == CELLS_OF_SKY:
        return all_sky()
    polygons = tuple(polygon for part in distinct for polygon in part.polygons)
    rings = tuple(ring for part in distinct for ring in part.rings)
    points = [*polygons, *([_cornersof_ranges(cells)] if len(cells) else []), *map(points_of_ring, rings)]
    around = np.concatenate(points)
    centre, radius = cap(around)
    return Footprint(polygons, rings, cells, centre, radius, _words_around(around, centre, radius))


def _same(one: Footprint, other: Footprint) -> bool:
    if len(one.polygons) != len(other.polygons) or one.rings != other.rings or len(one.cells) != len(other.cells):
        return False
    if not np.array_equal(one.cells, other.cells):
        return False
    return all(
        len(a) == len(b) and bool((np.abs(a - b) <= CLOSE).all())
        for a, b in zip(one.polygons, other.polygons, strict=True)
    )


def cap(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Middle of unit vectors, shape (n, 3), and the radius in radians of a circle about it that holds them.

    What lies between points of a cap of less than half of the sky lies in it; a wider one becomes the whole sky.
    """
    total = points.sum(axis=0)
    if np.abs(total).max() < 1e-9 * len(points):
        return to_vectors(0.0, 90.0), math.pi
    centre = unit(total)
    apart = angle(points, centre)
    radius = float(apart.max())
    if len(points) > 4 or radius > 1.02 * float(apart.min()):
        lean = _leaned(points, centre)
        other = float(angle(points, lean).max())
        if other < radius:
            centre, radius = lean, other
    return (centre, math.pi) if radius >= math.pi / 2.0 else (centre, radius * (1.0 + 1e-12) + 1e-12)


def _leaned(points: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """A centre nearer to that of the smallest circle: steps toward the farthest point (Bădoiu & Clarkson 2003)."""
    for step in range(3, 41):
        far = points[(points @ centre).argmin()]
        moved = centre + (far - centre) / step
        centre = moved / math.sqrt(moved @ moved)
    return centre


def polygon_words(corners: NDArray[np.float64]) -> str:
    """``POLYGON`` and right ascensions and declinations of corners."""
    ra, dec = to_angles(corners)
    pairs = (f"{_number(a)} {_number(d)}" for a, d in zip(ra.tolist(), dec.tolist(), strict=True))
    return f"POLYGON {' '.join(pairs)}"


def _number(value: float) -> str:
    """Degrees to 4 µas."""
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", "360"} else text


def _words_around(points: NDArray[np.float64], centre: NDArray[np.float64], radius_rad: float) -> str:
    """One shape about all points: their hull, else what bounds them in right ascension and declination."""
    if radius_rad <= HULL_LIMIT:
        corners = hull(points, centre)
        if len(corners) >= 3:
            return polygon_words(corners)
        ra, dec = to_angles(centre)
        return f"CIRCLE {_number(float(ra))} {_number(float(dec))} {_number(math.degrees(radius_rad))}"
    return _bounds_words(points)


def _bounds_words(points: NDArray[np.float64]) -> str:
    ra, dec = to_angles(points)
    south, north = float(dec.min()), float(dec.max())
    south, north = (-90.0 if south < -88.0 else south), (90.0 if north > 88.0 else north)
    ordered = np.sort(ra)
    gaps = np.diff(np.concatenate([ordered, ordered[:1] + 360.0]))
    widest = int(np.argmax(gaps))
    if gaps[widest] < 10.0 or south == -90.0 or north == 90.0:
        return all_sky().words if (south, north) == (-90.0, 90.0) else of_ring(south, north).words
    first, last = float(ordered[(widest + 1) % len(ordered)]), float(ordered[widest])
    return f"RANGE {_number(first)} {_number(last)} {_number(south)} {_number(north)}"


def hull(points: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the convex hull of points within 90° of a centre, at most 64, counter-clockwise on the sky.

    Great circles are straight in the gnomonic projection, so the hull is that of the plane; of more corners those
    that change least are joined outward.
    """
    east, north = _axes_on_sky(centre)
    depth = points @ centre
    flat = np.stack([-(points @ east) / depth, (points @ north) / depth], axis=-1)  # as on the sky: east to the left
    corners = _outward(_plane_hull(flat))
    if len(corners) < 3:
        return np.empty((0, 3))
    return unit(centre - corners[:, :1] * east + corners[:, 1:] * north)


def _axes_on_sky(centre: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eastward and northward unit vectors at a place; any such pair at a pole."""
    pole = np.array([0.0, 0.0, 1.0])
    if abs(centre[2]) > 1.0 - 1e-12:
        first, _ = across(centre)
        return first, np.cross(centre, first)
    east = unit(np.cross(pole, centre))
    return east, np.cross(centre, east)


def _plane_hull(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convex hull of points of the plane, counter-clockwise (Andrew's monotone chain)."""
    ordered = np.unique(flat, axis=0).tolist()
    if len(ordered) < 3:
        return np.empty((0, 2))
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _chain(points: list[list[float]]) -> list[list[float]]:
    found: list[list[float]] = []
    for x, y in points:
        while len(found) > 1:
            (x1, y1), (x2, y2) = found[-2], found[-1]
            if (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) > 0.0:
                break
            found.pop()
        found.append([x, y])
    return found


def _outward(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """A hull of at most 64 corners around one of more: the side that costs least area is taken out, again and again."""
    points = corners.tolist()
    while len(points) > MOST_CORNERS:
        best, where, corner = math.inf, -1, (0.0, 0.0)
        for k in range(len(points)):
            a, b, c, d = (points[(k + n) % len(points)] for n in range(4))
            found = _meeting(a, b, c, d)
            if found is not None and found[0] < best:
                best, where, corner = found[0], k, found[1]
        if where < 0:
            break
        points[(where + 1) % len(points)] = list(corner)
        del points[(where + 2) % len(points)]
    return np.array(points)


def _meeting(
    a: list[float], b: list[float], c: list[float], d: list[float]
) -> tuple[float, tuple[float, float]] | None:
    """Where the lines a–b and d–c meet beyond b and c, and the area that this adds; None where they do not."""
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], c[0] - d[0], c[1] - d[1]
    turn = ux * vy - uy * vx
    if abs(turn) < 1e-30:
        return None
    along = ((d[0] - a[0]) * vy - (d[1] - a[1]) * vx) / turn
    if along < 1.0:
        return None
    x, y = a[0] + along * ux, a[1] + along * uy
    return abs((x - b[0]) * (c[1] - b[1]) - (y - b[1]) * (c[0] - b[0])), (x, y)


def points_of_ring(ring: tuple[float, float]) -> NDArray[np.float64]:
    """Places along both ends of a ring, degrees of declination; unit vectors, shape (144, 3)."""
    ra = np.arange(0.0, 360.0, 5.0)
    return np.concatenate([to_vectors(ra, np.full(len(ra), dec)) for dec in ring])


def _cornersof_ranges(ranges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Corners and middles of sides of the cells of some ranges; of coarser cells around them where these are many."""
    from armillary.sky.cells import outlines

    for order in (12, 10, 8, 7, 6, COARSE_ORDER):
        shift = 2 * (CELL_ORDER - order)
        first, last = ranges[:, 0] >> shift, (ranges[:, 1] - 1) >> shift
        if int((last - first + 1).sum()) <= 4096:
            break
    cells = np.unique(np.concatenate([np.arange(a, b + 1) for a, b in zip(first.tolist(), last.tolist(), strict=True)]))
    return outlines(order, cells)[:, 1:].reshape(-1, 3)
