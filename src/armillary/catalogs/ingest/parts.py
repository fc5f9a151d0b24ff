"""How each kind of file is cut into parts, and how a part is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from armillary.catalogs.ingest.inputs import ARROW, InputFile, Part, steps
from armillary.catalogs.limits import Limits
from armillary.errors import CorruptFileError, FileError, UnreadableFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.catalogs.ingest.arguments import ImportArguments

WHOLE_BYTES = 8 << 30
HEAD_BYTES = 4096
TABLE_BYTES_PER_TEXT_BYTE = 2


def kind_of(file: InputFile, file_type: str | None) -> str:
    """Kind of a file: by its name where it is Parquet or Arrow, else by its content."""
    from armillary.catalogs.reading import kind_of as kind_by_content

    if file_type is not None:
        return {"pq": "parquet", "parq": "parquet", "feather": "arrow", "ipc": "arrow"}.get(file_type, file_type)
    low = file.name.lower()
    if low.endswith(ARROW):
        return "arrow"
    return kind_by_content(file.folder.read(file.name, HEAD_BYTES))


def parts_of(file: InputFile, piece_bytes: int, file_type: str | None) -> Iterator[Part]:
    """A file in parts of at most ``piece_bytes``, as far as its kind can be cut.

    Raises
    ------
    FileError
        It cannot be read.
    """
    if not file.size:
        raise CorruptFileError(file.name, "the file is empty.")
    kind = kind_of(file, file_type)
    if kind == "parquet":
        yield from _parquet_parts(file, piece_bytes)
    elif kind == "fits" and file.folder.local:
        yield from _fits_parts(file, piece_bytes)
    else:
        yield Part(file, kind, weight=file.size)


def _parquet_parts(file: InputFile, piece_bytes: int) -> Iterator[Part]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.ParquetFile(file.folder.arrow(file.name)).metadata
    except (pa.ArrowException, OSError) as error:
        raise CorruptFileError(file.name, "is not a Parquet file that can be read.") from error
    first = held = 0
    for group in range(metadata.num_row_groups):
        size = metadata.row_group(group).total_byte_size
        if held and held + size > piece_bytes:
            yield Part(file, "parquet", first, group, held)
            first, held = group, 0
        held += size
    if metadata.num_row_groups:
        yield Part(file, "parquet", first, metadata.num_row_groups, max(held, 1))


def _fits_parts(file: InputFile, piece_bytes: int) -> Iterator[Part]:
    table = _first_table(file, "fits")
    row_bytes = max(1, file.size // max(1, table.count))
    for start, stop in steps(table.count, max(1, piece_bytes // row_bytes)):
        yield Part(file, "fits", start, stop, max(1, (stop - start) * row_bytes))


def _first_table(file: InputFile, kind: str) -> Any:
    """The first table of a file that has rows and columns."""
    from armillary.catalogs.reading import read_tables

    if not file.folder.local:
        raise UsageError(f"{file.name}: tables of this kind are read from this machine's disks only: copy it here.")
    tables = read_tables(file.folder.path(file.name), file_type=kind, limits=Limits(1 << 40, WHOLE_BYTES))
    return next((table for table in tables if table.count and table.fields), tables[0])


def read_part(part: Part, arguments: ImportArguments) -> Any:
    """A part as a ``pyarrow.Table``, types as they came.

    Raises
    ------
    FileError
        It cannot be read: one line says why.
    """
    import pyarrow as pa

    try:
        table = _READERS.get(part.kind, _read_whole)(part, arguments)
    except FileError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise CorruptFileError(part.file.name, f"cannot be read as {part.kind}: {_one_line(error)}.") from error
    return table if arguments.columns is None else _only(table, arguments, part)


def head_of(part: Part) -> Part:
    """A smaller part with the same columns, where its kind has one."""
    if part.kind == "parquet":
        return replace(part, stop=part.start + 1)
    if part.kind == "fits" and part.stop:
        return replace(part, stop=part.start + min(1, part.stop - part.start))
    return part


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__


def _only(table: Any, arguments: ImportArguments, part: Part) -> Any:
    wanted = [*(arguments.columns or ()), *(name for name in (arguments.ra_column, arguments.dec_column) if name)]
    missing = [name for name in wanted if name not in table.schema.names]
    if missing:
        raise CorruptFileError(part.file.name, f"has no column {missing[0]!r}.")
    return table.select([name for name in table.schema.names if name in wanted])


def _read_parquet(part: Part, _arguments: ImportArguments) -> Any:
    import pyarrow.parquet as pq

    with pq.ParquetFile(part.file.folder.arrow(part.file.name)) as file:
        return file.read_row_groups(list(range(part.start, part.stop)), use_threads=False)


def _read_arrow(part: Part, _arguments: ImportArguments) -> Any:
    import pyarrow as pa

    with part.file.folder.open(part.file.name) as file:
        if file.read(6) == b"ARROW1":
            file.seek(0)
            return pa.ipc.open_file(file).read_all()
        file.seek(0)
        return pa.ipc.open_stream(file).read_all()


def _read_csv(part: Part, arguments: ImportArguments) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    from armillary.catalogs.formats.csv_sniff import sniff
    from armillary.catalogs.formats.csv_table import MISSING
    from armillary.catalogs.formats.streams import TextStream
    from armillary.catalogs.formats.text import Utf8Stream
    from armillary.storage.source import open_raw_source

    raw = open_raw_source(part.file.folder.path(part.file.name))
    stream = TextStream(raw, Limits(1 << 40, 1 << 50))
    layout = sniff(stream.name, stream.head, arguments.delimiter or ("\t" if part.kind == "tsv" else None))
    names = list(arguments.column_names or layout.names)
    skipped = 0 if arguments.column_names else layout.skip_lines
    reader = csv.open_csv(
        pa.PythonFile(Utf8Stream(stream), mode="r"),
        csv.ReadOptions(column_names=names, skip_rows=skipped, block_size=16 << 20),
        csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=layout.quoted_breaks),
        csv.ConvertOptions(
            column_types={name: pa.string() for name in layout.text_columns if name in names},
            null_values=MISSING,
            strings_can_be_null=True,
        ),
    )
    return reader.read_all()


def _read_fits(part: Part, _arguments: ImportArguments) -> Any:
    import numpy as np
    import pyarrow as pa

    table = _first_table(part.file, "fits")
    names = [field.name for field in table.fields]
    if (part.start, part.stop) in {(0, 0), (0, table.count)}:
        return pa.table({name: table.column(name) for name in names})
    return pa.table(table.take(names, np.arange(part.start, part.stop)))


def _read_whole(part: Part, _arguments: ImportArguments) -> Any:
    import pyarrow as pa

    table = _first_table(part.file, part.kind)
    if not table.fields:
        raise UnreadableFileError(part.file.name, "has no columns.")
    return pa.table({field.name: table.column(field.name) for field in table.fields})


_READERS = {
    "parquet": _read_parquet,
    "arrow": _read_arrow,
    "csv": _read_csv,
    "tsv": _read_csv,
    "fits": _read_fits,
}
