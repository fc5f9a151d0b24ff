"""Polygons of few corners by compiled loops: what is wrong with one, and its tables. Import inside functions only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from armillary.sky.regions_kernels import meet

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINE, SAME, OPPOSITE, MEETING, WIDE = 0, 1, 2, 3, 4
# Corners within this angle of their middle: sides stay in the circle about them, and a pole 90° away is far from all.
MOST_RADIUS = math.pi / 4.0


@njit(nogil=True, cache=True)
def _chord2(one: Any, two: Any) -> Any:
    x, y, z = one[0] - two[0], one[1] - two[1], one[2] - two[2]
    return x * x + y * y + z * z


@njit(nogil=True, cache=True)
def find_fault(points: NDArray[np.float64], close: float) -> tuple[int, int, int]:
    """``FINE``; ``SAME`` and two corners; ``OPPOSITE`` and a corner and the next; ``MEETING`` and two sides."""
    count = points.shape[0]
    for i in range(count):
        for j in range(i + 1, count):
            if _chord2(points[i], points[j]) <= close * close:
                return SAME, i, j
    for i in range(count):
        j = (i + 1) % count
        if _chord2(points[i], -points[j]) <= close * close:
            return OPPOSITE, i, j
    normals = side_normals(points)
    for i in range(count):
        for j in range(i + 1, count):
            if meet(points, normals, i, j, close):
                return MEETING, i, j
    return FINE, 0, 0


@njit(nogil=True, cache=True)
def side_normals(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit normals of the sides, without the loss of digits where corners are close: (a − b) × (a + b) / 2 = a × b."""
    count = points.shape[0]
    normals = np.empty((count, 3))
    for i in range(count):
        j = (i + 1) % count
        ux, uy, uz = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
        vx, vy, vz = points[i, 0] + points[j, 0], points[i, 1] + points[j, 1], points[i, 2] + points[j, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        size = math.sqrt(x * x + y * y + z * z)
        normals[i, 0], normals[i, 1], normals[i, 2] = x / size, y / size, z / size
    return normals


@njit(nogil=True, cache=True)
def around(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middle of the corners and the angle to the farthest, in radians; ``pi`` where they are not within 45°."""
    cap = np.zeros(4)
    for i in range(points.shape[0]):
        for axis in range(3):
            cap[axis] += points[i, axis]
    size = math.sqrt(cap[0] * cap[0] + cap[1] * cap[1] + cap[2] * cap[2])
    cap[3] = math.pi
    if size < 0.5 * points.shape[0]:
        return cap
    cap[:3] /= size
    far = 0.0
    for i in range(points.shape[0]):
        far = max(far, _chord2(points[i], cap))
    angle = 2.0 * math.asin(min(1.0, 0.5 * math.sqrt(far)))
    if angle < MOST_RADIUS:
        cap[3] = angle * (1.0 + 1e-9) + 1e-12
    return cap


@njit(nogil=True, cache=True)
def area_about_first(points: NDArray[np.float64]) -> Any:
    """Steradians, positive where the corners go to the left; only for corners that are near to each other.

    Triangles from the first one (Van Oosterom & Strackee 1983).
    """
    total = 0.0
    a = points[0]
    for i in range(1, points.shape[0] - 1):
        b, c = points[i], points[i + 1]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        volume = (uy * vz - uz * vy) * a[0] + (uz * vx - ux * vz) * a[1] + (ux * vy - uy * vx) * a[2]
        rest = 1.0
        for axis in range(3):
            rest += b[axis] * a[axis] + c[axis] * a[axis] + b[axis] * c[axis]
        total += 2.0 * math.atan2(volume, rest)
    return total


@njit(nogil=True, cache=True)
def few_sides(
    points: NDArray[np.float64], middle: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Normals, frame and table as ``regions_sides.Sides`` has them, of a polygon within 45° of ``middle``.

    The pole lies at right angles to the middle, so outside. In the place of longitudes the table has both coordinates
    across the pole of the corner at which a side begins, the first towards the middle.
    """
    count = points.shape[0]
    normals, frame, table = side_normals(points), np.zeros((3, 3)), np.empty((count, 9))
    # The axis that is farthest from the middle, made orthogonal to it.
    least = 0
    for axis in range(3):
        if abs(middle[axis]) < abs(middle[least]):
            least = axis
    for axis in range(3):
        frame[0, axis] = middle[axis]
        frame[2, axis] = (1.0 if axis == least else 0.0) - middle[least] * middle[axis]
    frame[2] /= math.sqrt(frame[2, 0] ** 2 + frame[2, 1] ** 2 + frame[2, 2] ** 2)
    frame[1, 0] = frame[2, 1] * frame[0, 2] - frame[2, 2] * frame[0, 1]
    frame[1, 1] = frame[2, 2] * frame[0, 0] - frame[2, 0] * frame[0, 2]
    frame[1, 2] = frame[2, 0] * frame[0, 1] - frame[2, 1] * frame[0, 0]
    for i in range(count):
        j = (i + 1) % count
        u, v = _plane(frame, points, i)
        s, t = _plane(frame, points, j)
        eastward = u * t - v * s >= 0.0
        table[i, 0], table[i, 1] = u, v
        size = math.sqrt(_chord2(points[i], -points[j]))
        for axis in range(3):
            table[i, 2 + axis] = normals[i, axis] if eastward else -normals[i, axis]
            table[i, 5 + axis] = (points[i, axis] + points[j, axis]) / size
        table[i, 8] = size / 2.0
    return normals, frame, table


@njit(nogil=True, cache=True)
def _plane(frame: Any, points: Any, i: Any) -> Any:
    """Coordinates of a corner across the pole."""
    u = frame[0, 0] * points[i, 0] + frame[0, 1] * points[i, 1] + frame[0, 2] * points[i, 2]
    v = frame[1, 0] * points[i, 0] + frame[1, 1] * points[i, 1] + frame[1, 2] * points[i, 2]
    return u, v
