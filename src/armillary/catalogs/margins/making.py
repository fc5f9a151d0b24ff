"""Making a margin: every partition is read once, its rows near others are kept, then each margin is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats import names
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.hats.writing import write_partition
from armillary.catalogs.margins.geometry import Borders

if TYPE_CHECKING:
    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.writing import Writing


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the tasks of a margin share. May be pickled."""

    catalog: HatsCatalog
    threshold_arcsec: float
    shards: Folder
    data: Folder
    writing: Writing


def select_rows(shop: Workshop, place: int) -> list[list[int]]:
    """Read a partition and keep those of its rows that belong to margins, in one file ordered by margin.

    Returns
    -------
    ``[place of the margin, first row, row after the last]`` of that file.
    """
    import pyarrow as pa

    catalog = shop.catalog
    pixel = catalog.partitions[place]
    index = catalog.index_column or names.INDEX_COLUMN
    where = read_columns(catalog, pixel, [catalog.ra_column, catalog.dec_column, index])
    cells = where.column(index).to_numpy().astype(np.int64)
    ra, dec = (where.column(name).to_numpy().astype(np.float64) for name in (catalog.ra_column, catalog.dec_column))
    rows, places = Borders(catalog.partitions, shop.threshold_arcsec).select(place, cells, ra, dec)
    if not len(rows):
        return []
    whole = read_columns(catalog, pixel, None)
    table = whole.take(pa.array(rows)).combine_chunks()
    with shop.shards.writing(f"{place}.arrow") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    first = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
    ends = np.append(first[1:], len(places))
    return [[int(places[low]), int(low), int(high)] for low, high in zip(first, ends, strict=True)]


def write_margin(shop: Workshop, argument: tuple[int, list[tuple[int, int, int]]]) -> dict[str, Any]:
    """Write the margin of a partition from the parts ``(source, first, after the last)`` of what was kept.

    Returns
    -------
    ``rows``, ``metadata`` (hexadecimal), ``size``.
    """
    import pyarrow as pa

    place, parts = argument
    index = shop.catalog.index_column or names.INDEX_COLUMN
    tables = []
    for source, low, high in parts:
        with shop.shards.open(f"{source}.arrow") as file:
            tables.append(pa.ipc.open_file(file).read_all().slice(low, high - low))
    table = pa.concat_tables(tables)
    order = np.argsort(table.column(index).to_numpy(), kind="stable")
    table = table.take(pa.array(order)).combine_chunks()
    pixel = shop.catalog.partitions[place]
    metadata = write_partition(shop.data, pixel, table, shop.writing)
    return {"rows": len(table), "metadata": metadata.hex(), "size": shop.data.size(names.file_of(pixel))}
