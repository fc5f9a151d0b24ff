"""Files and words of a catalog: what is named is there, what is there is named, and both agree."""

from __future__ import annotations

import io
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats import names
from armillary.catalogs.hats.properties import read_properties
from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Pixel
    from armillary.catalogs.verifying.report import Report

# hats 0.11, CATALOG_TYPE_REQUIRED_FIELDS, by the names on disk.
_ALWAYS = ("obs_collection", "dataproduct_type")
_REQUIRED = {
    "object": ("hats_col_ra", "hats_col_dec"),
    "source": ("hats_col_ra", "hats_col_dec"),
    "margin": ("hats_primary_table_url", "hats_margin_threshold"),
    "index": ("hats_primary_table_url", "hats_index_column"),
    "association": (
        "hats_primary_table_url", "hats_col_assn_primary", "hats_assn_join_table_url", "hats_col_assn_join",
        "hats_assn_leaf_files",
    ),
}  # fmt: skip
_WHOLE = ("hats_nrows", "hats_order", "hats_max_rows", "hats_max_bytes", "hats_estsize", "hats_skymap_order")
_OWN_FILES = {names.METADATA, names.COMMON_METADATA, names.THUMBNAIL}


def check_words(catalog: HatsCatalog, report: Report) -> None:
    """Properties: those that must be there, and what their values are."""
    words, name = catalog.properties, names.HIPSCAT_INFO if catalog.old else names.PROPERTIES
    for word in (*_ALWAYS, *_REQUIRED.get(catalog.kind, ())):
        if not words.get(word):
            report.add("properties", name, f"{word} is missing")
    for word in _WHOLE:
        if word in words and not words[word].isdecimal():
            report.add("properties", name, f"{word} is {words[word][:40]!r}, no whole number")
    threshold = catalog.margin_threshold_arcsec
    if catalog.kind == "margin" and words.get("hats_margin_threshold") and not (threshold or 0.0) > 0.0:
        report.add("properties", name, "hats_margin_threshold is no number greater than 0")
    if not catalog.old:
        _check_both(catalog, report)
        _check_against_partitions(catalog, report)


def _check_both(catalog: HatsCatalog, report: Report) -> None:
    there = [name for name in (names.PROPERTIES, names.OLD_PROPERTIES) if catalog.folder.exists(name)]
    if len(there) == 1:
        report.add("properties", there[0], "is there alone: some readers look for the other", serious=False)
        return
    one, two = (read_properties(name, catalog.folder.read(name)) for name in there)
    differ = sorted(word for word in one.keys() | two.keys() if one.get(word) != two.get(word))
    if differ:
        report.add("properties", names.OLD_PROPERTIES, f"differs from {names.PROPERTIES} in {', '.join(differ)}")


def _check_against_partitions(catalog: HatsCatalog, report: Report) -> None:
    words, parts = catalog.properties, catalog.partitions
    if not len(parts):
        return
    if words.get("hats_order", "").isdecimal() and int(words["hats_order"]) != parts.highest_order:
        report.add("properties", "hats_order", f"is {words['hats_order']}, and partitions go to {parts.highest_order}")
    try:
        said = float(words.get("moc_sky_fraction", "nan"))
    except ValueError:
        report.add("properties", "moc_sky_fraction", "is no number")
        return
    if math.isfinite(said) and abs(said - parts.fraction) > 1e-4:
        report.add("properties", "moc_sky_fraction", f"is {said}, and partitions cover {parts.fraction:.5f}")


def check_columns(catalog: HatsCatalog, report: Report) -> None:
    """Columns that the properties name."""
    import pyarrow as pa

    own = {entry.name: entry.type for entry in catalog.schema}
    for word, column in (("hats_col_ra", catalog.ra_column), ("hats_col_dec", catalog.dec_column)):
        if column not in own:
            report.add("columns", word, f"there is no column {column!r}")
        elif not (pa.types.is_floating(own[column]) or pa.types.is_integer(own[column])):
            report.add("columns", word, f"column {column!r} holds no numbers but {own[column]}")
    if catalog.index_column is None:
        report.add("columns", names.INDEX_COLUMN, "there is no index of order 29", serious=False)
    elif catalog.index_column not in own:
        report.add("columns", catalog.index_column, "the column of the index is missing")
    elif not catalog.old and catalog.schema.names[0] != catalog.index_column:
        report.add("columns", catalog.index_column, "is not the first column", serious=False)
    twice = [name for name, many in Counter(catalog.schema.names).items() if many > 1]
    for name in twice:
        report.add("columns", name, "there are two columns of that name")


