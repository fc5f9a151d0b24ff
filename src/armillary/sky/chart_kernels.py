"""Compiled loops over charts (see ``charts``): which pixels of a box lie in a region. Import inside functions only.

A region comes as in ``judge_kernels``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from armillary.sky.judge_kernels import (
    CIRCLE,
    FEW,
    RANGE,
    in_circle,
    in_range,
    near_a_side,
    parity,
    parity_of_few,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TERMS = 8
LEAF = 8
_COLUMNS = 4  # as many as one instruction takes
_STACK = 256
_ROOM = 1 << 11  # blocks, at first
UNKNOWN, GOOD, BAD = 0, 1, 2
FOUND, NOTHING, NO_CHART, LONG_WAY = 0, 1, 2, 3


@njit(nogil=True, cache=True)
def _polynomials(place: Any, count: Any, terms: Any, column: Any) -> None:
    """The first Chebyshev polynomials at a place from −1 to 1, at least two, into a column of an array."""
    terms[0, column] = 1.0
    terms[1, column] = place
    for k in range(2, count):
        terms[k, column] = 2.0 * place * terms[k - 1, column] - terms[k - 2, column]


@njit(nogil=True, cache=True)
def _row(charts: Any, k: Any, count: Any, terms: Any, row: Any) -> None:
    """Coefficients along x of a row whose polynomials in y are given, shape (3, 8)."""
    for axis in range(3):
        for i in range(TERMS):
            row[axis, i] = charts[k, axis, 0, i]
        for j in range(1, count):
            term = terms[j, 0]
            for i in range(TERMS):
                row[axis, i] += charts[k, axis, j, i] * term


@njit(nogil=True, cache=True)
def _columns(row: Any, count: Any, terms: Any, vectors: Any) -> None:
    """Vectors of columns, shape (3, 4)."""
    for axis in range(3):
        for column in range(_COLUMNS):
            vectors[axis, column] = row[axis, 0]
        for i in range(1, count):
            factor = row[axis, i]
            for column in range(_COLUMNS):
                vectors[axis, column] += factor * terms[i, column]


@njit(nogil=True, cache=True)
def _sides(
    count: Any, line: Any, slack: Any, kind: Any, shape: Any, frame: Any, table: Any, bins: Any, listed: Any, sides: Any
) -> None:
    """Of places on a line, 1 inside, −1 outside, 0 within ``slack`` of the border.

    ``line`` has the first place and the step to the next, shape (2, 3).
    """
    x, y, z = line[0, 0], line[0, 1], line[0, 2]
    along_x, along_y, along_z = line[1, 0], line[1, 1], line[1, 2]
    if kind == CIRCLE:
        for k in range(count):
            sides[k] = in_circle(x + k * along_x, y + k * along_y, z + k * along_z, slack, shape)
    elif kind == RANGE:
        for k in range(count):
            sides[k] = in_range(x + k * along_x, y + k * along_y, z + k * along_z, slack, shape)
    elif kind == FEW:
        for k in range(count):
            sides[k] = parity_of_few(x + k * along_x, y + k * along_y, z + k * along_z, slack, frame, table)
    else:
        for k in range(count):
            sides[k] = parity(
                x + k * along_x, y + k * along_y, z + k * along_z, slack, frame, table, bins, listed, shape
            )


@njit(nogil=True, cache=True)
def near_caps(
    vectors: NDArray[np.float64], radii: NDArray[np.float64], centre: NDArray[np.float64], radius: float
) -> NDArray[np.int64]:
    """Which circles, of unit vectors of shape (n, 3) and radii, come within a radius of a place."""
    found = np.empty(radii.size, np.int64)
    count = 0
    for k in range(radii.size):
        reach = radii[k] + radius + 1e-9
        if reach < math.pi:
            x, y, z = vectors[k, 0] - centre[0], vectors[k, 1] - centre[1], vectors[k, 2] - centre[2]
            apart2 = x * x + y * y + z * z
            # A chord is shorter than its arc: most are told apart without a sine.
            if apart2 > reach * reach or apart2 > (2.0 * math.sin(reach / 2.0)) ** 2:
                continue
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
    box: NDArray[np.int64],
    most: int,
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
    box
        Gets ``x0, x1, y0, y1`` about all of them.
    most
        How many blocks there may be.

    Returns
    -------
    Whether they are no more; of each its box of the plane and the turn of that, ``x0, x1, y0, y1`` and 1 where all
    is inside, else 0: shape (n, 7).
    """
    box[:] = window[1] + 1, window[0] - 1, window[3] + 1, window[2] - 1
    blocks = np.empty((min(_ROOM, most), 7), np.int32)
    # Taken out of the tuple once: each look into it would be counted as one more owner.
    shape, points, normals, caps, levels, frame, table, bins, listed, room = region
    count = 0
    row, up, across = np.empty((3, TERMS)), np.empty((TERMS, 1)), np.zeros((TERMS, _COLUMNS))
    vectors = np.empty((3, _COLUMNS))
    stack = np.empty((_STACK, 4), np.int64)
    for m in range(turns.size):
        for k in which:
            stack[0, 0], stack[0, 1] = (
                max(corners[k, 0] + turns[m], window[0]),
                min(corners[k, 1] + turns[m], window[1]),
            )
            stack[0, 2], stack[0, 3] = max(corners[k, 2], window[2]), min(corners[k, 3], window[3])
            depth = 1 if stack[0, 0] <= stack[0, 1] and stack[0, 2] <= stack[0, 3] else 0
            middle_x, terms = numbers[k, 0] + turns[m], int(numbers[k, 7])
            while depth:
                depth -= 1
                x0, x1, y0, y1 = stack[depth, 0], stack[depth, 1], stack[depth, 2], stack[depth, 3]
                _polynomials((0.5 * (x0 + x1) - middle_x) / numbers[k, 1], terms, across, 0)
                _polynomials((0.5 * (y0 + y1) - numbers[k, 2]) / numbers[k, 3], terms, up, 0)
                _row(charts, k, terms, up, row)
                reach = 0.5 * ((x1 - x0) * numbers[k, 4] + (y1 - y0) * numbers[k, 5]) + numbers[k, 6]
                _columns(row, terms, across, vectors)
                x, y, z = vectors[0, 0], vectors[1, 0], vectors[2, 0]
                if kind == CIRCLE:
                    side = in_circle(x, y, z, reach, shape)
                elif kind == RANGE:
                    side = in_range(x, y, z, reach, shape)
                elif near_a_side(x, y, z, reach, points, normals, caps, levels, room):
                    side = 0
                elif kind == FEW:
                    side = parity_of_few(x, y, z, 0.0, frame, table)
                else:
                    side = parity(x, y, z, 0.0, frame, table, bins, listed, shape)
                if side < 0:
                    continue
                if side > 0 or (x1 - x0 < LEAF and y1 - y0 < LEAF):
                    if count == blocks.shape[0]:
                        if count == most:
                            return False, blocks
                        larger = np.empty((min(8 * count, most), 7), np.int32)
                        larger[:count] = blocks
                        blocks = larger
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
    return True, blocks[:count]


