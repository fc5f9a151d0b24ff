"""Sums, counts and means of the valid pixels of squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from armillary.images.kernels.load_kernels import is_data, stored_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.pixels import Rule

COLUMNS = 8192
"""Columns added up before they are folded into squares: their accumulators stay in the second level of cache."""


@njit(nogil=True, cache=True)
def add_four_rows(
    raw: NDArray[Any], rule: Rule, at: tuple[int, int], sums: NDArray[np.float64], counts: NDArray[np.int32]
) -> None:
    """Add four rows from ``y, x0 = at`` to column accumulators: it spares three rounds through the accumulators."""
    y, x0 = at
    like, blank, no_blank = rule.like, rule.blank, rule.no_blank
    row0 = raw[y, x0 : x0 + sums.size]
    row1 = raw[y + 1, x0 : x0 + sums.size]
    row2 = raw[y + 2, x0 : x0 + sums.size]
    row3 = raw[y + 3, x0 : x0 + sums.size]
    for i in range(sums.size):
        v0 = stored_number(row0[i], like)
        v1 = stored_number(row1[i], like)
        v2 = stored_number(row2[i], like)
        v3 = stored_number(row3[i], like)
        k0 = is_data(v0, blank, no_blank)
        k1 = is_data(v1, blank, no_blank)
        k2 = is_data(v2, blank, no_blank)
        k3 = is_data(v3, blank, no_blank)
        first = (np.float64(v0) if k0 else 0.0) + (np.float64(v1) if k1 else 0.0)
        second = (np.float64(v2) if k2 else 0.0) + (np.float64(v3) if k3 else 0.0)
        sums[i] += first + second
        counts[i] += (np.int32(k0) + np.int32(k1)) + (np.int32(k2) + np.int32(k3))


@njit(nogil=True, cache=True)
def add_four_whole_rows(raw: NDArray[Any], rule: Rule, at: tuple[int, int], sums: NDArray[np.float64]) -> None:
    """Add four rows from ``y, x0 = at`` as if all were data: the sums are not finite where they are not."""
    y, x0 = at
    like = rule.like
    row0 = raw[y, x0 : x0 + sums.size]
    row1 = raw[y + 1, x0 : x0 + sums.size]
    row2 = raw[y + 2, x0 : x0 + sums.size]
    row3 = raw[y + 3, x0 : x0 + sums.size]
    for i in range(sums.size):
        first = np.float64(stored_number(row0[i], like)) + np.float64(stored_number(row1[i], like))
        second = np.float64(stored_number(row2[i], like)) + np.float64(stored_number(row3[i], like))
        sums[i] += first + second


@njit(nogil=True, cache=True)
def add_row(
    raw: NDArray[Any], rule: Rule, at: tuple[int, int], sums: NDArray[np.float64], counts: NDArray[np.int32]
) -> None:
    """Add one row from ``y, x0 = at`` to column accumulators."""
    y, x0 = at
    like, blank, no_blank = rule.like, rule.blank, rule.no_blank
    row = raw[y, x0 : x0 + sums.size]
    for i in range(sums.size):
        number = stored_number(row[i], like)
        good = is_data(number, blank, no_blank)
        sums[i] += np.float64(number) if good else 0.0
        counts[i] += np.int32(good)


@njit(nogil=True, cache=True)
def halve(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Sums of pairs."""
    for i in range(target.size):
        target[i] = source[2 * i] + source[2 * i + 1]


@njit(nogil=True, cache=True)
def fold_columns(columns: NDArray[Any], spare: NDArray[Any], factor: int, out: NDArray[Any]) -> None:
    """Add column accumulators to the squares of side ``factor``, a power of two, by halving: that vectorises.

    ``columns`` and ``spare`` are overwritten; both hold as many elements as there are columns in ``out``.
    """
    source, target = columns, spare
    size = out.size * factor
    while factor > 1:
        size //= 2
        factor //= 2
        halve(source[: 2 * size], target[:size])
        source, target = target, source
    for i in range(out.size):
        out[i] += source[i]


@njit(nogil=True, cache=True)
def add_columns(
    raw: NDArray[Any],
    rule: Rule,
    box: tuple[int, int, int],
    sums: NDArray[np.float64],
    counts: NDArray[np.int32],
) -> None:
    """Sums and counts of the columns of rows ``y0:y1`` from ``x0``; ``box`` is these three."""
    y, y1, x0 = box
    sums[:] = 0.0
    counts[:] = 0
    while y + 4 <= y1:
        add_four_rows(raw, rule, (y, x0), sums, counts)
        y += 4
    while y < y1:
        add_row(raw, rule, (y, x0), sums, counts)
        y += 1


