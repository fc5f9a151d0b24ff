"""Making a margin: every partition is read once, its rows near others are kept, then each margin is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
    pixel = catalog.partitions[place]
    cells, order, ra, dec = _placed(shop, place)
    if shop.order is None:
        rows, places = Borders(catalog.partitions, shop.threshold_arcsec).select(place, cells, ra, dec)
    else:
        rows, places = select_touching(catalog.partitions, place, cells, shop.order)
    if not len(rows):
        return []
    table = read_columns(catalog, pixel, None).take(pa.array(rows if order is None else order[rows]))
    if makes_index(catalog):
        table = with_index(table, cells[rows])
    table = with_schema(table.combine_chunks(), shop.schema)
    with shop.shards.writing(f"{place}.arrow") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    first = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
    ends = np.append(first[1:], len(places))
    return [[int(places[low]), int(low), int(high)] for low, high in zip(first, ends, strict=True)]


def _placed(
    shop: Workshop, place: int
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None, NDArray[np.float64], NDArray[np.float64]]:
    """Index of the rows of a partition, ascending; their order where it is not that of the file; their positions."""
    catalog = shop.catalog
    pixel = catalog.partitions[place]
    made = makes_index(catalog)
    columns = [catalog.ra_column, catalog.dec_column, *([] if made else [shop.index])]
    table = read_columns(catalog, pixel, columns)
    ra, dec = (np.asarray(table.column(name).to_numpy(), np.float64) for name in columns[:2])
    cells = cells_of(ra, dec) if made else np.asarray(table.column(shop.index).to_numpy(), np.int64)
    if (cells[1:] >= cells[:-1]).all():
        return cells, None, ra, dec
    order = np.argsort(cells, kind="stable")
    return cells[order], order, ra[order], dec[order]


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
        with shop.shards.open(f"{source}.arrow") as file, pa.ipc.open_file(file) as reader:
            tables.append(reader.read_all().slice(low, high - low))
    table = pa.concat_tables(tables)
    order = np.argsort(table.column(shop.index).to_numpy(), kind="stable")
    table = table.combine_chunks().take(pa.array(order)).combine_chunks()
    pixel = shop.catalog.partitions[place]
    metadata = write_partition(shop.data, pixel, table, shop.writing)
    return {"rows": len(table), "metadata": metadata.hex(), "size": shop.data.size(names.file_of(pixel))}