@njit(nogil=True, cache=True)
def settle(
    charts: NDArray[np.float64],
    numbers: NDArray[np.float64],
    blocks: NDArray[np.int32],
    shape: tuple[int, float],
    region: Any,
    inside: NDArray[np.bool_],
    origin: tuple[int, int],
    found: NDArray[np.int64],
    most: int,
) -> Any:
    """Tell of the pixels of blocks whether they are inside.

    Parameters
    ----------
    shape
        Kind of the region, and how far off positions may be for it.
    inside
        Gets True for those that are; empty where only ``found`` is wanted.
    origin
        Row and column of its first pixel.
    found
        Gets ``x0, x1, y0, y1``, ends included, that hold all pixels inside.
    most
        How many pixels there may be that have to be computed.

    Returns
    -------
    Whether they are no more; their columns and rows, shape (n, 2).
    """
    found[:] = np.iinfo(np.int64).max, -1, np.iinfo(np.int64).max, -1
    doubts = np.empty((most, 2), np.int64)
    for n in range(blocks.shape[0]):
        if blocks[n, 6]:
            x0, x1, y0, y1 = blocks[n, 2], blocks[n, 3], blocks[n, 4], blocks[n, 5]
            found[0], found[1] = min(found[0], x0), max(found[1], x1)
            found[2], found[3] = min(found[2], y0), max(found[3], y1)
            if inside.size:
                for y in range(y0 - origin[0], y1 + 1 - origin[0]):
                    inside[y, x0 - origin[1] : x1 + 1 - origin[1]] = True
    # Taken out of the tuple once: each look into it would be counted as one more owner.
    limits, _, _, _, _, frame, table, bins, listed, _ = region
    kind, most_slack = shape
    count = 0
    row, up, across = np.empty((3, TERMS)), np.empty((TERMS, 1)), np.zeros((TERMS, _COLUMNS))
    low, high, vectors = np.empty((3, _COLUMNS)), np.empty((3, _COLUMNS)), np.empty((3, _COLUMNS))
    places, sides = np.empty((2, 3)), np.empty(LEAF, np.int8)
    for n in range(blocks.shape[0]):
        x0, x1, y0, y1 = blocks[n, 2], blocks[n, 3], blocks[n, 4], blocks[n, 5]
        known = inside.size == 0 and x0 >= found[0] and x1 <= found[1] and y0 >= found[2] and y1 <= found[3]
        if blocks[n, 6] or known:
            continue
        k = blocks[n, 0]
        middle_x, terms = numbers[k, 0] + blocks[n, 1], int(numbers[k, 7])
        # Straight lines between the four corners; the chart itself where these leave a doubt.
        _polynomials((x0 - middle_x) / numbers[k, 1], terms, across, 0)
        _polynomials((x1 - middle_x) / numbers[k, 1], terms, across, 1)
        _polynomials((y0 - numbers[k, 2]) / numbers[k, 3], terms, up, 0)
        _row(charts, k, terms, up, row)
        _columns(row, terms, across, low)
        _polynomials((y1 - numbers[k, 2]) / numbers[k, 3], terms, up, 0)
        _row(charts, k, terms, up, row)
        _columns(row, terms, across, high)
        across_by, up_by = 1.0 / max(x1 - x0, 1), 1.0 / max(y1 - y0, 1)
        slack = numbers[k, 6] + ((x1 - x0) ** 2 * numbers[k, 8] + (y1 - y0) ** 2 * numbers[k, 9]) / 8.0
        for line in range(y0, y1 + 1):
            part = (line - y0) * up_by
            for axis in range(3):
                places[0, axis] = low[axis, 0] + part * (high[axis, 0] - low[axis, 0])
                end = low[axis, 1] + part * (high[axis, 1] - low[axis, 1])
                places[1, axis] = (end - places[0, axis]) * across_by
            sides[:] = 0
            if slack <= most_slack:
                _sides(x1 - x0 + 1, places, slack, kind, limits, frame, table, bins, listed, sides)
            for column in range(x0, x1 + 1):
                side = sides[column - x0]
                if side == 0:
                    _polynomials((column - middle_x) / numbers[k, 1], terms, across, 2)
                    _polynomials((line - numbers[k, 2]) / numbers[k, 3], terms, up, 0)
                    _row(charts, k, terms, up, row)
                    _columns(row, terms, across, vectors)
                    places[0, :] = vectors[:, 2]
                    _sides(1, places, numbers[k, 6], kind, limits, frame, table, bins, listed, sides)
                    side = sides[0]
                if side > 0:
                    found[0], found[1] = min(found[0], column), max(found[1], column)
                    found[2], found[3] = min(found[2], line), max(found[3], line)
                    if inside.size:
                        inside[line - origin[0], column - origin[1]] = True
                elif side == 0:
                    if count == most:
                        return False, doubts
                    doubts[count, 0], doubts[count, 1] = column, line
                    count += 1
    return True, doubts[:count]


