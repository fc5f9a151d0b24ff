"""Indexes: each value of the column leads to the partitions that hold it, and to no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats import names
from armillary.catalogs.hats.reading import read_columns
from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Pixel
    from armillary.catalogs.verifying.report import Report


def check_index_files(index: HatsCatalog, report: Report) -> None:
    """Files of an index are those that ``_metadata`` names, their rows in the order of the column."""
    import io

    import pyarrow.parquet as pq

    for name in (names.COMMON_METADATA, names.METADATA):
        if not index.data.exists(name):
            report.add("files", name, "is missing")
            return
    metadata = pq.read_metadata(io.BytesIO(index.data.read(names.METADATA)))
    named = [metadata.row_group(number).column(0).file_path for number in range(metadata.num_row_groups)]
    there = {name for name in index.data.files() if not name.rpartition("/")[2].startswith(("_", "."))}
    for name in sorted(set(named) - there):
        report.add("files", name, "is named by _metadata and is not there")
    for name in sorted(there - set(named)):
        report.add("files", name, "is named by nothing")
    report.rows = metadata.num_rows
    if index.rows is not None and index.rows != metadata.num_rows:
        report.add("rows", "hats_nrows", f"is {index.rows:,}, and _metadata counts {metadata.num_rows:,}")
    column = index.properties.get("hats_index_column", "")
    for name in (column, "Norder", "Npix"):
        if name not in index.schema.names:
            report.add("columns", name, "there is no such column")


def check_index_rows(index: HatsCatalog, primary: HatsCatalog, pixels: Sequence[Pixel], report: Report) -> None:
    """Values that lead to some partitions are those that these hold."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import compute

    column = index.properties["hats_index_column"]
    files = [name for name in index.data.files(names.PARQUET) if not name.rpartition("/")[2].startswith(("_", "."))]
    last: Any = None
    parts = []
    for name in sorted(files, key=_natural):
        table = pq.read_table(index.data.arrow(name), columns=[column, "Norder", "Npix"], partitioning=None)
        values = table.column(column).drop_null()
        report.rows_read += len(table)
        if len(values) > 1 and compute.any(compute.less(values.slice(1), values.slice(0, len(values) - 1))).as_py():
            report.add("order", name, f"rows are not in the order of {column}")
        if len(values) and last is not None and compute.less(values[0], last).as_py():
            report.add("order", name, "begins before the end of the file before it")
        last = values[-1] if len(values) else last
        parts.append(table)
    whole = pa.concat_tables(parts) if parts else index.schema.empty_table()
    for pixel in pixels:
        chosen = compute.and_(compute.equal(whole["Norder"], pixel.order), compute.equal(whole["Npix"], pixel.index))
        leads = set(whole.filter(chosen).column(column).drop_null().to_pylist())
        try:
            holds = set(read_columns(primary, pixel, [column]).column(column).drop_null().to_pylist())
        except ArmillaryError as error:
            report.add("index", str(pixel), f"cannot be compared: {error.message}")
            continue
        if holds - leads:
            report.add("index", str(pixel), f"{len(holds - leads):,} values of {column} do not lead there")
        if leads - holds:
            report.add("index", str(pixel), f"{len(leads - holds):,} values of {column} lead there and are not there")


def _natural(name: str) -> list[tuple[bool, int, str]]:
    import re

    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", name)]
