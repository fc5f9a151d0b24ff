"""Planes of images that are stored as they are: mapped where they can be, else read by rows."""

from __future__ import annotations

import copy
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import VersionGoneError
from armillary.images.fits.base import STORED, FitsPlane, dtype_of, linear_of, missing_number
from armillary.images.plane import MappedPixels, PlaneWords, to_float32, to_values, value_dtype
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.fits.axes import Layout
    from armillary.images.fits.openfile import FitsFile
    from armillary.storage.fits.hdus import FitsHdu

CHUNK_BYTES = 8 << 20
# Rows up to this length are read whole even when a part is wanted: sources read by blocks of about this size.
SHORT_ROW_BYTES = 256 << 10


class PlainPlane(FitsPlane):
    """A plane of an uncompressed image; what a truncated file lacks is NaN."""

    def __init__(
        self, file: FitsFile, hdu: FitsHdu, layout: Layout, position: tuple[int, ...], words: PlaneWords
    ) -> None:
        super().__init__(file, hdu, layout, position, words)
        bitpix = hdu.header.integer("BITPIX") or 8
        self._stored = np.dtype(STORED[bitpix])
        self._linear = linear_of(hdu.header, integers=bitpix > 0)
        self.dtype = dtype_of(bitpix, self._linear)
        item = self._stored.itemsize
        self._strides = [item * prod(layout.lengths[:axis]) for axis in range(len(layout.lengths))]
        self._dx, self._dy = self._strides[layout.sky[0]], self._strides[layout.sky[1]]
        self._limit = hdu.data_offset + hdu.available
        self._move()

    def _move(self) -> None:
        """Find the first byte of the plane, and the one after its last."""
        places = zip(self._position, self._strides, strict=True)
        self._first = self._hdu.data_offset + sum(k * stride for k, stride in places)
        ny, nx = self.shape
        self._end = self._first + (ny - 1) * self._dy + (nx - 1) * self._dx + self._stored.itemsize

    def at(self, position: tuple[int, ...]) -> PlainPlane:
        """Another plane of the image."""
        other = copy.copy(self)
        other._position = position  # noqa: SLF001 - of its own class
        other._move()  # noqa: SLF001 - of its own class
        return other

    @property
    def band_rows(self) -> int:
        """Rows in a decoded block of a compressed file, else 1."""
        if not self._file.source.decoded:
            return 1
        return max(1, min(self.shape[0], (4 << 20) // self._dy))

    @property
    def stored(self) -> np.dtype[Any]:
        """Type of the numbers in the file."""
        return self._stored

    @property
    def blank(self) -> int | None:
        """BLANK."""
        return self._linear.blank

    def mapped(self) -> MappedPixels | None:
        """The plane in the mapped file; None when compressed, remote, truncated or not in contiguous rows."""
        if self._dx != self._stored.itemsize or self.dtype == np.uint64:
            return None
        self._file.check()
        stored = self._mapped_array()
        return None if stored is None else MappedPixels(stored, self._linear)

    def window(self, window: Window) -> NDArray[Any]:
        """Values of a window."""
        return self._file.read(lambda: self._window(window))

    def stored_window(self, window: Window) -> NDArray[Any]:
        """Numbers of a window as they are in the file."""
        return self._file.read(lambda: self._stored_window(window))

    def sample(self, step: int) -> NDArray[np.float32] | None:
        """Every ``step``-th pixel from the top left; None for compressed files."""
        if self._file.source.decoded:
            return None
        return self._file.read(lambda: to_float32(self._sample(step)))

    def _mapped_array(self) -> NDArray[Any] | None:
        """The plane in the mapped file; whether that is the version that was opened is looked at by who asks."""
        if self._end > self._limit:
            return None
        view = self._file.source.mapped()
        if view is None:
            return None
        if len(view) < self._end:
            raise VersionGoneError(f"{self.words.name}: the file changed on disk and must be opened again.")
        strides = (self._dy, self._dx)
        return np.ndarray(self.shape, self._stored, buffer=view, offset=self._first, strides=strides)

    def _window(self, window: Window) -> NDArray[Any]:
        stored = self._mapped_array()
        if stored is not None:
            return to_values(stored[window.y0 : window.y1, window.x0 : window.x1], self._linear)
        values = np.empty(window.shape, value_dtype(self._stored))
        rows = self._rows_at_once(window)
        for y in range(window.y0, window.y1, rows):
            part = Window(y, min(y + rows, window.y1), window.x0, window.x1)
            values[y - window.y0 : part.y1 - window.y0] = self._read_window(part)
        return values

    def _rows_at_once(self, window: Window) -> int:
        """How many rows are read in one piece: 1 when little of each row is wanted."""
        mostly = 2 * window.shape[1] >= self.shape[1]
        if self._dx != self._stored.itemsize or not (mostly or self._dy <= SHORT_ROW_BYTES):
            return 1
        return max(1, CHUNK_BYTES // self._dy)

    def _read_window(self, window: Window) -> NDArray[Any]:
        """Values of a window whose rows are read in one piece."""
        rows, columns = window.shape
        if rows == 1:
            return self._read_row(window.y0, window.x0, columns, 1)[np.newaxis]
        start = self._first + window.y0 * self._dy
        data, valid = self._bytes(start, (rows - 1) * self._dy + self.shape[1] * self._dx)
        # The last row may lie at the end of the file: the buffer is made up of whole strides.
        data = data.ljust(rows * self._dy, b"\0")
        stored = np.ndarray((rows, self.shape[1]), self._stored, buffer=data, strides=(self._dy, self._dx))
        values = to_values(stored[:, window.x0 : window.x1], self._linear)
        if valid < (rows - 1) * self._dy + self.shape[1] * self._dx:
            places = np.arange(rows)[:, None] * self._dy + np.arange(window.x0, window.x1) * self._dx
            values[places + self._dx > valid] = np.nan
        return values

    def _read_row(self, y: int, x0: int, count: int, step: int) -> NDArray[Any]:
        """Every ``step``-th value of a row, ``count`` of them."""
        values = np.full(count, np.nan, value_dtype(self._stored))
        item, stride = self._stored.itemsize, step * self._dx
        at_once = max(1, CHUNK_BYTES // stride)
        for k in range(0, count, at_once):
            wanted = min(at_once, count - k)
            start = self._first + y * self._dy + x0 * self._dx + k * stride
            data, valid = self._bytes(start, (wanted - 1) * stride + item)
            whole = (valid - item) // stride + 1 if valid >= item else 0
            stored = np.ndarray((whole,), self._stored, buffer=data, strides=(stride,))
            values[k : k + whole] = to_values(stored, self._linear)
        return values

    def _stored_window(self, window: Window) -> NDArray[Any]:
        stored = self._mapped_array()
        if stored is not None:
            return stored[window.y0 : window.y1, window.x0 : window.x1].copy()
        numbers = np.full(window.shape, missing_number(self._stored, self._linear.blank), self._stored)
        rows = self._rows_at_once(window)
        columns = max(1, CHUNK_BYTES // self._dx) if rows == 1 else window.shape[1]
        for y in range(window.y0, window.y1, rows):
            for x in range(window.x0, window.x1, columns):
                part = Window(y, min(y + rows, window.y1), x, min(x + columns, window.x1))
                corner = slice(y - window.y0, part.y1 - window.y0), slice(x - window.x0, part.x1 - window.x0)
                self._read_stored(part, numbers[corner])
        return numbers

    def _read_stored(self, window: Window, numbers: NDArray[Any]) -> None:
        """Fill in what the file holds of a window."""
        rows, columns = window.shape
        start = self._first + window.y0 * self._dy + window.x0 * self._dx
        data, valid = self._bytes(start, (rows - 1) * self._dy + (columns - 1) * self._dx + self._dx)
        stored = np.ndarray(window.shape, self._stored, buffer=data, strides=(self._dy, self._dx))
        ends = np.arange(rows)[:, None] * self._dy + np.arange(columns) * self._dx + self._stored.itemsize
        np.copyto(numbers, stored, where=ends <= valid)

    def _bytes(self, start: int, length: int) -> tuple[bytes, int]:
        """Bytes from ``start`` on, made up with zeros, and how many of them the file holds."""
        valid = max(0, min(length, self._limit - start))
        data = self._file.source.read(start, valid) if valid else b""
        return data.ljust(length, b"\0"), valid

    def _sample(self, step: int) -> NDArray[Any]:
        ny, nx = self.shape
        count = -(-ny // step)
        if self._dx == self._stored.itemsize and self._end <= self._limit:
            start = self._first + (ny - 1) * self._dy
            raw = self._file.source.read_rows(start, -step * self._dy, nx * self._dx, count)
            if raw is not None:
                return to_values(raw.view(self._stored)[:, ::step], self._linear)
        stored = self._mapped_array()
        if stored is not None:
            return to_values(stored[::-1][::step, ::step], self._linear)
        columns = -(-nx // step)
        rows = [self._read_row(y, 0, columns, step) for y in range(ny - 1, -1, -step)]
        return np.stack(rows)
