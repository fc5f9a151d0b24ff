"""Text tables with a delimiter: CSV, TSV and their kin (RFC 4180, and what people write instead)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.catalogs.formats.csv_sniff import sniff
from armillary.catalogs.formats.text import Utf8Stream
from armillary.catalogs.limits import DEFAULT, Limits, check_columns
from armillary.catalogs.table import MemoryTable
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from armillary.catalogs.formats.csv_sniff import Layout
    from armillary.catalogs.formats.streams import TextStream
    from armillary.catalogs.table import Table

    Reopen = Callable[[], TextStream]

BLOCK_BYTES = 4 << 20
MISSING = ["", "null", "NULL", "None", "NaN", "nan", "NAN", "N/A", "n/a", "NA", "--", "<NA>", "#N/A", "masked"]


def read_csv(reopen: Reopen, limits: Limits = DEFAULT, delimiter: str | None = None) -> Table:
    """Read a text table; columns with mixed types become text.

    Parameters
    ----------
    reopen
        Gives the bytes from the start; called again where the first try shows that values hold line breaks.
    limits
        Bounds.
    delimiter
        Given where it is known, else found out.

    Raises
    ------
    CorruptFileError
        It is empty, or most of its rows have another number of columns than its header.
    UnsupportedFileError
        It is no text in columns, or too large.
    """
    stream = reopen()
    layout = sniff(stream.name, stream.head, delimiter)
    columns, left_out = read_laid_out(reopen, stream, layout, limits)
    notes = [f"{left_out:,} lines have another number of columns and are left out."] if left_out else []
    return MemoryTable(stream.name, columns, notes=notes, by_order=len(layout.names) <= 3)


def read_laid_out(
    reopen: Reopen,
    stream: TextStream,
    layout: Layout,
    limits: Limits,
    types: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], int]:
    """Columns of a text table whose layout is known, and how many lines were left out."""
    check_columns(stream.name, layout.names)
    _check_size(stream, layout, limits)
    columns, left_out = _parse(reopen, layout, types or {}, breaks=layout.quoted_breaks)
    if left_out and not layout.quoted_breaks:
        # Lines that do not fit may be values with line breaks in quotes.
        again, fewer = _parse(reopen, layout, types or {}, breaks=True)
        columns, left_out = (again, fewer) if fewer < left_out else (columns, left_out)
    rows = len(next(iter(columns.values()))) if columns else 0
    limits.check_rows(stream.name, rows)
    if left_out > max(rows, 10):
        raise CorruptFileError(
            stream.name,
            f"{left_out:,} of its lines do not have {len(layout.names)} columns as its header: is it a table?",
        )
    return columns, left_out


def _check_size(stream: TextStream, layout: Layout, limits: Limits) -> None:
    if stream.compressed:
        return
    rows = round(stream.stored_bytes / layout.line_bytes)
    limits.check_text(stream.name, stream.stored_bytes, round(limits.bytes / layout.line_bytes))
    if stream.stored_bytes > len(stream.head) and rows > 1.5 * limits.rows:
        limits.check_rows(stream.name, rows, about=True)


def _parse(reopen: Reopen, layout: Layout, types: Mapping[str, Any], *, breaks: bool) -> tuple[dict[str, Any], int]:
    import pyarrow as pa
    from pyarrow import csv

    left_out = 0
    stream = reopen()

    def leave_out(_row: Any) -> str:
        nonlocal left_out
        left_out += 1
        return "skip"

    wanted = {name: pa.string() for name in layout.text_columns} | dict(types)
    keys = [f"c{k}" for k in range(len(layout.names))]
    by_name = dict(zip(layout.names, keys, strict=True))
    try:
        table = csv.read_csv(
            pa.PythonFile(Utf8Stream(stream), mode="r"),
            csv.ReadOptions(block_size=BLOCK_BYTES, column_names=keys, skip_rows=layout.skip_lines),
            csv.ParseOptions(
                delimiter=layout.delimiter,
                newlines_in_values=breaks,
                invalid_row_handler=leave_out,
                ignore_empty_lines=True,
            ),
            csv.ConvertOptions(
                column_types={by_name[name]: kind for name, kind in wanted.items()},
                null_values=MISSING,
                strings_can_be_null=True,
                true_values=["true", "True", "TRUE"],
                false_values=["false", "False", "FALSE"],
            ),
        )
    except pa.ArrowInvalid as error:
        if stream.error is not None:
            raise stream.error from error
        if "Empty CSV" in str(error):
            return {name: pa.array([], wanted.get(name, pa.string())) for name in layout.names}, 0
        if types:
            return _parse(reopen, layout, {}, breaks=breaks)
        raise CorruptFileError(stream.name, "its lines cannot be read as a table.") from error
    except OSError as error:
        raise stream.error or CorruptFileError(stream.name, "its data is damaged.") from error
    return {name: table.column(key) for name, key in by_name.items()}, left_out
