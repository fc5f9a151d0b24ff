"""Passes over all pixels of a sample or of a plane: moments, exact order statistics, histograms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import numpy as np

from armillary.errors import UnavailableError, VersionGoneError
from armillary.images.pixels import DECODE_BYTES, Pixels, band_edges, decode, decoded_pixels, find_pixels
from armillary.images.sampling import Sample
from armillary.sky.grid import Window
from armillary.storage.faults import fault_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.crew import Crew
    from armillary.images.subject import Subject

T = TypeVar("T")

BUCKETS = 1 << 16
POLL_S = 0.5

Visit: TypeAlias = Callable[[Pixels, tuple[int, int], T], None]
"""Adds rows of pixels to what one thread has counted so far."""

Pass: TypeAlias = Callable[[Callable[[], T], Visit[T]], list[T]]
"""Visits all pixels; gives what each thread counted."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a first pass counts.

    Parameters
    ----------
    upper
        Int64 of shape (65536,): valid values by the upper 16 bits of their sort key.
    valid, nan
        How many pixels are data, and how many are not.
    minimum, maximum, mean, std
        Of the valid ones as float32; NaN without any.
    """

    upper: NDArray[np.int64]
    valid: int
    nan: int
    minimum: float
    maximum: float
    mean: float
    std: float

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.upper.nbytes


def sample_pass(sample: Sample) -> Pass[T]:
    """Passes over a sample, in the thread of the caller."""

    def run(make: Callable[[], T], visit: Visit[T]) -> list[T]:
        counted = make()
        visit(decoded_pixels(sample.pixels), (0, sample.pixels.shape[0]), counted)
        return [counted]

    return run


def plane_pass(subject: Subject, crew: Crew) -> Pass[T]:
    """Passes over the whole plane as it is now, band by band on the crew.

    Raises, when run, VersionGoneError where the file changes meanwhile, and the reader's FileError.
    """

    def run(make: Callable[[], T], visit: Visit[T]) -> list[T]:
        return _PlanePass(subject, make, visit).run(crew)

    return run


class _PlanePass(Generic[T]):
    """One pass: its bands, and what each thread of the crew has counted."""

    def __init__(self, subject: Subject, make: Callable[[], T], visit: Visit[T]) -> None:
        self._subject = subject
        self._make = make
        self._visit = visit
        self._version = subject.plane.version
        self._faults = fault_count()
        self._counted: dict[int, T] = {}
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._left = 0

    def run(self, crew: Crew) -> list[T]:
        bands = list(pairwise(_edges(self._subject)))
        self._left = len(bands)
        for y0, y1 in bands:
            crew.submit(partial(self._do, y0, y1))
        with self._changed:
            while self._left and self._error is None:
                self._changed.wait(POLL_S)
                if crew.closed:
                    raise UnavailableError("The server is shutting down.")
            if self._error is not None:
                raise self._error
        return list(self._counted.values())

    def _do(self, y0: int, y1: int) -> None:
        if self._error is not None:
            return
        error: BaseException | None = None
        try:
            self._read(y0, y1)
        except BaseException as raised:  # noqa: BLE001 - the one who waits must hear of it
            error = raised
        with self._changed:
            if self._error is None:
                self._error = error
            self._left -= 1
            self._changed.notify_all()

    def _read(self, y0: int, y1: int) -> None:
        thread = threading.get_ident()
        if thread not in self._counted:
            self._counted[thread] = self._make()
        plane = self._subject.plane
        pixels = find_pixels(plane) or decode(plane, Window(y0, y1, 0, self._subject.shape[1]))
        self._visit(pixels, (y0 - pixels.y0, y1 - pixels.y0), self._counted[thread])
        if plane.version != self._version or fault_count() != self._faults:
            raise VersionGoneError(f"{plane.words.name}: the file changed while it was read.")


def _edges(subject: Subject) -> list[int]:
    ny, nx = subject.shape
    if subject.plane.mapped() is None:
        return band_edges(subject.plane, 0, ny, nx)
    return [*range(0, ny, max(1, DECODE_BYTES // (8 * nx))), ny]


def tally(run: Pass[tuple[NDArray[np.int64], NDArray[np.float64]]], shift: float) -> Tally:
    """First pass.

    Parameters
    ----------
    run
        Where the pixels come from.
    shift
        A number near the mean, about which squares are summed.
    """
    from armillary.images.kernels.order_kernels import first_pass

    def make() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        return np.zeros(BUCKETS, np.int64), np.array([0.0, 0.0, np.inf, -np.inf, 0.0, 0.0])

    def visit(pixels: Pixels, rows: tuple[int, int], out: tuple[NDArray[np.int64], NDArray[np.float64]]) -> None:
        first_pass(pixels.raw, pixels.rule, rows, shift, out)

    counted = run(make, visit)
    totals = np.array([part[1] for part in counted])
    valid, nan, _, _, first, second = totals.sum(axis=0)
    upper = np.sum([part[0] for part in counted], axis=0)
    if valid == 0:
        return Tally(upper, 0, int(nan), np.nan, np.nan, np.nan, np.nan)
    offset = first / valid
    std = float(np.sqrt(max(0.0, second / valid - offset * offset)))
    return Tally(
        upper, int(valid), int(nan), float(totals[:, 2].min()), float(totals[:, 3].max()), float(shift + offset), std
    )


def percentiles(run: Pass[NDArray[np.int64]], counted: Tally, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Percentiles of the valid pixels as float32, exactly, with linear interpolation between neighbours in rank.

    Parameters
    ----------
    run
        The same pixels as in the first pass.
    counted
        What the first pass counted.
    q
        Percent, 0 to 100.

    Returns
    -------
    Float64 of the shape of ``q``; NaN without valid pixels.
    """
    if counted.valid == 0:
        return np.full(q.shape, np.nan)
    place = q / 100.0 * (counted.valid - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, counted.valid - 1)
    ranks, where = np.unique(np.concatenate([below, above]), return_inverse=True)
    low, high = np.split(_values_at(run, counted, ranks)[where], 2)
    return np.asarray(low + (high - low) * (place - below), np.float64)


