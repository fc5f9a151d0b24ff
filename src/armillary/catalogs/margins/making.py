"""Making a margin: every partition is read once, its rows near others are kept, then each margin is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.arrays import arrow_of, numpy_of
from armillary.catalogs.hats import names
from armillary.catalogs.hats.reading import PartitionFiles
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


def select_rows(shop: Workshop, places: tuple[int, ...]) -> list[list[int]]:
    """Read partitions and keep those of their rows that belong to margins, in one file ordered by margin.

    Returns
    -------
    ``[place of the margin, first row, row after the last]`` of that file, which is named after the first partition.
    """
    import pyarrow as pa

    found = [selected for place in places if (selected := _selected(shop, place)) is not None]
    if not found:
        return []
    margins = np.concatenate([those for _, those in found])
    table = pa.concat_tables([part for part, _ in found])
    if len(found) > 1:
        order = np.argsort(margins, kind="stable")
        table, margins = table.take(arrow_of(order)), margins[order]
    table = table.combine_chunks()
    with shop.shards.writing(f"{places[0]}.arrow") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    first = np.flatnonzero(np.concatenate([[True], margins[1:] != margins[:-1]]))
    ends = np.append(first[1:], len(margins))
    return [[int(margins[low]), int(low), int(high)] for low, high in zip(first, ends, strict=True)]


def _selected(shop: Workshop, place: int) -> tuple[Any, NDArray[np.int64]] | None:
    """Rows of a partition in the order of their margins, and the place of the partition whose margin each is of."""
    with PartitionFiles(shop.catalog, shop.catalog.partitions[place]) as files:
        placed = _Placed(shop, files)
        rows, margins = _rows(shop, place, placed)
        if not len(rows):
            return None
        table = placed.whole().take(arrow_of(rows if placed.order is None else placed.order[rows]))
    if makes_index(shop.catalog):
        table = with_index(table, placed.cells[rows])
    return with_schema(table, shop.schema), margins


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

    def __init__(self, shop: Workshop, files: PartitionFiles) -> None:
        self._catalog, self._files = shop.catalog, files
        self._whole: Any = None
        made = makes_index(shop.catalog)
        self._known = None if made else self._files.read([shop.index])
        cells = cells_of(*self._file_positions()) if self._known is None else self._index(self._known)
        ordered = bool((cells[1:] >= cells[:-1]).all())
        self.order = None if ordered else np.argsort(cells, kind="stable")
        self.cells: NDArray[np.int64] = cells if self.order is None else cells[self.order]

    def whole(self) -> Any:
        """All columns."""
        if self._whole is None:
            self._whole = self._files.read(None, known=self._known)
        return self._whole

    def positions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """In the order of the index."""
        ra, dec = self._file_positions()
        return (ra, dec) if self.order is None else (ra[self.order], dec[self.order])

    @staticmethod
    def _index(table: Any) -> NDArray[np.int64]:
        return np.asarray(numpy_of(table.column(0)), np.int64)

    def _file_positions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        columns = (self.whole().column(name) for name in (self._catalog.ra_column, self._catalog.dec_column))
        ra, dec = (np.asarray(numpy_of(column), np.float64) for column in columns)
        return ra, dec


def write_margins(shop: Workshop, margins: list[tuple[int, list[tuple[int, int, int]]]]) -> list[dict[str, Any]]:
    """Write the margins of partitions, each from the parts ``(source, first, after the last)`` of what was kept.

    Returns
    -------
    ``place``, ``rows``, ``metadata`` (hexadecimal), ``size`` of each.
    """
    return [_write(shop, place, parts) for place, parts in margins]


def _write(shop: Workshop, place: int, parts: list[tuple[int, int, int]]) -> dict[str, Any]:
    import pyarrow as pa

    tables = []
    for source, low, high in parts:
        with shop.shards.mapped(f"{source}.arrow") as file, pa.ipc.open_file(file) as reader:
            tables.append(reader.read_all().slice(low, high - low))
    table = pa.concat_tables(tables)
    order = np.argsort(numpy_of(table.column(shop.index)), kind="stable")
    table = table.combine_chunks().take(arrow_of(order)).combine_chunks()
    pixel = shop.catalog.partitions[place]
    metadata = write_partition(shop.data, pixel, table, shop.writing)
    size = shop.data.size(names.file_of(pixel))
    return {"place": place, "rows": len(table), "metadata": metadata.hex(), "size": size}
