"""Compiled loops over charts (see ``charts``): which pixels of a box lie in a region. Import inside functions only.

A region comes as in ``judge_kernels``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from armillary.sky.judge_kernels import side_of, side_of_all

if TYPE_CHECKING:
    from numpy.typing import NDArray

TERMS = 8
LEAF = 8
_STACK = 256


@njit(nogil=True, cache=True)
def _polynomials(place: Any, terms: NDArray[np.float64]) -> None:
    """Chebyshev polynomials T0 to T7 at a place from −1 to 1."""
    terms[0] = 1.0
    terms[1] = place
    for k in range(2, TERMS):
        terms[k] = 2.0 * place * terms[k - 1] - terms[k - 2]


@njit(nogil=True, cache=True)
def _row(chart: NDArray[np.float64], terms: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Coefficients along x of a row whose polynomials in y are given, shape (3, 8)."""
    for axis in range(3):
        for i in range(TERMS):
            total = 0.0
            for j in range(TERMS):
                total += chart[axis, j, i] * terms[j]
            row[axis, i] = total


@njit(nogil=True, cache=True)
def _sum(row: Any, terms: Any) -> Any:
    total = 0.0
    for i in range(TERMS):
        total += row[i] * terms[i]
    return total


@njit(nogil=True, cache=True)
def near_caps(
    vectors: NDArray[np.float64], radii: NDArray[np.float64], centre: NDArray[np.float64], radius: float
) -> NDArray[np.int64]:
    """Which circles, of unit vectors of shape (n, 3) and radii, come within a radius of a place."""
    found = np.empty(radii.size, np.int64)
    count = 0
    for k in range(radii.size):
        reach = radii[k] + radius + 1e-9
        near = reach >= math.pi
        if not near:
            x, y, z = vectors[k, 0] - centre[0], vectors[k, 1] - centre[1], vectors[k, 2] - centre[2]
            chord = 2.0 * math.sin(reach / 2.0)
            near = not (x * x + y * y + z * z > chord * chord)
        if near:
            found[count] = k
            count += 1
    return found[:count]


@njit(nogil=True, cache=True)
def look_into(
    chart: NDArray[np.float64],
    numbers: NDArray[np.float64],
    kind: int,
    region: Any,
    box: tuple[int, int, int, int],
    inside: NDArray[np.bool_],
    origin: tuple[int, int],
    doubts: NDArray[np.int64],
    found: NDArray[np.int64],
) -> Any:
    """Find the pixels of a box that lie in a region.

    Parameters
    ----------
    chart
        Coefficients, shape (3, 8, 8).
    numbers
        Of the chart: middle and half of its width in x and in y, radians of a pixel in x and in y, slack.
    box
        ``x0, x1, y0, y1``, both ends included.
    inside
        Gets True for those inside; may be empty where only ``found`` is wanted.
    origin
        Row and column of its first pixel.
    doubts
        Gets column and row of pixels that have to be computed, shape (n, 2).
    found
        ``x0, x1, y0, y1`` that hold all found inside so far; widened. Boxes that reach not beyond are passed over where
        nothing is to be written.

    Returns
    -------
    How many doubts there are; −1 for more than there is room for.
    """
    count = 0
    row, up = np.empty((3, TERMS)), np.empty(TERMS)
    across = np.empty((LEAF, TERMS))
    stack = np.empty((_STACK, 4), np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = box
    depth = 1
    slack = numbers[6]
    while depth:
        depth -= 1
        x0, x1, y0, y1 = stack[depth, 0], stack[depth, 1], stack[depth, 2], stack[depth, 3]
        if inside.size == 0 and x0 >= found[0] and x1 <= found[1] and y0 >= found[2] and y1 <= found[3]:
            continue
        _polynomials((0.5 * (x0 + x1) - numbers[0]) / numbers[1], across[0])
        _polynomials((0.5 * (y0 + y1) - numbers[2]) / numbers[3], up)
        _row(chart, up, row)
        half_x, half_y = 0.5 * (x1 - x0) * numbers[4], 0.5 * (y1 - y0) * numbers[5]
        reach = half_x + half_y + slack
        x, y, z = _sum(row[0], across[0]), _sum(row[1], across[0]), _sum(row[2], across[0])
        side = side_of_all(x, y, z, reach, kind, region)
        if side < 0:
            continue
        if side > 0:
            found[0], found[1] = min(found[0], x0), max(found[1], x1)
            found[2], found[3] = min(found[2], y0), max(found[3], y1)
            if inside.size:
                inside[y0 - origin[0] : y1 + 1 - origin[0], x0 - origin[1] : x1 + 1 - origin[1]] = True
            continue
        if x1 - x0 >= LEAF or y1 - y0 >= LEAF:
            split_x = (x0 + x1) // 2 if x1 - x0 >= LEAF else x1
            split_y = (y0 + y1) // 2 if y1 - y0 >= LEAF else y1
            for right in range(2 if split_x < x1 else 1):
                for high in range(2 if split_y < y1 else 1):
                    stack[depth, 0] = split_x + 1 if right else x0
                    stack[depth, 1] = x1 if right else split_x
                    stack[depth, 2] = split_y + 1 if high else y0
                    stack[depth, 3] = y1 if high else split_y
                    depth += 1
            continue
        for column in range(x0, x1 + 1):
            _polynomials((column - numbers[0]) / numbers[1], across[column - x0])
        for line in range(y0, y1 + 1):
            _polynomials((line - numbers[2]) / numbers[3], up)
            _row(chart, up, row)
            for column in range(x0, x1 + 1):
                terms = across[column - x0]
                x, y, z = _sum(row[0], terms), _sum(row[1], terms), _sum(row[2], terms)
                side = side_of(x, y, z, slack, kind, region)
                if side > 0:
                    found[0], found[1] = min(found[0], column), max(found[1], column)
                    found[2], found[3] = min(found[2], line), max(found[3], line)
                    if inside.size:
                        inside[line - origin[0], column - origin[1]] = True
                elif side == 0:
                    if count >= doubts.shape[0]:
                        return -1
                    doubts[count, 0], doubts[count, 1] = column, line
                    count += 1
    return count


@njit(nogil=True, cache=True)
def look_into_all(
    charts: NDArray[np.float64],
    numbers: NDArray[np.float64],
    corners: NDArray[np.int64],
    which: NDArray[np.int64],
    turns: NDArray[np.int64],
    window: tuple[int, int, int, int],
    kind: int,
    region: Any,
    inside: NDArray[np.bool_],
    doubts: NDArray[np.int64],
    found: NDArray[np.int64],
) -> Any:
    """As ``look_into`` for the parts of several boxes that lie in a window (``x0, x1, y0, y1``, ends included).

    Parameters
    ----------
    which
        Which boxes of ``corners`` and charts.
    turns
        Columns by which they are moved, as many times as it has numbers: on maps that go around the sky.
    inside
        Of the window, or empty.
    """
    count = 0
    moved = np.empty(7)
    for turn in turns:
        for k in which:
            x0, x1 = max(corners[k, 0] + turn, window[0]), min(corners[k, 1] + turn, window[1])
            y0, y1 = max(corners[k, 2], window[2]), min(corners[k, 3], window[3])
            if x0 > x1 or y0 > y1:
                continue
            moved[:] = numbers[k]
            moved[0] += turn
            more = look_into(
                charts[k], moved, kind, region, (x0, x1, y0, y1), inside, (window[2], window[0]), doubts[count:], found
            )
            if more < 0:
                return -1
            count += more
    return count
