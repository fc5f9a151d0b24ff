"""Partitions by bytes: rows of texts and lists whose sizes change over the sky, cut as hats-import cuts them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.pieces import sort_piece
from armillary.catalogs.ingest.run import import_catalog
from armillary.catalogs.ingest.sizes import row_bytes, sizes_of
from armillary.catalogs.searching.arguments import SearchArguments
from armillary.catalogs.searching.run import search_catalog
from armillary.catalogs.verifying.run import VerifyArguments, verify_catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FEW, MANY, SMALLEST = 0.2, 12.0, 40_000


def uneven_sky(rows: int = 6000) -> pa.Table:
    """Rows that are small in the north, and large in the south: long texts, lists, nested ones."""
    rng = np.random.default_rng(7)
    ra, dec = rng.uniform(0, 360, rows), np.degrees(np.arcsin(rng.uniform(-1, 1, rows)))
    many = rng.poisson(np.where(dec < -20, MANY, FEW))
    lists = [rng.normal(size=count) for count in many]
    return pa.table(
        {
            "id": np.arange(rows),
            "ra": ra,
            "dec": dec,
            "good": pa.array(rng.random(rows) < 0.5, mask=rng.random(rows) < 0.1),
            "note": pa.array([None if count == 1 else "é" * (4 * count) for count in many.tolist()]),
            "flux": pa.array([None if not len(values) else values.tolist() for values in lists]),
            "epochs": pa.array([{"mjd": values.tolist(), "band": ["g"] * len(values)} for values in lists]),
            "kind": pa.array(rng.choice(["star", "galaxy"], rows)).dictionary_encode(),
        }
    )


def test_rows_take_what_their_table_takes() -> None:
    table = uneven_sky()
    assert row_bytes(table).sum() == pytest.approx(table.nbytes, rel=0.001)
    assert row_bytes(table.slice(100, 700)).sum() == pytest.approx(table.slice(100, 700).nbytes, rel=0.01)
    for name in table.schema.names:
        column = table.select([name])
        assert row_bytes(column).sum() == pytest.approx(column.nbytes, rel=0.002, abs=64), name
    assert not len(row_bytes(table.slice(0, 0)))


def test_each_row_counts_by_itself() -> None:
    table = pa.table({"a": ["", "xyz", None], "b": [[1.0, 2.0], [], None], "c": [[["é"]], [["a", "bc"], []], []]})
    one = [row_bytes(table.slice(row, 1))[0] for row in range(3)]
    assert row_bytes(table).tolist() == pytest.approx(one)
    assert one[1] - one[0] == pytest.approx(3 - 16 + (4 + 2 * 4 + 3) - (4 + 2) - 0.0, abs=1.0)


def test_bytes_lie_where_their_rows_lie() -> None:
    table = uneven_sky()
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy().copy()
    dec[::50] = np.nan
    piece, bad = sort_piece(table, ra, dec)
    counts = sizes_of(piece, 2 * 29)
    sizes = row_bytes(table)
    for pixel, size in zip(counts.pixels.tolist(), counts.counts.tolist(), strict=True):
        assert size == round(sizes[piece.rows[piece.cells >> 58 == pixel]].sum())
    assert counts.counts.sum() == pytest.approx(sizes.sum() - sizes[::50].sum(), rel=1e-3)
    assert len(bad) == 120


def partitions_of(folder: Path) -> list[tuple[int, int]]:
    lines = (folder / "partition_info.csv").read_text().splitlines()
    return sorted(tuple(int(word) for word in line.split(",")[:2]) for line in lines[1:])


def imported_by_bytes(folder: Path, output: Path, threshold: int, **words: Any) -> list[tuple[int, int]]:
    given = {"highest_healpix_order": 5, "byte_pixel_threshold": threshold, **words}
    arguments = ImportArguments(
        input_paths=[folder / "in"],
        output_path=output,
        output_artifact_name="ours",
        ra_column="ra",
        dec_column="dec",
        **given,
    )
    made = import_catalog(arguments)
    assert made.properties["hats_max_bytes"] == str(threshold)
    return partitions_of(output / "ours")


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a table as two files."""
    folder = tmp_path_factory.mktemp("uneven")
    (folder / "in").mkdir()
    table = uneven_sky()
    pq.write_table(table.slice(0, 3500), folder / "in" / "a.parquet", row_group_size=1000)
    pq.write_table(table.slice(3500), folder / "in" / "b.parquet")
    return folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("threshold", [SMALLEST, 150_000, 1_000_000])
def test_partitions_are_those_of_hats_import(uneven: Path, tmp_path: Path, threshold: int) -> None:
    hats_import = pytest.importorskip("hats_import.catalog")
    from dask.distributed import Client
    from hats_import.catalog.file_readers import ParquetPyarrowReader
    from hats_import.catalog.run_import import run

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = hats_import.ImportArguments(
            output_path=tmp_path,
            output_artifact_name="theirs",
            input_file_list=sorted((uneven / "in").iterdir()),
            file_reader=ParquetPyarrowReader(),
            ra_column="ra",
            dec_column="dec",
            byte_pixel_threshold=threshold,
            lowest_healpix_order=0,
            highest_healpix_order=5,
            progress_bar=False,
        )
        with Client(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as client:
            run(given, client)
    report = verify_catalog(VerifyArguments(input_catalog_path=tmp_path / "theirs", full=True))
    assert [str(fault) for fault in report.faults if fault.serious] == []
    assert search_catalog(SearchArguments(input_catalog_path=tmp_path / "theirs")).num_rows == 6000
    ours = imported_by_bytes(uneven, tmp_path, threshold)
    assert ours == partitions_of(tmp_path / "theirs")
    orders = {order for order, _ in ours}
    assert len(orders) > 1 or threshold > SMALLEST


@pytest.mark.parametrize("words", [{"memory_bytes": 0}, {"piece_bytes": 60_000}, {"memory_bytes": 0, "piece_bytes": 1}])
def test_partitions_do_not_depend_on_the_way_of_reading(uneven: Path, tmp_path: Path, words: Any) -> None:
    assert imported_by_bytes(uneven, tmp_path / "one", SMALLEST, **words) == imported_by_bytes(
        uneven, tmp_path / "two", SMALLEST
    )


def test_no_partition_takes_more(uneven: Path, tmp_path: Path) -> None:
    for order, pixel in imported_by_bytes(uneven, tmp_path, SMALLEST):
        table = pq.read_table(
            tmp_path / "ours" / "dataset" / f"Norder={order}" / "Dir=0" / f"Npix={pixel}.parquet", partitioning=None
        )
        own = table.drop_columns(["_healpix_29"])
        assert row_bytes(own).sum() <= SMALLEST or order == 5


def test_a_crowded_pixel_is_told_in_bytes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sky: Callable[..., Any]
) -> None:
    (tmp_path / "in").mkdir()
    pq.write_table(sky(1, 500), tmp_path / "in" / "a.parquet")
    imported_by_bytes(tmp_path, tmp_path, 1000, highest_healpix_order=1)
    assert any("hold more than 1,000 bytes each" in message for message in caplog.messages)
