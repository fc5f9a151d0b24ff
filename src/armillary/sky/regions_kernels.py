"""Compiled loops over the sides of polygons. Import them inside functions only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def inside_polygon(
    vectors: NDArray[np.float64],
    frame: NDArray[np.float64],
    table: NDArray[np.float64],
    bins: NDArray[np.int64],
    listed: NDArray[np.int64],
    pole_inside: bool,
    tolerance: float,
    inside: NDArray[np.bool_],
) -> None:
    """Count the sides between each position and the pole; ``_Sides`` tells of the tables.

    Longitudes of ends are numbers of a table, so that neighbouring sides agree on whose meridian a position is.
    """
    count = bins.size - 1
    for k in range(vectors.shape[0]):
        x, y, z = vectors[k, 0], vectors[k, 1], vectors[k, 2]
        if not (x * x + y * y + z * z < 2.0):
            inside[k] = False
            continue
        u = frame[0, 0] * x + frame[0, 1] * y + frame[0, 2] * z
        v = frame[1, 0] * x + frame[1, 1] * y + frame[1, 2] * z
        turn = math.atan2(v, u) / (2.0 * math.pi)
        if turn < 0.0:
            turn += 1.0
        place = min(int(turn * count), count - 1)
        found = pole_inside
        for n in range(bins[place], bins[place + 1]):
            side = listed[n]
            height = table[side, 2] * x + table[side, 3] * y + table[side, 4] * z
            if abs(height) <= tolerance and (
                table[side, 5] * x + table[side, 6] * y + table[side, 7] * z >= table[side, 8] - tolerance
            ):
                found = True
                break
            west, east = table[side, 0], table[side, 1]
            here = (turn >= west and turn < east) or (turn + 1.0 >= west and turn + 1.0 < east)
            if here and height < 0.0:
                found = not found
        inside[k] = found


@njit(nogil=True, cache=True)
def distance_to_sides(
    vectors: NDArray[np.float64],
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    apart: NDArray[np.float64],
) -> None:
    """Radians from each position to the nearest point of the sides; NaN where a position is not finite."""
    count = points.shape[0]
    for k in range(vectors.shape[0]):
        x, y, z = vectors[k, 0], vectors[k, 1], vectors[k, 2]
        if not (x * x + y * y + z * z < 2.0):
            apart[k] = math.nan
            continue
        chord2, height = 8.0, 2.0
        for i in range(count):
            j = i + 1 if i + 1 < count else 0
            dx, dy, dz = x - points[i, 0], y - points[i, 1], z - points[i, 2]
            chord2 = min(chord2, dx * dx + dy * dy + dz * dz)
            nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
            # Between the planes that stand on the side at its ends: there the great circle is nearest.
            after = (
                (ny * points[i, 2] - nz * points[i, 1]) * x
                + (nz * points[i, 0] - nx * points[i, 2]) * y
                + (nx * points[i, 1] - ny * points[i, 0]) * z
            )
            before = (
                (ny * points[j, 2] - nz * points[j, 1]) * x
                + (nz * points[j, 0] - nx * points[j, 2]) * y
                + (nx * points[j, 1] - ny * points[j, 0]) * z
            )
            if after > 0.0 and before < 0.0:
                height = min(height, abs(nx * x + ny * y + nz * z))
        nearest = 2.0 * math.asin(min(1.0, 0.5 * math.sqrt(chord2)))
        apart[k] = min(nearest, math.asin(height)) if height <= 1.0 else nearest


@njit(nogil=True, cache=True)
def first_crossing(points: NDArray[np.float64], normals: NDArray[np.float64], close: float) -> tuple[int, int]:
    """The first two sides that cross, or that touch elsewhere than at the corner they share; −1, −1 for none."""
    count = points.shape[0]
    for i in range(count):
        i2 = (i + 1) % count
        for j in range(i + 1, count):
            j2 = (j + 1) % count
            # The ends of each side against the other, but for corners that both share.
            if j != i2 and touches(points, normals, i, i2, j, close):
                return i, j
            if j2 != i and touches(points, normals, i, i2, j2, close):
                return i, j
            if i != j2 and touches(points, normals, j, j2, i, close):
                return i, j
            if i2 != j and touches(points, normals, j, j2, i2, close):
                return i, j
            if j == i2 or j2 == i:
                continue
            one = height(normals, i, points, j)
            two = height(normals, i, points, j2)
            three = height(normals, j, points, i)
            four = height(normals, j, points, i2)
            if one * two < 0.0 and three * four < 0.0 and (two > 0.0) == (three > 0.0):
                return i, j
    return -1, -1


@njit(nogil=True, cache=True)
def height(normals: NDArray[np.float64], i: int, points: NDArray[np.float64], j: int) -> Any:
    """Sine of the angle from the plane of side ``i`` to corner ``j``."""
    return normals[i, 0] * points[j, 0] + normals[i, 1] * points[j, 1] + normals[i, 2] * points[j, 2]


@njit(nogil=True, cache=True)
def touches(points: NDArray[np.float64], normals: NDArray[np.float64], i: int, i2: int, j: int, close: float) -> Any:
    """Whether corner ``j`` lies on the side from corner ``i`` to ``i2``."""
    if abs(height(normals, i, points, j)) > close:
        return False
    nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
    x, y, z = points[j, 0], points[j, 1], points[j, 2]
    after = (
        (ny * points[i, 2] - nz * points[i, 1]) * x
        + (nz * points[i, 0] - nx * points[i, 2]) * y
        + (nx * points[i, 1] - ny * points[i, 0]) * z
    )
    before = (
        (ny * points[i2, 2] - nz * points[i2, 1]) * x
        + (nz * points[i2, 0] - nx * points[i2, 2]) * y
        + (nx * points[i2, 1] - ny * points[i2, 0]) * z
    )
    return after > -close and before < close
