"""hats, hats-import and lsdb open, search and match what we write, and we what they write."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.collections import CollectionArguments, make_collection
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.indexing.arguments import IndexArguments
from armillary.catalogs.indexing.run import make_index
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.run import import_catalog
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.catalogs.margins.run import make_margin
from armillary.catalogs.matching.arguments import CrossmatchArguments
from armillary.catalogs.matching.run import crossmatch_catalogs
from armillary.catalogs.searching.arguments import SearchArguments
from armillary.catalogs.searching.run import Search, search_catalog
from armillary.catalogs.verifying.run import VerifyArguments, verify_catalog
from armillary.sky.regions import Circle

# What the peers and what they import warn of is not ours to answer for.
pytestmark = pytest.mark.filterwarnings("ignore")
lsdb = pytest.importorskip("lsdb")
dask = pytest.importorskip("dask")

RADIUS = 30.0


@pytest.fixture(autouse=True)
def here():
    """Dask in this thread: no processes, no network."""
    with dask.config.set(scheduler="synchronous"):
        yield


def moved(table, seed):
    rng = np.random.default_rng(seed)
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    step = rng.normal(0, RADIUS / 2, (2, len(ra))) / 3600
    return pa.table(
        {
            "key": np.arange(len(ra)),
            "ra": (ra + step[0] / np.cos(np.radians(dec))) % 360,
            "dec": np.clip(dec + step[1], -90, 90),
        }
    )


@pytest.fixture(scope="module")
def ours(tmp_path_factory, sky):
    """Two collections, each a catalog with margin; the right with an index."""
    top = tmp_path_factory.mktemp("ours")
    left = sky(41, 1500)
    for name, table in (("left", left), ("right", moved(left, 42))):
        pq.write_table(table, top / f"{name}.parquet")
        import_catalog(
            ImportArguments(
                input_paths=[top / f"{name}.parquet"],
                output_path=top / f"{name}_all",
                output_artifact_name=name,
                pixel_threshold=200 if name == "left" else 350,
                highest_healpix_order=6,
            )
        )
        make_margin(
            MarginArguments(
                input_catalog_path=top / f"{name}_all" / name,
                output_path=top / f"{name}_all",
                output_artifact_name="margin",
                margin_threshold=2 * RADIUS,
            )
        )
    make_index(
        IndexArguments(
            input_catalog_path=top / "right_all/right",
            indexing_column="key",
            output_path=top / "right_all",
            output_artifact_name="by_key",
        )
    )
    for name in ("left", "right"):
        make_collection(
            CollectionArguments(
                input_collection_path=top / f"{name}_all",
                primary=name,
                margins=["margin"],
                indexes=["by_key"] if name == "right" else [],
            )
        )
    return top


@pytest.fixture(scope="module")
def theirs(tmp_path_factory, sky):
    """The same two tables, written by lsdb."""
    import pandas as pd  # noqa: F401 - lsdb's own

    top = tmp_path_factory.mktemp("theirs")
    left = sky(41, 1500)
    with dask.config.set(scheduler="synchronous"):
        for name, table in (("left", left), ("right", moved(left, 42))):
            made = lsdb.from_dataframe(
                table.to_pandas(), ra_column="ra", dec_column="dec", partition_rows=250, margin_threshold=2 * RADIUS
            )
            made.write_catalog(top / name, catalog_name=name)
    return top


def pairs(table, left="id_left", right="key"):
    return sorted(zip(table[left].to_pylist(), table[right].to_pylist(), strict=True))


def match(left, right, many=1, **words):
    return crossmatch_catalogs(
        CrossmatchArguments(
            left_catalog_path=left,
            right_catalog_path=right,
            radius_arcsec=RADIUS,
            n_neighbors=many,
            left_columns=["id"],
            right_columns=["key"],
            **words,
        )
    )


@pytest.mark.parametrize("many", [1, 3])
def test_lsdb_finds_our_pairs(ours, many):
    left, right = lsdb.open_catalog(ours / "left_all"), lsdb.open_catalog(ours / "right_all")
    assert right.margin is not None
    found = left.crossmatch(right, radius_arcsec=RADIUS, n_neighbors=many, suffixes=("_l", "_r")).compute()
    names = [next(name for name in found.columns if name.startswith(start)) for start in ("id", "key")]
    expected = sorted(zip(found[names[0]].tolist(), found[names[1]].tolist(), strict=True))
    assert len(expected) > 1000
    assert pairs(match(ours / "left_all", ours / "right_all", many), "id") == expected


def test_lsdb_searches_and_looks_up(ours):
    right = lsdb.open_catalog(ours / "right_all")
    cone = (83.6, -5.4, 7200.0)
    theirs = right.cone_search(*cone).compute()
    own = search_catalog(SearchArguments(input_catalog_path=ours / "right_all", cone=cone))
    assert sorted(theirs["key"].tolist()) == sorted(own["key"].to_pylist())
    assert len(own) > 100
    assert right.id_search({"key": 77}).compute()["key"].tolist() == [77]
    box = right.box_search((350.0, 10.0), (-20.0, 20.0)).compute()
    mine = search_catalog(SearchArguments(input_catalog_path=ours / "right_all", box=(350.0, 10.0, -20.0, 20.0)))
    assert sorted(box["key"].tolist()) == sorted(mine["key"].to_pylist())


def test_strict_validation_of_our_collections(ours):
    from hats.io.validation import is_valid_catalog

    for name in ("left_all", "right_all"):
        assert is_valid_catalog(ours / name, strict=True)
        report = verify_catalog(VerifyArguments(input_catalog_path=ours / name, full=True))
        assert [str(fault) for fault in report.faults] == []


def test_we_read_what_lsdb_writes(ours, theirs):
    for name in ("left", "right"):
        column = "id" if name == "left" else "key"
        catalog = open_catalog(theirs / name)
        region = Circle(83.6, -5.4, 2.0)
        mine = pa.concat_tables(Search(catalog, region).tables())
        own = pa.concat_tables(Search(open_catalog(ours / f"{name}_all"), region).tables())
        assert sorted(mine[column].to_pylist()) == sorted(own[column].to_pylist())
    assert pairs(match(theirs / "left", theirs / "right", 2), "id") == pairs(
        match(ours / "left_all", ours / "right_all", 2), "id"
    )


def test_what_lsdb_writes_is_good_but_for_its_order(theirs):
    for name in ("left", "right"):
        report = verify_catalog(VerifyArguments(input_catalog_path=theirs / name, full=True))
        kinds = {fault.check for fault in report.faults if fault.serious}
        assert kinds <= {"order"}, [str(fault) for fault in report.faults]


def test_margins_and_conversions_of_what_lsdb_writes(theirs, tmp_path):
    from armillary.catalogs.converting.arguments import ConvertArguments
    from armillary.catalogs.converting.run import convert_catalog

    catalog = open_catalog(theirs / "right")
    margin = make_margin(
        MarginArguments(
            input_catalog_path=catalog.folder.address,
            output_path=tmp_path,
            output_artifact_name="margin",
            margin_threshold=900.0,
        )
    )
    report = verify_catalog(VerifyArguments(input_catalog_path=margin.folder.address, full=True))
    assert [str(fault) for fault in report.faults if fault.serious] == []
    made = convert_catalog(
        ConvertArguments(
            input_catalog_path=catalog.folder.address,
            output_path=tmp_path,
            output_artifact_name="anew",
            pixel_threshold=90,
        )
    )
    assert made.rows == catalog.rows
    assert len(lsdb.open_catalog(tmp_path / "anew").compute()) == catalog.rows
