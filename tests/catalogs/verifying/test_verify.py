"""Verification: what is sound is found good, and every sort of damage is found and named."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.collections import CollectionArguments, make_collection
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.hats.pixels import Pixel
from armillary.catalogs.hats.properties import read_properties, write_properties
from armillary.catalogs.indexing.arguments import IndexArguments
from armillary.catalogs.indexing.run import make_index
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.catalogs.margins.run import make_margin
from armillary.catalogs.verifying.borders import border_of, near
from armillary.catalogs.verifying.run import VerifyArguments, verify_catalog
from armillary.errors import ParameterError, UnreadableFileError


@pytest.fixture(scope="module")
def sound(tmp_path_factory, hats_of, sky):
    folder = tmp_path_factory.mktemp("sound")
    hats_of(folder, "objects", sky(11, 900), threshold=100)
    for threshold in (0.5, 5000.0):
        make_margin(
            MarginArguments(
                input_catalog_path=folder / "objects",
                output_path=folder,
                output_artifact_name=f"margin{threshold:g}",
                margin_threshold=threshold,
            )
        )
    return folder


@pytest.fixture
def damaged(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "d")
    return tmp_path / "d"


def verify(path, **words):
    return verify_catalog(VerifyArguments(input_catalog_path=path, threads=1, **words))


def serious(report):
    return [fault for fault in report.faults if fault.serious]


@pytest.mark.parametrize("name", ["objects", "margin0.5", "margin5000"])
def test_what_is_sound_is_good(sound, name):
    report = verify(sound / name, full=True)
    assert serious(report) == []
    assert report.good
    assert report.rows == report.rows_read == open_catalog(sound / name).rows
    assert report.words.startswith(f"{name} (")


def test_a_sample_reads_some(sound):
    report = verify(sound / "objects", sample=3)
    assert report.partitions_read == 3 < report.partitions
    assert 0 < report.rows_read < report.rows


def partition(folder, name="objects", place=0):
    catalog = open_catalog(folder / name)
    pixel = catalog.partitions[place]
    return catalog, pixel, folder / name / "dataset" / catalog.file(pixel)


def rewrite(path, change):
    table = pq.read_table(path, partitioning=None)
    pq.write_table(change(table), path)


def set_column(table, name, values):
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), pa.array(values))


def swap_rows(table):
    return table.take([1, 0, *range(2, len(table))])


def wrong_index(table):
    cells = table["_healpix_29"].to_numpy().copy()
    cells[3] += 40_000 if cells[3] + 40_000 < cells[4] else -40_000
    return set_column(table, "_healpix_29", np.sort(cells))


def moved_row(table):
    ra = table["ra"].to_numpy().copy()
    ra[2] = (ra[2] + 180.0) % 360.0
    return set_column(table, "ra", ra)


def no_position(table):
    ra = table["ra"].to_numpy().copy()
    ra[2] = np.nan
    return set_column(table, "ra", ra)


CHANGES = [
    (swap_rows, "order", "not in the order of _healpix_29, first at row 1"),
    (wrong_index, "index", "1 row has an index that is not that of the position"),
    (moved_row, "pixel", "1 row has a position outside of Norder="),
    (no_position, "positions", "1 row has no position on the sky"),
    (lambda table: table.slice(1), "rows", "rows, and _metadata counts"),
    (lambda table: table.drop_columns(["band"]), "columns", "other columns than the catalog: band"),
    (lambda table: table.drop_columns(["ra"]), "files", "has no column 'ra'"),
]


@pytest.mark.parametrize(("change", "check", "message"), CHANGES)
def test_damaged_rows_are_found(damaged, change, check, message):
    _, _, path = partition(damaged, place=-2)
    rewrite(path, change)
    found = serious(verify(damaged / "objects", full=True))
    assert any(fault.check == check and message in fault.message for fault in found), found
    assert all("Npix=" in fault.where for fault in found)


def test_rows_in_the_wrong_partition_are_found(damaged):
    _, _, one = partition(damaged, place=0)
    _, _, two = partition(damaged, place=1)
    row = pq.read_table(two, partitioning=None).slice(0, 1)
    rewrite(one, lambda table: pa.concat_tables([table, row]))
    found = serious(verify(damaged / "objects", full=True))
    assert any("1 row has an index outside of" in fault.message for fault in found)
    assert any("_metadata counts" in fault.message for fault in found)


def edit_words(folder, **changes):
    for name in ("hats.properties", "properties"):
        words = read_properties(name, (folder / name).read_bytes())
        (folder / name).write_bytes(write_properties({**words, **changes}))


WORDS = [
    ({"hats_nrows": 7}, "hats_nrows", "is 7, and _metadata counts"),
    ({"hats_nrows": "many"}, "hats.properties", "no whole number"),
    ({"hats_order": 9}, "hats_order", "partitions go to"),
    ({"moc_sky_fraction": 0.5}, "moc_sky_fraction", "partitions cover"),
    ({"hats_col_ra": None}, "hats.properties", "hats_col_ra is missing"),
    ({"hats_col_ra": "no"}, "hats_col_ra", "no column 'no'"),
    ({"hats_col_dec": "band"}, "hats_col_dec", "holds no numbers"),
    ({"obs_collection": None}, "hats.properties", "obs_collection is missing"),
    ({"dataproduct_type": "strange"}, "objects", "unknown kind"),
]


@pytest.mark.parametrize(("changes", "where", "message"), WORDS)
def test_wrong_words_are_found(damaged, changes, where, message):
    edit_words(damaged / "objects", **changes)
    found = serious(verify(damaged / "objects"))
    assert any(fault.where == where and message in fault.message for fault in found), found


def test_two_files_of_properties_that_differ_are_found(damaged):
    path = damaged / "objects" / "properties"
    path.write_bytes(path.read_bytes() + b"hats_order=77\n")
    assert "hats_order" in serious(verify(damaged / "objects"))[0].message


def test_missing_and_strange_files_are_found(damaged):
    catalog, pixel, path = partition(damaged)
    folder = damaged / "objects" / "dataset"
    shutil.copy(path, folder / "Norder=9.parquet")
    stray = folder / "Norder=7" / "Dir=0" / "Npix=3.parquet"
    stray.parent.mkdir(parents=True)
    shutil.copy(path, stray)
    wrong = folder / f"Norder={pixel.order}" / "Dir=10000" / f"Npix={pixel.index}.parquet"
    wrong.parent.mkdir(parents=True)
    path.rename(wrong)
    texts = [str(fault) for fault in serious(verify(damaged / "objects"))]
    assert any("Norder=9.parquet: is named by nothing" in text for text in texts)
    assert any("Norder=7, Npix=3, which is no partition" in text for text in texts)
    assert any(text == f"{catalog.file(pixel)}: is missing" for text in texts)
    assert any("whose file is" in text for text in texts)


@pytest.mark.parametrize("name", ["partition_info.csv", "dataset/_common_metadata"])
def test_missing_descriptions_are_found(damaged, name):
    (damaged / "objects" / name).unlink()
    report = verify(damaged / "objects")
    assert [fault.where for fault in serious(report)] == [name.rpartition("/")[2]]


def test_metadata_that_misses_a_partition_is_found(damaged):
    catalog, pixel, _ = partition(damaged, place=3)
    parts = [pq.read_metadata(damaged / "objects/dataset" / catalog.file(p)) for p in catalog.partitions if p != pixel]
    for part, own in zip(parts, (p for p in catalog.partitions if p != pixel), strict=True):
        part.set_file_path(catalog.file(own))
    for part in parts[1:]:
        parts[0].append_row_groups(part)
    parts[0].write_metadata_file(damaged / "objects/dataset/_metadata")
    texts = [str(fault) for fault in serious(verify(damaged / "objects"))]
    assert f"_metadata: does not name {pixel}" in texts


def test_what_is_truncated_is_named(damaged):
    _, _, path = partition(damaged)
    path.write_bytes(path.read_bytes()[:-9])
    (damaged / "objects/dataset/_metadata").write_bytes(b"PAR1")
    texts = [str(fault) for fault in serious(verify(damaged / "objects"))]
    assert len(texts) == 2
    assert all("not" in text and "Parquet" in text for text in texts)


def test_overlapping_partitions_are_found(damaged):
    path = damaged / "objects/partition_info.csv"
    path.write_text(path.read_text() + "0,0\n0,1\n0,2\n0,3\n0,4\n0,5\n0,6\n0,7\n0,8\n0,9\n0,10\n0,11\n")
    assert "overlap" in str(serious(verify(damaged / "objects"))[0])


def busy_margin(folder, name="margin5000"):
    catalog = open_catalog(folder / name)
    pixel = max(
        catalog.partitions, key=lambda p: pq.read_metadata(folder / name / "dataset" / catalog.file(p)).num_rows
    )
    return folder / name / "dataset" / catalog.file(pixel)


def test_margins_that_miss_a_row_are_found(damaged):
    rewrite(busy_margin(damaged), lambda table: table.slice(1))
    found = [fault for fault in serious(verify(damaged / "margin5000", full=True)) if fault.check == "margin"]
    assert [fault.message.partition(" are")[0] for fault in found] == ["1 row within the threshold"]


def test_margins_with_a_row_twice_are_found(damaged):
    rewrite(busy_margin(damaged), lambda table: pa.concat_tables([table.slice(0, 1), table]))
    found = [fault for fault in serious(verify(damaged / "margin5000", full=True)) if fault.check == "margin"]
    assert "more often than in the catalog" in found[0].message


def test_margins_that_go_too_far_are_found(damaged):
    edit_words(damaged / "margin5000", hats_margin_threshold=4000.0)
    found = [fault for fault in serious(verify(damaged / "margin5000", full=True)) if fault.check == "margin"]
    assert any("farther than the threshold" in fault.message for fault in found)
    edit_words(damaged / "margin5000", armillary_margin_exact="false")
    assert serious(verify(damaged / "margin5000", full=True)) == []
    edit_words(damaged / "margin5000", hats_margin_threshold=7000.0)
    found = serious(verify(damaged / "margin5000", full=True))
    assert any("within the threshold are missing" in fault.message for fault in found)


def test_margins_without_their_catalog_are_told(damaged):
    shutil.rmtree(damaged / "objects")
    assert "names no catalog that can be opened" in str(serious(verify(damaged / "margin5000"))[-1])


def test_slow_borders_against_fine_sampling():
    rng = np.random.default_rng(0)
    for pixel in (Pixel(0, 0), Pixel(0, 4), Pixel(1, 3), Pixel(3, 767), Pixel(8, 12345)):
        border = border_of(pixel)
        middle = border.mean(axis=0) / np.linalg.norm(border.mean(axis=0))
        size = np.linalg.norm(border - middle, axis=1).max()
        vectors = middle + rng.normal(0, size, (300, 3))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        fine = border_of(pixel, 8000)
        apart = 2 * np.arcsin(np.minimum(1, np.array([np.linalg.norm(fine - v, axis=1).min() for v in vectors]) / 2))
        for threshold in (0.05 * size, 0.7 * size):
            sure, may = near(vectors, border, threshold)
            step = np.linalg.norm(fine[1] - fine[0])
            assert not (sure & (apart > threshold + step)).any()
            assert not (~may & (apart < threshold)).any()
            assert (sure != may).sum() <= 2


def test_hipscat_is_verified(damaged):
    """The older layout: files at the root, another index."""
    old = damaged / "old"
    catalog = open_catalog(damaged / "objects")
    for pixel in catalog.partitions:
        table = pq.read_table(damaged / "objects/dataset" / catalog.file(pixel), partitioning=None)
        cells = table["_healpix_29"].to_numpy().astype(np.uint64)
        index = ((cells >> np.uint64(20)) << np.uint64(22)) + np.arange(len(cells), dtype=np.uint64) % np.uint64(4)
        table = table.drop_columns(["_healpix_29"]).append_column("_hipscat_index", pa.array(np.sort(index)))
        (old / catalog.file(pixel)).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, old / catalog.file(pixel))
    pq.write_metadata(table.schema, old / "_common_metadata")
    info = {
        "catalog_name": "old",
        "catalog_type": "object",
        "total_rows": catalog.rows,
        "ra_column": "ra",
        "dec_column": "dec",
    }
    (old / "catalog_info.json").write_text(json.dumps(info))
    report = verify(old, full=True)
    assert serious(report) == []
    _, _, path = partition(damaged)
    target = old / path.relative_to(damaged / "objects/dataset")
    rewrite(target, lambda t: set_column(t, "ra", (t["ra"].to_numpy() + 90) % 360))
    assert {fault.check for fault in serious(verify(old, full=True))} == {"pixel", "index"}


def test_nothing_and_bad_arguments(tmp_path):
    with pytest.raises(UnreadableFileError):
        verify(tmp_path / "no")
    (tmp_path / "empty").mkdir()
    assert "is no catalog" in str(serious(verify(tmp_path / "empty"))[0])
    with pytest.raises(ParameterError, match="sample"):
        verify(tmp_path, sample=0)


def test_an_index_of_another_catalog_is_no_index_of_the_collection(damaged, hats_of, sky):
    for name, seed in (("objects", 0), ("other", 12)):
        if seed:
            hats_of(damaged, name, sky(seed, 900), threshold=100)
        made = {"output_path": damaged, "output_artifact_name": f"by_id_{name}", "indexing_column": "id"}
        make_index(IndexArguments(input_catalog_path=damaged / name, **made))
        words = {"primary": "objects", "indexes": [f"by_id_{name}"], "overwrite": True}
        make_collection(CollectionArguments(input_collection_path=damaged, **words))
        found = serious(verify(damaged, full=True))
        assert bool(found) is (name == "other")
        assert all(fault.check == "index" and "values of id" in fault.message for fault in found)
