"""VOTable (IVOA recommendations 1.1 to 1.5): the first table, in TABLEDATA, BINARY or BINARY2.

Read by expat as it comes. Document types are refused, so no entity is ever expanded and nothing is fetched.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from armillary.catalogs.fields import Field, unique_names
from armillary.catalogs.formats.votable_cells import MAX_CELL_BYTES, VoField, decode_binary, texts_to_array
from armillary.catalogs.limits import DEFAULT, Limits, check_columns
from armillary.catalogs.table import MemoryTable
from armillary.errors import CorruptFileError, FileError, UnsupportedFileError

if TYPE_CHECKING:
    from armillary.catalogs.formats.streams import TextStream
    from armillary.catalogs.table import Table

ROWS_AT_ONCE = 20_000
CELLS_AT_ONCE = 4_000_000
READ_BYTES = 1 << 20
MAX_DEPTH = 64


class _FirstTableReadError(Exception):
    """All that is wanted has been read."""


@dataclass
class _State:
    """What has been read so far."""

    fields: list[VoField] = field(default_factory=list)
    systems: dict[str, str] = field(default_factory=dict)
    description: list[str] | None = None
    rows: int = 0
    rows_at_once: int = ROWS_AT_ONCE
    cells: list[tuple[str | None, ...]] = field(default_factory=list)
    chunks: list[list[Any]] = field(default_factory=list)
    stream: list[str] | None = None
    version: int = 0


class VoTableReader:
    """Reads one document.

    Parameters
    ----------
    name
        The file's, for messages.
    limits
        Bounds.
    """

    def __init__(self, name: str, limits: Limits = DEFAULT) -> None:
        self._name, self._limits = name, limits
        self._path: list[str] = []
        self._state = _State()
        self._parser: Any = None
        self._done = False

    def read(self, stream: TextStream) -> Table:
        """The first table of a document.

        Raises
        ------
        CorruptFileError
            It is no well-formed VOTable.
        UnsupportedFileError
            It has a document type, its data lie elsewhere, or it is too large.
        """
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._listen()
        try:
            while data := stream.read(READ_BYTES):
                parser.Parse(data, False)  # noqa: FBT003 - expat takes no names
            parser.Parse(b"", True)  # noqa: FBT003
        except _FirstTableReadError:
            pass
        except expat.ExpatError as error:
            raise CorruptFileError(
                self._name, f"its XML breaks in line {error.lineno}: {expat.ErrorString(error.code)}."
            ) from error
        except FileError:
            raise
        if not self._done:
            raise CorruptFileError(self._name, "it is XML without a table.")
        return self._table()

    def _refuse_doctype(self, *_: Any) -> None:
        raise UnsupportedFileError(
            self._name, "its XML declares a document type, which is refused: remove the DOCTYPE."
        )

    def _listen(self) -> None:
        parser = self._parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _listen_to_rows(self, table_data: str) -> None:
        """Take cells by functions that do nothing else: they are called for every one of millions.

        Parameters
        ----------
        table_data
            The element of the rows as expat names it, with its namespace.
        """
        parser, end_row = self._parser, self._end_row
        prefix = table_data.removesuffix("TABLEDATA")
        row_tag, cell_tag = f"{prefix}TR", f"{prefix}TD"
        row: list[str | None] = []
        depth = 0

        def start(tag: str, _attributes: object) -> None:
            nonlocal depth
            if tag == cell_tag:
                row.append("")
                parser.CharacterDataHandler = text
            else:
                depth += 1
                if depth > MAX_DEPTH:
                    raise CorruptFileError(self._name, "its XML is nested too deep.")

        def text(part: str) -> None:
            before = row[-1]
            if before and len(before) > MAX_CELL_BYTES:
                raise CorruptFileError(self._name, "a cell of its table is too large.")
            row[-1] = before + part if before else part

        def end(tag: str) -> None:
            nonlocal depth
            if tag == cell_tag:
                parser.CharacterDataHandler = None
                return
            depth -= 1
            if tag == row_tag:
                end_row(row)
                row.clear()
            elif depth < 0:
                self._listen()
                self._path.pop()

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        word = tag.rpartition(" ")[2]
        self._path.append(word)
        if len(self._path) > MAX_DEPTH:
            raise CorruptFileError(self._name, "its XML is nested too deep.")
        state = self._state
        if word == "TABLE":
            state.fields.clear()
        elif word == "COOSYS":
            state.systems[attributes.get("ID", "")] = attributes.get("system", "")
        elif word == "FIELD":
            state.fields.append(VoField.of(attributes))
            check_columns(self._name, state.fields)
        elif word == "VALUES" and self._inside("FIELD") and attributes.get("null") is not None:
            state.fields[-1].null = attributes["null"]
        elif word == "DESCRIPTION" and self._inside("FIELD"):
            state.description = []
        elif word in {"TABLEDATA", "BINARY", "BINARY2"}:
            self._begin_data(word, tag)
        elif word in {"FITS", "STREAM"}:
            self._begin_stream(word, attributes)

    def _begin_stream(self, word: str, attributes: dict[str, str]) -> None:
        if word == "FITS":
            raise UnsupportedFileError(self._name, "its data are FITS inside of XML, which is not read.")
        if attributes.get("href"):
            raise UnsupportedFileError(self._name, "its data lie in another file, which is not fetched.")
        if attributes.get("encoding", "base64") != "base64":
            raise UnsupportedFileError(self._name, "its data are not encoded by base64.")
        self._state.stream = []

    def _inside(self, parent: str) -> bool:
        return len(self._path) > 1 and self._path[-2] == parent and bool(self._state.fields)

    def _begin_data(self, word: str, tag: str) -> None:
        state = self._state
        if not state.fields:
            raise CorruptFileError(self._name, "its table has data and no FIELD.")
        # Rows may be shorter than they mean: of wide tables, few wait at once.
        state.rows_at_once = max(1, min(ROWS_AT_ONCE, CELLS_AT_ONCE // len(state.fields)))
        state.version = {"TABLEDATA": 0, "BINARY": 1, "BINARY2": 2}[word]
        state.cells.clear()
        state.chunks = [[] for _ in state.fields]
        if not state.version:
            self._listen_to_rows(tag)

    def _text(self, text: str) -> None:
        if self._state.stream is not None:
            self._state.stream.append(text)
        elif self._state.description is not None:
            self._state.description.append(text)

    def _end(self, tag: str) -> None:
        word = tag.rpartition(" ")[2]
        self._path.pop()
        if word == "DESCRIPTION" and self._state.description is not None:
            self._state.fields[-1].description = " ".join("".join(self._state.description).split())
            self._state.description = None
        elif word == "STREAM":
            self._end_stream()
        elif word == "TABLE" and self._state.fields:
            self._flush()
            self._done = True
            raise _FirstTableReadError

    def _end_row(self, row: list[str | None]) -> None:
        state = self._state
        width = len(state.fields)
        state.cells.append(tuple(row) if len(row) == width else tuple([*row, *[None] * width][:width]))
        if len(state.cells) >= state.rows_at_once:
            self._flush()

    def _flush(self) -> None:
        """Make arrays of the cells that wait."""
        state = self._state
        if not state.cells:
            return
        state.rows += len(state.cells)
        self._limits.check_rows(self._name, state.rows)
        self._limits.check_cells(self._name, state.rows, len(state.fields))
        for one, cells, chunks in zip(state.fields, zip(*state.cells, strict=True), state.chunks, strict=True):
            chunks.append(texts_to_array(one, cells))
        state.cells.clear()

    def _end_stream(self) -> None:
        state = self._state
        text, state.stream = "".join(state.stream or ()), None
        try:
            data = base64.b64decode(text)
        except (binascii.Error, ValueError) as error:
            raise CorruptFileError(self._name, "its base64 data are damaged.") from error
        if not state.chunks:
            raise CorruptFileError(self._name, "its table has data and no FIELD.")
        arrays = decode_binary(self._name, state.fields, data, nulls=state.version == 2, limits=self._limits)
        state.chunks = [[array] for array in arrays]

    def _table(self) -> Table:
        import pyarrow as pa

        state = self._state
        names = unique_names(one.name for one in state.fields)
        chunks = state.chunks or [[] for _ in names]
        columns, words = {}, {}
        for name, one, parts in zip(names, state.fields, chunks, strict=True):
            columns[name] = pa.chunked_array(parts or [texts_to_array(one, [])])
            words[name] = Field(name, "", one.unit, one.ucd, one.description)
        systems = {state.systems[one.ref] for one in state.fields if one.ref in state.systems}
        return MemoryTable(self._name, columns, words, frame=_frame(systems))


def _frame(systems: set[str]) -> str:
    """Frame of the positions, where all coordinate systems that columns refer to agree."""
    known = {"ICRS": "icrs", "EQ_FK5": "fk5", "FK5": "fk5", "EQ_FK4": "fk4", "FK4": "fk4"}
    frames = {known.get(system.upper(), "") for system in systems} - {""}
    return frames.pop() if len(frames) == 1 else ""


def read_votable(stream: TextStream, limits: Limits = DEFAULT) -> Table:
    """The first table of a VOTable; see ``VoTableReader.read``."""
    return VoTableReader(stream.name, limits).read(stream)
