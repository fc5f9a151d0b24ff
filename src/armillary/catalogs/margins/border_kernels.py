"""Distances to the borders of HEALPix pixels, and the rows within a threshold of them, as compiled loops.

A pixel's sides are lines of constant x or y on its face (Górski et al. 2005, section 5): curves on the sphere, no great
circles. The nearest place on a side is bracketed by samples and found by Gauss-Newton steps, or by golden sections
where these do not settle. Distances are chords of the unit sphere: 2 sin(angle / 2).

Serial, without the GIL, cached on disk; import inside functions only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from armillary.sky.healpix_kernels import _gather_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = 0.6180339887498949
LEAF_ROWS = 8
SAMPLES = 8
ORDER = 29


@njit(nogil=True, cache=True)
def _place(face: int, x: float, y: float) -> tuple[float, float, float]:
    """Unit vector at the fractions ``x``, ``y`` of a face's sides."""
    row = face // 4
    turn = 2 * (face % 4) + (0 if row == 1 else 1)
    down = row + 2 - x - y
    if down < 1.0 or down > 3.0:
        width = down if down < 1.0 else 4.0 - down
        away = width * width / 3.0
        z = 1.0 - away if down < 1.0 else away - 1.0
        s = math.sqrt(max(0.0, away * (2.0 - away)))
    else:
        width = 1.0
        z = (2.0 - down) * 2.0 / 3.0
        s = math.sqrt(1.0 - z * z)
    across = turn * width + x - y
    angle = 0.25 * math.pi * across / width if width > 1e-15 else 0.0
    return s * math.cos(angle), s * math.sin(angle), z


@njit(nogil=True, cache=True)
def _corner(order: int, cell: int) -> tuple[int, float, float, float]:
    """Face, fractions of the southern corner on it, and length of the sides, of a pixel."""
    side = 1.0 / (1 << order)
    inner = cell & ((np.int64(1) << (2 * order)) - 1)
    return cell >> (2 * order), np.int64(_gather_bits(inner)) * side, np.int64(_gather_bits(inner >> 1)) * side, side


@njit(nogil=True, cache=True)
def _on_side(face: int, x: float, y: float, side: float, which: int, u: float) -> tuple[float, float, float]:
    if which == 0:
        return _place(face, x + u * side, y)
    if which == 1:
        return _place(face, x + side, y + u * side)
    if which == 2:
        return _place(face, x + u * side, y + side)
    return _place(face, x, y + u * side)


@njit(nogil=True, cache=True)
def _square(face: int, x: float, y: float, side: float, which: int, u: float, vx: float, vy: float, vz: float) -> float:
    px, py, pz = _on_side(face, x, y, side, which, u)
    return (px - vx) ** 2 + (py - vy) ** 2 + (pz - vz) ** 2


@njit(nogil=True, cache=True)
def _refined(
    face: int, x: float, y: float, side: float, which: int, low: float, high: float, u: float, v: NDArray[np.float64]
) -> float:
    """Least squared chord from ``v`` to a part of a side that holds one minimum, near ``u``."""
    vx, vy, vz = v[0], v[1], v[2]
    step = 1e-4
    for _ in range(8):
        first, last = max(0.0, u - step), min(1.0, u + step)
        px, py, pz = _on_side(face, x, y, side, which, u)
        ax, ay, az = _on_side(face, x, y, side, which, first)
        bx, by, bz = _on_side(face, x, y, side, which, last)
        wide = last - first
        tx, ty, tz = (bx - ax) / wide, (by - ay) / wide, (bz - az) / wide
        length = tx * tx + ty * ty + tz * tz
        if length < 1e-300:
            break
        move = ((vx - px) * tx + (vy - py) * ty + (vz - pz) * tz) / length
        after = min(high, max(low, u + move))
        settled = abs(after - u) < 1e-7
        u = after
        if settled:
            return _square(face, x, y, side, which, u, vx, vy, vz)
    left = high - GOLDEN * (high - low)
    right = low + GOLDEN * (high - low)
    at_left = _square(face, x, y, side, which, left, vx, vy, vz)
    at_right = _square(face, x, y, side, which, right, vx, vy, vz)
    for _ in range(64):
        if high - low < 1e-12:
            break
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = _square(face, x, y, side, which, left, vx, vy, vz)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = _square(face, x, y, side, which, right, vx, vy, vz)
    return min(at_left, at_right)


