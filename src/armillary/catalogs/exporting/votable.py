"""VOTable 1.4, TABLEDATA, written as rows come (IVOA recommendation 2019-10-21)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from armillary.catalogs.exporting.flat import flat, flat_schema, is_list, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
    '<RESOURCE type="results">\n{system}<TABLE>\n'
)
_SYSTEM = '<COOSYS ID="icrs" system="ICRS"/>\n'
_TAIL = b"</TABLEDATA></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"
_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
# VOTable has neither signed bytes nor unsigned words: the next wider type holds them, and text what none does.
_TYPES = {
    "bool": "boolean", "uint8": "unsignedByte", "int8": "short", "int16": "short", "uint16": "int", "int32": "int",
    "uint32": "long", "int64": "long", "float": "float", "double": "double", "halffloat": "float",
}  # fmt: skip
ROWS_AT_ONCE = 20_000


class VoTableWriter:
    """Writes one table.

    Parameters
    ----------
    file
        Where to.
    schema
        A ``pyarrow.Schema``.
    positions
        Columns of right ascension and declination.
    """

    def __init__(self, file: IO[bytes], schema: Any, positions: tuple[str, str] | None = None) -> None:
        self._file = file
        where = dict(zip(positions, ("pos.eq.ra;meta.main", "pos.eq.dec;meta.main"), strict=True)) if positions else {}
        file.write(_HEAD.format(system=_SYSTEM if where else "").encode())
        for number, entry in enumerate(flat_schema(schema, lists=True), 1):
            file.write(_field(entry, number, where.get(entry.name)).encode())
        file.write(b"<DATA><TABLEDATA>\n")

    def write(self, table: Any) -> None:
        """Further rows."""
        for start in range(0, len(table), ROWS_AT_ONCE):
            for part in _rows(flat(table.slice(start, ROWS_AT_ONCE), lists=True)):
                self._file.write(part)

    def close(self) -> None:
        """Finish."""
        self._file.write(_TAIL)


def _field(entry: Any, number: int, ucd: str | None) -> str:
    listed = is_list(entry.type)
    word = _TYPES.get(str(entry.type.value_type if listed else entry.type))
    name = quoteattr("".join(letter for letter in entry.name if letter.isprintable()) or f"column{number}")
    size = ""
    if word is None:
        word, size = "unicodeChar", ' arraysize="*"'
    elif listed:
        size = f' arraysize="{getattr(entry.type, "list_size", None) or "*"}"'
    known = {"unit": "deg" if ucd else word_of(entry, "unit"), "ucd": ucd or word_of(entry, "ucd")}
    words = "".join(f" {key}={quoteattr(text)}" for key, text in known.items() if text) + (' ref="icrs"' if ucd else "")
    return f'<FIELD name={name} datatype="{word}"{size}{words}/>\n'


def _rows(table: Any) -> Iterator[bytes]:
    from pyarrow import compute

    if not table.num_columns:
        yield b"<TR></TR>\n" * len(table)
        return
    cells = [_cells(column) for column in table.columns]
    joined = compute.binary_join_element_wise(*cells, "</TD><TD>")
    for line in joined.to_pylist():
        yield f"<TR><TD>{line}</TD></TR>\n".encode()


def _cells(column: Any) -> Any:
    """A column as text of cells, nothing for what is missing."""
    import pyarrow as pa
    from pyarrow import compute, types

    kind = column.type
    if is_list(kind):
        words = _numbers(column.cast(pa.list_(kind.value_type)), kind.value_type)
        return compute.fill_null(words, "")
    if types.is_floating(kind):
        return compute.fill_null(_named(column.cast(pa.string())), "")
    text = column.cast(pa.string())
    if types.is_string(kind):
        text = compute.replace_substring_regex(text, _CONTROL, "")
        for sign, word in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = compute.replace_substring(text, sign, word)
    return compute.fill_null(text, "")


def _named(text: Any) -> Any:
    """Numbers that are none as VOTable has them: ``NaN``, ``+Inf``, ``-Inf``."""
    from pyarrow import compute

    for given, word in (("^-?nan$", "NaN"), ("^inf$", "+Inf"), ("^-inf$", "-Inf")):
        text = compute.replace_substring_regex(text, given, word)
    return text


def _numbers(column: Any, kind: Any) -> Any:
    """Lists of numbers as text; those missing in a list of floats are NaN."""
    import pyarrow as pa
    from pyarrow import compute, types

    blank = "NaN" if types.is_floating(kind) else "0"
    arrays = []
    for chunk in column.chunks:
        words = compute.fill_null(_named(chunk.flatten().cast(pa.string())), blank)
        lengths = compute.fill_null(compute.list_value_length(chunk), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array([0, *lengths.cumsum().tolist()], pa.int32())
        arrays.append(compute.binary_join(pa.ListArray.from_arrays(offsets, words), " "))
    return pa.chunked_array(arrays, pa.string())
