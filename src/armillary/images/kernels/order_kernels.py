"""Counting passes: moments, order statistics and histograms of any number of pixels in bounded memory.

Order statistics are found by radix: float32 values map to unsigned integers of the same order, whose upper 16 bits
are counted in the first pass, and whose lower 16 bits, within the few buckets that hold a wanted rank, in the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from armillary.images.kernels.load_kernels import is_data, stored_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.pixels import Rule

SIGN = np.uint32(0x80000000)


def _bits_of(_typing_context: Any, _value: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.uint32))

    return types.uint32(types.float32), generate


bits_of: Any = intrinsic(_bits_of)
"""Bits of a float32."""


@njit(nogil=True, cache=True)
def sort_key(value: Any) -> Any:
    """Unsigned integer in the order of float32 values; −0 is +0."""
    bits = bits_of(np.float32(value + np.float32(0)))
    return np.uint32(~bits) if bits & SIGN else np.uint32(bits | SIGN)


@njit(nogil=True, cache=True)
def first_pass(
    raw: NDArray[Any],
    rule: Rule,
    rows: tuple[int, int],
    shift: float,
    out: tuple[NDArray[np.int64], NDArray[np.float64]],
) -> None:
    """Count the upper 16 bits of every valid value, and add up moments.

    Parameters
    ----------
    raw, rule
        Pixels (see the package).
    rows
        First row and the one after the last.
    shift
        A number near the mean: sums of squares are taken about it.
    out
        Counts of shape (65536,), added to; and totals of shape (6,), updated: valid, no data, minimum, maximum,
        Σ(v − shift), Σ(v − shift)².
    """
    like, blank, no_blank, scale, zero = rule
    upper, totals = out
    valid = 0
    low, high = totals[2], totals[3]
    for y in range(rows[0], rows[1]):
        row = raw[y]
        first = 0.0
        second = 0.0
        for x in range(row.size):
            number = stored_number(row[x], like)
            value = np.float32(zero + scale * np.float64(number))
            if is_data(number, blank, no_blank) & (value - value == 0):
                upper[sort_key(value) >> np.uint32(16)] += 1
                exact = np.float64(value)
                low = min(low, exact)
                high = max(high, exact)
                offset = exact - shift
                first += offset
                second += offset * offset
                valid += 1
        totals[4] += first
        totals[5] += second
    totals[0] += valid
    totals[1] += (rows[1] - rows[0]) * raw.shape[1] - valid
    totals[2] = low
    totals[3] = high


@njit(nogil=True, cache=True)
def second_pass(
    raw: NDArray[Any], rule: Rule, rows: tuple[int, int], slots: NDArray[np.int64], lower: NDArray[np.int64]
) -> None:
    """Count the lower 16 bits within wanted buckets: ``slots[upper bits]`` is the row of ``lower``, or negative."""
    like, blank, no_blank, scale, zero = rule
    for y in range(rows[0], rows[1]):
        row = raw[y]
        for x in range(row.size):
            number = stored_number(row[x], like)
            value = np.float32(zero + scale * np.float64(number))
            if is_data(number, blank, no_blank) & (value - value == 0):
                key = sort_key(value)
                slot = slots[key >> np.uint32(16)]
                if slot >= 0:
                    lower[slot, key & np.uint32(0xFFFF)] += 1


@njit(nogil=True, cache=True)
def count_bins(
    raw: NDArray[Any], rule: Rule, rows: tuple[int, int], edges: NDArray[np.float64], bins: NDArray[np.int64]
) -> None:
    """Count values between even ``edges``, the last of which belongs to the last bin, as ``numpy.histogram`` does.

    ``bins`` has two elements more than there are bins: below, the bins, above.
    """
    like, blank, no_blank, scale, zero = rule
    last = edges.size - 2
    vmin, vmax = edges[0], edges[-1]
    per_unit = (last + 1) / (vmax - vmin)
    for y in range(rows[0], rows[1]):
        row = raw[y]
        for x in range(row.size):
            number = stored_number(row[x], like)
            value = np.float32(zero + scale * np.float64(number))
            if is_data(number, blank, no_blank) & (value - value == 0):
                exact = np.float64(value)
                if exact < vmin:
                    bins[0] += 1
                elif exact > vmax:
                    bins[last + 2] += 1
                else:
                    i: Any = min(last, np.int64((exact - vmin) * per_unit))
                    if exact < edges[i]:
                        i -= 1
                    elif i < last and exact >= edges[i + 1]:
                        i += 1
                    bins[i + 1] += 1