@njit(nogil=True, cache=True)
def sample_border(order: int, cell: int, out: NDArray[np.float64]) -> float:
    """``SAMPLES`` places on each side of a pixel and its far end, unit vectors of shape (4, SAMPLES + 1, 3).

    Returns
    -------
    How far the border bends away from the straight lines between neighbouring places, at most.
    """
    face, x, y, side = _corner(order, cell)
    bend = 0.0
    for which in range(4):
        for k in range(SAMPLES + 1):
            px, py, pz = _on_side(face, x, y, side, which, k / SAMPLES)
            out[which, k, 0], out[which, k, 1], out[which, k, 2] = px, py, pz
            for part in range(3 if k else 0):
                mx, my, mz = _on_side(face, x, y, side, which, (k - 0.25 * (part + 1)) / SAMPLES)
                bend = max(bend, _to_line(out[which], k, mx, my, mz)[0])
    return 1.5 * bend + 1e-15


@njit(nogil=True, cache=True)
def _to_line(places: NDArray[np.float64], k: int, vx: float, vy: float, vz: float) -> tuple[float, float]:
    """Distance to the line between places ``k - 1`` and ``k``, and where on it the nearest point is, 0 to 1."""
    ax, ay, az = places[k - 1, 0], places[k - 1, 1], places[k - 1, 2]
    bx, by, bz = places[k, 0] - ax, places[k, 1] - ay, places[k, 2] - az
    length = bx * bx + by * by + bz * bz
    along = 0.0
    if length > 0.0:
        along = min(1.0, max(0.0, ((vx - ax) * bx + (vy - ay) * by + (vz - az) * bz) / length))
    dx, dy, dz = ax + along * bx - vx, ay + along * by - vy, az + along * bz - vz
    return math.sqrt(dx * dx + dy * dy + dz * dz), along


@njit(nogil=True, cache=True)
def chord_within(
    order: int, cell: int, samples: NDArray[np.float64], bend: float, v: NDArray[np.float64], limit: float
) -> float:
    """Least chord from a unit vector to the border of a pixel where it is at most ``limit``, else something more.

    Parameters
    ----------
    samples, bend
        Of ``sample_border``.
    """
    face, x, y, side = _corner(order, cell)
    best = 5.0
    for which in range(4):
        for k in range(1, SAMPLES + 1):
            line, along = _to_line(samples[which], k, v[0], v[1], v[2])
            if line - bend <= min(best, limit):
                low, high = (k - 1.0) / SAMPLES, (k + 0.0) / SAMPLES
                u = low + along * (high - low)
                best = min(best, math.sqrt(_refined(face, x, y, side, which, low, high, u, v)))
    return best


@njit(nogil=True, cache=True)
def _angle(chord: float) -> float:
    return 2.0 * math.asin(min(1.0, 0.5 * chord))


@njit(nogil=True, cache=True)
def _lower_bound(cells: NDArray[np.int64], value: int, low: int, high: int) -> int:
    while low < high:
        middle = (low + high) >> 1
        if cells[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True, cache=True)
