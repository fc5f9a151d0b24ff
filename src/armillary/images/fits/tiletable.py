"""The binary table in which a compressed image lies (FITS 4.0, sections 7.3 and 10.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import CorruptFileError, UnsupportedFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.storage.fits.hdus import FitsHdu
    from armillary.storage.source import ByteSource

MAX_TABLE_BYTES = 1 << 30
_TFORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])([LXBIJKAEDCM]?)")
_BYTES = {"L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_NUMBERS = {"B": ">u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column lies in a row, and of what it is: ``P`` and ``Q`` point to elements of kind ``element``."""

    offset: int
    kind: str
    element: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """Where the bytes of every tile lie in the file: ``start`` and ``length``, 0 for none."""

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    element_bytes: int


@dataclass(frozen=True, slots=True)
class TileTable:
    """What the table says of every tile.

    Parameters
    ----------
    compressed, gzipped, plain
        Their bytes in the columns COMPRESSED_DATA, GZIP_COMPRESSED_DATA, UNCOMPRESSED_DATA.
    scale, zero, blank
        Columns ZSCALE, ZZERO, ZBLANK.
    """

    compressed: Pieces
    gzipped: Pieces | None
    plain: Pieces | None
    scale: NDArray[np.float64] | None
    zero: NDArray[np.float64] | None
    blank: NDArray[np.int64] | None

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        arrays: list[NDArray[Any] | None] = [self.scale, self.zero, self.blank]
        for pieces in (self.compressed, self.gzipped, self.plain):
            arrays += [] if pieces is None else [pieces.start, pieces.length]
        return sum(array.nbytes for array in arrays if array is not None)


def columns_of(name: str, hdu: FitsHdu) -> dict[str, Column]:
    """Columns of a table by their names in capitals.

    Raises
    ------
    CorruptFileError
        A TFORM is missing or makes no sense, or rows are shorter than their columns.
    """
    header = hdu.header
    columns: dict[str, Column] = {}
    offset = 0
    for number in range(1, min(header.integer("TFIELDS") or 0, 999) + 1):
        match = _TFORM.match(header.string(f"TFORM{number}").upper())
        if match is None:
            raise CorruptFileError(name, f"TFORM{number} of HDU {hdu.index} is missing or makes no sense.")
        repeat = int(match.group(1) or 1)
        columns[header.string(f"TTYPE{number}").upper()] = Column(offset, match.group(2), match.group(3))
        offset += -(-repeat // 8) if match.group(2) == "X" else repeat * _BYTES[match.group(2)]
    if offset > hdu.axes[0]:
        raise CorruptFileError(name, f"the rows of HDU {hdu.index} are shorter than their columns.")
    return columns


def read_table(source: ByteSource, hdu: FitsHdu, tiles: int) -> TileTable:
    """Read where the tiles lie; tiles beyond the end of a truncated table have no bytes.

    Parameters
    ----------
    source
        Bytes of the file.
    hdu
        The unit.
    tiles
        How many tiles the image has.

    Raises
    ------
    CorruptFileError
        The table contradicts itself or points outside the data of its unit.
    UnsupportedFileError
        It is larger than 1 GiB.
    """
    columns = columns_of(source.name, hdu)
    row_bytes = hdu.axes[0]
    if "COMPRESSED_DATA" not in columns:
        raise CorruptFileError(source.name, f"HDU {hdu.index} has no column COMPRESSED_DATA.")
    if row_bytes * tiles > MAX_TABLE_BYTES:
        raise UnsupportedFileError(source.name, f"HDU {hdu.index} has {tiles} tiles: more than are read.")
    data = source.read(hdu.data_offset, min(row_bytes * tiles, hdu.available // row_bytes * row_bytes))
    rows = np.zeros((tiles, row_bytes), np.uint8)
    rows.reshape(-1)[: len(data)] = np.frombuffer(data, np.uint8)

    def pieces(column: str) -> Pieces | None:
        return _pieces(source.name, hdu, rows, columns[column]) if column in columns else None

    def numbers(column: str) -> NDArray[np.float64] | None:
        return _numbers(rows, columns[column]).astype(np.float64) if column in columns else None

    compressed = pieces("COMPRESSED_DATA")
    assert compressed is not None
    blank = _numbers(rows, columns["ZBLANK"]).astype(np.int64) if "ZBLANK" in columns else None
    return TileTable(
        compressed,
        pieces("GZIP_COMPRESSED_DATA"),
        pieces("UNCOMPRESSED_DATA"),
        numbers("ZSCALE"),
        numbers("ZZERO"),
        blank,
    )


def _numbers(rows: NDArray[np.uint8], column: Column) -> NDArray[Any]:
    dtype = np.dtype(_NUMBERS.get(column.kind, ">u1"))
    return np.ascontiguousarray(rows[:, column.offset : column.offset + dtype.itemsize]).view(dtype)[:, 0]


def _pieces(name: str, hdu: FitsHdu, rows: NDArray[np.uint8], column: Column) -> Pieces:
    if column.kind not in "PQ":
        raise CorruptFileError(name, f"the column of tiles in HDU {hdu.index} has no variable length.")
    dtype = ">i4" if column.kind == "P" else ">i8"
    width = 2 * np.dtype(dtype).itemsize
    pairs = np.ascontiguousarray(rows[:, column.offset : column.offset + width]).view(dtype).astype(np.int64)
    element_bytes = _BYTES.get(column.element, 1)
    heap = hdu.header.integer("THEAP")
    heap = hdu.axes[0] * hdu.axes[1] if heap is None else heap
    count, offset = pairs[:, 0], pairs[:, 1]
    limit = hdu.data_size - heap
    wrong = (count < 0) | (offset < 0) | (count > limit // element_bytes) | (offset > limit - count * element_bytes)
    if heap < 0 or bool(wrong[count != 0].any()):
        raise CorruptFileError(name, f"tiles of HDU {hdu.index} lie outside its data.")
    return Pieces(hdu.data_offset + heap + offset, np.where(count > 0, count, 0) * element_bytes, element_bytes)
