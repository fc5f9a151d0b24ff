"""The tasks of an index: values of a partition sorted; cut where files begin; files put together."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats import names
from armillary.catalogs.hats.parquet_files import parquet_writer
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.hats.writing import serialised

if TYPE_CHECKING:
    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.writing import Writing

SAMPLES = 64
"""Values of each partition by which files are cut."""
PAGE_BYTES = 16 * 1024
"""Small pages, so that one value costs little to find (hats-import, ``INDEX_DATA_PAGE_SIZE``)."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the tasks share. May be pickled."""

    catalog: HatsCatalog
    column: str
    columns: tuple[str, ...]
    drop_duplicates: bool
    shards: Folder
    data: Folder
    writing: Writing


def read_values(shop: Workshop, place: int) -> dict[str, Any]:
    """Sort the values of a partition into a file, and some of them into another.

    Returns
    -------
    ``rows``, and ``lacking``: how many rows have no value and are left out.
    """
    import pyarrow as pa
    from pyarrow import compute

    pixel = shop.catalog.partitions[place]
    table = read_columns(shop.catalog, pixel, shop.columns)
    if pa.types.is_dictionary(table.schema.field(shop.column).type):
        where = table.schema.get_field_index(shop.column)
        table = table.set_column(where, shop.column, table.column(shop.column).cast(_plain(table, shop.column)))
    there = compute.is_valid(table.column(shop.column))
    if pa.types.is_floating(table.schema.field(shop.column).type):
        there = compute.and_(there, compute.invert(compute.fill_null(compute.is_nan(table.column(shop.column)), False)))  # noqa: FBT003 - pyarrow takes no name
    whole = len(table)
    table = table.filter(there)
    lacking = whole - len(table)
    for name, value, kind in (("Norder", pixel.order, np.uint8), ("Npix", pixel.index, np.uint64)):
        table = table.append_column(name, pa.array(np.full(len(table), value, kind)))
    keys = [(shop.column, "ascending")]
    if names.INDEX_COLUMN in table.schema.names:
        keys.append((names.INDEX_COLUMN, "ascending"))
    table = table.take(compute.sort_indices(table, sort_keys=keys))
    if shop.drop_duplicates:
        table = without_repeats(table, shop.column)
    table = table.combine_chunks()
    with shop.shards.writing(f"{place}.arrow") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    some = np.unique(np.linspace(0, len(table) - 1, SAMPLES).astype(np.int64)) if len(table) else np.empty(0, np.int64)
    sample = table.select([shop.column]).take(pa.array(some, pa.int64()))
    with shop.shards.writing(f"{place}.sample") as file, pa.ipc.new_file(file, sample.schema) as writer:
        writer.write_table(sample)
    return {"rows": len(table), "lacking": lacking}


def _plain(table: Any, column: str) -> Any:
    return table.schema.field(column).type.value_type


def without_repeats(table: Any, column: str) -> Any:
    """A table sorted by a column with each of its rows once, the first of them."""
    import pyarrow as pa
    from pyarrow import compute

    if len(table) < 2:
        return table
    values = table.column(column).combine_chunks()
    same = compute.equal(values.slice(1), values.slice(0, len(values) - 1)).to_numpy(zero_copy_only=False)
    if not same.any():
        return table
    suspects = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
    columns = [entry.to_pylist() for entry in table.take(pa.array(suspects)).columns]
    seen: set[str] = set()
    doubled = []
    for row, key in zip(suspects.tolist(), map(repr, zip(*columns, strict=True)), strict=True):
        if key in seen:
            doubled.append(row)
        seen.add(key)
    keep = np.ones(len(table), np.bool_)
    keep[doubled] = False
    return table.filter(pa.array(keep))


def read_shard(shop: Workshop, name: str) -> Any:
    """A table that a task left."""
    import pyarrow as pa

    with shop.shards.mapped(name) as file:
        return pa.ipc.open_file(file).read_all()


def cut_shard(shop: Workshop, argument: tuple[int, str]) -> list[int]:
    """Rows of a sorted partition at which the files begin whose first values a table names, and its end."""
    place, name = argument
    column = read_shard(shop, f"{place}.arrow").column(shop.column)
    bounds = read_shard(shop, name).column(shop.column).to_pylist()
    rows = range(len(column))
    return [0, *(bisect_left(rows, bound, key=lambda row: column[row].as_py()) for bound in bounds), len(column)]


def write_file(shop: Workshop, argument: tuple[int, list[tuple[int, int, int]]]) -> dict[str, Any]:
    """Write a file of the index from parts ``(place, first, after the last)`` of sorted partitions.

    Returns
    -------
    ``rows``, ``size``, ``metadata`` (hexadecimal).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import compute

    number, parts = argument
    table = pa.concat_tables([read_shard(shop, f"{place}.arrow").slice(low, high - low) for place, low, high in parts])
    keys = [(shop.column, "ascending"), ("Norder", "ascending"), ("Npix", "ascending")]
    table = table.take(compute.sort_indices(table, sort_keys=keys)).combine_chunks()
    collected: list[Any] = []
    name = f"index/part.{number}.parquet"
    words = shop.writing.arguments(table.schema) | {"data_page_size": PAGE_BYTES}
    encodings = words.get("column_encoding") or {}
    words["column_encoding"] = {name: word for name, word in encodings.items() if name in table.schema.names}
    sorting = pq.SortingColumn.from_ordering(table.schema, [(shop.column, "ascending")])
    with (
        shop.data.writing(name) as file,
        parquet_writer(
            file,
            table.schema,
            metadata_collector=collected,
            sorting_columns=sorting,
            **words,
        ) as writer,
    ):
        writer.write_table(table, row_group_size=shop.writing.row_group_rows)
    collected[0].set_file_path(name)
    return {"rows": len(table), "size": shop.data.size(name), "metadata": serialised(collected[0]).hex()}