def select(
    cells: NDArray[np.int64],
    vectors: NDArray[np.float64],
    order: int,
    cell: int,
    near: NDArray[np.int64],
    orders: NDArray[np.int64],
    indices: NDArray[np.int64],
    centres: NDArray[np.float64],
    radii: NDArray[np.float64],
    threshold: float,
    rows: NDArray[np.int64],
    places: NDArray[np.int64],
) -> int:
    """Rows of one partition that lie within a threshold of the borders of others.

    The partition is cut into smaller and smaller pixels; one whose every place is farther from a border than the
    threshold, or nearer, is settled at once. The rest is looked at row by row.

    Parameters
    ----------
    cells
        Index of order 29 of its rows, ascending.
    vectors
        Their unit vectors, shape (rows, 3).
    order, cell
        The partition.
    near
        Places of the others that may be near.
    orders, indices, centres
        All partitions: order, index, unit vector of the centre.
    radii
        Largest angle from a centre to a place of a pixel, for every order, radians.
    threshold
        Radians.
    rows, places
        What is found: a row, and the place of the partition whose margin it belongs to.

    Returns
    -------
    How many were found; more than ``rows`` has room for where there is not enough.
    """
    chord = 2.0 * math.sin(0.5 * min(threshold, math.pi))
    slack = 1e-12
    samples = np.empty((near.size, 4, SAMPLES + 1, 3))
    bends = np.empty(near.size)
    centre = np.empty(3)
    for k in range(near.size):
        bends[k] = sample_border(orders[near[k]], indices[near[k]], samples[k])
    levels = ORDER - order + 1
    kept = np.empty((levels + 1, max(1, near.size)), np.int64)
    many = np.empty(levels + 1, np.int64)
    kept[0, : near.size] = np.arange(near.size)
    many[0] = near.size
    stack_cell = np.empty(4 * levels + 4, np.int64)
    stack_level = np.empty(4 * levels + 4, np.int64)
    stack_low = np.empty(4 * levels + 4, np.int64)
    stack_high = np.empty(4 * levels + 4, np.int64)
    stack_cell[0], stack_level[0], stack_low[0], stack_high[0] = cell, 0, 0, cells.size
    depth = 1
    found = 0
    while depth > 0:
        depth -= 1
        here, level, low, high = stack_cell[depth], stack_level[depth], stack_low[depth], stack_high[depth]
        if low >= high:
            continue
        now = order + level
        face, x, y, side = _corner(now, here)
        cx, cy, cz = _place(face, x + 0.5 * side, y + 0.5 * side)
        centre[0], centre[1], centre[2] = cx, cy, cz
        radius = radii[now] + slack
        left = 0
        for k in range(many[level]):
            which = kept[level, k]
            place = near[which]
            ex, ey, ez = cx - centres[place, 0], cy - centres[place, 1], cz - centres[place, 2]
            between = _angle(math.sqrt(ex * ex + ey * ey + ez * ez))
            if between > radii[orders[place]] + radius + threshold:
                continue
            reach = 2.0 * math.sin(0.5 * min(math.pi, radius + threshold)) + slack
            away = chord_within(orders[place], indices[place], samples[which], bends[which], centre, reach)
            if away > reach:
                continue
            away = _angle(away)
            if away + radius + slack < threshold:
                for row in range(low, high):
                    if found < rows.size:
                        rows[found], places[found] = row, place
                    found += 1
                continue
            kept[level + 1, left] = which
            left += 1
        if left == 0:
            continue
        if high - low <= LEAF_ROWS or now == ORDER:
            for row in range(low, high):
                for k in range(left):
                    which = kept[level + 1, k]
                    place = near[which]
                    near_by = chord_within(
                        orders[place], indices[place], samples[which], bends[which], vectors[row], chord
                    )
                    if near_by <= chord:
                        if found < rows.size:
                            rows[found], places[found] = row, place
                        found += 1
            continue
        many[level + 1] = left
        shift = 2 * (ORDER - now - 1)
        begin = low
        for child in range(4):
            following = 4 * here + child
            end = _lower_bound(cells, (following + 1) << shift, begin, high)
            stack_cell[depth], stack_level[depth] = following, level + 1
            stack_low[depth], stack_high[depth] = begin, end
            depth += 1
            begin = end
    return found
