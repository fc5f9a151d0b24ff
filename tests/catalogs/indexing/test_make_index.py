"""Indexes of columns: complete, in order, read by hats and lsdb, verified."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.indexing.arguments import IndexArguments
from armillary.catalogs.indexing.run import make_index
from armillary.catalogs.verifying.run import VerifyArguments, verify_catalog
from armillary.errors import ParameterError, UnsupportedFileError, UsageError

ROWS = 1500


@pytest.fixture(scope="module")
def made(tmp_path_factory, hats_of, sky):
    folder = tmp_path_factory.mktemp("index")
    table = sky(21, ROWS).append_column("when", pa.array(np.arange(ROWS) % 97, pa.timestamp("s")))
    hats_of(folder, "objects", table, threshold=120)
    return folder, table


def index(folder, column, **words):
    name = words.pop("name", f"by_{column}")
    return make_index(
        IndexArguments(
            input_catalog_path=folder / "objects",
            indexing_column=column,
            output_path=folder,
            output_artifact_name=name,
            **words,
        )
    )


def rows_of(catalog):
    files = sorted(catalog.data.files(".parquet"), key=lambda name: int(name.split(".")[-2]))
    return pa.concat_tables([pq.read_table(catalog.data.path(name), partitioning=None) for name in files])


@pytest.mark.parametrize("column", ["id", "mag", "band", "when"])
def test_every_value_leads_to_its_partitions(made, column):
    folder, table = made
    catalog = index(folder, column, rows_of_file=200)
    found = rows_of(catalog)
    assert found.schema.names == [column, "_healpix_29", "Norder", "Npix"]
    values = [value for value in table[column].to_pylist() if value is not None]
    assert found[column].to_pylist() == sorted(values)
    assert found.schema.field("Norder").type == pa.uint8()
    assert found.schema.field("Npix").type == pa.uint64()
    if column != "band":
        assert 4 < len(list(catalog.data.files(".parquet"))) < 20
    report = verify_catalog(VerifyArguments(input_catalog_path=catalog.folder.address, full=True))
    assert [str(fault) for fault in report.faults] == []


def test_rows_without_a_value_are_told(made, caplog):
    folder, table = made
    index(folder, "mag", name="told")
    assert f"{table['mag'].null_count:,} rows have no value of mag" in caplog.text


def test_repeats_go_and_columns_come(made):
    folder, _ = made
    few = index(folder, "band", name="few", include_healpix_29=False)
    found = rows_of(few)
    assert found.schema.names == ["band", "Norder", "Npix"]
    assert len(found) == len({tuple(row.values()) for row in found.to_pylist()})
    wide = index(folder, "id", name="wide", extra_columns=["mag"], include_radec=True, drop_duplicates=False)
    assert rows_of(wide).schema.names == ["id", "mag", "ra", "dec", "_healpix_29", "Norder", "Npix"]
    assert wide.properties["hats_index_extra_column"] == "mag ra dec"


def test_damaged_indexes_are_found(made):
    folder, _ = made
    catalog = index(folder, "id", name="bad")
    path = catalog.data.path(next(catalog.data.files(".parquet")))
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.take([*range(5, len(table)), 0, 1, 2, 3]), path)
    report = verify_catalog(VerifyArguments(input_catalog_path=catalog.folder.address, full=True))
    assert any("not in the order of id" in str(fault) for fault in report.faults)
    assert any("values of id do not lead there" in str(fault) for fault in report.faults)


def test_hats_and_lsdb_find_by_our_index(made):
    hats = pytest.importorskip("hats")
    from hats.io.validation import is_valid_catalog

    folder, table = made
    catalog = index(folder, "id", name="theirs", rows_of_file=300)
    assert is_valid_catalog(catalog.folder.address, strict=True)
    wanted = table["id"].to_pylist()[7:400:40]
    found = hats.read_hats(catalog.folder.address).loc_partitions(wanted)
    own = rows_of(catalog).filter(pa.compute.is_in(rows_of(catalog)["id"], pa.array(wanted)))
    assert {(pixel.order, pixel.pixel) for pixel in found} == set(
        zip(own["Norder"].to_pylist(), own["Npix"].to_pylist(), strict=True)
    )


def test_what_cannot_be_indexed_is_refused(made):
    folder, _ = made
    with pytest.raises(ParameterError, match="no column 'no'"):
        index(folder, "no")
    with pytest.raises(ParameterError, match="rows_of_file"):
        index(folder, "id", rows_of_file=0)
    index(folder, "id", name="once")
    with pytest.raises(UsageError, match="already"):
        index(folder, "id", name="once")
    with pytest.raises(UnsupportedFileError, match="kind index"):
        make_index(
            IndexArguments(
                input_catalog_path=folder / "once", indexing_column="id", output_path=folder, output_artifact_name="x"
            )
        )
