"""Text tables in parts: an uncompressed file by ranges of its bytes, any other as it comes, a block of lines at a time.

Every block is read as one table. Types are found out for each; what does not fit in the end is read again as text.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from armillary.catalogs.formats.csv_sniff import sniff
from armillary.catalogs.formats.csv_table import MISSING
from armillary.catalogs.formats.streams import TextStream
from armillary.catalogs.formats.text import decode
from armillary.catalogs.ingest.inputs import Part, steps
from armillary.catalogs.ingest.schemas import LARGEST
from armillary.catalogs.ingest.sources import FileBytes
from armillary.catalogs.limits import Limits
from armillary.errors import CorruptFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.catalogs.ingest.inputs import InputFile
    from armillary.catalogs.ingest.parts import Reading
    from armillary.storage.source import ByteSource

NO_LIMITS = Limits(1 << 40, 1 << 60)
COMPRESSED_TIMES = 5
"""Bytes of text for a byte of a compressed file, roughly."""
_BREAK = re.compile(rb"\r\n|\r|\n")
_FETCH = 1 << 20
_PARSE = 16 << 20


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How a text table is laid out, as ``csv_sniff.Layout``, with given names.

    Parameters
    ----------
    begin
        Byte at which its first row begins.
    text
        For each column whether its values are text that looks like something else.
    by_range
        Whether it may be cut at any line break.
    """

    delimiter: str
    names: tuple[str, ...]
    begin: int
    text: tuple[bool, ...]
    quoted_breaks: bool
    by_range: bool


def stream_of(source: FileBytes) -> TextStream:
    """Decompressed bytes of a file in order."""
    # It wants name, size and read_upto, no more of a source.
    return TextStream(cast("ByteSource", source), NO_LIMITS)


def layout_of(stream: TextStream, kind: str, reading: Reading) -> TextLayout:
    """Look at the head of a text table.

    Raises
    ------
    FileError
        It is no text in columns.
    UsageError
        There are more or fewer given names than columns.
    """
    arguments = reading.arguments
    found = sniff(stream.name, stream.head, arguments.delimiter or ("\t" if kind == "tsv" else None))
    names, lines = found.names, found.skip_lines
    if arguments.column_names:
        names = tuple(arguments.column_names)
        if len(names) != len(found.names):
            raise UsageError(f"{stream.name}: it has {len(found.names)} columns, and {len(names)} names are given.")
        lines = _comment_lines(stream.head)
    begin = 3 if stream.head.startswith(b"\xef\xbb\xbf") else 0
    for _ in range(lines):
        end = _BREAK.search(stream.head, begin)
        begin = end.end() if end else len(stream.head)
    return TextLayout(
        found.delimiter,
        names,
        begin,
        tuple(name in found.text_columns for name in found.names),
        found.quoted_breaks,
        not stream.compressed and not found.quoted_breaks and b"\n" in stream.head,
    )


def _comment_lines(head: bytes) -> int:
    lines = _BREAK.split(head.removeprefix(b"\xef\xbb\xbf"))
    return next((k for k, line in enumerate(lines) if line.strip() and not line.startswith(b"#")), len(lines))


def text_parts(file: InputFile, kind: str, reading: Reading) -> Iterator[Part]:
    """A text table in parts."""
    with FileBytes(file) as source:
        stream = stream_of(source)
        layout = layout_of(stream, kind, reading)
    if not layout.by_range or file.size <= reading.piece_bytes:
        yield Part(file, kind, weight=file.size * (COMPRESSED_TIMES if stream.compressed else 1))
        return
    for start, stop in steps(file.size - layout.begin, reading.piece_bytes):
        yield Part(file, kind, layout.begin + start, layout.begin + stop, stop - start)


def text_tables(part: Part, reading: Reading) -> Iterator[Any]:
    """Tables of a part, each of about ``reading.piece_bytes`` at most."""
    with FileBytes(part.file) as source:
        stream = stream_of(source)
        layout = layout_of(stream, part.kind, reading)
        if part.stop:
            yield parse(_range(source, part.start, part.stop, layout.begin), layout, part, reading)
            return
        stream.read(layout.begin)
        for block in _blocks(stream, layout, reading.piece_bytes):
            yield parse(block, layout, part, reading)


def _range(source: FileBytes, start: int, stop: int, begin: int) -> bytes:
    """The lines that begin in a range of bytes."""
    first = start if start <= begin else _after_break(source, start - 1)
    last = source.size if stop >= source.size else _after_break(source, stop - 1)
    return source.read_upto(first, max(0, last - first))


