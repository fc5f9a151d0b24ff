"""``make_margin``: from a catalog to its margin on disk."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.output import Output, plan_of
from armillary.catalogs.engine.tasks import Task, run_stage
from armillary.catalogs.hats.catalog import HatsCatalog, open_catalog
from armillary.catalogs.hats.pixels import Partitions
from armillary.catalogs.hats.writing import words_of, write_metadata, write_partition_info, write_words
from armillary.catalogs.margins.making import Workshop, select_rows, write_margin
from armillary.catalogs.margins.touching import check_order

if TYPE_CHECKING:
    from armillary.catalogs.engine.journal import Journal
    from armillary.catalogs.engine.progress import Progress
    from armillary.catalogs.engine.tasks import Engine
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.margins.arguments import MarginArguments


def make_margin(
    arguments: MarginArguments, *, engine: Engine | None = None, progress: Progress | None = None
) -> HatsCatalog:
    """Make the margin of a catalog.

    Parameters
    ----------
    engine
        Where tasks run; threads of this process by default.

    Returns
    -------
    The margin.

    Raises
    ------
    ParameterError, UsageError
        An argument makes no sense; what is in the output's place is something else.
    FileError
        The catalog cannot be read.
    """
    catalog = open_catalog(arguments.input_catalog_path, arguments.input_storage_options)
    catalog.of_kind("margins are of objects")
    if arguments.margin_order is not None:
        check_order(arguments.margin_order, arguments.margin_threshold, catalog.partitions)
    output = Output.of(arguments)
    plan = plan_of(
        "margin",
        catalog,
        threshold_arcsec=arguments.margin_threshold,
        order=arguments.margin_order,
        writing=repr(arguments.writing),
    )
    with output.making(plan, engine, progress) as making:
        shop = Workshop(
            catalog,
            arguments.margin_threshold,
            arguments.margin_order,
            making.work.child("rows"),
            making.data,
            arguments.writing,
        )
        _make(shop, arguments, making.folder, making.engine, making.journal, making.told)
    return open_catalog(output.folder)


def _make(
    shop: Workshop, arguments: MarginArguments, folder: Folder, engine: Engine, journal: Journal, told: Progress
) -> None:
    count = len(shop.catalog.partitions)
    selecting = [Task(str(place), place) for place in range(count)]
    found = run_stage(
        "select", select_rows, shop, selecting, engine=engine, journal=journal, progress=told, unit="partitions"
    )
    parts: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for source in range(count):
        for place, low, high in found[str(source)]:
            parts[place].append((source, low, high))
    writing = [
        Task(str(place), (place, parts[place]), sum(p[2] - p[1] for p in parts[place])) for place in sorted(parts)
    ]
    written = run_stage("write", write_margin, shop, writing, engine=engine, journal=journal, progress=told)
    _finish(shop, arguments, folder, [(int(task.key), written[task.key]) for task in writing])


def _finish(
    shop: Workshop, arguments: MarginArguments, folder: Folder, written: list[tuple[int, dict[str, Any]]]
) -> None:
    catalog = shop.catalog
    pixels = Partitions([catalog.partitions[place] for place, _ in written])
    write_metadata(shop.data, (bytes.fromhex(made["metadata"]) for _, made in written), shop.schema)
    write_partition_info(folder, list(pixels))
    exact = arguments.margin_order is None
    write_words(
        folder,
        {
            "obs_collection": arguments.output_artifact_name,
            "dataproduct_type": "margin",
            "hats_col_ra": catalog.ra_column,
            "hats_col_dec": catalog.dec_column,
            "hats_col_healpix": shop.index,
            "hats_col_healpix_order": 29,
            "hats_primary_table_url": relative(catalog.folder, folder),
            "hats_margin_threshold": arguments.margin_threshold,
            "armillary_margin_order": arguments.margin_order,
            "armillary_margin_exact": str(exact).lower(),
            "hats_npix_suffix": ".parquet",
            **words_of(pixels, sum(made["rows"] for _, made in written), sum(made["size"] for _, made in written)),
        },
    )


def relative(target: Folder, base: Folder) -> str:
    """Address of one catalog as another names it: relative where both lie on the same storage."""
    import os.path

    if target.local and base.local:
        return os.path.relpath(target.address, base.address).replace(os.sep, "/")
    return target.address
