"""``convert_catalog``: hipscat to HATS, or a catalog into other partitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.engine.output import Making, Output, plan_of
from armillary.catalogs.engine.tasks import Task
from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import OBJECTS, HatsCatalog, inner, open_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.hats.skymaps import write_skymap
from armillary.catalogs.hats.weights import weights_of
from armillary.catalogs.hats.writing import (
    Writing,
    with_index,
    words_of,
    write_metadata,
    write_partition,
    write_partition_info,
    write_words,
)
from armillary.catalogs.ingest.alignment import Counts
from armillary.catalogs.ingest.pieces import cells_of
from armillary.catalogs.searching.run import numbers_of
from armillary.errors import CorruptFileError, UsageError
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from armillary.catalogs.converting.arguments import ConvertArguments
    from armillary.catalogs.engine.progress import Progress
    from armillary.catalogs.engine.tasks import Engine

LEAST_SKYMAP_ORDER = 6
_DROPPED = {names.HIPSCAT_INDEX, names.INDEX_COLUMN, *names.HIVE_COLUMNS, *names.MARGIN_HIVE_COLUMNS}
_NOT_KEPT = ("hats_builder", "hats_creation_date", "hats_estsize", "hats_release_date", "hats_version", "epoch")


def convert_catalog(
    arguments: ConvertArguments, *, engine: Engine | None = None, progress: Progress | None = None
) -> HatsCatalog:
    """Convert a catalog.

    Rows keep their partitions, unless thresholds or orders are given; the index is made anew from the positions.

    Parameters
    ----------
    engine
        Where tasks run; threads of this process by default.

    Returns
    -------
    The new catalog.

    Raises
    ------
    ParameterError, UsageError
        An argument makes no sense; what is in the output's place is something else.
    FileError
        The catalog cannot be read, or is of a kind that is not converted.
    """
    catalog = open_catalog(arguments.input_catalog_path, arguments.input_storage_options)
    catalog.of_kind("make it anew", OBJECTS | {"margin"})
    if arguments.partitioning:
        return _partitioned_anew(catalog, arguments, engine, progress)
    output = Output.of(arguments)
    if output.folder.address == catalog.folder.address:
        raise UsageError(f"{catalog.name}: a catalog is not converted in its own place: choose another name.")
    plan = plan_of(
        "convert",
        catalog,
        primary=str(arguments.primary_catalog_path),
        words={name: str(word) for name, word in arguments.addl_hats_properties.items()},
        writing=repr(arguments.writing),
    )
    with output.making(plan, engine, progress) as making:
        _convert(catalog, arguments, making)
    return open_catalog(output.folder)


def _partitioned_anew(
    catalog: HatsCatalog, arguments: ConvertArguments, engine: Engine | None, progress: Progress | None
) -> HatsCatalog:
    """The rows of a catalog as the input of an import."""
    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.ingest.run import import_catalog

    if catalog.kind == "margin":
        raise UsageError("A margin has the partitions of its catalog: convert that, and make its margin anew.")
    files = [catalog.data.path(name) for pixel in catalog.partitions for name in catalog.files(pixel)]
    given = ImportArguments(
        input_paths=files,
        ra_column=catalog.ra_column,
        dec_column=catalog.dec_column,
        file_type="parquet",
        columns=_columns(catalog),
        catalog_type=catalog.kind,
        addl_hats_properties=arguments.addl_hats_properties,
        expected_total_rows=catalog.rows or 0,
        **arguments.common,
        **arguments.partitioning,
    )
    return import_catalog(given, engine=engine, progress=progress)


def _columns(catalog: HatsCatalog) -> list[str]:
    """Columns that are the catalog's own, not those of its form."""
    dropped = _DROPPED | {catalog.index_column}
    return [name for name in catalog.schema.names if name not in dropped]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the tasks of a conversion share. May be pickled."""

    catalog: HatsCatalog
    data: Folder
    columns: tuple[str, ...]
    skymap_order: int
    writing: Writing


def convert_partition(shop: Workshop, place: int) -> dict[str, Any]:
    """Write a partition in the new form.

    Returns
    -------
    ``rows``, ``size``, ``metadata`` (hexadecimal), ``pixels`` and ``counts`` of the sky map.
    """
    import pyarrow as pa

    catalog = shop.catalog
    pixel = catalog.partitions[place]
    table = read_columns(catalog, pixel, shop.columns).replace_schema_metadata()
    cells = cells_of(numbers_of(table, catalog.ra_column), numbers_of(table, catalog.dec_column))
    if (cells < 0).any():
        raise CorruptFileError(
            catalog.file(pixel).rpartition("/")[2], f"has rows without a place on the sky ({pixel})."
        )
    if catalog.kind != "margin" and ((cells < pixel.start) | (cells >= pixel.stop)).any():
        raise CorruptFileError(
            catalog.file(pixel).rpartition("/")[2], f"has rows outside of {pixel}: convert with new partitions."
        )
    order = np.argsort(cells, kind="stable")
    made = with_index(table.take(pa.array(order)), cells[order]).combine_chunks()
    metadata = write_partition(shop.data, pixel, made, shop.writing)
    counts = Counts.of(cells[order], 2 * (MAX_ORDER - shop.skymap_order))
    return {
        "rows": len(made),
        "size": shop.data.size(names.file_of(pixel)),
        "metadata": metadata.hex(),
        "pixels": counts.pixels.tolist(),
        "counts": counts.counts.tolist(),
    }


def _convert(catalog: HatsCatalog, arguments: ConvertArguments, making: Making) -> None:
    import pyarrow as pa

    folder = making.folder
    columns = tuple(_columns(catalog))
    order = max(LEAST_SKYMAP_ORDER, catalog.partitions.highest_order)
    shop = Workshop(catalog, making.data, columns, order, arguments.writing)
    weights = weights_of(catalog, told=not making.told.silent)
    tasks = [Task(str(place), place, weight) for place, weight in enumerate(weights.each)]
    done = making.write(convert_partition, shop, tasks, weights.unit)
    made = [done[task.key] for task in tasks]
    rows = sum(result["rows"] for result in made)
    if catalog.rows is not None and rows != catalog.rows:
        raise UsageError(f"{catalog.name}: {catalog.rows:,} rows were expected, and there are {rows:,}: verify it.")
    schema = pa.schema([catalog.schema.field(name) for name in columns])
    schema = schema.insert(0, pa.field(names.INDEX_COLUMN, pa.int64(), nullable=False))
    write_metadata(shop.data, (bytes.fromhex(result["metadata"]) for result in made), schema)
    write_partition_info(folder, list(catalog.partitions))
    words: dict[str, object] = {name: word for name, word in catalog.properties.items() if name not in _NOT_KEPT}
    if catalog.kind != "margin":
        counts = Counts.total(
            Counts(np.asarray(result["pixels"], np.int64), np.asarray(result["counts"], np.int64)) for result in made
        )
        write_skymap(folder, counts.pixels, counts.counts, order, names.SKYMAP)
        words["hats_skymap_order"] = str(order)
        words.pop("hats_skymap_alt_orders", None)
    elif arguments.primary_catalog_path is not None:
        primary = Folder(arguments.primary_catalog_path, arguments.input_storage_options)
        words["hats_primary_table_url"] = primary.seen_from(folder)
    else:
        words["hats_primary_table_url"] = _moved(catalog, folder)
    write_words(
        folder,
        {
            **words,
            "obs_collection": arguments.output_artifact_name,
            **words_of(catalog.partitions, rows, sum(result["size"] for result in made)),
            **arguments.addl_hats_properties,
        },
    )


def _moved(margin: HatsCatalog, folder: Folder) -> str | None:
    """Address of the catalog of a margin, from where the new one lies."""
    address = margin.properties.get("hats_primary_table_url")
    if not address:
        return None
    found = inner(margin.folder, address)
    return found.seen_from(folder) if found.exists() else address