def _after_break(source: FileBytes, offset: int) -> int:
    while data := source.read_upto(offset, _FETCH):
        found = data.find(b"\n")
        if found >= 0:
            return offset + found + 1
        offset += len(data)
    return source.size


def _blocks(stream: TextStream, layout: TextLayout, most: int) -> Iterator[bytes]:
    """Whole lines of a stream, about ``most`` bytes at a time; where values hold line breaks, whole rows."""
    held, want = bytearray(), most
    while data := stream.read(min(max(most, 1), 4 << 20)):
        held += data
        if len(held) < want:
            continue
        end = _end_of_row(held) if layout.quoted_breaks else held.rfind(b"\n") + 1
        if not end:
            want = 2 * len(held)
            continue
        want = most
        yield bytes(held[:end])
        del held[:end]
    if held or not stream.error:
        yield bytes(held)


def _end_of_row(data: bytearray) -> int:
    """Where the last whole row of a block ends that begins with a row: line breaks in quotes end none."""
    end = len(data)
    while (end := data.rfind(b"\n", 0, end)) >= 0:
        if data.count(b'"', 0, end) % 2 == 0:
            return end + 1
    return 0


def parse(block: bytes, layout: TextLayout, part: Part, reading: Reading) -> Any:
    """A block of lines as a table.

    Raises
    ------
    CorruptFileError
        Lines have another number of columns, and these shall not be left out.
    """
    text = _as_utf8(block)
    table, left_out = _parsed(text, layout, part, reading, breaks=layout.quoted_breaks)
    if left_out and not layout.quoted_breaks and b'"' in text:
        # Lines that do not fit may be values with line breaks in quotes.
        again, fewer = _parsed(text, layout, part, reading, breaks=True)
        table, left_out = (again, fewer) if fewer < left_out else (table, left_out)
    if left_out:
        said = f"{left_out:,} of its lines do not have {len(layout.names)} columns as its header"
        if reading.arguments.on_error == "stop":
            raise CorruptFileError(part.file.name, f"{said}.")
        reading.notes.append((part.file.name, f"{said}: they are left out"))
    return table


def _as_utf8(block: bytes) -> bytes:
    if block.isascii():
        return block
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return decode(block).encode()
    return block


def _parsed(text: bytes, layout: TextLayout, part: Part, reading: Reading, *, breaks: bool) -> tuple[Any, int]:
    import pyarrow as pa
    from pyarrow import csv

    left_out = 0

    def leave_out(_row: Any) -> str:
        nonlocal left_out
        left_out += 1
        return "skip"

    # Names may be there twice or look like anything: columns are told apart by keys.
    keys = [f"c{k}" for k in range(len(layout.names))]
    wanted = reading.wanted(layout.names)
    chosen = [k for k, name in enumerate(layout.names) if wanted is None or name in wanted]
    texts = {keys[k]: pa.string() for k in chosen if layout.text[k] or layout.names[k] in reading.as_text}
    schema = pa.schema([(layout.names[k], texts.get(keys[k], pa.null())) for k in chosen])
    if not text.strip() or not chosen:
        return schema.empty_table(), 0

    def read(types: dict[str, Any], columns: list[str]) -> Any:
        return csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(column_names=keys, block_size=_PARSE),
            csv.ParseOptions(
                delimiter=layout.delimiter,
                newlines_in_values=breaks,
                invalid_row_handler=leave_out,
                ignore_empty_lines=len(keys) > 1,
            ),
            csv.ConvertOptions(
                column_types=types,
                include_columns=columns,
                null_values=MISSING,
                strings_can_be_null=True,
                true_values=["true", "True", "TRUE"],
                false_values=["false", "False", "FALSE"],
            ),
        )

    try:
        table = read(texts, [keys[k] for k in chosen])
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return schema.empty_table(), left_out
        raise CorruptFileError(part.file.name, "its lines cannot be read as a table.") from error
    found = left_out
    for place, key in enumerate(table.column_names):
        if _may_be_unsigned(table.column(key)):
            with contextlib.suppress(pa.ArrowInvalid):
                table = table.set_column(place, key, read({key: pa.uint64()}, [key]).column(0))
    return table.rename_columns([layout.names[k] for k in chosen]), found


def _may_be_unsigned(column: Any) -> bool:
    """Whether doubles may be whole numbers that need all 64 bits, without a sign: as doubles they are rounded."""
    from pyarrow import compute, types

    if not types.is_float64(column.type):
        return False
    ends = compute.min_max(column).as_py()
    return ends["min"] is not None and ends["min"] >= 0.0 and LARGEST < ends["max"] <= 2.0 * LARGEST