def _values_at(run: Pass[NDArray[np.int64]], counted: Tally, ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    from armillary.images.kernels.order_kernels import second_pass

    ends = np.cumsum(counted.upper)
    buckets = np.searchsorted(ends, ranks, side="right")
    wanted, slot_of = np.unique(buckets, return_inverse=True)
    slots = np.full(BUCKETS, -1, np.int64)
    slots[wanted] = np.arange(wanted.size)

    def make() -> NDArray[np.int64]:
        return np.zeros((wanted.size, BUCKETS), np.int64)

    def visit(pixels: Pixels, rows: tuple[int, int], out: NDArray[np.int64]) -> None:
        second_pass(pixels.raw, pixels.rule, rows, slots, out)

    lower = np.cumsum(np.sum(run(make, visit), axis=0), axis=1)
    within = ranks - (ends[buckets] - counted.upper[buckets])
    low_bits = [np.searchsorted(lower[slot], rank, side="right") for slot, rank in zip(slot_of, within, strict=True)]
    keys = (buckets.astype(np.uint32) << np.uint32(16)) | np.array(low_bits, np.uint32)
    return _value_of_key(keys).astype(np.float64)


def _value_of_key(keys: NDArray[np.uint32]) -> NDArray[np.float32]:
    sign = np.uint32(0x80000000)
    return np.where(keys & sign, keys ^ sign, ~keys).astype(np.uint32).view(np.float32)


def quantiles(values: NDArray[np.float32], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Percentiles of valid pixels in memory: three times as fast as ``numpy.percentile`` on a million."""
    run: Pass[Any] = sample_pass(Sample(values.reshape(1, -1), 0))
    return percentiles(run, tally(run, 0.0), q)


def histogram(run: Pass[NDArray[np.int64]], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts between even edges: below the first, each bin, above the last; shape (edges + 1,)."""
    from armillary.images.kernels.order_kernels import count_bins

    def make() -> NDArray[np.int64]:
        return np.zeros(edges.size + 1, np.int64)

    def visit(pixels: Pixels, rows: tuple[int, int], out: NDArray[np.int64]) -> None:
        count_bins(pixels.raw, pixels.rule, rows, edges, out)

    return np.asarray(np.sum(run(make, visit), axis=0), np.int64)
