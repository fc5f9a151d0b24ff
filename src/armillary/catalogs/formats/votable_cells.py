"""Cells of VOTables: text of TABLEDATA and bytes of BINARY and BINARY2 (VOTable 1.5, sections 5 and 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.limits import Limits

_STORED = {
    "boolean": "S1", "bit": "u1", "unsignedByte": "u1", "short": ">i2", "int": ">i4", "long": ">i8",
    "char": "S1", "unicodeChar": ">u2", "float": ">f4", "double": ">f8", "floatComplex": ">c8", "doubleComplex": ">c16",
}  # fmt: skip
_WHOLE = {"unsignedByte", "short", "int", "long"}
_REAL = {"float", "double"}
MAX_CELL_BYTES = 1 << 24


@dataclass(slots=True)
class VoField:
    """A FIELD.

    Parameters
    ----------
    name, unit, ucd, ref
        Its attributes; ``ref`` is the ID of a coordinate system.
    datatype, arraysize
        How its values are written; ``arraysize`` is None for one value.
    null
        What stands for a missing whole number.
    """

    name: str
    datatype: str
    arraysize: str | None
    unit: str
    ucd: str
    ref: str
    null: str | None = None
    description: str = ""

    @classmethod
    def of(cls, attributes: Mapping[str, str]) -> VoField:
        """A field by the attributes of its element."""
        get = attributes.get
        size = (get("arraysize") or "").strip()
        name = get("name") or get("ID") or ""
        words = (get("unit") or "", get("ucd") or "", get("ref") or "")
        return cls(name, get("datatype") or "char", None if size in {"", "1"} else size, *words)

    @property
    def is_text(self) -> bool:
        """Whether it is shown as text: characters, and everything that is no single number or truth."""
        return self.arraysize is not None or self.datatype not in _WHOLE | _REAL | {"boolean"}

    @property
    def count(self) -> int | None:
        """Values in each row, None where their number is written before them.

        Raises
        ------
        ValueError
            The array size is none.
        """
        if self.arraysize is None:
            return 1
        if self.arraysize.endswith("*"):
            return None
        total = 1
        for part in self.arraysize.split("x"):
            total *= int(part)
        if total < 0 or total > MAX_CELL_BYTES:
            raise ValueError(self.arraysize)
        return total

    @property
    def arrow(self) -> Any:
        """Type of its column."""
        import pyarrow as pa

        if self.is_text:
            return pa.string()
        return {
            "boolean": pa.bool_(), "unsignedByte": pa.uint8(), "short": pa.int16(), "int": pa.int32(),
            "long": pa.int64(), "float": pa.float32(), "double": pa.float64(),
        }[self.datatype]  # fmt: skip


def texts_to_array(field: VoField, cells: Sequence[str | None]) -> Any:
    """Cells of TABLEDATA as an array; what is no value of the field's type is missing."""
    import pyarrow as pa
    from pyarrow import compute

    text = pa.array(cells, pa.string())
    if field.is_text:
        return compute.if_else(compute.equal(text, ""), None, text)
    text = compute.utf8_trim_whitespace(text)
    if field.null is not None and field.datatype in _WHOLE:
        text = compute.if_else(compute.equal(text, field.null.strip()), None, text)
    if field.datatype == "boolean":
        low = compute.utf8_lower(text)
        known = compute.is_in(low, pa.array(["t", "true", "1", "f", "false", "0"]))
        truth = compute.is_in(low, pa.array(["t", "true", "1"]))
        return compute.if_else(known, truth, None)
    return _numbers(text, field)


def _numbers(text: Any, field: VoField) -> Any:
    import pyarrow as pa
    from pyarrow import compute

    try:
        return compute.if_else(compute.equal(text, ""), None, text).cast(field.arrow)
    except pa.ArrowInvalid:
        return pa.array([_number(word, field) for word in text.to_pylist()], field.arrow)


def _number(word: str | None, field: VoField) -> int | float | None:
    """One value that the fast way does not take: hexadecimal, ``+Inf``, or none at all."""
    if not word:
        return None
    try:
        if field.datatype in _REAL:
            return float(word)
        value = int(word, 0)
    except ValueError:
        return None
    info = np.iinfo(np.dtype(_STORED[field.datatype]))
    return value if info.min <= value <= info.max else None


