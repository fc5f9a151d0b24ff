"""Pages, single rows and cones of a HATS catalog: exact, and bounded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest_viewing import ROWS, imported, named, open_sky, split_in_files, within_cone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from armillary.catalogs.rows import csv_parts, one_row, table_rows
from armillary.catalogs.selection import Selection
from armillary.catalogs.viewing import catalog as catalog_module
from armillary.catalogs.viewing import gathering
from armillary.catalogs.viewing.catalog import SkyCatalog
from armillary.catalogs.viewing.numbering import STRIDE, row_type
from armillary.catalogs.viewing.partitions import PartitionFile
from armillary.catalogs.viewing.rows import page_of, rows_within
from armillary.catalogs.views import Cone
from armillary.errors import LimitError, NotFoundError, ParameterError


def stored(sky: SkyCatalog) -> pa.Table:
    """All rows as they lie on disk, in the order of the partitions."""
    names = [sky.hats.data.path(sky.hats.file(pixel)) for pixel in sky.partitions]
    return pa.concat_tables([pq.read_table(name, partitioning=None, columns=["id", "ra", "mag"]) for name in names])


def test_pages_follow_the_partitions(any_sky: SkyCatalog) -> None:
    expected = stored(any_sky)["id"].to_pylist()
    found = []
    for start in range(0, ROWS + 700, 700):
        rows, total = page_of(any_sky, Selection(), None, start, 700)
        assert total == ROWS
        np.testing.assert_array_equal(rows, np.arange(min(start, ROWS), min(start + 700, ROWS)))
        found += any_sky.take([any_sky.field("id")], rows)["id"].to_pylist()
    assert found == expected


def test_rows_come_in_the_order_that_is_asked_for(opened: SkyCatalog) -> None:
    rows = np.array([11_999, 0, 5000, 0, 4999, 7])
    expected = stored(opened).take(pa.array(rows))
    taken = opened.take([opened.field("mag"), opened.field("id")], rows)
    assert taken["id"].to_pylist() == expected["id"].to_pylist()
    assert taken["mag"].to_pylist() == expected["mag"].to_pylist()
    ra, _ = opened.places(rows)
    np.testing.assert_array_equal(ra, expected["ra"].to_numpy())
    assert opened.take([opened.field("id")], rows[:0])["id"].to_pylist() == []


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", ["mag", "band", "id"])
def test_sorted_pages(opened: SkyCatalog, looked_at: pa.Table, column: str, *, descending: bool) -> None:
    selection = Selection(view=Cone(83.6, -5.4, 2.0))
    inside = within_cone(looked_at, 83.6, -5.4, 2.0)
    rows, total = page_of(opened, selection, opened.field(column), 0, ROWS, descending=descending)
    assert total == len(rows) == len(inside) > 1000
    values = opened.take([opened.field(column)], rows)[column].to_pylist()
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=descending)
    assert values[len(known) :] == [None] * (len(values) - len(known))
    assert named(opened, rows) == inside
    some, _ = page_of(opened, selection, opened.field(column), 300, 50, descending=descending)
    np.testing.assert_array_equal(some, rows[300:350])


def test_filtered_pages_of_the_whole(opened: SkyCatalog, looked_at: pa.Table) -> None:
    rows, total = page_of(opened, Selection("mag < 15.5", "é"), None, 0, 100)
    mag, band = looked_at["mag"].to_numpy(zero_copy_only=False), np.array(looked_at["band"].to_pylist())
    assert total == int(((mag < 15.5) & (np.char.find(band, "é") >= 0)).sum()) > 100
    assert len(rows) == 100


@pytest.mark.parametrize("words", ["mag <", "mag < x", "nope = 3"])
def test_bad_filters_are_refused(opened: SkyCatalog, words: str) -> None:
    with pytest.raises(ParameterError):
        page_of(opened, Selection(words), None, 0, 10)


def test_what_would_look_through_too_many_rows_is_refused(opened: SkyCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_ROWS", 2000)
    monkeypatch.setattr(PartitionFile, "column", None)
    for selection, sort in (
        (Selection("mag < 3"), None),
        (Selection(), "mag"),
        (Selection(view=Cone(0, 0, 180)), None),
    ):
        with pytest.raises(LimitError, match="look at a smaller part of the sky"):
            page_of(opened, selection, opened.field(sort) if sort else None, 0, 10)
    assert page_of(opened, Selection(), None, 11_990, 100)[1] == ROWS


def test_words_of_rows(opened: SkyCatalog) -> None:
    whole = stored(opened)
    (values,) = table_rows(opened, [opened.field("id"), opened.field("mag")], np.array([17]))
    assert values == [str(whole["id"][17].as_py()), whole["mag"][17].as_py()]
    assert one_row(opened, 17)["id"] == values[0]
    lines = b"".join(csv_parts(opened, [opened.field("id")], np.arange(ROWS))).decode().split()
    assert lines[1:] == [str(value) for value in whole["id"].to_pylist()]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(-5, 2.2).map(lambda power: 10.0**power))
@example(0.0, 90.0, 0.4)
@example(123.0, -90.0, 0.2)
@example(0.0, 10.0, 5.0)
@example(359.999, -45.0, 3.0)
@example(83.6, -5.4, 180.0)
def test_cones_are_exact(opened: SkyCatalog, looked_at: pa.Table, ra: float, dec: float, radius: float) -> None:
    rows, total = rows_within(opened, ra, dec, radius, ROWS)
    assert named(opened, rows) == within_cone(looked_at, ra, dec, radius)
    assert total == len(rows)


@pytest.mark.parametrize("radius", [0.3, 5.0, 60.0])
def test_cones_of_every_form_are_exact(any_sky: SkyCatalog, looked_at: pa.Table, radius: float) -> None:
    rows, _ = rows_within(any_sky, 83.0, -5.0, radius, ROWS)
    assert named(any_sky, rows) == within_cone(looked_at, 83.0, -5.0, radius)


def test_a_wide_cone_stops_when_it_has_enough(opened: SkyCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    column = PartitionFile.column

    def noted(self: PartitionFile, group: int, name: str, *piece: int) -> Any:
        read.append(name)
        return column(self, group, name, *piece)

    monkeypatch.setattr(PartitionFile, "column", noted)
    rows, total = rows_within(opened, 83.6, -5.4, 120.0, 100)
    assert (len(rows), total > 100) == (100, True)
    assert len(read) <= 4
    assert rows_within(opened, 83.6, -5.4, 120.0, 0)[1] > 0


def test_opening_reads_no_partition(sky_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PartitionFile, "__init__", None)
    sky = open_sky(sky_folder)
    assert sky.count == ROWS
    assert [field.name for field in sky.fields] == ["id", "ra", "dec", "mag", "band", "_healpix_29"]
    assert sky.name_field is not None
    assert sky.center is not None
    assert sky.numbering.dense
    assert sky.nbytes < 100_000


def test_the_centre_is_that_of_the_sources(opened: SkyCatalog, looked_at: pa.Table) -> None:
    ra, dec = np.radians(looked_at["ra"].to_numpy()), np.radians(looked_at["dec"].to_numpy())
    mean = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]).mean(axis=1)
    assert opened.center is not None
    expected = np.degrees(np.arctan2(mean[1], mean[0])), np.degrees(np.arcsin(mean[2] / np.linalg.norm(mean)))
    assert opened.center == pytest.approx(expected, abs=0.5)


def test_partitions_that_nobody_counted_have_numbers_too(old_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_module, "MOST_COUNTED", 3)
    sky = open_sky(old_folder)
    assert not sky.numbering.dense
    # Sizes of files tell the counts, nearly.
    assert sky.counts.total == pytest.approx(ROWS, abs=1)
    rows, total = rows_within(sky, 83.6, -5.4, 1.0, ROWS)
    assert total == len(rows) > 100
    assert rows.max() > STRIDE
    assert row_type(rows) is np.float64
    known = open_sky(old_folder)
    monkeypatch.setattr(catalog_module, "MOST_COUNTED", 1000)
    assert named(sky, rows) == named(known, rows_within(known, 83.6, -5.4, 1.0, ROWS)[0])
    with pytest.raises(LimitError, match="not counted"):
        page_of(sky, Selection(), None, 0, 10)
    with pytest.raises(NotFoundError):
        sky.take([sky.field("id")], np.array([STRIDE - 1]))


def test_rows_without_a_place_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("name,ra,dec\na,10,10\nb,,10\nc,20,95\nd,30,-30\n")
    sky = open_sky(imported(tmp_path, "few", [tmp_path / "in.csv"]))
    assert sky.notes == ("2 rows without a place on the sky are set aside in bad_positions.parquet.",)
    assert sky.count == 2


def test_columns_may_be_named(opened: SkyCatalog, sky_folder: Path) -> None:
    sky = open_sky(sky_folder, ra_column="dec", dec_column="mag", name_column="band")
    assert (sky.positions.lon.name, sky.positions.lat.name) == ("dec", "mag")
    assert sky.name_field is not None
    assert sky.name_field.name == "band"
    assert opened.positions.lon.name == "ra"


def test_a_partition_of_several_files(tmp_path: Path, sky_folder: Path, looked_at: pa.Table) -> None:
    sky = open_sky(split_in_files(sky_folder, tmp_path / "split"))
    rows, _ = rows_within(sky, 83.0, -5.0, 20.0, ROWS)
    assert named(sky, rows) == within_cone(looked_at, 83.0, -5.0, 20.0)
    assert named(sky, np.arange(ROWS)) == sorted(looked_at["id"].to_pylist())


def test_columns_of_every_kind(tmp_path: Path) -> None:
    count = 300
    rng = np.random.default_rng(6)
    table = pa.table(
        {
            "ra": rng.uniform(0, 360, count).astype(np.float32),
            "dec": rng.uniform(-80, 80, count).astype(np.float32),
            "a.b": np.arange(count),
            "é <&": np.arange(count),
            "nested": [{"p": k, "q": [k] * 2} for k in range(count)],
            "list": [[k, k + 1] for k in range(count)],
            "day": np.datetime64("2020-01-01") + np.arange(count),
            "raw": [b"x%d" % k for k in range(count)],
            "kind": pa.array(["a", "b"] * (count // 2)).dictionary_encode(),
            "nothing": pa.nulls(count),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    sky = open_sky(imported(tmp_path, "odd", [tmp_path / "in.parquet"], pixel_threshold=50))
    kinds = {field.name: field.dtype for field in sky.fields}
    assert kinds["ra"] == "float32"
    assert (kinds["a.b"], kinds["list"], kinds["day"], kinds["kind"]) == ("int64", "int64[]", "text", "text")
    row = one_row(sky, 7)
    k = row["a.b"]
    assert row["é <&"] == k
    assert row["nested"] == str({"p": k, "q": [k, k]})
    assert (row["list"], row["raw"], row["kind"], row["nothing"]) == ([k, k + 1], f"x{k}", "ab"[k % 2], None)
    assert row["day"] == str(np.datetime64("2020-01-01") + k)
    rows, total = page_of(sky, Selection('"a.b" < 100; kind = "a"'), sky.field("a.b"), 0, 10, descending=True)
    assert total == 50
    assert sky.take([sky.field("a.b")], rows)["a.b"].to_pylist() == list(range(98, 78, -2))
    # Positions in single precision lie beside their index: none is lost by that.
    ra, dec = table["ra"].to_numpy().astype(float), table["dec"].to_numpy().astype(float)
    for number in range(0, count, 10):
        found, _ = rows_within(sky, ra[number], dec[number], 1e-9, 10)
        assert sky.take([sky.field("a.b")], found)["a.b"].to_pylist() == [number]
    places = sky.places(np.array([3, 1]))
    assert places[0].dtype == np.float64
