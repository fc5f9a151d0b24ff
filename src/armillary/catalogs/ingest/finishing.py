"""What is written once all partitions are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats import names
from armillary.catalogs.hats.parquet_files import parquet_reader, parquet_writer
from armillary.catalogs.hats.pixels import Partitions
from armillary.catalogs.hats.skymaps import write_skymap
from armillary.catalogs.hats.writing import (
    words_of,
    write_metadata,
    write_partition_info,
    write_words,
)
from armillary.catalogs.ingest.pieces import with_schema

if TYPE_CHECKING:
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.pixels import Pixel
    from armillary.catalogs.ingest.alignment import Counts
    from armillary.catalogs.ingest.making import Workshop


def finish(
    shop: Workshop,
    folder: Folder,
    made: list[tuple[Pixel, dict[str, Any]]],
    skymap_order: int,
    bad_pieces: dict[str, int],
    left_out: int,
) -> None:
    """Write metadata, thumbnail, the rows without a place, and the properties at the end."""
    import pyarrow as pa

    arguments = shop.arguments
    index = pa.field(names.INDEX_COLUMN, pa.int64(), nullable=False)
    schema = shop.schema.insert(0, index) if names.INDEX_COLUMN not in shop.schema.names else shop.schema
    write_metadata(shop.data, (bytes.fromhex(result["metadata"]) for _, result in made), schema)
    partitions = Partitions([pixel for pixel, _ in made])
    write_partition_info(folder, list(partitions))
    if arguments.create_thumbnail:
        _write_thumbnail(shop, [pixel for pixel, _ in made])
    bad = _write_bad(shop, folder, bad_pieces)
    rows, size = sum(result["rows"] for _, result in made), sum(result["size"] for _, result in made)
    limit = (
        {"hats_max_rows": arguments.pixel_threshold}
        if arguments.byte_pixel_threshold is None
        else {"hats_max_bytes": arguments.byte_pixel_threshold}
    )
    write_words(
        folder,
        {
            "obs_collection": arguments.output_artifact_name,
            "dataproduct_type": arguments.catalog_type,
            "hats_col_ra": shop.places.ra,
            "hats_col_dec": shop.places.dec,
            "hats_skymap_order": skymap_order,
            "hats_skymap_alt_orders": list(arguments.skymap_alt_orders) or None,
            **limit,
            "armillary_bad_positions": bad or None,
            "armillary_inputs_left_out": left_out or None,
            **words_of(partitions, rows, size),
            **arguments.addl_hats_properties,
        },
    )


def write_skymaps(shop: Workshop, folder: Folder, counts: Counts, order: int, map_order: int) -> None:
    """The sky map, and those of further orders.

    Parameters
    ----------
    counts, order
        Rows in pixels of an order no lower than that of the maps.
    """
    wanted = {map_order: [names.SKYMAP]}
    for k in shop.arguments.skymap_alt_orders:
        if k <= map_order:
            wanted.setdefault(k, []).append(names.skymap_of(k))
    for now in range(order, min(wanted) - 1, -1):
        for name in wanted.get(now, ()):
            write_skymap(folder, counts.pixels, counts.counts, now, name)
        counts = counts.coarser()


def _write_thumbnail(shop: Workshop, pixels: list[Pixel]) -> None:
    """The first row of each partition, as far as they are not too many."""
    import pyarrow as pa

    rows = []
    for pixel in pixels[:10_000]:
        with parquet_reader(shop.data, names.file_of(pixel), by_page=True) as file:
            rows.append(next(file.iter_batches(batch_size=1)))
    table = pa.Table.from_batches(rows)
    with shop.data.writing(names.THUMBNAIL) as out, parquet_writer(out, table.schema) as writer:
        writer.write_table(table)


def _write_bad(shop: Workshop, folder: Folder, pieces: dict[str, int]) -> int:
    """All rows without a place in one file; how many they are."""
    import pyarrow as pa

    if not pieces:
        return 0
    with folder.writing(names.BAD_POSITIONS) as out, parquet_writer(out, shop.schema) as writer:
        for key in pieces:
            with shop.pieces.mapped(f"bad-{key}.arrow") as file:
                table = with_schema(pa.ipc.open_file(file).read_all(), shop.schema)
            writer.write_table(table)
    return sum(pieces.values())
