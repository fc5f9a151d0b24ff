"""Making a margin: every partition is read once, its rows near others are kept, then each margin is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.arrays import arrow_of, numpy_of
from armillary.catalogs.hats import names
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.hats.writing import with_index, write_partition
from armillary.catalogs.ingest.pieces import cells_of, with_schema
from armillary.catalogs.margins.geometry import Borders
from armillary.catalogs.margins.touching import select_touching

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.writing import Writing

DROPPED = (names.HIPSCAT_INDEX, *names.HIVE_COLUMNS)
"""Columns of hipscat that are not taken over."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the tasks of a margin share. May be pickled.

    Parameters
    ----------
    order
        Of the pixels that touch partitions; None where the margin is exact.
    """

    catalog: HatsCatalog
    threshold_arcsec: float
    order: int | None
    shards: Folder
    data: Folder
    writing: Writing

    @property
    def index(self) -> str:
        """Column of the index of order 29 of the margin; made from positions where the catalog has none."""
        return names.INDEX_COLUMN if makes_index(self.catalog) else self.catalog.index_column or names.INDEX_COLUMN

    @property
    def schema(self) -> Any:
        """Columns of the margin."""
        import pyarrow as pa

        schema = self.catalog.schema
        if not makes_index(self.catalog):
            kept = [entry for entry in schema if entry.name not in names.HIVE_COLUMNS]
            return pa.schema(kept, schema.metadata)
        kept = [entry for entry in schema if entry.name not in DROPPED]
        return pa.schema([pa.field(names.INDEX_COLUMN, pa.int64(), nullable=False), *kept])


def makes_index(catalog: HatsCatalog) -> bool:
    """Whether a catalog has no index of order 29: those of hipscat have another one."""
    return catalog.old or catalog.index_column is None


def select_rows(shop: Workshop, place: int) -> list[list[int]]:
    """Read a partition and keep those of its rows that belong to margins, in one file ordered by margin.

    Returns
    -------
    ``[place of the margin, first row, row after the last]`` of that file.
    """
    import pyarrow as pa

    catalog = shop.catalog
    placed = _Placed(shop, place)
    cells, order = placed.cells, placed.order
    rows, places = _rows(shop, place, placed)
    if not len(rows):
        return []
    table = placed.whole().take(arrow_of(rows if order is None else order[rows]))
    if makes_index(catalog):
        table = with_index(table, cells[rows])
    table = with_schema(table.combine_chunks(), shop.schema)
    with shop.shards.writing(f"{place}.arrow") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    first = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
    ends = np.append(first[1:], len(places))
    return [[int(places[low]), int(low), int(high)] for low, high in zip(first, ends, strict=True)]


def _rows(shop: Workshop, place: int, placed: _Placed) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows in the order of the index, and the place of the partition whose margin each belongs to."""
    partitions = shop.catalog.partitions
    if shop.order is not None:
        return select_touching(partitions, place, placed.cells, shop.order)
    borders = Borders(partitions, shop.threshold_arcsec)
    found = borders.candidates(place, placed.cells)
    if found is None:
        return borders.select(place, placed.cells, *placed.positions())
    if not len(found.rows):
        return found.rows, found.places
    return borders.near_ones(found, *placed.positions())


class _Placed:
    """A partition, of which no more is read than is needed.

    Attributes
    ----------
    cells
        Index of its rows, ascending.
    order
        Row of each, None where they are in that order.
    """

    def __init__(self, shop: Workshop, place: int) -> None:
        self._catalog, self._pixel = shop.catalog, shop.catalog.partitions[place]
        self._whole: Any = None
        made = makes_index(shop.catalog)
        cells = cells_of(*self._file_positions()) if made else self._index(shop.index)
        ordered = bool((cells[1:] >= cells[:-1]).all())
        self.order = None if ordered else np.argsort(cells, kind="stable")
        self.cells: NDArray[np.int64] = cells if self.order is None else cells[self.order]

    def whole(self) -> Any:
        """All columns."""
        if self._whole is None:
            self._whole = read_columns(self._catalog, self._pixel, None)
        return self._whole

    def positions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """In the order of the index."""
        ra, dec = self._file_positions()
        return (ra, dec) if self.order is None else (ra[self.order], dec[self.order])

    def _index(self, column: str) -> NDArray[np.int64]:
        return np.asarray(numpy_of(read_columns(self._catalog, self._pixel, [column]).column(column)), np.int64)

    def _file_positions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        columns = (self.whole().column(name) for name in (self._catalog.ra_column, self._catalog.dec_column))
        ra, dec = (np.asarray(numpy_of(column), np.float64) for column in columns)
        return ra, dec


def write_margin(shop: Workshop, argument: tuple[int, list[tuple[int, int, int]]]) -> dict[str, Any]:
    """Write the margin of a partition from the parts ``(source, first, after the last)`` of what was kept.

    Returns
    -------
    ``rows``, ``metadata`` (hexadecimal), ``size``.
    """
    import pyarrow as pa

    place, parts = argument
    tables = []
    for source, low, high in parts:
        with shop.shards.mapped(f"{source}.arrow") as file, pa.ipc.open_file(file) as reader:
            tables.append(reader.read_all().slice(low, high - low))
    table = pa.concat_tables(tables)
    order = np.argsort(numpy_of(table.column(shop.index)), kind="stable")
    table = table.combine_chunks().take(arrow_of(order)).combine_chunks()
    pixel = shop.catalog.partitions[place]
    metadata = write_partition(shop.data, pixel, table, shop.writing)
    return {"rows": len(table), "metadata": metadata.hex(), "size": shop.data.size(names.file_of(pixel))}
