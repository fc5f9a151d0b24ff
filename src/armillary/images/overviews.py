"""The overview of a plane: means and counts of its squares, built band by band in the background.

A band is what is read at a time: whole rows of squares of a mapped plane, whole bands of a compressed one, so that
each is decoded once. Squares that two bands share are put together when both are there. Bands that somebody waits
for come first.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import UnavailableError
from armillary.images.pixels import DECODE_BYTES, band_edges, decode, find_pixels
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from armillary.images.crew import Crew
    from armillary.images.pixels import Rule
    from armillary.images.subject import Subject

MAPPED_FACTOR = 32
DECODED_FACTOR = 8
TODO, BUSY, DONE = 0, 1, 2

POLL_S = 0.5
"""How often those who wait look whether there is still somebody at work."""


def overview_factor(shape: tuple[int, int], *, mapped: bool, max_bytes: int) -> int:
    """Side of the squares of the finest overview that is kept: 6 bytes a square must fit in ``max_bytes``."""
    factor = MAPPED_FACTOR if mapped else DECODED_FACTOR
    while 6 * (-(-shape[0] // factor)) * (-(-shape[1] // factor)) > max_bytes:
        factor *= 2
    return factor


class Overview:
    """Means and counts of the squares of side ``factor`` of one version of a plane.

    Parameters
    ----------
    subject
        The plane.
    version
        Version of its file.
    factor
        Side of a square.

    Attributes
    ----------
    mean
        Float32, shape (rows, columns) of squares, row 0 at the top; NaN without data.
    count
        Valid pixels of each square.
    """

    def __init__(self, subject: Subject, version: str, factor: int) -> None:
        ny, nx = subject.shape
        shape = -(-ny // factor), -(-nx // factor)
        self.version = version
        self.factor = factor
        self.mean = np.empty(shape, np.float32)
        self.count = np.empty(shape, np.uint16 if factor <= 128 else np.uint32)
        self._subject = subject
        self._edges = _edges(subject, factor)
        self._states = bytearray(len(self._edges) - 1)
        self._left = len(self._states)
        self._parts: dict[int, _Part] = {}
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._started = False
        self._abandoned = False

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the arrays."""
        return self.mean.nbytes + self.count.nbytes

    @property
    def progress(self) -> float:
        """How much of it is built, 0 to 1."""
        return (len(self._states) - self._left) / len(self._states)

    @property
    def failed(self) -> bool:
        """Whether it will never be complete."""
        return self._error is not None

    def start(self, crew: Crew) -> None:
        """Build all of it in the background; further calls do nothing."""
        with self._changed:
            if self._started:
                return
            self._started = True
        if self._load():
            return
        for band in range(len(self._states)):
            crew.submit(partial(self._build, band))

    def abandon(self) -> None:
        """Go on only for those who already wait."""
        self._abandoned = True

    def has_rows(self, row0: int, row1: int) -> bool:
        """Whether rows ``row0:row1`` of squares are built."""
        return all(self._states[band] == DONE for band in self._bands(row0, row1))

    def wait(self, crew: Crew, row0: int, row1: int) -> None:
        """Wait until rows ``row0:row1`` of squares are built; their bands come first.

        Raises
        ------
        VersionGoneError
            The file is no longer of that version.
        FileError
            It cannot be read.
        UnavailableError
            The crew was closed.
        """
        bands = self._bands(row0, row1)
        for band in bands:
            if self._states[band] == TODO:
                crew.submit(partial(self._build, band, urgent=True), urgent=True)
        with self._changed:
            while not (self._error or all(self._states[band] == DONE for band in bands)):
                self._changed.wait(POLL_S)
                if crew.closed:
                    raise UnavailableError("The server is shutting down.")
            if self._error is not None:
                raise self._error

    def built_rows(self) -> NDArray[np.bool_]:
        """Which rows of squares are built, shape (rows,)."""
        return np.array([self.has_rows(row, row + 1) for row in range(self.mean.shape[0])])

    def _bands(self, row0: int, row1: int) -> range:
        ny = self._subject.shape[0]
        bottom, top = max(0, ny - row1 * self.factor), ny - row0 * self.factor
        return range(bisect_right(self._edges, bottom) - 1, bisect_left(self._edges, top))

    def _build(self, band: int, *, urgent: bool = False) -> None:
        with self._changed:
            if self._states[band] != TODO or self._error is not None or (self._abandoned and not urgent):
                return
            self._states[band] = BUSY
        try:
            sums = self._subject.at_version(self.version, partial(self._read, *self._edges[band : band + 2]))
        except BaseException as error:  # noqa: BLE001 - those who wait must hear of it
            with self._changed:
                self._error = error
                self._changed.notify_all()
            return
        self._add(band, *sums)

    def _read(self, y0: int, y1: int) -> tuple[NDArray[np.float64], NDArray[np.int64], Rule]:
        from armillary.images.kernels.area_kernels import area_sums

        plane, (ny, nx) = self._subject.plane, self._subject.shape
        pixels = find_pixels(plane) or decode(plane, Window(y0, y1, 0, nx))
        rows = (ny - y0 - 1) // self.factor - (ny - y1) // self.factor + 1
        sums, counts = np.zeros((rows, self.mean.shape[1])), np.zeros((rows, self.mean.shape[1]), np.int64)
        base = pixels.y0
        area_sums(pixels.raw, pixels.rule, (y0 - base, y1 - base, 0, nx), (ny - base, self.factor), (sums, counts))
        return sums, counts, pixels.rule

    def _add(self, band: int, sums: NDArray[np.float64], counts: NDArray[np.int64], rule: Rule) -> None:
        with self._changed:
            y0, y1 = self._edges[band], self._edges[band + 1]
            first = (self._subject.shape[0] - y1) // self.factor
            whole = [self._is_whole(first + k, y0, y1) for k in range(len(sums))]
            inner = slice(0 if whole[0] else 1, len(sums) if whole[-1] else max(1, len(sums) - 1))
            if inner.start < inner.stop:
                self._finish(first + inner.start, sums[inner], counts[inner], rule)
            for k in {0, len(sums) - 1}:
                if not whole[k]:
                    self._add_part(first + k, _Part(sums[k], counts[k], self._rows_of(first + k, y0, y1)), rule)
            self._states[band] = DONE
            self._left -= 1
            is_complete = self._left == 0
            self._changed.notify_all()
        if is_complete:
            self._save()

    def _rows_of(self, row: int, y0: int, y1: int) -> int:
        """How many rows of pixels of a row of squares lie in ``y0:y1``."""
        top = self._subject.shape[0] - row * self.factor
        return min(y1, top) - max(y0, top - self.factor, 0)

    def _is_whole(self, row: int, y0: int, y1: int) -> bool:
        return self._rows_of(row, y0, y1) == self._rows_of(row, 0, self._subject.shape[0])

    def _add_part(self, row: int, part: _Part, rule: Rule) -> None:
        part.add(self._parts.pop(row, None))
        if part.rows == self._rows_of(row, 0, self._subject.shape[0]):
            self._finish(row, part.sums[None], part.counts[None], rule)
        else:
            self._parts[row] = part

    def _finish(self, row: int, sums: NDArray[np.float64], counts: NDArray[np.int64], rule: Rule) -> None:
        from armillary.images.kernels.area_kernels import means

        rows = slice(row, row + len(sums))
        means(sums, counts, rule.scale, rule.zero, self.mean[rows])
        self.count[rows] = counts

    def _name(self) -> str:
        return f"{self._subject.identity} {self.version} {self.factor} {self._subject.shape}"

    def _load(self) -> bool:
        folder = self._subject.store.folder
        if folder is None or not self._subject.lasting:
            return False
        arrays = folder.load(self._name(), (self.mean, self.count))
        if arrays is None:
            return False
        with self._changed:
            self.mean[:], self.count[:] = arrays
            self._states[:] = bytes([DONE]) * len(self._states)
            self._left = 0
            self._changed.notify_all()
        return True

    def _save(self) -> None:
        folder = self._subject.store.folder
        if folder is not None and self._subject.lasting:
            folder.save(self._name(), (self.mean, self.count))


class _Part:
    """Sums and counts of a row of squares of which some rows of pixels are missing."""

    def __init__(self, sums: NDArray[np.float64], counts: NDArray[np.int64], rows: int) -> None:
        self.sums = sums
        self.counts = counts
        self.rows = rows

    def add(self, other: _Part | None) -> None:
        """Add other rows of the same squares."""
        if other is not None:
            self.sums = self.sums + other.sums
            self.counts = self.counts + other.counts
            self.rows += other.rows


def _edges(subject: Subject, factor: int) -> list[int]:
    """Rows where bands begin, ascending, and the end of the last."""
    ny, nx = subject.shape
    mapped = subject.plane.mapped()
    if mapped is None:
        return band_edges(subject.plane, 0, ny, nx)
    height = max(1, DECODE_BYTES // (mapped.stored.itemsize * nx * factor)) * factor
    return [*_unique([0, *range(ny % height, ny, height)]), ny]


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
