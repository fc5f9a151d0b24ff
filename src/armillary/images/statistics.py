"""Statistics of a plane: from its sample at once, or from every pixel by request."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import ParameterError
from armillary.images.counting import Pass, Tally, histogram, percentiles, plane_pass, sample_pass, tally
from armillary.images.ranges import FLOAT32_MAX
from armillary.images.sampling import take_sample
from armillary.images.zscale import zscale
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.crew import Crew
    from armillary.images.sampling import Sample
    from armillary.images.subject import Subject

MAX_BINS = 65536
MAX_PERCENTILES = 1024
PERCENTS = (0.1, 0.5, 1.0, 2.5, 5.0, 25.0, 50.0, 75.0, 95.0, 97.5, 99.0, 99.5, 99.9)
BLANK_COVERAGE_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Histogram:
    """Distribution of the pixels of a plane, as float32.

    Parameters
    ----------
    counts
        Pixels in each bin; the upper edge of the last bin belongs to it.
    edges
        One more than bins, even.
    nan, below, above
        Pixels without data, below the first edge, above the last.
    total
        All pixels that were looked at: ``counts.sum() + nan + below + above``.
    exact
        Whether that was every pixel of the plane.
    minimum, maximum, mean, std
        Of the valid pixels; None without any.
    percentiles
        By percent as written (``"99.5"``); None without valid pixels.
    zscale
        Range of IRAF, from the sample; None without valid pixels.
    version
        Version of the file.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    nan: int
    below: int
    above: int
    total: int
    exact: bool
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    percentiles: dict[str, float | None]
    zscale: tuple[float, float] | None
    version: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What does not depend on the bins of a histogram.

    Parameters
    ----------
    counted
        Result of the first pass.
    percentiles
        At ``PERCENTS``.
    """

    counted: Tally
    percentiles: NDArray[np.float64]

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.counted.nbytes + self.percentiles.nbytes


class Statistics:
    """Statistics of one plane; what takes a pass over pixels is kept in the store.

    Parameters
    ----------
    subject
        The plane.
    crew
        Threads for exact passes.
    """

    def __init__(self, subject: Subject, crew: Crew) -> None:
        self._subject = subject
        self._crew = crew

    def sample(self) -> Sample:
        """The sample of the file as it is now."""
        return self._subject.derived("sample", lambda: take_sample(self._subject))

    def summary(self, *, exact: bool) -> Summary:
        """Moments and percentiles of the sample, or of every pixel."""
        return self._subject.derived(("summary", exact), lambda: self._summarise(exact=exact))

    def percentiles(self, q: NDArray[np.float64], *, exact: bool) -> NDArray[np.float64]:
        """Percentiles of the sample or of every pixel.

        Raises
        ------
        ParameterError
            A percentage outside 0–100, or more than 1024 of them.
        """
        if q.ndim != 1 or not 0 < q.size <= MAX_PERCENTILES or not np.all((q >= 0.0) & (q <= 100.0)):
            raise ParameterError("q", f"up to {MAX_PERCENTILES} percentages from 0 to 100 are wanted.")
        if np.all(np.isin(q, PERCENTS)):
            return self.summary(exact=exact).percentiles[np.searchsorted(PERCENTS, q)]
        read = self._subject.steady(
            lambda _: percentiles(self._pass(exact=exact), self.summary(exact=exact).counted, q)
        )
        return read[0]

    def histogram(self, bins: int, vmin: float | None, vmax: float | None, *, exact: bool) -> Histogram:
        """Histogram of the sample or of every pixel, by default over all values found.

        Raises
        ------
        ParameterError
            Bins not 1 to 65536, limits not finite or in the wrong order.
        """
        if not 1 <= bins <= MAX_BINS:
            raise ParameterError("bins", f"must be 1 to {MAX_BINS}, not {bins}.")
        (summary, counts, edges), version = self._subject.steady(lambda _: self._count(bins, vmin, vmax, exact=exact))
        marks = summary.percentiles
        return Histogram(
            counts=counts[1:-1],
            edges=edges,
            nan=summary.counted.nan,
            below=int(counts[0]),
            above=int(counts[-1]),
            total=summary.counted.nan + summary.counted.valid,
            exact=exact,
            minimum=_number(summary.counted.minimum),
            maximum=_number(summary.counted.maximum),
            mean=_number(summary.counted.mean),
            std=_number(summary.counted.std),
            percentiles={f"{percent:g}": _number(mark) for percent, mark in zip(PERCENTS, marks, strict=True)},
            zscale=self.zscale(),
            version=version,
        )

    def zscale(self) -> tuple[float, float] | None:
        """Range of IRAF for the sample, or None without data."""
        valid = self.sample().valid()
        return zscale(valid) if valid.size else None

    def coverage(self) -> Window | None:
        """Box of the pixels that hold data, found in the sample and made wider by its step; None without any.

        Exact zeros are taken for blank where more than 30 % of the pixels are zero. Where the sample is no grid, the
        whole plane.
        """
        return covered_box(self.sample(), self._subject.shape)

    def _pass(self, *, exact: bool) -> Pass[Any]:
        return plane_pass(self._subject, self._crew) if exact else sample_pass(self.sample())

    def _summarise(self, *, exact: bool) -> Summary:
        valid = self.sample().valid()
        shift = float(np.median(valid[:: max(1, valid.size // 1000)])) if valid.size else 0.0
        counted = tally(self._pass(exact=exact), shift)
        return Summary(counted, percentiles(self._pass(exact=exact), counted, np.array(PERCENTS)))

    def _count(
        self, bins: int, vmin: float | None, vmax: float | None, *, exact: bool
    ) -> tuple[Summary, NDArray[np.int64], NDArray[np.float64]]:
        summary = self.summary(exact=exact)
        low, high = _limits(summary.counted, vmin, vmax)
        edges = np.linspace(low, high, bins + 1)
        kind = ("histogram", exact, bins, low, high)
        counts = self._subject.derived(kind, lambda: histogram(self._pass(exact=exact), edges))
        return summary, counts, edges


def covered_box(sample: Sample, shape: tuple[int, int]) -> Window | None:
    """Box of the valid pixels of a sample, in pixels of a plane of that shape (see ``Statistics.coverage``)."""
    ny, nx = shape
    good = np.isfinite(sample.pixels)
    zeros = sample.pixels == 0.0
    others = good & ~zeros
    if good.any() and zeros.sum() > BLANK_COVERAGE_SHARE * good.size and others.any():
        good = others
    if not good.any():
        return None
    if sample.step == 0:
        return Window(0, ny, 0, nx)
    top, bottom = _reach(good.any(axis=1), sample.step, ny)
    left, right = _reach(good.any(axis=0), sample.step, nx)
    return Window(ny - bottom, ny - top, left, right)


def _reach(covered: Any, step: int, length: int) -> tuple[int, int]:
    """First and one after last pixel that may be covered: the neighbours in the sample were not."""
    found = np.flatnonzero(covered)
    margin = step - 1
    return max(0, int(found[0]) * step - margin), min(length, int(found[-1]) * step + 1 + margin)


def _limits(counted: Tally, vmin: float | None, vmax: float | None) -> tuple[float, float]:
    for name, limit in (("vmin", vmin), ("vmax", vmax)):
        if limit is not None and not (math.isfinite(limit) and abs(limit) <= FLOAT32_MAX):
            raise ParameterError(name, "must be a finite number of 32 bits.")
    low = vmin if vmin is not None else (counted.minimum if counted.valid else 0.0)
    high = vmax if vmax is not None else (counted.maximum if counted.valid else 1.0)
    if vmin is not None and vmax is not None and vmin >= vmax:
        raise ParameterError("vmin", "must be less than vmax.")
    if low < high and (high - low) / MAX_BINS > 4.0 * np.finfo(np.float64).eps * max(abs(low), abs(high)):
        return low, high
    return _widened(low, high, keep_low=vmin is not None, keep_high=vmax is not None)


def _widened(low: float, high: float, *, keep_low: bool, keep_high: bool) -> tuple[float, float]:
    """Limits a sensible distance apart where the values or the one given leave none."""
    margin = 0.1 * max(abs(low), abs(high)) or 0.5
    if keep_low:
        return low, low + margin
    if keep_high:
        return high - margin, high
    return low - margin, high + margin


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
