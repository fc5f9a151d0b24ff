"""Columns of FITS tables (FITS 4.0, sections 7.2 and 7.3): where they lie in a row and what their bytes mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.fields import Field, unique_names
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.storage.fits.cards import Header

_BINARY = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ])")
_ASCII = re.compile(r"\s*([AIFED])(\d+)(?:\.(\d+))?")
_WIDTHS = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_STORED = {"L": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_MAX_FIELDS = 10_000
# What is added to signed numbers to mean unsigned ones (section 5.3, table 11).
_OFFSETS = {("B", -128.0): np.int8, ("I", 32768.0): np.uint16, ("J", 2147483648.0): np.uint32}
_OFFSETS[("K", 9223372036854775808.0)] = np.uint64


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """A column.

    Parameters
    ----------
    field
        Words for it.
    code
        Letter of TFORM; of ASCII tables ``a`` and the letter.
    repeat
        Values in each row; characters of text.
    offset, width
        Bytes from the row's start, and how many.
    scale, zero, blank
        TSCAL, TZERO, TNULL (text in ASCII tables).
    """

    field: Field
    code: str
    repeat: int
    offset: int
    width: int
    scale: float = 1.0
    zero: float = 0.0
    blank: int | str | None = None

    @property
    def plain(self) -> bool:
        """Whether stored numbers are the values."""
        return self.scale == 1.0 and self.zero == 0.0

    def values(self, stored: NDArray[np.uint8]) -> Any:
        """Values as an array of ``pyarrow``.

        Parameters
        ----------
        stored
            Bytes of the column, shape (rows, width).
        """
        import pyarrow as pa

        if self.code.startswith("a"):
            return self._from_text(stored)
        if self.code == "A":
            return _text(stored)
        raw = np.ascontiguousarray(stored).view(_STORED[self.code])
        if self.code == "L":
            return pa.array(raw[:, 0] == ord("T"), mask=~np.isin(raw[:, 0], (ord("T"), ord("F"))))
        values = self._scaled(raw)
        if self.repeat == 1:
            mask = None if self.blank is None or self.code not in "BIJK" else raw[:, 0] == self.blank
            return pa.array(values[:, 0], mask=mask)
        return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), self.repeat)

    def _scaled(self, raw: NDArray[Any]) -> NDArray[Any]:
        if self.plain:
            return raw.astype(raw.dtype.newbyteorder("="))
        unsigned = _OFFSETS.get((self.code, self.zero)) if self.scale == 1.0 else None
        if unsigned is None:
            return raw.astype(np.float64) * self.scale + self.zero
        wide = np.dtype(unsigned)
        if self.code == "B":
            return (raw ^ 0x80).view(wide)
        return raw.astype(raw.dtype.newbyteorder("=")).view(wide) ^ wide.type(1 << (8 * wide.itemsize - 1))

    def _from_text(self, stored: NDArray[np.uint8]) -> Any:
        import pyarrow as pa
        from pyarrow import compute

        text = _text(stored)
        if self.code == "aA":
            return text
        trimmed = compute.replace_substring(compute.utf8_trim_whitespace(text), "D", "E")
        good = compute.match_substring_regex(trimmed, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        if self.blank is not None:
            good = compute.and_(good, compute.not_equal(compute.utf8_trim_whitespace(text), str(self.blank).strip()))
        numbers = compute.if_else(good, trimmed, None)
        if self.code == "aI" and self.plain and self.width < 19:
            return numbers.cast(pa.int64())
        values = numbers.cast(pa.float64())
        return values if self.plain else compute.add(compute.multiply(values, self.scale), self.zero)


def _text(stored: NDArray[np.uint8]) -> Any:
    """Text up to the first NUL, without blanks at the end; empty is missing."""
    import pyarrow as pa
    from pyarrow import compute

    if not stored.shape[1]:
        return pa.nulls(len(stored), pa.string())
    words = np.ascontiguousarray(stored).view(f"S{stored.shape[1]}")[:, 0]
    made = pa.array(words.tolist(), pa.binary())
    try:
        text = made.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([word.decode("latin-1") for word in words.tolist()], pa.string())
    text = compute.replace_substring_regex(text, "\x00.*$", "")
    text = compute.utf8_rtrim_whitespace(text)
    return compute.if_else(compute.equal(text, ""), None, text)


def binary_columns(header: Header, name: str) -> list[FitsColumn]:
    """Columns of a binary table that can be shown: variable arrays, bits and complex numbers are left out.

    Raises
    ------
    CorruptFileError
        The header contradicts itself.
    """
    titles = titles_of(header, name)
    columns, offset = [], 0
    for number, title in enumerate(titles, 1):
        match = _BINARY.match(header.string(f"TFORM{number}").upper())
        if not match:
            raise CorruptFileError(name, f"TFORM{number} of its table is missing or none of the standard's.")
        repeat, code = int(match[1] or 1), match[2]
        width = -(-repeat // 8) if code == "X" else repeat * _WIDTHS[code]
        if (code in _STORED and repeat) or code == "A":
            columns.append(_binary_column(header, number, title, code, repeat, offset))
        offset += width
    if offset > (header.integer("NAXIS1") or 0):
        raise CorruptFileError(name, "the columns of its table are wider than its rows.")
    return columns


def _binary_column(header: Header, number: int, title: str, code: str, repeat: int, offset: int) -> FitsColumn:
    scale, zero = header.number(f"TSCAL{number}", 1.0) or 1.0, header.number(f"TZERO{number}", 0.0)
    width = repeat * _WIDTHS[code]
    blank = header.integer(f"TNULL{number}")
    dtype = {"A": "text", "L": "bool"}.get(code) or _number_word(code, scale, zero)
    if repeat != 1 and code != "A":
        dtype = f"{dtype}[{repeat}]"
    return FitsColumn(_field(header, number, title, dtype), code, repeat, offset, width, scale, zero, blank)


def _number_word(code: str, scale: float, zero: float) -> str:
    if scale == 1.0 and zero == 0.0:
        return "uint8" if code == "B" else np.dtype(_STORED[code]).name
    return np.dtype(_OFFSETS.get((code, zero), np.float64) if scale == 1.0 else np.float64).name


def ascii_columns(header: Header, name: str) -> list[FitsColumn]:
    """Columns of an ASCII table.

    Raises
    ------
    CorruptFileError
        The header contradicts itself.
    """
    columns = []
    for number, title in enumerate(titles_of(header, name), 1):
        match = _ASCII.match(header.string(f"TFORM{number}").upper())
        start = header.integer(f"TBCOL{number}")
        if not match or start is None:
            raise CorruptFileError(name, f"TFORM{number} or TBCOL{number} of its table is missing or wrong.")
        code, width = match[1], int(match[2])
        if start < 1 or start - 1 + width > (header.integer("NAXIS1") or 0):
            raise CorruptFileError(name, f"column {number} of its table lies outside of the rows.")
        scale, zero = header.number(f"TSCAL{number}", 1.0) or 1.0, header.number(f"TZERO{number}", 0.0)
        plain = scale == 1.0 and zero == 0.0
        dtype = "text" if code == "A" else "int64" if code == "I" and plain and width < 19 else "float64"
        blank = header.string(f"TNULL{number}") or None
        field = _field(header, number, title, dtype)
        columns.append(FitsColumn(field, f"a{code}", width, start - 1, width, scale, zero, blank))
    return columns


def titles_of(header: Header, name: str) -> list[str]:
    """Names of all columns, those that are left out too."""
    count = header.integer("TFIELDS") or 0
    if not 0 < count <= _MAX_FIELDS:
        raise CorruptFileError(name, f"its table has {count} columns.")
    return unique_names(header.string(f"TTYPE{number}") for number in range(1, count + 1))


def _field(header: Header, number: int, title: str, dtype: str) -> Field:
    words = (header.string(f"{key}{number}") for key in ("TUNIT", "TUCD", "TCOMM"))
    return Field(title, dtype, *words)
