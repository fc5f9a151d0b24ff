"""Compiled loops that tell where positions lie to a region. Import them inside functions only.

A region comes as ``ForKernels`` has it: its kind (a circle 1, a range 2, a polygon 3, a small one of few corners 4),
and numbers, tables and room for a search in one tuple. Distances are chords wherever they are compared: chords obey the
triangle inequality, and cost no function.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

CIRCLE, RANGE, POLYGON, FEW = 1, 2, 3, 4
_STACK = 256
_FAN = 8
# With a single circle about them so many sides are looked at one by one.
_FEW = 64


@njit(nogil=True, cache=True)
def _chord2(x: Any, y: Any, z: Any, places: Any, k: Any) -> Any:
    """Square of the chord to a place."""
    u, v, w = x - places[k, 0], y - places[k, 1], z - places[k, 2]
    return u * u + v * v + w * w


@njit(nogil=True, cache=True)
def _height(x: Any, y: Any, z: Any, points: Any, normals: Any, i: Any) -> Any:
    """Sine of the angle to a side whose great circle is nearest between its ends, else 2."""
    j = i + 1 if i + 1 < points.shape[0] else 0
    nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
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
    return abs(nx * x + ny * y + nz * z) if after > 0.0 and before < 0.0 else 2.0


@njit(nogil=True, cache=True)
def near_a_side(
    x: Any, y: Any, z: Any, reach: Any, points: Any, normals: Any, caps: Any, levels: Any, stack: Any
) -> Any:
    """Whether a side of a polygon comes within ``reach``, a chord; ``stack`` is room for the search."""
    stack[0, 0], stack[1, 0] = levels.size - 2, 0
    depth = 1
    while depth:
        depth -= 1
        level, place = stack[0, depth], stack[1, depth]
        cap = levels[level] + place
        limit = caps[cap, 3] + reach
        if _chord2(x, y, z, caps, cap) > limit * limit:
            continue
        first = place * _FAN
        if level == 0:
            for i in range(first, min(first + (_FAN if levels.size > 2 else _FEW), points.shape[0])):
                if _chord2(x, y, z, points, i) <= reach * reach or _height(x, y, z, points, normals, i) <= reach:
                    return True
        else:
            for below in range(first, min(first + _FAN, levels[level] - levels[level - 1])):
                stack[0, depth], stack[1, depth] = level - 1, below
                depth += 1
    return False


@njit(nogil=True, cache=True)
def _likely_side(x: Any, y: Any, z: Any, points: Any, caps: Any, levels: Any) -> Any:
    """A side near to a place: that of the nearest circle in the nearest circle, and so on."""
    place = 0
    for step in range(levels.size - 2):
        level = levels.size - 3 - step
        best, nearest = 8.0, place * _FAN
        for k in range(place * _FAN, min(place * _FAN + _FAN, levels[level + 1] - levels[level])):
            apart = _chord2(x, y, z, caps, levels[level] + k)
            if apart < best:
                best, nearest = apart, k
        place = nearest
    return min(place * _FAN + _FAN // 2, points.shape[0] - 1)


@njit(nogil=True, cache=True)
def _angle_of(chord2: Any) -> Any:
    return 2.0 * math.asin(min(1.0, 0.5 * math.sqrt(chord2)))


@njit(nogil=True, cache=True)
def _to_side(x: Any, y: Any, z: Any, points: Any, normals: Any, i: Any) -> Any:
    """Radians to a side."""
    height = _height(x, y, z, points, normals, i)
    if height <= 1.0:
        return math.asin(height)
    j = i + 1 if i + 1 < points.shape[0] else 0
    return _angle_of(min(_chord2(x, y, z, points, i), _chord2(x, y, z, points, j)))


@njit(nogil=True, cache=True)
def distances(
    vectors: NDArray[np.float64],
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    caps: NDArray[np.float64],
    levels: NDArray[np.int64],
    apart: NDArray[np.float64],
) -> None:
    """Radians from each place to the nearest side of a polygon; NaN where a place is not finite.

    ``caps`` holds circles about runs of neighbouring sides, as centres and chords of their radii. Those of level ``k``
    are ``levels[k]`` to ``levels[k + 1]``, about eight each of the level below, those of the lowest about eight sides;
    the last is about all.
    """
    stack = np.empty((2, _STACK), np.int64)
    for k in range(vectors.shape[0]):
        x, y, z = vectors[k, 0], vectors[k, 1], vectors[k, 2]
        if not x * x + y * y + z * z < 2.0:
            apart[k] = math.nan
            continue
        best = _to_side(x, y, z, points, normals, _likely_side(x, y, z, points, caps, levels))
        stack[0, 0], stack[1, 0] = levels.size - 2, 0
        depth = 1
        while depth:
            depth -= 1
            level, place = stack[0, depth], stack[1, depth]
            cap = levels[level] + place
            limit = caps[cap, 3] + best  # a chord is no longer than its angle
            if _chord2(x, y, z, caps, cap) > limit * limit:
                continue
            first = place * _FAN
            if level == 0:
                for i in range(first, min(first + (_FAN if levels.size > 2 else _FEW), points.shape[0])):
                    best = min(best, _to_side(x, y, z, points, normals, i))
            else:
                for below in range(first, min(first + _FAN, levels[level] - levels[level - 1])):
                    stack[0, depth], stack[1, depth] = level - 1, below
                    depth += 1
        apart[k] = best


@njit(nogil=True, cache=True)
def parity(x: Any, y: Any, z: Any, slack: Any, frame: Any, table: Any, bins: Any, listed: Any, numbers: Any) -> Any:
    """1 inside of a polygon, −1 outside, 0 within ``slack`` of a side (see ``regions_sides``)."""
    u = frame[0, 0] * x + frame[0, 1] * y + frame[0, 2] * z
    v = frame[1, 0] * x + frame[1, 1] * y + frame[1, 2] * z
    turn = math.atan2(v, u) / (2.0 * math.pi)
    # A multiple of 2**-52, as the ends of sides are: adding a turn loses nothing.
    turn = (turn - math.floor(turn) + 1.0) - 1.0
    if turn >= 1.0:
        turn = 0.0
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
def parity_of_few(x: Any, y: Any, z: Any, slack: Any, frame: Any, table: Any) -> Any:
    """As ``parity``, of a small polygon of few corners: sides reach over a meridian where it parts their ends."""
    u = frame[0, 0] * x + frame[0, 1] * y + frame[0, 2] * z
    if u <= 0.0:
        return -1
    v = frame[1, 0] * x + frame[1, 1] * y + frame[1, 2] * z
    count = table.shape[0]
    inside = False
    before = table[count - 1, 0] * v - table[count - 1, 1] * u
    for k in range(count):
        side = k - 1 if k else count - 1
        after = table[k, 0] * v - table[k, 1] * u
        height = table[side, 2] * x + table[side, 3] * y + table[side, 4] * z
        if abs(height) <= slack and (
            table[side, 5] * x + table[side, 6] * y + table[side, 7] * z >= table[side, 8] - slack
        ):
            return 0
        if height < 0.0 and (before >= 0.0) != (after >= 0.0):
            inside = not inside
        before = after
    return 1 if inside else -1


@njit(nogil=True, cache=True)
def in_polygon(
    vectors: NDArray[np.float64],
    tolerance: float,
    kind: int,
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
        if not x * x + y * y + z * z < 2.0:
            inside[k] = False
        elif kind == FEW:
            inside[k] = parity_of_few(x, y, z, tolerance, frame, table) >= 0
        else:
            inside[k] = parity(x, y, z, tolerance, frame, table, bins, listed, numbers) >= 0


@njit(nogil=True, cache=True)
def in_circle(x: Any, y: Any, z: Any, slack: Any, numbers: Any) -> Any:
    """1 inside, −1 outside, 0 within ``slack`` of the circumference, however large it is."""
    u, v, w = x - numbers[0], y - numbers[1], z - numbers[2]
    chord2 = u * u + v * v + w * w
    low, high = max(numbers[3] - slack, 0.0), numbers[3] + slack
    # One that is larger than half the sky comes as its outside.
    if chord2 < low * low:
        return 1 if numbers[4] > 0.0 else -1
    if chord2 > high * high:
        return -1 if numbers[4] > 0.0 else 1
    return 0


@njit(nogil=True, cache=True)
def in_range(x: Any, y: Any, z: Any, slack: Any, numbers: Any) -> Any:
    """1 inside, −1 outside, 0 within ``slack`` of the border (and elsewhere on the meridians), however large it is.

    By the planes of the parallels and of the meridians: how far a place is from them is no more than a chord.
    """
    low, high = z - numbers[0], numbers[1] - z
    if low < -slack or high < -slack:
        return -1
    doubt = low <= slack or high <= slack
    if numbers[6] == 0.0:
        return 0 if doubt else 1
    east = numbers[2] * x + numbers[3] * y  # of the western meridian
    west = numbers[4] * x + numbers[5] * y  # of the eastern one
    if numbers[6] > 0.0:
        if east < -slack or west < -slack:
            return -1
        doubt = doubt or east <= slack or west <= slack
    else:
        if east < -slack and west < -slack:
            return -1
        doubt = doubt or not (east > slack or west > slack)
    return 0 if doubt else 1
