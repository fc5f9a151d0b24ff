"""Compiled loops that tell where positions lie to a region. Import them inside functions only.

A region comes as ``ForKernels`` has it: its kind (a circle 1, a range 2, a polygon 3), and numbers and tables in one
tuple.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

CIRCLE, RANGE, POLYGON = 1, 2, 3
_STACK = 256
_FAN = 8


@njit(nogil=True, cache=True)
def _apart(x: Any, y: Any, z: Any, places: Any, k: Any) -> Any:
    """Radians between two directions."""
    u, v, w = x - places[k, 0], y - places[k, 1], z - places[k, 2]
    return 2.0 * math.asin(min(1.0, math.sqrt(u * u + v * v + w * w) / 2.0))


@njit(nogil=True, cache=True)
def to_side(x: Any, y: Any, z: Any, points: Any, normals: Any, i: Any) -> Any:
    """Radians from a place to a side of a polygon."""
    j = i + 1 if i + 1 < points.shape[0] else 0
    nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
    # Between the planes that stand on the side at its ends the great circle is nearest.
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
        return math.asin(min(1.0, abs(nx * x + ny * y + nz * z)))
    return min(_apart(x, y, z, points, i), _apart(x, y, z, points, j))


@njit(nogil=True, cache=True)
def _likely_side(x: Any, y: Any, z: Any, points: Any, caps: Any, levels: Any) -> Any:
    """A side near to a place: that of the nearest circle in the nearest circle, and so on."""
    place = 0
    for step in range(levels.size - 2):
        level = levels.size - 3 - step
        best, nearest = 8.0, place * _FAN
        for k in range(place * _FAN, min(place * _FAN + _FAN, levels[level + 1] - levels[level])):
            apart = _apart(x, y, z, caps, levels[level] + k)
            if apart < best:
                best, nearest = apart, k
        place = nearest
    return min(place * _FAN + _FAN // 2, points.shape[0] - 1)


@njit(nogil=True, cache=True)
def nearest_side(
    x: float,
    y: float,
    z: float,
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    caps: NDArray[np.float64],
    levels: NDArray[np.int64],
    limit: float,
    enough: float,
) -> Any:
    """Radians from a place to the nearest side, or to some side that is nearer than ``enough``; at most ``limit``.

    ``caps`` holds circles about runs of neighbouring sides. Those of level ``k`` are ``levels[k]`` to
    ``levels[k + 1]``, about eight each of the level below, those of the lowest about eight sides; one is about all.
    """
    best = min(limit, to_side(x, y, z, points, normals, _likely_side(x, y, z, points, caps, levels)))
    if best < enough:
        return best
    stack = np.empty((2, _STACK), np.int64)
    stack[0, 0], stack[1, 0] = levels.size - 2, 0
    depth = 1
    while depth:
        depth -= 1
        level, place = stack[0, depth], stack[1, depth]
        cap = levels[level] + place
        if _apart(x, y, z, caps, cap) - caps[cap, 3] > best:
            continue
        first = place * _FAN
        if level == 0:
            for i in range(first, min(first + _FAN, points.shape[0])):
                best = min(best, to_side(x, y, z, points, normals, i))
                if best < enough:
                    return best
        else:
            last = min(first + _FAN, levels[level] - levels[level - 1])
            for below in range(first, last):
                stack[0, depth], stack[1, depth] = level - 1, below
                depth += 1
    return best


@njit(nogil=True, cache=True)
def parity(x: Any, y: Any, z: Any, slack: Any, frame: Any, table: Any, bins: Any, listed: Any, numbers: Any) -> Any:
    """1 inside of a polygon, −1 outside, 0 within ``slack`` of a side (see ``regions_sides``)."""
    u = frame[0, 0] * x + frame[0, 1] * y + frame[0, 2] * z
    v = frame[1, 0] * x + frame[1, 1] * y + frame[1, 2] * z
    turn = math.atan2(v, u) / (2.0 * math.pi)
    if turn < 0.0:
        turn += 1.0
    inside = numbers[0] > 0.0
    along = turn - numbers[1]
    along -= math.floor(along)
    place = int(along * numbers[2])
    if place >= bins.size - 1:
        return 1 if inside else -1
    for n in range(bins[place], bins[place + 1]):
        side = listed[n]
        height = table[side, 2] * x + table[side, 3] * y + table[side, 4] * z
        if abs(height) <= slack and (
            table[side, 5] * x + table[side, 6] * y + table[side, 7] * z >= table[side, 8] - slack
        ):
            return 0
        west, east = table[side, 0], table[side, 1]
        if height < 0.0 and ((turn >= west and turn < east) or (turn + 1.0 >= west and turn + 1.0 < east)):
            inside = not inside
    return 1 if inside else -1


@njit(nogil=True, cache=True)
def _in_circle(x: Any, y: Any, z: Any, slack: Any, numbers: Any) -> Any:
    u, v, w = x - numbers[0], y - numbers[1], z - numbers[2]
    chord2 = u * u + v * v + w * w
    low, high = max(numbers[3] - slack, 0.0), numbers[3] + slack
    # What is far from the circle's centre is inside of one that is larger than half the sky: its outside is a circle.
    if chord2 < low * low:
        return numbers[4]
    return -numbers[4] if chord2 > high * high else 0.0


@njit(nogil=True, cache=True)
def _in_range(x: Any, y: Any, z: Any, slack: Any, numbers: Any, as_box: Any) -> Any:
    """Of a place; of all within ``slack`` of it where ``as_box`` is 1."""
    s = math.sqrt(x * x + y * y)
    dec = math.atan2(z, s)
    low = dec - numbers[2] if numbers[4] == 0.0 else 4.0
    high = numbers[3] - dec if numbers[5] == 0.0 else 4.0
    if low < -slack or high < -slack:
        return -1
    doubt = low <= slack or high <= slack
    if numbers[1] < 2.0 * math.pi:
        east = math.atan2(y, x) - numbers[0]
        east -= math.floor(east / (2.0 * math.pi)) * 2.0 * math.pi
        one, two = min(east, 2.0 * math.pi - east), abs(east - numbers[1])
        two = min(two, 2.0 * math.pi - two)
        near = min(_over(one, s, dec), _over(two, s, dec)) if as_box else min(one, two) * s
        if near <= slack:
            doubt = True
        elif east > numbers[1]:
            return -1
    return 0 if doubt else 1


@njit(nogil=True, cache=True)
def _over(turn: Any, s: Any, dec: Any) -> Any:
    """Radians to a half circle from pole to pole that lies ``turn`` of longitude away."""
    if turn <= math.pi / 2.0:
        return math.asin(min(1.0, s * math.sin(turn)))
    return math.pi / 2.0 - abs(dec)


@njit(nogil=True, cache=True)
def side_of(x: Any, y: Any, z: Any, slack: Any, kind: Any, region: Any) -> Any:
    """1 inside, −1 outside, 0 where ``slack`` leaves a doubt."""
    if kind == CIRCLE:
        return int(_in_circle(x, y, z, slack, region[0]))
    if kind == RANGE:
        return int(_in_range(x, y, z, slack, region[0], 0))
    return parity(x, y, z, slack, region[5], region[6], region[7], region[8], region[0])


@njit(nogil=True, cache=True)
def side_of_all(x: Any, y: Any, z: Any, reach: Any, kind: Any, region: Any) -> Any:
    """1 where all within ``reach`` of a place is inside, −1 where all is outside, else 0."""
    if kind == CIRCLE:
        u, v, w = x - region[0][0], y - region[0][1], z - region[0][2]
        apart = 2.0 * math.asin(min(1.0, math.sqrt(u * u + v * v + w * w) / 2.0))
        if apart + reach < region[0][5]:
            return int(region[0][4])
        return int(-region[0][4]) if apart - reach > region[0][5] else 0
    if kind == RANGE:
        return int(_in_range(x, y, z, reach, region[0], 1))
    limit = reach * (1.0 + 1e-9) + 1e-15
    if nearest_side(x, y, z, region[1], region[2], region[3], region[4], limit, reach) <= reach:
        return 0
    return parity(x, y, z, 0.0, region[5], region[6], region[7], region[8], region[0])


@njit(nogil=True, cache=True)
def distances(
    vectors: NDArray[np.float64],
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    caps: NDArray[np.float64],
    levels: NDArray[np.int64],
    apart: NDArray[np.float64],
) -> None:
    """Radians from each place to the nearest side of a polygon; NaN where a place is not finite."""
    for k in range(vectors.shape[0]):
        x, y, z = vectors[k, 0], vectors[k, 1], vectors[k, 2]
        if x * x + y * y + z * z < 2.0:
            apart[k] = nearest_side(x, y, z, points, normals, caps, levels, 4.0, 0.0)
        else:
            apart[k] = math.nan


@njit(nogil=True, cache=True)
def in_polygon(
    vectors: NDArray[np.float64],
    tolerance: float,
    frame: NDArray[np.float64],
    table: NDArray[np.float64],
    bins: NDArray[np.int64],
    listed: NDArray[np.int64],
    numbers: NDArray[np.float64],
    inside: NDArray[np.bool_],
) -> None:
    """Whether places lie in a polygon or, within the tolerance, on its border.

    The sides between each place and the pole are counted. Longitudes of ends are numbers of a table, so that
    neighbouring sides agree on whose meridian a place is.
    """
    for k in range(vectors.shape[0]):
        x, y, z = vectors[k, 0], vectors[k, 1], vectors[k, 2]
        finite = x * x + y * y + z * z < 2.0
        inside[k] = finite and parity(x, y, z, tolerance, frame, table, bins, listed, numbers) >= 0
