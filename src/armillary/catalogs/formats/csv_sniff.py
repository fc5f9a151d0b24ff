"""What a text table looks like: its delimiter, its header, columns that must stay text."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

from armillary.catalogs.fields import unique_names
from armillary.catalogs.formats.streams import HEAD_BYTES
from armillary.catalogs.formats.text import decode
from armillary.errors import CorruptFileError, UnsupportedFileError

DELIMITERS = (",", "\t", ";", "|")
SAMPLE_LINES = 200
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?\s*\Z")
# Sexagesimal angles, dates and times, numbers with leading zeros: they stay as they are written.
_KEPT = re.compile(r"\s*([+-]?\d{1,4}[:h°d]\d|\d{4}-\d\d-\d\d|[+-]?0\d)")

_PACKED = (b"7z\xbc\xaf", b"\x04\x22\x4d\x18", b"\x1f\x9d")
"""How files of 7z, lz4 and compress begin."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text table is laid out.

    Parameters
    ----------
    delimiter
        One character.
    names
        Of the columns, unique.
    skip_lines
        Lines before the first row: comments and the header.
    has_header
        Whether the names are the file's own.
    text_columns
        Names of columns whose values would be taken for something else than what they are.
    quoted_breaks
        Whether quoted values hold line breaks.
    line_bytes
        Mean length of a row.
    """

    delimiter: str
    names: tuple[str, ...]
    skip_lines: int
    has_header: bool
    text_columns: frozenset[str]
    quoted_breaks: bool
    line_bytes: float


def sniff(name: str, head: bytes, delimiter: str | None = None) -> Layout:
    """Look at the first bytes of a text table.

    Parameters
    ----------
    name
        The file's, for messages.
    head
        Its first bytes.
    delimiter
        Given where it is known.

    Raises
    ------
    UnsupportedFileError
        It is no text in columns.
    CorruptFileError
        It is empty.
    """
    lines = _lines(name, head)
    comments = _comments(lines)
    body = lines[comments:]
    if not body:
        raise CorruptFileError(name, "the table is empty: it has no header and no rows.")
    chosen = delimiter or _delimiter(body)
    rows = _cells(name, body[:SAMPLE_LINES], chosen)
    commented = _commented_names(lines[:comments], chosen, rows[0])
    has_header = commented is None and not any(_NUMBER.match(cell) for cell in rows[0])
    given = commented or (rows[0] if has_header else [])
    names = unique_names(given or [f"column{k + 1}" for k in range(len(rows[0]))])
    rest = rows[1:] if has_header else rows
    kept = frozenset(
        title for k, title in enumerate(names) if any(k < len(row) and _KEPT.match(row[k]) for row in rest)
    )
    breaks = any("\n" in cell for row in rows for cell in row)
    header_lines = rows[0][-1].count("\n") + 1 if has_header else 0
    return Layout(
        chosen,
        tuple(names),
        comments + header_lines,
        has_header or commented is not None,
        kept,
        breaks,
        max(1.0, sum(map(len, body)) / len(body) + 1),
    )


def _lines(name: str, head: bytes) -> list[str]:
    if head.startswith(_PACKED):
        raise UnsupportedFileError(
            name, "it is packed as it is not read here: unpack it, or use gzip, bzip2, xz, zstd or zip."
        )
    if head.startswith(_UTF_16):
        raise UnsupportedFileError(name, "its text is UTF-16: save it as UTF-8.")
    if b"\0" in head:
        raise UnsupportedFileError(name, "it is not a table that is read here: its bytes are no text.")
    text = decode(head.removeprefix(b"\xef\xbb\xbf")).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if len(lines) == 1 and len(head) >= HEAD_BYTES:
        raise UnsupportedFileError(name, "it is not a table that is read here: its first line is far too long.")
    if len(lines) > 1:
        lines.pop()  # broken off, or empty after the last break
    return lines


def _comments(lines: list[str]) -> int:
    """How many lines at the top are blank or begin with ``#``."""
    return next((k for k, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))


def _delimiter(body: list[str]) -> str:
    """The delimiter that cuts the first lines into most columns, the same number in each."""

    def score(delimiter: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader(body[:20], delimiter=delimiter)]
        usual = max(set(counts), key=counts.count) if counts else 0
        return (counts.count(usual) / len(counts) if usual > 1 else 0.0, usual)

    try:
        return max(DELIMITERS, key=score)
    except csv.Error:
        return ","


def _cells(name: str, lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        rows = list(csv.reader((line + "\n" for line in lines), delimiter=delimiter))
    except csv.Error as error:
        raise UnsupportedFileError(name, f"its columns cannot be told apart: {error}.") from error
    rows = [row for row in rows if row]
    if not rows:
        raise CorruptFileError(name, "the table is empty: it has no header and no rows.")
    return rows


def _commented_names(comments: list[str], delimiter: str, first: list[str]) -> list[str] | None:
    """Names in a comment right above the rows, where it has as many as there are columns and the rows begin there."""
    if not comments or not any(_NUMBER.match(cell) for cell in first):
        return None
    names = next(csv.reader([comments[-1].lstrip("# ")], delimiter=delimiter), [])
    return names if len(names) == len(first) else None
