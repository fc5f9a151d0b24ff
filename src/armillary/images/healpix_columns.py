"""Numbers of a column of a FITS table, picked one by one: from the mapped file, else from blocks that are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import LimitError, VersionGoneError
from armillary.images.healpix_table import Column, MapTable, stored_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from armillary.images.fits.openfile import FitsFile
    from armillary.storage.fits.hdus import FitsHdu

BLOCK_BYTES = 1 << 16
GROUP_BLOCKS = 512
CHUNK_BYTES = 8 << 20
MAX_INDEX = 1 << 28


class TableBytes:
    """The bytes of a table.

    Parameters
    ----------
    file, hdu
        Where they lie. Call only within ``file.read``: nothing here looks at versions.
    """

    def __init__(self, file: FitsFile, hdu: FitsHdu, table: MapTable) -> None:
        self._file = file
        self._start = hdu.data_offset
        self._limit = hdu.data_offset + min(hdu.available, table.rows * table.row_bytes)
        self._table = table

    @property
    def whole_rows(self) -> int:
        """Rows that the file holds whole: fewer than there should be where it is truncated."""
        return max(0, self._limit - self._start) // self._table.row_bytes

    def pick(self, column: Column, elements: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Stored numbers of elements of a column, in native byte order, and which of them are not there.

        Parameters
        ----------
        elements
            Numbers from 0, row after row; negative for none. Contiguous; overwritten.
        """
        from armillary.images.healpix_kernels import locate

        flat = elements.reshape(-1)
        count = self._table.rows * column.repeat
        first = self._start + column.offset
        locate(flat, count, first, self._table.row_bytes, column.repeat, column.item, self._limit)
        stored = stored_type(column)
        raw = np.empty(elements.shape, f"u{stored.itemsize}")
        self._gather(flat, raw.reshape(-1))
        return raw.view(stored.newbyteorder("=")), elements < 0

    def _gather(self, offsets: NDArray[np.int64], out: NDArray[Any]) -> None:
        view = self._file.source.mapped()
        if view is None:
            self._gather_read(offsets, out)
            return
        if len(view) < self._limit:
            raise VersionGoneError(f"{self._file.name}: the file changed on disk and must be opened again.")
        _kernel(out.itemsize)(np.frombuffer(view, np.uint8), offsets, out)

    def _gather_read(self, offsets: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Read the blocks that hold the offsets, a group at a time, and gather from them."""
        there = offsets >= 0
        wanted = np.unique(offsets[there] // BLOCK_BYTES)
        ends = np.unique((offsets[there] + (out.itemsize - 1)) // BLOCK_BYTES)
        out[~there] = 0
        for start in range(0, len(wanted), GROUP_BLOCKS):
            group = wanted[start : start + GROUP_BLOCKS]
            # A number may end in the block after the one it begins in.
            blocks = np.unique(np.concatenate([group, group[np.isin(group + 1, ends)] + 1]))
            here = np.flatnonzero(there & np.isin(offsets // BLOCK_BYTES, group))
            data = self._read_blocks(blocks)
            place = np.searchsorted(blocks, offsets[here] // BLOCK_BYTES)
            picked = np.empty(len(here), out.dtype)
            _kernel(out.itemsize)(data, place * BLOCK_BYTES + offsets[here] % BLOCK_BYTES, picked)
            out[here] = picked

    def _read_blocks(self, blocks: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The blocks one after the other; consecutive ones are read at once."""
        data = np.zeros(len(blocks) * BLOCK_BYTES, np.uint8)
        breaks = np.flatnonzero(np.diff(blocks) != 1) + 1
        place = 0
        for run in np.split(blocks, breaks):
            offset = int(run[0]) * BLOCK_BYTES
            length = min(len(run) * BLOCK_BYTES, self._limit - offset)
            data[place : place + length] = np.frombuffer(self._file.source.read(offset, length), np.uint8)
            place += len(run) * BLOCK_BYTES
        return data

    def whole_numbers(self, column: Column) -> NDArray[np.int64]:
        """All numbers of a column of integers; fewer where the file is truncated.

        Raises
        ------
        LimitError
            There are more than 2**28.
        """
        count = self._table.rows * column.repeat
        if count > MAX_INDEX:
            raise LimitError(f"{self._file.name}: the map has {count} explicit pixels; at most {MAX_INDEX} are read.")
        return np.concatenate([np.empty(0, np.int64), *self._chunks(column)])

    def _chunks(self, column: Column) -> Iterator[NDArray[np.int64]]:
        width = self._table.row_bytes
        rows = max(0, self._limit - self._start) // width
        at_once = max(1, CHUNK_BYTES // width)
        for row in range(0, rows, at_once):
            some = min(at_once, rows - row)
            data = self._file.source.read(self._start + row * width, some * width)
            strides = (width, column.item)
            shape = (some, column.repeat)
            stored = np.ndarray(shape, stored_type(column), data, column.offset, strides)
            yield _shifted(stored.astype(np.int64).ravel(), column.linear.zero)


def _shifted(numbers: NDArray[np.int64], zero: float) -> NDArray[np.int64]:
    """Whole numbers with their TZERO; that of unsigned 64-bit ones turns the sign bit."""
    if zero == 2.0**63:
        return numbers ^ np.int64(-(1 << 63))
    return numbers + np.int64(zero) if zero and abs(zero) < 2.0**62 else numbers


def _kernel(item: int) -> Any:
    from armillary.images import healpix_kernels as kernels

    return {1: kernels.gather1, 2: kernels.gather2, 4: kernels.gather4, 8: kernels.gather8}[item]
