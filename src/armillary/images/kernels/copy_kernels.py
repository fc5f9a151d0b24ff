"""Pixels at full resolution and picked pixels, as float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from armillary.images.kernels.load_kernels import is_data, stored_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.pixels import Rule


@njit(nogil=True, cache=True)
def copy_rows(raw: NDArray[Any], rule: Rule, window: tuple[int, int, int, int], out: NDArray[np.float32]) -> None:
    """Values of the window ``y0, y1, x0, x1``, row 0 at the top, in the corner of ``out``; the rest of it is NaN."""
    y0, y1, x0, x1 = window
    like, blank, no_blank, scale, zero = rule
    nan = np.float32(np.nan)
    for r in range(out.shape[0]):
        target = out[r]
        if r >= y1 - y0:
            target[:] = nan
            continue
        row = raw[y1 - 1 - r, x0:x1]
        for i in range(x1 - x0):
            number = stored_number(row[i], like)
            value = np.float32(zero + scale * np.float64(number))
            good = is_data(number, blank, no_blank) & (value - value == 0)
            target[i] = value if good else nan
        target[x1 - x0 :] = nan


@njit(nogil=True, cache=True)
def pick(
    raw: NDArray[Any], rule: Rule, rows: NDArray[np.int64], columns: NDArray[np.int64], out: NDArray[np.float32]
) -> None:
    """Values at ``rows`` × ``columns`` of ``raw`` into ``out``, which has that shape; NaN where either is negative."""
    like, blank, no_blank, scale, zero = rule
    nan = np.float32(np.nan)
    for r in range(rows.size):
        target = out[r]
        if rows[r] < 0:
            target[:] = nan
            continue
        row = raw[rows[r]]
        for c in range(columns.size):
            number = stored_number(row[max(columns[c], 0)], like)
            value = np.float32(zero + scale * np.float64(number))
            good = is_data(number, blank, no_blank) & (value - value == 0) & (columns[c] >= 0)
            target[c] = value if good else nan
