"""Polygons whose sides are great circles."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import ParameterError
from armillary.sky.frames import to_vectors
from armillary.sky.regions_base import SPHERE_DEG2, TOLERANCE, Arc, ForKernels, Region, angle, as_vectors, number, unit
from armillary.sky.regions_checks import CLOSE, check_corners, check_shape
from armillary.sky.regions_sides import Sides, cross, far_pole

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANY_CORNERS = 64


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
        More than 100 000 corners, or so many that go to and fro that comparing them takes too long.
    """

    def __init__(self, corners: NDArray[np.float64], *, parameter: str = "POS") -> None:
        given = np.asarray(corners, np.float64).reshape(-1, 2)
        check_corners(given, parameter)
        self._given = given
        points = to_vectors(given[:, 0] % 360.0, given[:, 1])
        check_shape(points, parameter)
        area = _signed_area(points)
        if abs(area) <= CLOSE * CLOSE:
            raise ParameterError(parameter, "the polygon has no area: its corners lie on one line")
        # Half the sphere may come out with either sign.
        is_left = area > 0.0 or area <= 1e-9 - 2.0 * math.pi
        self._points = points if is_left else points[::-1].copy()
        self._area = abs(area)

    @functools.cached_property
    def _sides(self) -> Sides:
        return Sides(self._points)

    def contains(self, vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions lie inside: sides crossed on the way to a pole are counted."""
        from armillary.sky.judge_kernels import in_polygon

        given, sides = as_vectors(vectors), self._sides
        inside = np.empty(given.shape[:-1], np.bool_)
        in_polygon(
            given.reshape(-1, 3), TOLERANCE, sides.kind, sides.frame, sides.table, sides.bins, sides.listed,
            sides.numbers, inside.reshape(-1),
        )  # fmt: skip
        return inside

    def clearance(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radians to the border."""
        from armillary.sky.judge_kernels import distances

        given, sides = as_vectors(vectors), self._sides
        apart = np.empty(given.shape[:-1])
        distances(given.reshape(-1, 3), self._points, sides.normals, sides.caps, sides.levels, apart.reshape(-1))
        return np.where(self.contains(given), apart, -apart)

    def side(self, vectors: NDArray[np.float64], slack: NDArray[np.float64]) -> NDArray[np.int8]:
        """Which side of the border positions are on; of many corners all are in doubt: distances cost too much."""
        if len(self._points) > MANY_CORNERS:
            return np.zeros(vectors.shape[:-1], np.int8)
        return super().side(vectors, slack)

    def for_kernels(self) -> ForKernels:
        """Its tables."""
        sides = self._sides
        tables = (
            self._points, sides.normals, sides.caps, sides.levels, sides.frame, sides.table, sides.bins, sides.listed,
        )  # fmt: skip
        return ForKernels(sides.kind, sides.numbers, tables, sides.most_slack)

    def cone(self) -> tuple[NDArray[np.float64], float]:
        """A circle about the middle of the corners."""
        return self._cone

    @functools.cached_property
    def _cone(self) -> tuple[NDArray[np.float64], float]:
        around = self._sides.around
        if around is not None:
            return around[:3], float(around[3])
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

    def border(self, count: int) -> NDArray[np.float64]:
        """Places along the sides; of many corners some."""
        if len(self._points) <= count:
            return super().border(count)
        return self._points[:: len(self._points) // count]

    @property
    def area_deg2(self) -> float:
        """Area by the spherical excess."""
        return SPHERE_DEG2 * self._area / (4.0 * math.pi)

    @functools.cached_property
    def words(self) -> str:
        """Text of ``POS``."""
        return "POLYGON " + " ".join(number(value) for value in self._given.ravel())


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


def _signed_area(points: NDArray[np.float64]) -> float:
    """Steradians of the smaller side of a closed line, positive where it lies to the left, seen from outside.

    Oriented triangles from a corner (Van Oosterom & Strackee 1983), or from where no corner is near or opposite;
    their sum is known but for whole spheres.
    """
    from armillary.sky.polygon_kernels import area_about_first

    origin, one, two = points[0], points, np.roll(points, -1, axis=0)
    nearest = float((points @ origin).min())
    if nearest > 0.5 and len(points) <= MANY_CORNERS:
        return float(area_about_first(points))
    if nearest < 0.0:
        # A triangle with opposite corners has no area of its own.
        origin = far_pole(points, unit(cross(one, two)))[0]
    volume = (np.cross(one - origin, two - origin) * origin).sum(axis=-1)
    rest = 1.0 + one @ origin + two @ origin + (one * two).sum(axis=-1)
    return math.remainder(float((2.0 * np.arctan2(volume, rest)).sum()), 4.0 * math.pi)
