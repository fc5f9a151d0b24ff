"""The display range of IRAF."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES = 1000
CONTRAST = 0.25
MAX_REJECTED = 0.5
LEAST_PIXELS = 5
SIGMAS = 2.5
ITERATIONS = 5


def zscale(values: NDArray[np.floating], samples: int = SAMPLES) -> tuple[float, float]:
    """Range ``z1, z2`` around the median whose width is the slope of the sorted values over a contrast of 0.25.

    Parameters
    ----------
    values
        Valid pixels, flat, at least one.
    samples
        How many of them are looked at, evenly spaced.

    Notes
    -----
    As the task ``display`` of IRAF and ``zscale`` of its library describe it: a line is fitted to the sorted sample,
    points off it by more than 2.5 standard deviations are thrown out with their neighbours, up to five times; when
    more than half went, the range is that of the sample.
    """
    stride = max(1, values.size // samples)
    line = np.sort(values[::stride][:samples]).astype(np.float64)
    size = line.size
    low, high = float(line[0]), float(line[-1])
    slope, kept = _fit(line)
    if kept < max(LEAST_PIXELS, int(size * (1.0 - MAX_REJECTED))):
        return low, high
    slope /= CONTRAST
    centre = (size - 1) // 2
    median = float(np.median(line))
    return max(low, median - (centre - 1) * slope), min(high, median + (size - centre) * slope)


def _fit(line: NDArray[np.float64]) -> tuple[float, int]:
    """Slope of the line per sample, and how many samples were kept."""
    size = line.size
    x = np.arange(size)
    rejected = np.zeros(size, bool)
    grow = max(1, int(size * 0.01))
    least = max(LEAST_PIXELS, int(size * (1.0 - MAX_REJECTED)))
    kept, before, slope = size, size + 1, 0.0
    for _ in range(ITERATIONS):
        if kept >= before or kept < least:
            break
        slope, start = _regress(x[~rejected], line[~rejected])
        off = line - (slope * x + start)
        limit = SIGMAS * float(off[~rejected].std())
        rejected |= np.abs(off) > limit
        rejected = np.convolve(rejected, np.ones(grow, bool), mode="same")
        before, kept = kept, int(size - rejected.sum())
    return slope, kept


def _regress(x: NDArray[np.int64], y: NDArray[np.float64]) -> tuple[float, float]:
    if x.size < 2:
        return 0.0, float(y.mean())
    offset = x - x.mean()
    slope = float(offset @ y / (offset @ offset))
    return slope, float(y.mean() - slope * x.mean())