@njit(nogil=True, cache=True)
def search(
    cells: tuple[NDArray[np.float64], NDArray[np.float64]],
    cone: tuple[NDArray[np.float64], float],
    charts: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int8]],
    columns: tuple[int, int, int],
    shape: tuple[int, float],
    region: Any,
    most: tuple[int, int, int],
) -> Any:
    """Find the pixels of a region in a plane.

    Parameters
    ----------
    cells
        Circles about boxes of the plane, as ``near_caps`` takes them.
    cone
        Circle about the region.
    charts
        Those of the boxes: coefficients, numbers, corners, and whether there are any.
    columns
        Columns after which the plane repeats, the first that is looked at, and the one after the last; of a plane that
        does not repeat 0, and whatever.
    shape
        Kind of the region, and how far off charts may be for it.
    most
        Pixels up to which the mask is made; blocks and doubts that there may be.

    Returns
    -------
    ``FOUND``, ``NOTHING``, ``NO_CHART`` where one must be made first, or ``LONG_WAY``; ends as ``settle`` gives them;
    which pixels are inside; row and column of the first of these; doubts.
    """
    coefficients, numbers, corners, state = charts
    ends, box, mask = np.empty(4, np.int64), np.empty(4, np.int64), np.zeros((0, 0), np.bool_)
    nothing = np.empty((0, 2), np.int64)
    near = near_caps(cells[0], cells[1], cone[0], cone[1])
    status = FOUND if near.size else NOTHING
    x0, x1, y0, y1 = 1 << 62, -1, 1 << 62, -1
    for k in near:
        if state[k] == BAD or numbers[k, 6] > shape[1]:
            status = LONG_WAY
            break
        if state[k] == UNKNOWN:
            status = NO_CHART
        x0, x1 = min(x0, corners[k, 0]), max(x1, corners[k, 1])
        y0, y1 = min(y0, corners[k, 2]), max(y1, corners[k, 3])
    if status != FOUND:
        return status, ends, mask, (0, 0), nothing
    turns = np.zeros(1, np.int64)
    period, low, high = columns
    if period:
        x0, x1 = low, high - 1
        turns = np.arange(low // period, x1 // period + 1) * period
    few, blocks = gather(coefficients, numbers, corners, near, turns, (x0, x1, y0, y1), shape[0], region, box, most[1])
    if not few or not len(blocks):
        return LONG_WAY if not few else NOTHING, ends, mask, (0, 0), nothing
    width, height = box[1] + 1 - box[0], box[3] + 1 - box[2]
    if width * height <= most[0]:
        mask = np.zeros((height, width), np.bool_)
    origin = (box[2], box[0])
    few, doubts = settle(coefficients, numbers, blocks, shape, region, mask, origin, ends, most[2])
    return FOUND if few else LONG_WAY, ends, mask, origin, doubts
