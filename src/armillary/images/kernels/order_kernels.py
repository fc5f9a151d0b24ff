"""Counting passes: moments, order statistics and histograms of any number of pixels in bounded memory.

Order statistics are found by radix: float32 values map to unsigned integers of the same order, whose upper 16 bits
are counted in the first pass, and whose lower 16 bits, within the few buckets that hold a wanted rank, in the second.
All passes work in strips: arithmetic that vectorises fills a small buffer, a second loop counts from it.
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
NO_DATA = np.float32(np.nan)
STRIP = 1024


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
def load_strip(row: NDArray[Any], rule: Rule, values: NDArray[np.float32]) -> None:
    """Values of part of a row as float32, NaN where there is no data."""
    like, blank, no_blank, scale, zero = rule
    for i in range(row.size):
        number = stored_number(row[i], like)
        value = np.float32(zero + scale * np.float64(number))
        values[i] = value if is_data(number, blank, no_blank) & (value - value == 0) else NO_DATA


@njit(nogil=True, cache=True, fastmath={"reassoc", "nsz"})
def moments(values: NDArray[np.float32], shift: float) -> tuple[int, float, float, float, float]:
    """Valid values, minimum, maximum, Σ(v − shift), Σ(v − shift)² of a strip, in any order so that it vectorises."""
    valid = np.int64(0)
    low, high = np.float32(np.inf), np.float32(-np.inf)
    first, second = 0.0, 0.0
    for i in range(values.size):
        value = values[i]
        good = value == value  # noqa: PLR0124 - NaN is no data
        offset = np.float64(value) - shift if good else 0.0
        first += offset
        second += offset * offset
        valid += good
        low = min(low, value if good else np.float32(np.inf))
        high = max(high, value if good else np.float32(-np.inf))
    return int(valid), float(low), float(high), first, second


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
    upper, totals = out
    values = np.empty(STRIP, np.float32)
    keys = np.empty(STRIP, np.uint32)
    for y in range(rows[0], rows[1]):
        row = raw[y]
        for left in range(0, row.size, STRIP):
            strip = values[: min(STRIP, row.size - left)]
            load_strip(row[left : left + strip.size], rule, strip)
            valid, low, high, first, second = moments(strip, shift)
            totals[0] += valid
            totals[1] += strip.size - valid
            totals[2] = min(totals[2], low)
            totals[3] = max(totals[3], high)
            totals[4] += first
            totals[5] += second
            for i in range(strip.size):
                keys[i] = sort_key(strip[i]) >> np.uint32(16)
            for i in range(strip.size):
                if strip[i] == strip[i]:  # NaN is no data
                    upper[keys[i]] += 1


@njit(nogil=True, cache=True)
def second_pass(
    raw: NDArray[Any], rule: Rule, rows: tuple[int, int], slots: NDArray[np.int64], lower: NDArray[np.int64]
) -> None:
    """Count the lower 16 bits within wanted buckets: ``slots[upper bits]`` is the row of ``lower``, or negative."""
    values = np.empty(STRIP, np.float32)
    keys = np.empty(STRIP, np.uint32)
    for y in range(rows[0], rows[1]):
        row = raw[y]
        for left in range(0, row.size, STRIP):
            strip = values[: min(STRIP, row.size - left)]
            load_strip(row[left : left + strip.size], rule, strip)
            for i in range(strip.size):
                keys[i] = sort_key(strip[i])
            for i in range(strip.size):
                slot = slots[keys[i] >> np.uint32(16)]
                if slot >= 0 and strip[i] == strip[i]:  # NaN is no data
                    lower[slot, keys[i] & np.uint32(0xFFFF)] += 1


@njit(nogil=True, cache=True)
def count_bins(
    raw: NDArray[Any], rule: Rule, rows: tuple[int, int], edges: NDArray[np.float64], bins: NDArray[np.int64]
) -> None:
    """Count values between even ``edges``, the last of which belongs to the last bin, as ``numpy.histogram`` does.

    ``bins`` has two elements more than there are bins: below, the bins, above.
    """
    last = edges.size - 2
    vmin, vmax = edges[0], edges[-1]
    per_unit = (last + 1) / (vmax - vmin)
    values = np.empty(STRIP, np.float32)
    places = np.empty(STRIP, np.int32)
    for y in range(rows[0], rows[1]):
        row = raw[y]
        for left in range(0, row.size, STRIP):
            strip = values[: min(STRIP, row.size - left)]
            load_strip(row[left : left + strip.size], rule, strip)
            for i in range(strip.size):
                place = (np.float64(strip[i]) - vmin) * per_unit
                places[i] = np.int32(min(max(place, 0.0), np.float64(last)))
            for i in range(strip.size):
                value = np.float64(strip[i])
                if value < vmin:
                    bins[0] += 1
                elif value > vmax:
                    bins[last + 2] += 1
                elif value == value:  # noqa: PLR0124 - NaN is no data
                    # Rounding may be off by one: the edges decide.
                    k = places[i]
                    k -= value < edges[k]
                    k += k < last and value >= edges[k + 1]
                    bins[k + 1] += 1
