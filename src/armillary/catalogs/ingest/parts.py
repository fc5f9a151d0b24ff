"""How each kind of file is cut into parts, and how a part is read: tables of bounded size, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats.parquet_files import parquet_reader
from armillary.catalogs.ingest.inputs import ARROW, InputFile, Part, steps
from armillary.catalogs.ingest.sources import FileBytes, here
from armillary.catalogs.ingest.storable import storable
from armillary.catalogs.ingest.texts import NO_LIMITS, stream_of, text_parts, text_tables
from armillary.errors import CorruptFileError, FileError, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from armillary.catalogs.ingest.arguments import ImportArguments

TEXTS = ("csv", "tsv")
UNREADABLE = "unreadable"
HEAD_BYTES = 1 << 20
_ALIASES = {"pq": "parquet", "parq": "parquet", "feather": "arrow", "ipc": "arrow", "vot": "votable", "xml": "votable"}
_LARGER = {"votable": 2, "ecsv": 2, "json": 2}


@dataclass(slots=True)
class Reading:
    """How the input is read, and what was left out on the way.

    Parameters
    ----------
    as_text
        Columns of text tables that stay text, whatever they look like.
    most_bytes
        Of a table that is read at once; as the arguments say by default.
    notes
        Of a file what was left out.
    """

    arguments: ImportArguments
    as_text: frozenset[str] = frozenset()
    most_bytes: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def piece_bytes(self) -> int:
        """Bytes of a table, at most where its kind allows it."""
        return self.most_bytes or self.arguments.piece_bytes

    def wanted(self, names: Sequence[str]) -> set[str] | None:
        """Names of the columns that are read; None for all."""
        given = self.arguments.columns
        if given is None:
            return None
        positions = {self.arguments.ra_column, self.arguments.dec_column} - {None}
        folded = {name.lower() for name in positions if name}
        return {*given, *(name for name in names if name.lower() in folded)}


def kind_of(file: InputFile, file_type: str | None) -> str:
    """Kind of a file: by its name where it is Arrow, else by its content."""
    from armillary.catalogs.reading import kind_of as kind_by_content

    if file_type is not None:
        return _ALIASES.get(file_type.lower(), file_type.lower())
    if file.name.lower().endswith(ARROW):
        return "arrow"
    with FileBytes(file) as source:
        head = source.read_upto(0, 8)
        return "parquet" if head.startswith(b"PAR1") else kind_by_content(stream_of(source).head)


def parts_of(file: InputFile, reading: Reading) -> Iterator[Part]:
    """A file in parts of at most ``reading.piece_bytes``, as far as its kind can be cut.

    Raises
    ------
    FileError
        It cannot be read.
    """
    if file.size < 0:
        file.folder.size(file.name)  # says why
    if file.size <= 0:
        raise CorruptFileError(file.name, "the file is empty.")
    kind = kind_of(file, reading.arguments.file_type)
    if kind == "parquet":
        yield from _parquet_parts(file, reading.piece_bytes)
    elif kind == "fits" and file.folder.local:
        yield from _fits_parts(file, reading)
    elif kind in TEXTS:
        yield from text_parts(file, kind, reading)
    else:
        yield Part(file, kind, weight=file.size * _LARGER.get(kind, 1))


def _parquet_parts(file: InputFile, piece_bytes: int) -> Iterator[Part]:
    import pyarrow as pa

    try:
        with parquet_reader(file.folder, file.name) as opened:
            metadata, schema = opened.metadata, opened.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise CorruptFileError(file.name, "is not a Parquet file that can be read.") from error
    row_bytes = sum(_width(entry.type) for entry in schema)
    first = held = 0
    for group in range(metadata.num_row_groups):
        found = metadata.row_group(group)
        size = max(found.total_byte_size, found.num_rows * row_bytes)
        if held and held + size > piece_bytes:
            yield Part(file, "parquet", first, group, held)
            first, held = group, 0
        held += size
    if metadata.num_row_groups:
        yield Part(file, "parquet", first, metadata.num_row_groups, max(held, 1))


def _width(kind: Any) -> int:
    """Bytes of a value in memory, at least."""
    try:
        return int(kind.bit_width) // 8
    except ValueError:
        return 8


def _fits_parts(file: InputFile, reading: Reading) -> Iterator[Part]:
    table = _first_table(file.folder.path(file.name), file, "fits", reading)
    row_bytes = max(1, file.size // max(1, table.count))
    for start, stop in steps(table.count, max(1, reading.piece_bytes // row_bytes)):
        yield Part(file, "fits", start, stop, max(1, (stop - start) * row_bytes))


def _first_table(path: str, file: InputFile, kind: str, reading: Reading) -> Any:
    """The first table of a file that has rows and columns."""
    from armillary.catalogs.reading import read_tables

    tables = read_tables(path, file_type=kind, limits=NO_LIMITS)
    found = next((table for table in tables if table.count and table.fields), tables[0])
    if not found.fields:
        raise UnreadableFileError(file.name, "has no columns.")
    for note in found.notes:
        said = note[:1].lower() + note[1:]
        if "truncated" in note or reading.arguments.on_error == "stop":
            raise CorruptFileError(file.name, said)
        reading.notes.append((file.name, said.rstrip(".")))
    if found.left_out:
        listed = ", ".join(found.left_out[:10]) + (" …" if len(found.left_out) > 10 else "")
        reading.notes.append((file.name, f"columns of kinds that are not read are left out: {listed}"))
    return found


def tables_of(part: Part, reading: Reading) -> Iterator[Any]:
    """A part as ``pyarrow`` tables of about ``reading.piece_bytes`` at most, types as they came.

    Raises
    ------
    FileError
        It cannot be read: one line says why.
    """
    import pyarrow as pa

    try:
        for table in _READERS.get(part.kind, _whole)(part, reading):
            chosen = storable(_only(table, reading, part), part.file.name)
            yield from _bounded(chosen, reading.piece_bytes)
    except FileError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, EOFError) as error:
        raise CorruptFileError(part.file.name, f"cannot be read as {part.kind}: {_one_line(error)}.") from error


def head_of(part: Part, reading: Reading) -> Any:
    """The first rows of a part, few where its kind allows it."""
    if part.kind == "parquet":
        part = replace(part, stop=part.start + 1)
    elif part.kind == "fits" and part.stop:
        part = replace(part, stop=part.start + min(1, part.stop - part.start))
    elif part.kind in TEXTS and part.stop:
        part = replace(part, stop=min(part.stop, part.start + HEAD_BYTES))
    return next(tables_of(part, replace(reading, most_bytes=min(HEAD_BYTES, reading.piece_bytes), notes=[])), None)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__


def _bounded(table: Any, most: int) -> Iterator[Any]:
    if table.nbytes <= 2 * most or len(table) < 2:
        yield table
        return
    for start, stop in steps(len(table), max(1, len(table) * most // table.nbytes)):
        yield table.slice(start, stop - start)


def _only(table: Any, reading: Reading, part: Part) -> Any:
    wanted = reading.wanted(table.schema.names)
    if wanted is None:
        return table
    missing = sorted(wanted.difference(table.schema.names))
    if missing:
        raise CorruptFileError(part.file.name, f"has no column {missing[0]!r}.")
    return table.select([name for name in table.schema.names if name in wanted])


def _parquet(part: Part, reading: Reading) -> Iterator[Any]:
    import pyarrow as pa

    groups = list(range(part.start, part.stop))
    if part.weight <= 2 * reading.piece_bytes:
        with parquet_reader(part.file.folder, part.file.name) as file:
            yield file.read_row_groups(groups, use_threads=False)
        return
    # A large row group is read by the page, not whole.
    with parquet_reader(part.file.folder, part.file.name, by_page=True) as file:
        rows = sum(file.metadata.row_group(group).num_rows for group in groups)
        each = max(1, rows * reading.piece_bytes // part.weight)
        for batch in file.iter_batches(batch_size=each, row_groups=groups, use_threads=False):
            yield pa.Table.from_batches([batch])


def _arrow(part: Part, _reading: Reading) -> Iterator[Any]:
    import pyarrow as pa

    with part.file.folder.open(part.file.name) as file:
        whole = file.read(6) == b"ARROW1"
        file.seek(0)
        if whole:
            with pa.ipc.open_file(file) as reader:
                schema, count = reader.schema, reader.num_record_batches
                for k in range(count):
                    yield pa.Table.from_batches([reader.get_batch(k)])
        else:
            with pa.ipc.open_stream(file) as reader:
                schema, count = reader.schema, 0
                for batch in reader:
                    count += 1
                    yield pa.Table.from_batches([batch])
        if not count:
            yield schema.empty_table()


def _fits(part: Part, reading: Reading) -> Iterator[Any]:
    import numpy as np

    with here(part.file) as path:
        table = _first_table(path, part.file, "fits", reading)
        names = [entry.name for entry in table.fields]
        if (part.start, part.stop) in {(0, 0), (0, table.count)}:
            yield _with_words({name: table.column(name) for name in names}, table)
        else:
            yield _with_words(table.take(names, np.arange(part.start, part.stop)), table)


def _whole(part: Part, reading: Reading) -> Iterator[Any]:
    with here(part.file) as path:
        table = _first_table(path, part.file, part.kind, reading)
        yield _with_words({entry.name: table.column(entry.name) for entry in table.fields}, table)


def _with_words(columns: dict[str, Any], table: Any) -> Any:
    """A table whose columns keep what the file says of them: unit, UCD, description."""
    import pyarrow as pa

    entries = []
    for entry in table.fields:
        words = {"unit": entry.unit, "ucd": entry.ucd, "description": entry.description}
        known = {key: text for key, text in words.items() if text}
        entries.append(pa.field(entry.name, columns[entry.name].type, metadata=known or None))
    return pa.table(list(columns.values()), schema=pa.schema(entries))


def _unreadable(part: Part, reading: Reading) -> Iterator[Any]:
    """Say again why a file cannot be read."""
    yield from ()
    for _ in parts_of(part.file, reading):
        raise CorruptFileError(part.file.name, "could not be read at first: it changes.")


_READERS = {
    "parquet": _parquet,
    "arrow": _arrow,
    "csv": text_tables,
    "tsv": text_tables,
    "fits": _fits,
    UNREADABLE: _unreadable,
}
