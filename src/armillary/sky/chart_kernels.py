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
LEAF = 4
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
            row[axis, i] = chart[axis, 0, i]
        for j in range(1, TERMS):
            term = terms[j]
            for i in range(TERMS):
                row[axis, i] += chart[axis, j, i] * term


@njit(nogil=True, cache=True)
def _sum(row: Any, terms: Any) -> Any:
    """Sum of eight products, in pairs: none waits for the one before."""
    one = row[0] * terms[0] + row[1] * terms[1]
    two = row[2] * terms[2] + row[3] * terms[3]
    three = row[4] * terms[4] + row[5] * terms[5]
    four = row[6] * terms[6] + row[7] * terms[7]
    return (one + two) + (three + four)


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
def gather(
    charts: NDArray[np.float64],
    numbers: NDArray[np.float64],
    corners: NDArray[np.int64],
    which: NDArray[np.int64],
    turns: NDArray[np.int64],
    window: tuple[int, int, int, int],
    kind: int,
    region: Any,
    blocks: NDArray[np.int32],
    box: NDArray[np.int64],
) -> Any:
    """Find blocks of pixels that lie in a region, and small ones that its border may pass through.

    Parameters
    ----------
    charts, numbers, corners
        Of all boxes of a plane (see ``charts``); ``which`` of them.
    turns
        Columns by which they are moved, as many times as it has numbers: on maps that go around the sky.
    window
        ``x0, x1, y0, y1``, ends included: what is beyond is left out.
    blocks
        Gets the box of the plane and its turn, ``x0, x1, y0, y1`` and 1 where all is inside, else 0; shape (n, 7).
    box
        Gets ``x0, x1, y0, y1`` about all of them.

    Returns
    -------
    How many there are; −1 for more than there is room for.
    """
    count = 0
    row, up, across = np.empty((3, TERMS)), np.empty(TERMS), np.empty(TERMS)
    stack = np.empty((_STACK, 4), np.int64)
    for m in range(turns.size):
        for k in which:
            stack[0, 0], stack[0, 1] = (
                max(corners[k, 0] + turns[m], window[0]),
                min(corners[k, 1] + turns[m], window[1]),
            )
            stack[0, 2], stack[0, 3] = max(corners[k, 2], window[2]), min(corners[k, 3], window[3])
            depth = 1 if stack[0, 0] <= stack[0, 1] and stack[0, 2] <= stack[0, 3] else 0
            middle_x = numbers[k, 0] + turns[m]
            while depth:
                depth -= 1
                x0, x1, y0, y1 = stack[depth, 0], stack[depth, 1], stack[depth, 2], stack[depth, 3]
                _polynomials((0.5 * (x0 + x1) - middle_x) / numbers[k, 1], across)
                _polynomials((0.5 * (y0 + y1) - numbers[k, 2]) / numbers[k, 3], up)
                _row(charts[k], up, row)
                reach = 0.5 * ((x1 - x0) * numbers[k, 4] + (y1 - y0) * numbers[k, 5]) + numbers[k, 6]
                x, y, z = _sum(row[0], across), _sum(row[1], across), _sum(row[2], across)
                side = side_of_all(x, y, z, reach, kind, region)
                if side < 0:
                    continue
                if side > 0 or (x1 - x0 < LEAF and y1 - y0 < LEAF):
                    if count == blocks.shape[0]:
                        return -1
                    blocks[count, 0], blocks[count, 1], blocks[count, 6] = k, turns[m], side
                    blocks[count, 2], blocks[count, 3], blocks[count, 4], blocks[count, 5] = x0, x1, y0, y1
                    box[0], box[1] = min(box[0], x0), max(box[1], x1)
                    box[2], box[3] = min(box[2], y0), max(box[3], y1)
                    count += 1
                    continue
                split_x = (x0 + x1) // 2 if x1 - x0 >= LEAF else x1
                split_y = (y0 + y1) // 2 if y1 - y0 >= LEAF else y1
                for right in range(2 if split_x < x1 else 1):
                    for high in range(2 if split_y < y1 else 1):
                        stack[depth, 0] = split_x + 1 if right else x0
                        stack[depth, 1] = x1 if right else split_x
                        stack[depth, 2] = split_y + 1 if high else y0
                        stack[depth, 3] = y1 if high else split_y
                        depth += 1
    return count


@njit(nogil=True, cache=True)
def settle(
    charts: NDArray[np.float64],
    numbers: NDArray[np.float64],
    blocks: NDArray[np.int32],
    kind: int,
    region: Any,
    inside: NDArray[np.bool_],
    origin: tuple[int, int],
    doubts: NDArray[np.int64],
    found: NDArray[np.int64],
) -> Any:
    """Tell of the pixels of blocks whether they are inside.

    Parameters
    ----------
    inside
        Gets True for those that are; empty where only ``found`` is wanted.
    origin
        Row and column of its first pixel.
    doubts
        Gets column and row of pixels that have to be computed, shape (n, 2).
    found
        ``x0, x1, y0, y1``, ends included, that hold all pixels inside; widened.

    Returns
    -------
    How many doubts there are; −1 for more than there is room for.
    """
    for n in range(blocks.shape[0]):
        if blocks[n, 6]:
            x0, x1, y0, y1 = blocks[n, 2], blocks[n, 3], blocks[n, 4], blocks[n, 5]
            found[0], found[1] = min(found[0], x0), max(found[1], x1)
            found[2], found[3] = min(found[2], y0), max(found[3], y1)
            if inside.size:
                for y in range(y0, y1 + 1):
                    for x in range(x0, x1 + 1):
                        inside[y - origin[0], x - origin[1]] = True
    count = 0
    row, up, across = np.empty((3, TERMS)), np.empty(TERMS), np.empty((LEAF, TERMS))
    for n in range(blocks.shape[0]):
        x0, x1, y0, y1 = blocks[n, 2], blocks[n, 3], blocks[n, 4], blocks[n, 5]
        known = inside.size == 0 and x0 >= found[0] and x1 <= found[1] and y0 >= found[2] and y1 <= found[3]
        if blocks[n, 6] or known:
            continue
        k = blocks[n, 0]
        for column in range(x0, x1 + 1):
            _polynomials((column - numbers[k, 0] - blocks[n, 1]) / numbers[k, 1], across[column - x0])
        for line in range(y0, y1 + 1):
            _polynomials((line - numbers[k, 2]) / numbers[k, 3], up)
            _row(charts[k], up, row)
            for column in range(x0, x1 + 1):
                terms = across[column - x0]
                x, y, z = _sum(row[0], terms), _sum(row[1], terms), _sum(row[2], terms)
                side = side_of(x, y, z, numbers[k, 6], kind, region)
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
