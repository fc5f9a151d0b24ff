"""Rows of a partition: in their pixel, in order, with the index of their position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.ingest.pieces import cells_of
from armillary.catalogs.searching.run import numbers_of
from armillary.catalogs.verifying.report import Report
from armillary.catalogs.verifying.structure import differing
from armillary.errors import FileError
from armillary.sky.cells import largest_radius, outlines
from armillary.sky.frames import to_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Pixel

# A position on the line between two cells may be given to either; single precision moves it by 0.03 arcseconds.
SLACK_RAD = 1e-12
SINGLE_SLACK_RAD = 1e-6
# hipscat: the cell of order 19 in the upper bits, a running number below (hipscat_id.py, HIPSCAT_ID_HEALPIX_ORDER).
OLD_ORDER, OLD_SHIFT = 19, 22


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a partition."""

    report: Report
    rows: int


def check_rows(catalog: HatsCatalog, pixel: Pixel, expected: int | None) -> Looked:
    """Look at all rows of a partition.

    Parameters
    ----------
    expected
        How many ``_metadata`` counts, None where that is unknown.
    """
    import pyarrow.parquet as pq

    report, where = Report(catalog.name), catalog.file(pixel)
    try:
        for name in catalog.files(pixel):
            own = pq.read_schema(catalog.data.arrow(name))
            if not own.equals(catalog.schema):
                report.add("columns", name, f"has other columns than the catalog: {differing(own, catalog.schema)}")
        index = catalog.index_column
        known = set(catalog.schema.names)
        columns = [name for name in (catalog.ra_column, catalog.dec_column, index) if name and name in known]
        table = read_columns(catalog, pixel, columns)
    except (FileError, OSError, ValueError) as error:
        text = error.message if isinstance(error, FileError) else "is not a Parquet file that can be read"
        report.add("files", where, text.partition(": ")[2] or text)
        return Looked(report, 0)
    if expected is not None and len(table) != expected:
        report.add("rows", where, f"has {len(table):,} rows, and _metadata counts {expected:,}")
    if not len(table):
        report.add("rows", where, "has no rows", serious=False)
    if {catalog.ra_column, catalog.dec_column} <= known:
        _check_positions(catalog, pixel, table, report)
    return Looked(report, len(table))


def _check_positions(catalog: HatsCatalog, pixel: Pixel, table: Any, report: Report) -> None:
    where = catalog.file(pixel)
    ra, dec = numbers_of(table, catalog.ra_column), numbers_of(table, catalog.dec_column)
    bad = ~(np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90.0))
    if bad.any():
        report.add("positions", where, f"{_rows(bad)} no position on the sky")
    single = any(str(table.schema.field(name).type) == "float" for name in (catalog.ra_column, catalog.dec_column))
    slack = SINGLE_SLACK_RAD if single else SLACK_RAD
    good = np.flatnonzero(~bad)
    vectors = to_vectors(ra[good], dec[good])
    cells = cells_of(ra[good], dec[good])
    outside = (cells < pixel.start) | (cells >= pixel.stop)
    if catalog.kind == "margin":
        if (~outside).any():
            report.add("margin", where, f"{_rows(~outside)} a position inside of {pixel}, of which it is the margin")
    elif outside.any():
        strange = _far(vectors[outside], np.full(outside.sum(), pixel.index), pixel.order, slack)
        if strange.any():
            report.add("pixel", where, f"{_rows(strange)} a position outside of {pixel}")
    if catalog.index_column is not None and catalog.index_column in table.schema.names:
        _check_index(catalog, pixel, table.column(catalog.index_column), (good, cells, vectors, slack), report)


def _check_index(
    catalog: HatsCatalog,
    pixel: Pixel,
    column: Any,
    placed: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], float],
    report: Report,
) -> None:
    where = catalog.file(pixel)
    if column.null_count:
        report.add("index", where, f"{column.null_count:,} rows have no {catalog.index_column}")
        return
    given = column.to_numpy()
    falls = given[1:] < given[:-1]
    if falls.any():
        # Margins of others are in the order in which their rows were found.
        sorted_ = catalog.kind != "margin" or "armillary_margin_exact" in catalog.properties
        text = f"rows are not in the order of {catalog.index_column}, first at row {int(np.argmax(falls)) + 1}"
        report.add("order", where, text, serious=sorted_)
    rows, cells, vectors, slack = placed
    order = OLD_ORDER if catalog.old else 29
    own = (given >> given.dtype.type(OLD_SHIFT)).astype(np.int64) if catalog.old else given.astype(np.int64)
    low, high = pixel.start >> (2 * (29 - order)), pixel.stop >> (2 * (29 - order))
    outside = (own < low) | (own >= high)
    if catalog.kind != "margin" and outside.any():
        report.add("pixel", where, f"{_rows(outside)} an index outside of {pixel}")
    differ = own[rows] != cells >> (2 * (29 - order))
    if differ.any():
        strange = _far(vectors[differ], own[rows][differ], order, slack)
        if strange.any():
            report.add("index", where, f"{_rows(strange)} an index that is not that of the position")


def _far(vectors: NDArray[np.float64], cells: NDArray[np.int64], order: int, slack: float) -> NDArray[np.bool_]:
    """Which positions cannot lie in a cell, nor on its border: by the distance to its centre."""
    real = (cells >= 0) & (cells < 12 << (2 * order))
    centres = outlines(order, np.where(real, cells, 0))[:, 0]
    apart = 2.0 * np.arcsin(np.minimum(1.0, 0.5 * np.sqrt(np.square(vectors - centres).sum(axis=1))))
    found: NDArray[np.bool_] = ~real | (apart > largest_radius(order) + slack)
    return found


def _rows(which: NDArray[np.bool_]) -> str:
    many = int(which.sum())
    return "1 row has" if many == 1 else f"{many:,} rows have"
