"""Conversion of hipscat and of partitions; collections and descriptions of catalogs."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.collections import CollectionArguments, make_collection, read_collection
from armillary.catalogs.converting.arguments import ConvertArguments
from armillary.catalogs.converting.run import convert_catalog
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.indexing.arguments import IndexArguments
from armillary.catalogs.indexing.run import make_index
from armillary.catalogs.info import catalog_info
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.catalogs.margins.run import make_margin
from armillary.catalogs.searching.run import Search
from armillary.catalogs.verifying.run import VerifyArguments, verify_catalog
from armillary.errors import CorruptFileError, ParameterError, UnsupportedFileError, UsageError


def as_hipscat(catalog, folder, info):
    """A catalog in the older layout, its rows in the order of its index."""
    for pixel in catalog.partitions:
        table = pq.read_table(catalog.data.path(catalog.file(pixel)), partitioning=None)
        cells = table["_healpix_29"].to_numpy().astype(np.uint64)
        table = table.drop_columns(["_healpix_29"]).append_column(
            "_hipscat_index", pa.array((cells >> np.uint64(20)) << np.uint64(22))
        )
        for name, value, kind in (
            ("Norder", pixel.order, pa.uint8()),
            ("Dir", 0, pa.uint64()),
            ("Npix", pixel.index, pa.uint64()),
        ):
            table = table.append_column(name, pa.array([value] * len(table), kind))
        path = folder / catalog.file(pixel)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
    pq.write_metadata(table.schema, folder / "_common_metadata")
    lines = [f"{p.order},0,{p.index},1" for p in catalog.partitions]
    (folder / "partition_info.csv").write_text("Norder,Dir,Npix,num_rows\n" + "\n".join(lines) + "\n")
    (folder / "catalog_info.json").write_text(json.dumps(info))


@pytest.fixture(scope="module")
def sources(tmp_path_factory, hats_of, sky):
    folder = tmp_path_factory.mktemp("convert")
    new = hats_of(folder, "objects", sky(31, 1200), threshold=150)
    margin = make_margin(
        MarginArguments(
            input_catalog_path=folder / "objects",
            output_path=folder,
            output_artifact_name="objects_margin",
            margin_threshold=3000.0,
        )
    )
    words = {"ra_column": "ra", "dec_column": "dec", "epoch": "J2000"}
    as_hipscat(new, folder / "old", {"catalog_name": "old", "catalog_type": "object", "total_rows": new.rows, **words})
    said = {"primary_catalog": str(folder / "old"), "margin_threshold": 3000.0}
    as_hipscat(
        margin,
        folder / "old_margin",
        {"catalog_name": "old_margin", "catalog_type": "margin", "total_rows": margin.rows, **said, **words},
    )
    return folder


def convert(folder, name, to, **words):
    return convert_catalog(
        ConvertArguments(input_catalog_path=folder / name, output_path=folder, output_artifact_name=to, **words)
    )


def all_rows(catalog):
    table = pa.concat_tables(Search(catalog).tables(1))
    return table.sort_by([("_healpix_29", "ascending"), ("id", "ascending")])


def test_hipscat_becomes_hats(sources):
    made = convert(sources, "old", "converted")
    original = open_catalog(sources / "objects")
    assert list(made.partitions) == list(original.partitions)
    assert made.schema.names == original.schema.names
    assert all_rows(made).equals(all_rows(original))
    report = verify_catalog(VerifyArguments(input_catalog_path=made.folder.address, full=True))
    assert [str(fault) for fault in report.faults] == []


def test_margins_of_hipscat_too(sources):
    convert(sources, "old", "main")
    made = convert(sources, "old_margin", "main_margin", primary_catalog_path=sources / "main")
    assert made.properties["hats_primary_table_url"] == "../main"
    assert all_rows(made).equals(all_rows(open_catalog(sources / "objects_margin")))
    report = verify_catalog(VerifyArguments(input_catalog_path=made.folder.address, full=True))
    assert [str(fault) for fault in report.faults] == []
    kept = convert(sources, "old_margin", "kept_margin")
    assert kept.properties["hats_primary_table_url"] == "../old"


@pytest.mark.parametrize("name", ["old", "objects"])
def test_new_partitions(sources, name):
    made = convert(sources, name, f"{name}_anew", pixel_threshold=40, highest_healpix_order=6)
    assert made.partitions.highest_order > open_catalog(sources / name).partitions.highest_order
    assert all_rows(made).equals(all_rows(open_catalog(sources / "objects")))
    constant = convert(sources, name, f"{name}_constant", constant_healpix_order=1)
    assert {pixel.order for pixel in constant.partitions} == {1}


def test_strict_validation_of_what_was_converted(sources):
    pytest.importorskip("hats")
    from hats.io.validation import is_valid_catalog

    convert(sources, "old", "valid")
    convert(sources, "old_margin", "valid_margin", primary_catalog_path=sources / "valid")
    assert is_valid_catalog(sources / "valid", strict=True)
    assert is_valid_catalog(sources / "valid_margin", strict=True)


def test_what_cannot_be_converted_is_refused(sources, tmp_path):
    with pytest.raises(UsageError, match="its own place"):
        convert(sources, "objects", "objects", overwrite=True)
    with pytest.raises(UsageError, match="already"):
        convert(sources, "old", "objects_margin")
    with pytest.raises(UsageError, match="margin anew"):
        convert(sources, "old_margin", "x", pixel_threshold=7)
    with pytest.raises(UsageError, match="margin anew"):
        convert(sources, "old_margin", "x", pixel_threshold=7, primary_catalog_path=sources)
    with pytest.raises(ParameterError, match="output_artifact_name"):
        convert(sources, "old", "a/b")
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "catalog_info.json").write_text('{"catalog_type": "index", "catalog_name": "i"}')
    with pytest.raises(UnsupportedFileError, match="make it anew"):
        convert_catalog(ConvertArguments(input_catalog_path=bad, output_path=tmp_path, output_artifact_name="y"))
    (bad / "catalog_info.json").write_text("[1]")
    with pytest.raises(CorruptFileError):
        convert_catalog(ConvertArguments(input_catalog_path=bad, output_path=tmp_path, output_artifact_name="y"))


def test_collections_are_made_and_read(sources):
    for column in ("id", "band"):
        make_index(
            IndexArguments(
                input_catalog_path=sources / "objects",
                indexing_column=column,
                output_path=sources,
                output_artifact_name=f"by_{column}",
            )
        )
    given = CollectionArguments(
        input_collection_path=sources,
        primary="objects",
        margins=["objects_margin"],
        indexes=["by_id", "by_band"],
        name="all",
    )
    made = make_collection(given)
    assert made.properties == read_collection(Folder(sources)).properties
    assert dict(made.indexes) == {"id": "by_id", "band": "by_band"}
    assert open_catalog(sources).name == "objects"
    with pytest.raises(UsageError, match="already"):
        make_collection(given)
    report = verify_catalog(VerifyArguments(input_catalog_path=sources, full=True))
    assert [str(fault) for fault in report.faults] == []
    info = catalog_info(sources)
    assert info["kind"] == "collection"
    assert info["margins"] == [{"address": "objects_margin", "margin_threshold_arcsec": 3000.0}]
    assert info["primary"]["rows"] == 1200
    json.dumps(info)


def test_hats_reads_our_collections(sources):
    hats = pytest.importorskip("hats")
    from hats.io.validation import is_valid_catalog

    if not (sources / "collection.properties").exists():
        test_collections_are_made_and_read(sources)
    assert is_valid_catalog(sources, strict=True)
    read = hats.read_hats(sources)
    assert read.default_margin == "objects_margin"
    assert read.all_indexes == {"id": "by_id", "band": "by_band"}


def test_collections_of_what_does_not_fit_are_refused(sources, tmp_path):
    for words, message in (
        ({"primary": "objects_margin"}, "about objects"),
        ({"primary": "objects", "margins": ["objects"]}, "not margin"),
        ({"primary": "objects", "indexes": ["objects_margin"]}, "not index"),
    ):
        with pytest.raises(UsageError, match=message):
            make_collection(CollectionArguments(input_collection_path=sources, overwrite=True, **words))
    with pytest.raises(ParameterError, match="cannot stand in a list"):
        CollectionArguments(input_collection_path=sources, primary="a b")
    (tmp_path / "collection.properties").write_text("obs_collection=x\n")
    with pytest.raises(CorruptFileError, match="no primary"):
        read_collection(Folder(tmp_path))
    assert not verify_catalog(VerifyArguments(input_catalog_path=tmp_path)).good


def test_descriptions(sources):
    info = catalog_info(sources / "old")
    assert info["form"] == "hipscat"
    assert info["rows"] == 1200
    assert sum(info["orders"].values()) == info["partitions"]
    assert catalog_info(sources / "objects_margin")["margin_threshold_arcsec"] == 3000.0
    assert {"name": "ra", "type": "double"} in info["columns"]
