"""Nearest neighbours within a radius on the sphere, as compiled loops.

The right side is sorted by the sine of its declination, so that a place is compared only with what lies in a strip of
twice the radius. Serial, without the GIL, cached on disk; import inside functions only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def _first_at(values: NDArray[np.float64], value: float) -> int:
    low, high = 0, values.size
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True, cache=True)
def _strip(z: float, radius: float) -> tuple[float, float]:
    """Least and greatest sine of declination within a radius of a place."""
    dec = math.asin(min(1.0, max(-1.0, z)))
    low = -1.0 if dec - radius <= -0.5 * math.pi else math.sin(dec - radius)
    high = 1.0 if dec + radius >= 0.5 * math.pi else math.sin(dec + radius)
    return low - 1e-15, high + 1e-15


@njit(nogil=True, cache=True)
def nearest(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    z: NDArray[np.float64],
    radius: float,
    rows: NDArray[np.int64],
    squares: NDArray[np.float64],
) -> None:
    """The nearest places of the right within a radius of each of the left, nearest first; equal ones by their number.

    Parameters
    ----------
    left, right
        Unit vectors, shape (n, 3) and (m, 3); the right in the order of ``z``.
    z
        Third coordinates of the right, ascending.
    radius
        Radians.
    rows, squares
        Shape (n, k): numbers on the right, −1 where there are no more, and squared chords.
    """
    most = 2.0 * math.sin(0.5 * min(radius, math.pi))
    most *= most
    many = rows.shape[1]
    for k in range(left.shape[0]):
        for place in range(many):
            rows[k, place], squares[k, place] = -1, most
        low, high = _strip(left[k, 2], radius)
        for other in range(_first_at(z, low), z.size):
            if z[other] > high:
                break
            dx, dy, dz = right[other, 0] - left[k, 0], right[other, 1] - left[k, 1], right[other, 2] - left[k, 2]
            square = dx * dx + dy * dy + dz * dz
            last = many - 1
            if square > squares[k, last] or (square == squares[k, last] and rows[k, last] >= 0):
                continue
            place = last
            while place > 0 and (rows[k, place - 1] < 0 or squares[k, place - 1] > square):
                rows[k, place], squares[k, place] = rows[k, place - 1], squares[k, place - 1]
                place -= 1
            rows[k, place], squares[k, place] = other, square


@njit(nogil=True, cache=True)
def count_within(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    z: NDArray[np.float64],
    radius: float,
    counts: NDArray[np.int64],
) -> None:
    """How many places of the right lie within a radius of each of the left; as ``nearest`` otherwise."""
    most = 2.0 * math.sin(0.5 * min(radius, math.pi))
    most *= most
    for k in range(left.shape[0]):
        low, high = _strip(left[k, 2], radius)
        counts[k] = 0
        for other in range(_first_at(z, low), z.size):
            if z[other] > high:
                break
            dx, dy, dz = right[other, 0] - left[k, 0], right[other, 1] - left[k, 1], right[other, 2] - left[k, 2]
            counts[k] += dx * dx + dy * dy + dz * dz <= most