def check_files(catalog: HatsCatalog, report: Report) -> None:
    """Files of partitions that are missing, and files that nothing names."""
    if not catalog.old and not catalog.folder.exists(names.PARTITION_INFO):
        report.add("files", names.PARTITION_INFO, "is missing")
    if not catalog.data.exists(names.COMMON_METADATA):
        report.add("files", names.COMMON_METADATA, "is missing")
    expected: set[str] = set()
    for pixel in catalog.partitions:
        own = catalog.files(pixel) if catalog.data.exists(catalog.file(pixel).rstrip("/")) else []
        if not own:
            report.add("files", catalog.file(pixel), "is missing")
        expected.update(own)
    outside = {"catalog_info.json", "provenance_info.json", names.PARTITION_INFO, names.OLD_SKYMAP}
    known = expected | _OWN_FILES | (outside if catalog.old else set())
    for name in catalog.data.files():
        if name in known or name.rpartition("/")[2].startswith((".", "_")):
            continue
        named = names.pixel_of(name)
        if named is None:
            report.add("files", name, "is named by nothing")
        elif named not in catalog.partitions:
            report.add("files", name, f"is of {named}, which is no partition")
        else:
            report.add("files", name, f"is of {named}, whose file is {catalog.file(named)}")


def check_metadata(catalog: HatsCatalog, report: Report) -> dict[Pixel, int]:
    """``_metadata``: the files it names, and their rows, which are returned."""
    import pyarrow.parquet as pq

    rows: Counter[Pixel] = Counter()
    if not catalog.data.exists(names.METADATA):
        report.add("metadata", names.METADATA, "is missing", serious=False)
        return rows
    try:
        metadata = pq.read_metadata(io.BytesIO(catalog.data.read(names.METADATA)))
    except (OSError, ValueError):
        report.add("metadata", names.METADATA, "is not Parquet that can be read")
        return rows
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        path = group.column(0).file_path if group.num_columns else ""
        named = names.pixel_of(path)
        if named is None:
            report.add("metadata", names.METADATA, f"names the file {path!r}, which is of no partition")
        else:
            rows[named] += group.num_rows
    for pixel in sorted(rows.keys() - set(catalog.partitions)):
        report.add("metadata", names.METADATA, f"names {pixel}, which is no partition")
    for pixel in catalog.partitions:
        if pixel not in rows:
            report.add("metadata", names.METADATA, f"does not name {pixel}")
    own = metadata.schema.to_arrow_schema()
    if not own.equals(catalog.schema):
        report.add(
            "metadata",
            names.METADATA,
            f"has other columns than {names.COMMON_METADATA}: {differing(own, catalog.schema)}",
        )
    total = sum(rows.values())
    if catalog.rows is not None and total != catalog.rows:
        report.add("rows", "hats_nrows", f"is {catalog.rows:,}, and {names.METADATA} counts {total:,}")
    return rows


def differing(one: Any, two: Any) -> str:
    """Columns in which two schemas differ, for people."""
    mine, others = ({entry.name: entry.type for entry in schema} for schema in (one, two))
    found = [name for name in {**mine, **others} if mine.get(name) != others.get(name)]
    return (
        ", ".join(found[:5]) + (" …" if len(found) > 5 else "") if found else "their order or whether they may be null"
    )


def check_skymap(catalog: HatsCatalog, report: Report) -> None:
    """The sky map counts all rows, each in a partition."""
    import numpy as np
    from astropy.io import fits

    if catalog.old or catalog.kind == "margin" or not catalog.folder.exists(names.SKYMAP):
        return
    try:
        with fits.open(io.BytesIO(catalog.folder.read(names.SKYMAP))) as units:
            unit = units[1]
            columns = [
                np.asarray(unit.data.field(number)).reshape(-1).astype(np.int64) for number in range(len(unit.columns))
            ]
            explicit = str(unit.header.get("INDXSCHM", "")).strip().upper() == "EXPLICIT"
            order = round(math.log2(unit.header["NSIDE"]))
    except (ArmillaryError, OSError, KeyError, IndexError, ValueError, TypeError, AttributeError):
        report.add("skymap", names.SKYMAP, "is no HEALPix map that can be read")
        return
    counts = columns[1] if explicit and len(columns) > 1 else columns[0]
    pixels = columns[0] if explicit and len(columns) > 1 else np.arange(len(counts))
    if catalog.rows is not None and int(counts.sum()) != catalog.rows:
        report.add("skymap", names.SKYMAP, f"counts {int(counts.sum()):,} rows, and there are {catalog.rows:,}")
    shift = 2 * (29 - order)
    full = pixels[counts > 0]
    reached = catalog.partitions.within(full << shift, (full + 1) << shift)
    if len(reached) != len(catalog.partitions):
        report.add("skymap", names.SKYMAP, "has no rows in some partitions")
