"""``make_index``: from a catalog and one of its columns to an index on disk."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.output import Making, Output, plan_of
from armillary.catalogs.engine.tasks import Task
from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import HatsCatalog, open_catalog
from armillary.catalogs.hats.properties import made_by
from armillary.catalogs.hats.weights import weights_of
from armillary.catalogs.hats.writing import write_metadata, write_words
from armillary.catalogs.indexing.making import Workshop, cut_shard, read_shard, read_values, write_file
from armillary.catalogs.ingest.storable import has_order
from armillary.errors import ParameterError, UsageError

if TYPE_CHECKING:
    from armillary.catalogs.engine.progress import Progress
    from armillary.catalogs.engine.tasks import Engine
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.indexing.arguments import IndexArguments

log = logging.getLogger(__name__)

BOUNDS = "bounds.arrow"


def make_index(
    arguments: IndexArguments, *, engine: Engine | None = None, progress: Progress | None = None
) -> HatsCatalog:
    """Make an index of a column.

    Values are sorted partition by partition, then brought together file by file: no more of them than a file has is in
    memory at a time. Rows without a value are left out.

    Parameters
    ----------
    engine
        Where tasks run; threads of this process by default.

    Returns
    -------
    The index.

    Raises
    ------
    ParameterError, UsageError
        An argument makes no sense; what is in the output's place is something else; no row has a value.
    FileError
        The catalog cannot be read.
    """
    catalog = open_catalog(arguments.input_catalog_path, arguments.input_storage_options)
    catalog.of_kind("indexes are of objects")
    columns = _columns(catalog, arguments)
    output = Output.of(arguments)
    plan = plan_of(
        "index",
        catalog,
        columns=columns,
        drop_duplicates=arguments.drop_duplicates,
        rows_of_file=arguments.rows_of_file,
        writing=repr(arguments.writing),
    )
    with output.making(plan, engine, progress) as making:
        shop = Workshop(
            catalog,
            arguments.indexing_column,
            tuple(columns),
            arguments.drop_duplicates,
            making.work.child("values"),
            making.data,
            arguments.writing,
        )
        _make(shop, arguments, making)
    return open_catalog(output.folder)


def _columns(catalog: HatsCatalog, arguments: IndexArguments) -> list[str]:
    """Columns of the index, its own first."""
    wanted = [arguments.indexing_column, *arguments.extra_columns]
    if arguments.include_radec:
        wanted += [catalog.ra_column, catalog.dec_column]
    for name in wanted:
        if name not in catalog.schema.names:
            parameter = "indexing_column" if name == arguments.indexing_column else "extra_columns"
            raise ParameterError(parameter, f"{catalog.name} has no column {name[:60]!r}")
    kind = catalog.schema.field(arguments.indexing_column).type
    if not has_order(kind):
        raise ParameterError("indexing_column", f"{arguments.indexing_column!r} holds {kind}, which is not looked up")
    if arguments.include_healpix_29 and catalog.index_column == names.INDEX_COLUMN:
        wanted.append(names.INDEX_COLUMN)
    return list(dict.fromkeys(wanted))


def _make(shop: Workshop, arguments: IndexArguments, making: Making) -> None:
    import pyarrow as pa

    places, weights = range(len(shop.catalog.partitions)), weights_of(shop.catalog, told=not making.told.silent)
    reading = [Task(str(place), place, weights.each[place]) for place in places]
    read = making.run("read", read_values, shop, reading, weights.unit)
    rows = sum(result["rows"] for result in read.values())
    lacking = sum(result["lacking"] for result in read.values())
    if not rows:
        raise UsageError(f"No row has a value of {shop.column}: there is nothing to index.")
    if lacking:
        making.told.say(f"{lacking:,} rows have no value of {shop.column}: the index leaves them out.")
        log.warning("%s rows have no value of %s: the index leaves them out", f"{lacking:,}", shop.column)
    bounds = _bounds(shop, math.ceil(rows / arguments.rows_of_file))
    with shop.shards.writing(BOUNDS) as file, pa.ipc.new_file(file, bounds.schema) as writer:
        writer.write_table(bounds)
    cutting = [Task(str(place), (place, BOUNDS), read[str(place)]["rows"]) for place in places]
    cuts = making.run("cut", cut_shard, shop, cutting)
    tasks: list[Task] = []
    for number in range(len(bounds) + 1):
        spans = [(place, *cuts[str(place)][number : number + 2]) for place in places]
        parts = [span for span in spans if span[2] > span[1]]
        if parts:
            tasks.append(Task(str(number), (len(tasks), parts), sum(part[2] - part[1] for part in parts)))
    written = making.write(write_file, shop, tasks)
    _finish(shop, arguments, making.folder, [written[task.key] for task in tasks])


def _bounds(shop: Workshop, files: int) -> Any:
    """First values of all files but the first one, each greater than the one before."""
    import pyarrow as pa
    from pyarrow import compute

    samples = pa.concat_tables([read_shard(shop, f"{place}.sample") for place in range(len(shop.catalog.partitions))])
    column = samples.column(shop.column)
    column = column.take(compute.sort_indices(column))
    picked = [number * len(column) // files for number in range(1, files)]
    return pa.table({shop.column: column.take(pa.array(picked, pa.int64())).unique()})


def _finish(shop: Workshop, arguments: IndexArguments, folder: Folder, made: list[dict[str, Any]]) -> None:
    import io

    import pyarrow.parquet as pq

    parts = [bytes.fromhex(result["metadata"]) for result in made]
    schema = pq.read_metadata(io.BytesIO(parts[0])).schema.to_arrow_schema()
    write_metadata(shop.data, parts, schema)
    extra = [name for name in shop.columns[1:] if name != names.INDEX_COLUMN]
    write_words(
        folder,
        {
            "obs_collection": arguments.output_artifact_name,
            "dataproduct_type": "index",
            "hats_nrows": sum(result["rows"] for result in made),
            "hats_primary_table_url": shop.catalog.folder.seen_from(folder),
            "hats_index_column": shop.column,
            "hats_index_extra_column": extra or None,
            "hats_estsize": math.ceil(sum(result["size"] for result in made) / 1024),
            **made_by(),
        },
    )
