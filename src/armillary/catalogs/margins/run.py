"""``make_margin``: from a catalog to its margin on disk."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.output import Making, Output, plan_of
from armillary.catalogs.engine.tasks import Task, grouped
from armillary.catalogs.hats.catalog import HatsCatalog, open_catalog
from armillary.catalogs.hats.pixels import Partitions
from armillary.catalogs.hats.weights import weights_of
from armillary.catalogs.hats.writing import words_of, write_metadata, write_partition_info, write_words
from armillary.catalogs.margins.making import Workshop, select_rows, write_margins
from armillary.catalogs.margins.touching import check_order

if TYPE_CHECKING:
    from armillary.catalogs.engine.progress import Progress
    from armillary.catalogs.engine.tasks import Engine
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.margins.arguments import MarginArguments

TASK_ROWS = 200_000


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
        _make(shop, arguments, making)
    return open_catalog(output.folder)


def _make(shop: Workshop, arguments: MarginArguments, making: Making) -> None:
    count = len(shop.catalog.partitions)
    groups = grouped([(shop.catalog.rows or TASK_ROWS * count) / max(1, count)] * count, TASK_ROWS)
    weights = weights_of(shop.catalog, told=not making.told.silent)
    selecting = [Task(str(group[0]), tuple(group), weights.of(group)) for group in groups]
    found = making.run("select", select_rows, shop, selecting, weights.unit)
    parts: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for group in groups:
        for place, low, high in found[str(group[0])]:
            parts[place].append((group[0], low, high))
    writing = [
        Task(str(group[0]), margins, sum(high - low for _, those in margins for _, low, high in those))
        for group in groups
        if (margins := [(place, parts[place]) for place in group if place in parts])
    ]
    written = making.write(write_margins, shop, writing)
    _finish(shop, arguments, making.folder, [made for task in writing for made in written[task.key]])


def _finish(shop: Workshop, arguments: MarginArguments, folder: Folder, written: list[dict[str, Any]]) -> None:
    catalog = shop.catalog
    pixels = Partitions([catalog.partitions[made["place"]] for made in written])
    write_metadata(shop.data, (bytes.fromhex(made["metadata"]) for made in written), shop.schema)
    write_partition_info(folder, list(pixels))
    exact = arguments.margin_order is None
    write_words(
        folder,
        {
            "obs_collection": arguments.output_artifact_name,
            "dataproduct_type": "margin",
            "hats_col_ra": catalog.ra_column,
            "hats_col_dec": catalog.dec_column,
            "hats_primary_table_url": catalog.folder.seen_from(folder),
            "hats_margin_threshold": arguments.margin_threshold,
            "armillary_margin_order": arguments.margin_order,
            "armillary_margin_exact": str(exact).lower(),
            **words_of(
                pixels, sum(made["rows"] for made in written), sum(made["size"] for made in written), index=shop.index
            ),
        },
    )
