"""Noise of pixels, robustly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_DIFFERENCES = 48


@njit(nogil=True, cache=True)
def neighbour_noise(pixels: NDArray[np.float32], step: int, scratch: NDArray[np.float32]) -> float:
    """Standard deviation of the noise, from pairs of neighbours in every ``step``-th row; 0 when unknown.

    The median of ``|a - b|`` over valid, unequal pairs, times 1.4826 / √2: 1.4826 turns the median absolute
    deviation of a normal distribution into its standard deviation (Rousseeuw & Croux 1993, JASA 88, 1273).
    Equal neighbours are blank or saturated. ``scratch`` bounds the number of pairs.
    """
    found = 0
    for y in range(step // 2, pixels.shape[0], step):
        row = pixels[y]
        for x in range(0, row.size - 1, 2):
            difference = abs(row[x + 1] - row[x])
            if (difference > 0) & (difference - difference == 0) & (found < scratch.size):
                scratch[found] = difference
                found += 1
    if found < LEAST_DIFFERENCES:
        return 0.0
    return float(1.4826 / np.sqrt(2.0) * np.median(scratch[:found]))
