"""Tables of FITS files, binary and ASCII, read by the column from where they lie."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.formats.fits_columns import ascii_columns, binary_columns, titles_of
from armillary.catalogs.limits import DEFAULT, Limits
from armillary.catalogs.table import Table
from armillary.errors import CorruptFileError, NoPositionsError, VersionGoneError
from armillary.storage.consistent import read_consistently
from armillary.storage.fits.hdus import FitsHdu, scan_hdus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.formats.fits_columns import FitsColumn
    from armillary.storage.source import ByteSource

BLOCK_BYTES = 32 << 20
_KINDS = {"BINTABLE": binary_columns, "A3DTABLE": binary_columns, "TABLE": ascii_columns}


class FitsTable(Table):
    """A table of a FITS file.

    Parameters
    ----------
    source
        The file's bytes, decompressed.
    hdu
        The unit that holds it.
    version
        Version of the file when its headers were read.

    Raises
    ------
    CorruptFileError
        Its header contradicts itself.
    UnsupportedFileError
        It has more rows than are read.
    """

    def __init__(self, source: ByteSource, hdu: FitsHdu, version: str, limits: Limits = DEFAULT) -> None:
        self.name = source.name
        self._source, self._version, self._hdu = source, version, hdu
        header = hdu.header
        self._row_bytes = header.integer("NAXIS1") or 0
        claimed = header.integer("NAXIS2") or 0
        self.count = min(claimed, hdu.available // self._row_bytes) if self._row_bytes else 0
        limits.check_rows(self.name, self.count)
        columns = _KINDS[header.string("XTENSION")](header, self.name)
        self._columns = {column.field.name: column for column in columns}
        self.fields = tuple(column.field for column in columns)
        self.left_out = tuple(title for title in titles_of(header, self.name) if title not in self._columns)
        self.frame = _frame(header.string("RADESYS") or header.string("RADECSYS"))
        if self.count < claimed:
            self.notes = (f"The file is truncated: {claimed - self.count:,} of its {claimed:,} rows are missing.",)

    @property
    def nbytes(self) -> int:
        """Next to nothing: columns are kept elsewhere."""
        return 4096 + 512 * len(self.fields)

    def column(self, name: str) -> Any:
        """The column."""
        import pyarrow as pa

        column = self._columns[name]
        step = max(1, BLOCK_BYTES // max(1, self._row_bytes))
        parts = [
            self._read(column, partial(self._block, column, start, min(step, self.count - start)))
            for start in range(0, self.count, step)
        ]
        return pa.chunked_array(parts or [column.values(np.zeros((0, column.width), np.uint8))])

    def take(self, names: Sequence[str], rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows of some columns, from the mapped file where it can be mapped."""
        columns = [self._columns[name] for name in names]
        return {column.field.name: self._read(column, partial(self._rows, column, rows)) for column in columns}

    def _read(self, column: FitsColumn, read: Callable[[], NDArray[np.uint8]]) -> Any:
        if self._source.version != self._version:
            raise VersionGoneError(f"{self.name}: the file changed: ask again.")
        stored, version = read_consistently(self._source, read, name=self.name)
        if version != self._version:
            raise VersionGoneError(f"{self.name}: the file changed: ask again.")
        return column.values(stored)

    def _block(self, column: FitsColumn, start: int, count: int) -> NDArray[np.uint8]:
        """Bytes of a column in consecutive rows, shape (count, width), copied."""
        rows = self._mapped()
        if rows is None:
            offset = self._hdu.data_offset + start * self._row_bytes
            data = self._source.read(offset, count * self._row_bytes)
            rows, start = np.frombuffer(data, np.uint8).reshape(count, self._row_bytes), 0
        part = rows[start : start + count, column.offset : column.offset + column.width]
        if len(part) != count:
            raise CorruptFileError(self.name, "the file ends within its table.")
        return part.copy()

    def _rows(self, column: FitsColumn, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        found = self._mapped()
        if found is not None and (not len(rows) or int(rows.max()) < len(found)):
            return found[:, column.offset : column.offset + column.width][rows]
        start, stop = (int(rows.min()), int(rows.max()) + 1) if len(rows) else (0, 0)
        if (stop - start) * self._row_bytes <= BLOCK_BYTES:
            return self._block(column, start, stop - start)[rows - start]
        out = np.empty((len(rows), column.width), np.uint8)
        for k, row in enumerate(rows.tolist()):
            out[k] = np.frombuffer(
                self._source.read(self._hdu.data_offset + row * self._row_bytes + column.offset, column.width), np.uint8
            )
        return out

    def _mapped(self) -> NDArray[np.uint8] | None:
        """All rows in mapped memory, shape (rows, bytes of a row); None where the file is not mapped."""
        view = self._source.mapped()
        if view is None:
            return None
        data = np.frombuffer(view, np.uint8)[self._hdu.data_offset :]
        whole = min(self.count, len(data) // self._row_bytes) if self._row_bytes else 0
        return data[: whole * self._row_bytes].reshape(whole, self._row_bytes)


def _frame(word: str) -> str:
    return {"ICRS": "icrs", "FK5": "fk5", "FK4": "fk4"}.get(word.upper(), "")


def is_table(hdu: FitsHdu) -> bool:
    """Whether a unit is a table of its own right, no compressed image."""
    header = hdu.header
    return header.string("XTENSION") in _KINDS and header.get("ZIMAGE") is not True and bool(header.integer("TFIELDS"))


def open_fits_tables(source: ByteSource, hdu: int | str | None = None, limits: Limits = DEFAULT) -> list[FitsTable]:
    """The tables of a FITS file, in its order; columns are read later.

    Parameters
    ----------
    source
        The file's bytes, decompressed.
    hdu
        Number or name of the one that is wanted.

    Raises
    ------
    NoPositionsError
        It has no table, or not this one.
    FileError
        It cannot be read.
    """
    (hdus, _), version = read_consistently(source, lambda: scan_hdus(source), name=source.name)
    wanted = [found for found in hdus if is_table(found) and hdu in {None, found.index, found.name}]
    if not wanted:
        said = "" if hdu is None else f" {hdu!r}"
        raise NoPositionsError(source.name, f"it holds no table{said}.")
    return [FitsTable(source, found, version, limits) for found in wanted]