@njit(nogil=True, cache=True)
def add_whole_columns(
    raw: NDArray[Any],
    rule: Rule,
    box: tuple[int, int, int],
    sums: NDArray[np.float64],
    counts: NDArray[np.int32],
) -> bool:
    """As ``add_columns``, a third faster; false, with nothing of use done, unless every pixel is data."""
    y, y1, x0 = box
    if not rule.no_blank or (y1 - y) % 4:
        return False
    sums[:] = 0.0
    counts[:] = y1 - y
    while y < y1:
        add_four_whole_rows(raw, rule, (y, x0), sums)
        y += 4
    bad = 0
    for i in range(sums.size):
        bad += sums[i] - sums[i] != 0
    return bad == 0


@njit(nogil=True, cache=True)
def area_sums(
    raw: NDArray[Any],
    rule: Rule,
    window: tuple[int, int, int, int],
    squares: tuple[int, int],
    out: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    """Add a window of ``raw`` to sums and counts of squares. Stored numbers are summed, scaling comes after.

    Parameters
    ----------
    raw, rule
        Pixels (see the package).
    window
        ``y0, y1, x0, x1`` in ``raw``; ``x0`` is where a square starts.
    squares
        Rows up to the top of the plane, where squares are anchored, counted as ``y0`` is; and the side of a square, a
        power of two.
    out
        Sums and counts, shape (rows, columns) of squares, added to in place. Row 0 is the squares that row
        ``y1 - 1`` falls in.
    """
    y0, y1, x0, x1 = window
    ny, factor = squares
    sums, counts = out
    columns = min(max(factor, COLUMNS), -(-(x1 - x0) // factor) * factor)
    column_sums, spare_sums = np.empty(columns, np.float64), np.empty(columns, np.float64)
    column_counts, spare_counts = np.empty(columns, np.int32), np.empty(columns, np.int32)
    holes = np.zeros(x1 // columns + 1, np.bool_)
    first = (ny - y1) // factor
    top = y1
    while top > y0:
        row = (ny - top) // factor
        bottom = max(y0, ny - (row + 1) * factor)
        for left in range(x0, x1, columns):
            width = min(columns, x1 - left)
            column_sums[width:] = 0.0
            column_counts[width:] = 0
            box, part_sums, part_counts = (bottom, top, left), column_sums[:width], column_counts[:width]
            # Holes go on from one row of squares to the next: whoever had some is not tried again.
            is_whole = not holes[left // columns] and add_whole_columns(raw, rule, box, part_sums, part_counts)
            if not is_whole:
                holes[left // columns] = True
                add_columns(raw, rule, box, part_sums, part_counts)
            start = (left - x0) // factor
            stop = start + -(-width // factor)
            fold_columns(column_sums, spare_sums, factor, sums[row - first, start:stop])
            fold_columns(column_counts, spare_counts, factor, counts[row - first, start:stop])
        top = bottom


@njit(nogil=True, cache=True, error_model="numpy")
def means(
    sums: NDArray[np.float64], counts: NDArray[np.int64], scale: float, zero: float, out: NDArray[np.float32]
) -> None:
    """Scaled means in the top left corner of ``out``; NaN without data or beyond float32."""
    nan = np.float32(np.nan)
    for r in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            value = np.float32(zero + scale * (sums[r, c] / max(counts[r, c], 1)))
            out[r, c] = value if (counts[r, c] > 0) & (value - value == 0) else nan


@njit(nogil=True, cache=True)
def merge_means(mean: NDArray[np.float32], count: NDArray[Any], factor: int, out: NDArray[np.float32]) -> None:
    """Means of squares of side ``factor`` over ``mean`` weighted by ``count``, in the top left corner of ``out``."""
    rows, columns = mean.shape
    for r in range(-(-rows // factor)):
        for c in range(-(-columns // factor)):
            total = 0.0
            valid = np.int64(0)
            for y in range(r * factor, min(rows, (r + 1) * factor)):
                for x in range(c * factor, min(columns, (c + 1) * factor)):
                    n = np.int64(count[y, x])
                    if n > 0 and mean[y, x] - mean[y, x] == 0:
                        total += np.float64(mean[y, x]) * n
                        valid += n
            out[r, c] = np.float32(total / valid) if valid > 0 else np.float32(np.nan)


@njit(nogil=True, cache=True)
def area_means(
    raw: NDArray[Any], rule: Rule, window: tuple[int, int, int, int], factor: int, out: NDArray[np.float32]
) -> None:
    """Means of squares whose top left corner is that of the window, in the corner of ``out``; the rest of it is NaN.

    One row of squares at a time: the sums never leave the cache.
    """
    y0, y1, x0, x1 = window
    rows, columns = -(-(y1 - y0) // factor), -(-(x1 - x0) // factor)
    sums = np.empty((1, columns), np.float64)
    counts = np.empty((1, columns), np.int64)
    out[:rows, columns:] = np.nan
    out[rows:] = np.nan
    for r in range(rows):
        top = y1 - r * factor
        sums[:] = 0.0
        counts[:] = 0
        area_sums(raw, rule, (max(y0, top - factor), top, x0, x1), (top, factor), (sums, counts))
        means(sums, counts, rule.scale, rule.zero, out[r : r + 1])