def decode_binary(name: str, fields: Sequence[VoField], data: bytes, *, nulls: bool, limits: Limits) -> list[Any]:
    """Columns of a BINARY or BINARY2 stream.

    Parameters
    ----------
    name
        The file's, for messages.
    fields
        Its fields.
    data
        Decoded bytes.
    nulls
        Whether each row begins with bits that mark what is missing (BINARY2).
    limits
        Bound of the rows.

    Raises
    ------
    CorruptFileError
        The data do not fit the fields.
    UnsupportedFileError
        Too many rows.
    """
    try:
        counts = [field.count for field in fields]
        kinds = [np.dtype(_STORED[field.datatype]) for field in fields]
    except (ValueError, KeyError) as error:
        raise CorruptFileError(name, f"a FIELD has an unknown type or size: {error}.") from error
    sizes = [_fixed_bytes(field, count, kind) for field, count, kind in zip(fields, counts, kinds, strict=True)]
    head = -(-len(fields) // 8) if nulls else 0
    fixed = [size for size in sizes if size is not None]
    if len(fixed) == len(sizes):
        return _fixed_rows(name, fields, data, fixed, head, limits)
    return _loose_rows(name, fields, data, sizes, head, limits)


def _fixed_bytes(field: VoField, count: int | None, kind: np.dtype[Any]) -> int | None:
    if count is None:
        return None
    return -(-count // 8) if field.datatype == "bit" else count * kind.itemsize


def _fixed_rows(
    name: str, fields: Sequence[VoField], data: bytes, sizes: Sequence[int], head: int, limits: Limits
) -> list[Any]:
    row_bytes = head + sum(sizes)
    rows = len(data) // row_bytes if row_bytes else 0
    if not row_bytes or len(data) % row_bytes:
        raise CorruptFileError(name, "its binary data break off within a row.")
    limits.check_rows(name, rows)
    table = np.frombuffer(data, np.uint8).reshape(rows, row_bytes)
    missing = np.unpackbits(table[:, :head], axis=1).astype(bool) if head else None
    arrays, offset = [], head
    for place, (field, size) in enumerate(zip(fields, sizes, strict=True)):
        part = np.ascontiguousarray(table[:, offset : offset + size])
        arrays.append(_array(field, part, None if missing is None else missing[:, place]))
        offset += size
    return arrays


def _array(field: VoField, part: NDArray[np.uint8], missing: NDArray[np.bool_] | None) -> Any:
    import pyarrow as pa

    if field.is_text:
        words = [cell_text(field, bytes(row)) for row in part]
        return pa.array(
            [None if missing is not None and missing[k] else word for k, word in enumerate(words)], pa.string()
        )
    if field.datatype == "boolean":
        letters = part[:, 0]
        bad = ~np.isin(letters, np.frombuffer(b"TtFf10", np.uint8))
        truth = np.isin(letters, np.frombuffer(b"Tt1", np.uint8))
        return pa.array(truth, mask=bad if missing is None else bad | missing)
    values = part.view(_STORED[field.datatype])[:, 0]
    mask = missing
    if field.null is not None and field.datatype in _WHOLE:
        mask = (values == _null_of(field)) | (False if missing is None else missing)
    return pa.array(values.astype(values.dtype.newbyteorder("=")), mask=mask)


def _null_of(field: VoField) -> int:
    try:
        return int(field.null or "", 0)
    except ValueError:
        return 1 << 62


def _loose_rows(
    name: str, fields: Sequence[VoField], data: bytes, sizes: Sequence[int | None], head: int, limits: Limits
) -> list[Any]:
    """Rows with values of varying length: cut one after another."""
    cells: list[list[bytes | None]] = [[] for _ in fields]
    kinds = [np.dtype(_STORED[field.datatype]).itemsize for field in fields]
    position, rows = 0, 0
    while position < len(data):
        missing = int.from_bytes(data[position : position + head], "big")
        position += head
        for place, size in enumerate(sizes):
            if size is None:
                count = int.from_bytes(data[position : position + 4], "big")
                position += 4
                size = -(-count // 8) if fields[place].datatype == "bit" else count * kinds[place]  # noqa: PLW2901
            cell = data[position : position + size]
            position += size
            if position > len(data):
                raise CorruptFileError(name, "its binary data break off within a row.")
            cells[place].append(None if head and missing >> (8 * head - 1 - place) & 1 else cell)
        rows += 1
        limits.check_rows(name, rows)
    return [_joined(field, column) for field, column in zip(fields, cells, strict=True)]


def _joined(field: VoField, column: list[bytes | None]) -> Any:
    import pyarrow as pa

    if field.is_text:
        return pa.array([None if cell is None else cell_text(field, cell) for cell in column], pa.string())
    width = np.dtype(_STORED[field.datatype]).itemsize
    missing = np.array([cell is None for cell in column], bool)
    packed = b"".join(bytes(width) if cell is None else cell for cell in column)
    return _array(field, np.frombuffer(packed, np.uint8).reshape(len(column), width), missing)


def cell_text(field: VoField, cell: bytes) -> str | None:
    """Text of a cell: characters as they are, arrays as numbers with blanks between; None where it is empty."""
    if field.datatype == "char":
        text = cell.split(b"\0", 1)[0].decode("utf-8", "replace")
    elif field.datatype == "unicodeChar":
        text = cell.decode("utf-16-be", "replace").split("\0", 1)[0]
    elif field.datatype in {"bit", "boolean"}:
        text = cell.hex() if field.datatype == "bit" else cell.decode("ascii", "replace")
    else:
        text = " ".join(str(value) for value in np.frombuffer(cell, _STORED[field.datatype]).tolist())
    return text.rstrip() or None
