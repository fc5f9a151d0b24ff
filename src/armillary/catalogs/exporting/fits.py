"""FITS binary tables (FITS 4.0, section 7.3), written when all rows are known: text has to have a width."""

from __future__ import annotations

import tempfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.exporting.flat import flat, flat_schema, is_list, word_of
from armillary.errors import LimitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_COLUMNS = 999
BLOCK = 2880
LONGEST = 68
"""Letters of a text in a header."""
# Where values are missing the lowest number of a wider type, which no value is, stands for them.
_WIDER = {
    "uint8": "int16", "int8": "int16", "int16": "int32", "uint16": "int32", "int32": "int64", "uint32": "int64",
}  # fmt: skip
_CODES = {
    "bool": "L", "uint8": "B", "int8": "B", "int16": "I", "uint16": "I", "int32": "J", "uint32": "J", "int64": "K",
    "uint64": "K", "float": "E", "double": "D",
}  # fmt: skip
_KINDS = {"L": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
# Signed bytes and unsigned words are stored shifted (section 7.3.1, TZEROn).
_ZEROS = {"int8": -128, "uint16": 1 << 15, "uint32": 1 << 31, "uint64": 1 << 63}


class FitsWriter:
    """Writes one table; rows wait in a temporary file.

    Parameters
    ----------
    file
        Where to.
    schema
        A ``pyarrow.Schema``.
    positions
        Columns of right ascension and declination.

    Raises
    ------
    LimitError
        More columns than FITS can have.
    """

    def __init__(self, file: IO[bytes], schema: Any, positions: tuple[str, str] | None = None) -> None:
        import pyarrow as pa

        self._schema = flat_schema(schema, lists=True)
        if len(self._schema) > MOST_COLUMNS:
            raise LimitError(f"A FITS table has at most {MOST_COLUMNS} columns, not {len(self._schema)}: choose some.")
        self._file, self._positions = file, positions or ()
        self._spool: Any = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close
        self._waiting = pa.ipc.new_stream(self._spool, self._schema)
        self._widths = dict.fromkeys(self._schema.names, 1)
        self._lacking: set[str] = set()
        self._rows = 0

    def write(self, table: Any) -> None:
        """Further rows."""
        import pyarrow as pa
        from pyarrow import compute

        rows = flat(table, lists=True)
        for name in rows.schema.names:
            column = rows.column(name)
            if pa.types.is_string(column.type) and len(column):
                longest = compute.max(compute.utf8_length(column)).as_py() or 1
                self._widths[name] = max(self._widths[name], longest)
            elif pa.types.is_integer(column.type) and column.null_count:
                self._lacking.add(name)
        self._waiting.write_table(rows)
        self._rows += len(rows)

    def close(self) -> None:
        """Write header and rows."""
        import pyarrow as pa

        self._waiting.close()
        self._spool.seek(0)
        columns = [_Column(entry, self._widths[entry.name], entry.name in self._lacking) for entry in self._schema]
        layout = np.dtype([(f"f{number}", column.dtype) for number, column in enumerate(columns)])
        with tempfile.TemporaryFile() as body, tempfile.TemporaryFile() as heap:
            for batch in pa.ipc.open_stream(self._spool):
                made = np.zeros(len(batch), layout)
                for number, column in enumerate(columns):
                    made[f"f{number}"] = column.cells(batch.column(number), heap)
                body.write(made.tobytes())
            self._spool.close()
            self._put(columns, layout.itemsize, body, heap)

    def _put(self, columns: list[_Column], row_bytes: int, body: IO[bytes], heap: IO[bytes]) -> None:
        from astropy.io import fits

        primary = fits.PrimaryHDU().header
        header = fits.Header(
            [
                ("XTENSION", "BINTABLE"),
                ("BITPIX", 8),
                ("NAXIS", 2),
                ("NAXIS1", row_bytes),
                ("NAXIS2", self._rows),
                ("PCOUNT", heap.tell()),
                ("GCOUNT", 1),
                ("TFIELDS", len(columns)),
            ]
        )
        names = _names(self._schema.names)
        for number, (column, name) in enumerate(zip(columns, names, strict=True), 1):
            header.update(column.cards(number, name, position=column.name in self._positions))
        if self._positions:
            header["RADESYS"] = "ICRS"
        self._file.write(primary.tostring().encode("ascii") + header.tostring().encode("ascii"))
        total = body.tell() + heap.tell()
        for part in (body, heap):
            part.seek(0)
            while block := part.read(1 << 22):
                self._file.write(block)
        self._file.write(bytes(-total % BLOCK))


def _names(given: list[str]) -> list[str]:
    """Names as FITS knows them: ASCII that can be printed, no longer than a card holds, each once."""
    made: list[str] = []
    for number, name in enumerate(given, 1):
        # A quote takes two places.
        letters = "".join(letter if " " <= letter <= "~" else "?" for letter in name).strip()
        while len(letters) + letters.count("'") > LONGEST:
            letters = letters[:-1]
        if not letters or letters in made:
            end = f"_{number}" if letters else f"column{number}"
            letters = letters[: LONGEST // 2] + end
        made.append(letters)
    return made


class _Column:
    """How a column is stored."""

    def __init__(self, entry: Any, width: int, lacking: bool) -> None:
        self.name: str = entry.name
        self._unit = word_of(entry, "unit")
        self._list = is_list(entry.type)
        self._kind = str(entry.type.value_type if self._list else entry.type)
        if lacking:
            self._kind = _WIDER.get(self._kind, self._kind)
        code = _CODES.get(self._kind)
        self._code = code or "A"
        self._fixed = getattr(entry.type, "list_size", 0) if self._list else 0
        self._zero = _ZEROS.get(self._kind, 0)
        self._blank = self._none() if lacking else None
        if self._list and not self._fixed:
            self.form, self.dtype = f"1Q{self._code}", np.dtype((">i8", (2,)))
        elif self._list:
            self.form = f"{self._fixed}{self._code}"
            self.dtype = np.dtype((_KINDS[self._code], (self._fixed,)))
        elif code is None:
            self.form, self.dtype = f"{width}A", np.dtype(f"S{width}")
        else:
            self.form, self.dtype = code, np.dtype(_KINDS[code])

    def _none(self) -> int:
        if self._kind == "uint64":
            return (1 << 63) - 1
        return -(1 << {"I": 15, "J": 31, "K": 63}[self._code])

    def cards(self, number: int, name: str, *, position: bool) -> dict[str, object]:
        """Of the header."""
        cards: dict[str, object] = {f"TTYPE{number}": name, f"TFORM{number}": self.form}
        if self._zero:
            cards[f"TZERO{number}"] = self._zero
        if self._blank is not None:
            cards[f"TNULL{number}"] = self._blank
        unit = "deg" if position else self._unit
        if unit and unit.isascii() and len(unit) <= LONGEST:
            cards[f"TUNIT{number}"] = unit
        return cards

    def cells(self, column: Any, heap: IO[bytes]) -> NDArray[Any]:
        """Some cells as they are stored; lists of any length go to the heap."""
        if self._list and not self._fixed:
            return self._to_heap(column, heap)
        if self._list:
            from pyarrow import compute

            blank = [None] * self._fixed
            filled = compute.if_else(column.is_valid(), column, np_scalar(blank, column.type))
            return self._stored(filled.flatten()).reshape(-1, self._fixed)
        return self._stored(column)

    def _stored(self, column: Any) -> NDArray[Any]:
        from pyarrow import compute

        if self._code == "A":
            return np.array([(text or "").encode("ascii", "replace") for text in column.to_pylist()], "S")
        if self._code == "L":
            truths = column.to_pylist()
            return np.array([0 if truth is None else ord("FT"[truth]) for truth in truths], np.uint8)
        if self._code in "ED":
            values: NDArray[Any] = compute.fill_null(column, float("nan")).to_numpy(zero_copy_only=False)
            return values.astype(_KINDS[self._code])
        given = compute.fill_null(column, 0).to_numpy(zero_copy_only=False)
        stored = self._shifted(given)
        if self._blank is not None and column.null_count:
            stored[~column.is_valid().to_numpy(zero_copy_only=False)] = self._blank
        cells: NDArray[Any] = stored.astype(_KINDS[self._code])
        return cells

    def _shifted(self, values: NDArray[Any]) -> NDArray[Any]:
        if self._kind == "uint64":
            return (values ^ np.uint64(1 << 63)).view(np.int64).copy()
        if self._kind == "uint8":
            return values.copy()
        return values.astype(np.int64) - self._zero

    def _to_heap(self, column: Any, heap: IO[bytes]) -> NDArray[np.int64]:
        from pyarrow import compute

        lengths = compute.fill_null(compute.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        stored = self._stored(column.flatten())
        before = np.cumsum(lengths) - lengths
        places = np.stack([lengths, heap.tell() + before * stored.itemsize], axis=-1).astype(np.int64)
        heap.write(stored.tobytes())
        return places


def np_scalar(values: list[Any], kind: Any) -> Any:
    """A list as a scalar of a type of pyarrow."""
    import pyarrow as pa

    return pa.scalar(values, kind)
