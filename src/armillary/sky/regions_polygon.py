"""Polygons whose sides are great circles."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import LimitError, ParameterError
from armillary.sky.frames import to_vectors
from armillary.sky.regions_base import SPHERE_DEG2, TOLERANCE, Arc, Region, across, angle, as_vectors, number, unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_CORNERS = 3
MAX_CORNERS = 1000
MANY_CORNERS = 64
# Corners nearer than this, and sides that come this near to each other, are one: 2e-5 arcseconds.
CLOSE = 1e-10
_BINS_FOR_CORNER = 4
_POLES = 200
_GOLDEN = (1.0 + math.sqrt(5.0)) / 2.0


class Polygon(Region):
    """What lies on the smaller side of a closed line of great circles.

    Parameters
    ----------
    corners
        Right ascensions and declinations in degrees, shape (n, 2); the last is joined to the first. Of two sides of
        equal area the one to the west of a side that goes north is meant.

    Raises
    ------
    ParameterError
        Fewer than three corners, one that is repeated or opposite its neighbour, sides that touch or cross, no area.
    LimitError
        More than 1000 corners.
    """

    def __init__(self, corners: NDArray[np.float64], *, parameter: str = "POS") -> None:
        given = np.asarray(corners, np.float64).reshape(-1, 2)
        _check_corners(given, parameter)
        self._given = given
        points = to_vectors(given[:, 0] % 360.0, given[:, 1])
        _check_apart(points, parameter)
        _check_sides(points, parameter)
        area = _signed_area(points)
        if abs(area) <= CLOSE * CLOSE:
            raise ParameterError(parameter, "the polygon has no area: its corners lie on one line")
        # Half the sphere may come out with either sign.
        is_left = area > 0.0 or area <= 1e-9 - 2.0 * math.pi
        self._points = points if is_left else points[::-1].copy()
        self._area = abs(area)

    @functools.cached_property
    def _sides(self) -> _Sides:
        return _Sides(self._points)

    def contains(self, vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions lie inside: sides crossed on the way to a pole are counted."""
        from armillary.sky.regions_kernels import inside_polygon

        given = as_vectors(vectors)
        inside = np.empty(given.shape[:-1], np.bool_)
        sides = self._sides
        inside_polygon(
            given.reshape(-1, 3), sides.frame, sides.table, sides.bins, sides.listed, sides.pole_inside, TOLERANCE,
            inside.reshape(-1),
        )  # fmt: skip
        return inside

    def clearance(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radians to the border."""
        from armillary.sky.regions_kernels import distance_to_sides

        given = as_vectors(vectors)
        apart = np.empty(given.shape[:-1])
        distance_to_sides(given.reshape(-1, 3), self._points, self._sides.normals, apart.reshape(-1))
        return np.where(self.contains(given), apart, -apart)

    def side(self, vectors: NDArray[np.float64], slack: NDArray[np.float64]) -> NDArray[np.int8]:
        """Which side of the border positions are on; of many corners all are in doubt: distances cost too much."""
        if len(self._points) > MANY_CORNERS:
            return np.zeros(vectors.shape[:-1], np.int8)
        return super().side(vectors, slack)

    def cone(self) -> tuple[NDArray[np.float64], float]:
        """A circle about the middle of the corners."""
        middle = self.centre()
        if bool(self.contains(-middle)):
            return middle, math.pi
        return middle, float(_farthest(middle, self._points, self._sides.normals))

    def centre(self) -> NDArray[np.float64]:
        """Middle of the sides, each by its length; of a polygon all around the sky the normal of its border."""
        ahead = np.roll(self._points, -1, axis=0)
        lengths = angle(self._points, ahead)
        total = ((self._points + ahead) * lengths[:, None]).sum(axis=0)
        if np.abs(total).max() < 1e-6 * lengths.sum():
            total = np.cross(self._points, ahead).sum(axis=0)
        return unit(total)

    def arcs(self) -> list[Arc]:
        """The sides."""
        return [_side(one, two) for one, two in zip(self._points, np.roll(self._points, -1, axis=0), strict=True)]

    @property
    def area_deg2(self) -> float:
        """Area by the spherical excess."""
        return SPHERE_DEG2 * self._area / (4.0 * math.pi)

    @property
    def words(self) -> str:
        """Text of ``POS``."""
        return "POLYGON " + " ".join(number(value) for value in self._given.ravel())


class _Sides:
    """The sides, sorted by longitude about a pole that lies far from all of them, for counting crossings.

    Attributes
    ----------
    normals
        Unit normals of the sides, shape (n, 3); inside is where they point to.
    frame
        Rows are the axes of the frame of the pole, the pole last.
    table
        For each side: longitudes of its western and eastern end in turns (the eastern from the western on), its normal
        pointing poleward, the middle of it, and the cosine of half its length; shape (n, 9).
    bins, listed
        Sides over each of equal parts of the circle: ``listed[bins[k]:bins[k + 1]]``.
    pole_inside
        Whether the pole belongs to the polygon.
    """

    def __init__(self, points: NDArray[np.float64]) -> None:
        ahead = np.roll(points, -1, axis=0)
        self.normals = unit(_cross(points, ahead))
        pole = _far_pole(points, self.normals)
        self.frame = np.stack([*across(pole), pole])
        turned = points @ self.frame.T
        longitude = np.arctan2(turned[:, 1], turned[:, 0]) / (2.0 * math.pi) % 1.0
        step = (np.roll(longitude, -1) - longitude + 0.5) % 1.0 - 0.5
        eastward = step >= 0.0
        west = np.where(eastward, longitude, np.roll(longitude, -1))
        east = np.where(eastward, np.roll(longitude, -1), longitude)
        east = np.where(east < west, east + 1.0, east)
        northern = np.where(eastward[:, None], self.normals, -self.normals)
        half = np.cos(angle(points, ahead) / 2.0)
        self.table = np.column_stack([west, east, northern, unit(points + ahead), half])
        self.bins, self.listed = _binned(west, east, _BINS_FOR_CORNER * len(points))
        self.pole_inside = self._pole_inside(west, east, eastward)

    def _pole_inside(self, west: NDArray[np.float64], east: NDArray[np.float64], eastward: NDArray[np.bool_]) -> bool:
        """Whether the side nearest to the pole, on the meridian through the middle of the widest one, goes east."""
        widest = int(np.argmax(east - west))
        meridian = (west[widest] + east[widest]) / 2.0
        over = ((meridian - west) % 1.0) < (east - west)
        turn = 2.0 * math.pi * meridian
        level = math.cos(turn) * self.frame[0] + math.sin(turn) * self.frame[1]
        northern = self.table[over, 2:5]
        latitude = np.arctan2(-(northern @ level), northern @ self.frame[2])
        return bool(eastward[over][np.argmax(latitude)])


def _binned(
    west: NDArray[np.float64], east: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which intervals reach into each of ``count`` equal parts of a circle of length 1, with a little to spare."""
    slack = 1e-9
    first = np.floor((west - slack) * count).astype(np.int64)
    last = np.floor((east + slack) * count).astype(np.int64)
    parts = [np.unique(np.arange(a, b + 1) % count) for a, b in zip(first, last, strict=True)]
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    places = np.concatenate(parts)
    order = np.argsort(places, kind="stable")
    return np.searchsorted(places[order], np.arange(count + 1)), owner[order]


def _far_pole(points: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of places spread evenly (a Fibonacci lattice) the one that, with its antipode, is farthest from every side."""
    from armillary.sky.regions_kernels import distance_to_sides

    k = np.arange(_POLES) + 0.5
    z = 1.0 - k / _POLES  # one half of the sphere: the other are the antipodes
    turn = 2.0 * math.pi * k / _GOLDEN
    flat = np.sqrt(1.0 - z * z)
    places = np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=-1)
    both = np.empty((2, _POLES))
    distance_to_sides(places, points, normals, both[0])
    distance_to_sides(-places, points, normals, both[1])
    best: NDArray[np.float64] = places[np.argmax(both.min(axis=0))]
    return best


def _farthest(middle: NDArray[np.float64], points: NDArray[np.float64], normals: NDArray[np.float64]) -> float:
    """Radians from a place to the farthest point of the sides."""
    reach = float(angle(points, middle).max())
    ahead = np.roll(points, -1, axis=0)
    # The point of each great circle opposite to the one nearest to the middle.
    far = -(middle - (normals @ middle)[:, None] * normals)
    size = np.sqrt(np.square(far).sum(axis=-1))
    centre = unit(points + ahead)
    on_side = (far * centre).sum(axis=-1) >= size * np.cos(angle(points, ahead) / 2.0)
    if on_side.any():
        reach = max(reach, float(np.max(math.pi - np.arcsin(np.clip(np.abs(normals @ middle), 0.0, 1.0)[on_side]))))
    return reach


def _side(one: NDArray[np.float64], two: NDArray[np.float64]) -> Arc:
    length = float(angle(one, two))

    def at(places: NDArray[np.float64]) -> NDArray[np.float64]:
        turn = places[:, None] * length
        mixed: NDArray[np.float64] = (np.sin(length - turn) * one + np.sin(turn) * two) / math.sin(length)
        return unit(mixed)

    return Arc(at, length)


def _cross(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross products without the loss of digits where vectors are close: ``(a − b) × (a + b) / 2 = a × b``."""
    return np.cross(one - two, one + two) / 2.0


def _signed_area(points: NDArray[np.float64]) -> float:
    """Steradians of the smaller side of a closed line, positive where it lies to the left, seen from outside.

    Oriented triangles from a corner (Van Oosterom & Strackee 1983), or from where no corner is near or opposite;
    their sum is known but for whole spheres.
    """
    origin, one, two = points[0], points, np.roll(points, -1, axis=0)
    if (points @ origin).min() < 0.0:
        # A triangle with opposite corners has no area of its own.
        origin = _far_pole(points, unit(_cross(one, two)))
    volume = (np.cross(one - origin, two - origin) * origin).sum(axis=-1)
    rest = 1.0 + one @ origin + two @ origin + (one * two).sum(axis=-1)
    return math.remainder(float((2.0 * np.arctan2(volume, rest)).sum()), 4.0 * math.pi)


def _check_corners(given: NDArray[np.float64], parameter: str) -> None:
    if len(given) < MIN_CORNERS:
        raise ParameterError(parameter, f"a polygon has at least {MIN_CORNERS} corners, not {len(given)}")
    if len(given) > MAX_CORNERS:
        raise LimitError(
            f"{parameter}: a polygon has at most {MAX_CORNERS} corners, not {len(given)}: leave some out.",
            parameter=parameter,
            max_corners=MAX_CORNERS,
        )
    if not np.isfinite(given).all():
        raise ParameterError(parameter, "a corner of the polygon is not finite")
    if np.abs(given[:, 1]).max() > 90.0:
        raise ParameterError(parameter, "declinations are from -90 to 90 degrees")


def _check_apart(points: NDArray[np.float64], parameter: str) -> None:
    """Refuse corners that are repeated, and neighbours that no single great circle joins."""
    count = len(points)
    cosine = points @ points.T
    for i, j in np.argwhere(np.triu(cosine > 1.0 - 1e-12, 1)).tolist():
        if float(angle(points[i], points[j])) <= CLOSE:
            remedy = "the last is joined to the first by itself" if (i, j) == (0, count - 1) else "leave one out"
            raise ParameterError(parameter, f"corners {i + 1} and {j + 1} of the polygon are the same: {remedy}")
    opposite = angle(points, np.roll(points, -1, axis=0)) >= math.pi - CLOSE
    if opposite.any():
        k = int(np.argmax(opposite))
        raise ParameterError(
            parameter, f"corners {k + 1} and {(k + 1) % count + 1} of the polygon are opposite: put one between"
        )


def _check_sides(points: NDArray[np.float64], parameter: str) -> None:
    """Refuse sides that cross or touch."""
    from armillary.sky.regions_kernels import first_crossing

    one, two = first_crossing(points, unit(_cross(points, np.roll(points, -1, axis=0))), CLOSE)
    if one >= 0:
        raise ParameterError(
            parameter,
            f"sides {one + 1} and {two + 1} of the polygon cross or touch (side 1 is from corner 1 to corner 2)",
        )
