"""What the header of a HEALPix table says: columns, ordering, resolution, frame.

Conventions: HEALPix FITS (Calabretta & Roukema; the HEALPix software's ``write_map``), MOC 1.1 and 2.0 (NUNIQ),
binary tables by FITS 4.0, section 7.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import CorruptFileError, UnsupportedFileError
from armillary.images.plane import Linear
from armillary.sky.healpix import MAX_NSIDE, MAX_ORDER

if TYPE_CHECKING:
    from armillary.storage.fits.cards import Header

_WIDTHS = {"L": 1, "X": 0, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
BITPIX = {"L": 8, "B": 8, "I": 16, "J": 32, "K": 64, "E": -32, "D": -64}
_FORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])")
_INDEX_NAMES = ("PIXEL", "PIXELS", "PIX", "IPIX", "HPXINDEX", "HEALPIX", "PIXEL_ID", "INDEX", "UNIQ")
_FRAMES = {
    "G": "galactic",
    "GALACTIC": "galactic",
    "C": "icrs",
    "Q": "icrs",
    "CELESTIAL": "icrs",
    "EQUATORIAL": "icrs",
    "ICRS": "icrs",
    "FK5": "icrs",
    "J2000": "icrs",
    "E": "ecliptic",
    "ECLIPTIC": "ecliptic",
}
_MAX_FIELDS = 999


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name, unit
        TTYPE (``column1`` when it has none) and TUNIT.
    code
        Letter of TFORM.
    repeat
        Numbers in each row.
    offset
        Bytes from the row's start.
    linear
        TSCAL, TZERO and TNULL.
    """

    name: str
    unit: str
    code: str
    repeat: int
    offset: int
    linear: Linear

    @property
    def numeric(self) -> bool:
        """Whether it holds real numbers."""
        return self.code in BITPIX and self.repeat > 0

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers."""
        return self.code in "BIJK" and self.repeat > 0

    @property
    def item(self) -> int:
        """Bytes of a number."""
        return _WIDTHS[self.code]


@dataclass(frozen=True, slots=True)
class MapTable:
    """A HEALPix table.

    Parameters
    ----------
    ordering
        ``RING``, ``NESTED`` or ``NUNIQ``.
    nside
        Resolution; of NUNIQ: 2**29, to which cells are brought.
    frame
        ``icrs``, ``galactic`` or ``ecliptic``.
    rows, row_bytes
        NAXIS2 and NAXIS1.
    index
        Column of pixel numbers, None where they are implicit.
    values
        Columns to show.
    first_pixel
        Pixel of the first element where they are implicit.
    order
        Order that the header names for NUNIQ, None where it names none.
    notes
        What a user should know.
    """

    ordering: str
    nside: int
    frame: str
    rows: int
    row_bytes: int
    index: Column | None
    values: tuple[Column, ...]
    first_pixel: int
    order: int | None
    notes: tuple[str, ...]

    @property
    def nested(self) -> bool:
        """Whether indices are nested."""
        return self.ordering != "RING"


def read_table(header: Header, name: str) -> MapTable:
    """Understand the header of a HEALPix table.

    Raises
    ------
    CorruptFileError
        It contradicts itself.
    UnsupportedFileError
        It is a HEALPix table of another kind.
    """
    rows, row_bytes = header.integer("NAXIS2") or 0, header.integer("NAXIS1") or 0
    columns = _columns(header, name, row_bytes)
    if rows < 1 or not columns:
        raise CorruptFileError(name, "its HEALPix table is empty.")
    ordering = _ordering(header, columns, name)
    index = _index_column(header, columns, ordering, name)
    values = tuple(column for column in columns if column.numeric and column is not index)
    if index is not None:
        values = tuple(column for column in values if column.repeat == index.repeat)
    elif values:
        longest = max(column.repeat for column in values)
        values = tuple(column for column in values if column.repeat == longest)
    frame, notes = _frame(header, ordering)
    first = max(0, header.integer("FIRSTPIX") or 0) if index is None else 0
    nside = MAX_NSIDE
    if ordering != "NUNIQ":
        nside = _nside(header, rows * values[0].repeat if values and index is None else None, first, name)
        if first >= 12 * nside * nside:
            raise CorruptFileError(name, f"its map begins at pixel {first}, which NSIDE {nside} does not have.")
        if ordering == "NESTED" and nside & (nside - 1):
            raise CorruptFileError(name, f"its map is NESTED and NSIDE is {nside}, which is no power of two.")
    order = header.integer("MOCORDER")
    return MapTable(ordering, nside, frame, rows, row_bytes, index, values, first, order, notes)


def column_offsets(header: Header) -> list[int]:
    """Bytes from the start of a row to each column, of all that the table has."""
    offsets, offset = [], 0
    for number in range(1, min(header.integer("TFIELDS") or 0, _MAX_FIELDS) + 1):
        match = _FORM.match(header.string(f"TFORM{number}").upper())
        offsets.append(offset)
        if match:
            repeat, code = int(match[1] or 1), match[2]
            offset += -(-repeat // 8) if code == "X" else repeat * _WIDTHS[code]
    return offsets


def _columns(header: Header, name: str, row_bytes: int) -> list[Column]:
    columns, offset = [], 0
    for number in range(1, min(header.integer("TFIELDS") or 0, _MAX_FIELDS) + 1):
        match = _FORM.match(header.string(f"TFORM{number}").upper())
        if not match:
            raise CorruptFileError(name, f"TFORM{number} of its table is missing or none of the standard's.")
        repeat, code = int(match[1] or 1), match[2]
        title = header.string(f"TTYPE{number}") or f"column{number}"
        blank = header.integer(f"TNULL{number}") if code in "BIJK" else None
        scale = header.number(f"TSCAL{number}", 1.0) or 1.0
        linear = Linear(scale, header.number(f"TZERO{number}", 0.0), blank)
        columns.append(Column(title, header.string(f"TUNIT{number}"), code, repeat, offset, linear))
        offset += -(-repeat // 8) if code == "X" else repeat * _WIDTHS[code]
    if offset > row_bytes:
        raise CorruptFileError(name, "the columns of its table are wider than its rows.")
    return columns


def _ordering(header: Header, columns: list[Column], name: str) -> str:
    word = header.string("ORDERING").upper()
    if word in {"", "EXPLICIT"} and any(column.name.upper() == "UNIQ" for column in columns):
        word = "NUNIQ"
    ordering = {"NEST": "NESTED", "": "RING"}.get(word, word)
    if ordering not in {"RING", "NESTED", "NUNIQ"}:
        raise UnsupportedFileError(name, f"HEALPix maps with ORDERING {word} are not read: RING, NESTED and NUNIQ are.")
    return ordering


def _index_column(header: Header, columns: list[Column], ordering: str, name: str) -> Column | None:
    scheme = header.string("INDXSCHM").upper()
    named = [column for column in columns if column.whole and column.name.upper() in _INDEX_NAMES]
    if ordering == "NUNIQ":
        named = [column for column in named if column.name.upper() == "UNIQ"] or named
    elif scheme == "IMPLICIT" or (not scheme and not named):
        return None
    index = next(iter(named), None) or next((column for column in columns if column.whole), None)
    if index is None:
        raise CorruptFileError(name, "its HEALPix map has explicit pixels and no column of their numbers.")
    return index


def _frame(header: Header, ordering: str) -> tuple[str, tuple[str, ...]]:
    word = header.string("COORDSYS").upper()
    if word in _FRAMES:
        return _FRAMES[word], ()
    # MOC 1.1, 3.2: equatorial. Maps of the microwave sky that say nothing are galactic.
    frame = "icrs" if ordering == "NUNIQ" else "galactic"
    said = f"COORDSYS is {word}" if word else "COORDSYS is missing"
    return frame, (f"{said}: the map is taken as {'equatorial' if frame == 'icrs' else frame}.",)


def _nside(header: Header, elements: int | None, first: int, name: str) -> int:
    """NSIDE of the header, or by the number of pixels where that is one of a whole sky."""
    order = header.integer("ORDER")
    nside = header.integer("NSIDE") or (1 << order if order is not None and 0 <= order <= MAX_ORDER else None)
    if elements is not None and not first and (nside is None or elements != 12 * nside * nside):
        root = isqrt(elements // 12)
        if root and 12 * root * root == elements:
            nside = root
    if nside is None or not 1 <= nside <= MAX_NSIDE:
        raise CorruptFileError(name, "its HEALPix map has no valid NSIDE, and its size is not that of a whole sky.")
    return nside


def stored_type(column: Column) -> np.dtype[Any]:
    """Big-endian type of the numbers of a column."""
    kinds = {"L": ">u1", "B": ">u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
    return np.dtype(kinds[column.code])
