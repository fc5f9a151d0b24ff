"""ECSV (APE 6, version 1.0): a text table whose commented header is YAML."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from armillary.catalogs.formats.csv_sniff import sniff
from armillary.catalogs.formats.csv_table import read_laid_out
from armillary.catalogs.formats.serialised import MAX_YAML_BYTES, fields_of, parse_yaml
from armillary.catalogs.limits import DEFAULT, Limits
from armillary.catalogs.table import MemoryTable
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from armillary.catalogs.fields import Field
    from armillary.catalogs.formats.csv_table import Reopen
    from armillary.catalogs.formats.streams import TextStream
    from armillary.catalogs.table import Table


def read_ecsv(reopen: Reopen, limits: Limits = DEFAULT) -> Table:
    """Read an ECSV file; where its header cannot be understood, as any text table.

    Raises
    ------
    CorruptFileError, UnsupportedFileError
        As ``read_csv``.
    """
    stream = reopen()
    header = _header(stream)
    content = parse_yaml(header)
    fields = {field.name: field for field in fields_of(content)}
    if not fields:
        raise CorruptFileError(stream.name, "its ECSV header cannot be read.")
    delimiter = content.get("delimiter")
    layout = sniff(stream.name, stream.head, delimiter if delimiter in {",", " "} else " ")
    if not layout.has_header:
        raise CorruptFileError(stream.name, "its ECSV header is not followed by the names of the columns.")
    kinds = {name: kind for name in layout.names if (kind := _kind(fields.get(name))) is not None}
    layout = replace(layout, text_columns=frozenset())
    columns, left_out = read_laid_out(reopen, stream, layout, limits, kinds)
    notes = [f"{left_out:,} lines have another number of columns and are left out."] if left_out else []
    return MemoryTable(stream.name, columns, fields, notes=notes)


def _header(stream: TextStream) -> bytes:
    lines = []
    for line in stream.head[:MAX_YAML_BYTES].split(b"\n"):
        if not line.startswith(b"#"):
            break
        lines.append(line.removeprefix(b"#").removeprefix(b" "))
    return b"\n".join(lines).partition(b"---")[2]


def _kind(field: Field | None) -> Any:
    """The type of pyarrow that a field's type asks for, None for one to find out."""
    import pyarrow as pa

    if field is None:
        return None
    known = {"bool": pa.bool_(), "string": pa.string(), "float16": pa.float32(), "float32": pa.float32()}
    known |= {"float64": pa.float64(), "float128": pa.float64()}
    known |= {f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)}
    return known.get(field.dtype)
