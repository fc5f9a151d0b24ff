"""Damaged HATS catalogs: one clear line without a path, and what is whole of them can be looked at."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest_viewing import ROWS, named, open_sky, within_cone

from armillary.catalogs.drawing import Wish
from armillary.catalogs.selection import Selection
from armillary.catalogs.viewing.points import draw_of_sky
from armillary.catalogs.viewing.rows import page_of, rows_within
from armillary.catalogs.views import Cone
from armillary.errors import ArmillaryError, CorruptFileError, FileError, UnsupportedFileError, VersionGoneError

CLUMP = Cone(83.6, -5.4, 1.0)
ELSEWHERE = (200.0, 40.0, 8.0)


@pytest.fixture
def damaged(tmp_path: Path, sky_folder: Path) -> Path:
    """A copy that may be damaged."""
    shutil.copytree(sky_folder, tmp_path / "objects")
    return tmp_path / "objects"


def partition_of_clump(folder: Path) -> Path:
    sky = open_sky(folder)
    from armillary.catalogs.viewing.reach import reach_of

    reach = reach_of(CLUMP)
    place = int(sky.partitions.within(reach.starts, reach.stops)[0])
    return Path(sky.hats.data.path(sky.hats.file(sky.partitions[place])))


def shortened(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


def without_rows(path: Path) -> None:
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.slice(0, len(table) - 5), path)


def without_column(path: Path) -> None:
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["ra"]), path)


def of_text(path: Path) -> None:
    table = pq.read_table(path, partitioning=None)
    texts = pa.array(["x"] * len(table))
    pq.write_table(table.set_column(table.schema.names.index("ra"), "ra", texts), path)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "is named by the catalog and is not there"),
    "empty": (lambda path: path.write_bytes(b""), "is not a Parquet file that can be read"),
    "cut off": (shortened, "is not a Parquet file that can be read"),
    "something else": (lambda path: path.write_text("ra,dec\n1,2\n"), "is not a Parquet file that can be read"),
    "rows are missing": (without_rows, "and the catalog counts"),
    "of another type": (of_text, "is not a Parquet file that can be read"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_partition_is_named_and_the_others_work(damaged: Path, looked_at: pa.Table, kind: str) -> None:
    path = partition_of_clump(damaged)
    damage, words = DAMAGE[kind]
    damage(path)
    sky = open_sky(damaged)
    for work in (
        lambda: draw_of_sky(sky, CLUMP, Wish(1000)),
        lambda: rows_within(sky, 83.6, -5.4, 1.0, ROWS),
        lambda: page_of(sky, Selection(view=CLUMP), None, 0, 10),
    ):
        with pytest.raises(CorruptFileError) as caught:
            work()
        message = caught.value.message
        assert words in message
        assert path.name in message
        assert str(damaged.parent) not in message
        assert "\n" not in message
    rows, _ = rows_within(sky, *ELSEWHERE, ROWS)
    assert named(sky, rows) == within_cone(looked_at, *ELSEWHERE)


def test_a_column_that_a_partition_lacks_is_without_values(damaged: Path) -> None:
    path = partition_of_clump(damaged)
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.drop_columns(["mag"]), path)
    sky = open_sky(damaged)
    found = draw_of_sky(sky, CLUMP, Wish(1000, columns={"size": sky.numeric_field("mag", "size")}))
    assert np.isnan(found.columns["size"]).any()


WORDS: dict[str, Callable[[Path], object]] = {
    "partition_info.csv of something else": lambda folder: (folder / "partition_info.csv").write_text("a,b\n1,2\n"),
    "pixels beyond the sky": lambda folder: (folder / "partition_info.csv").write_text("Norder,Npix\n0,12\n"),
    "pixels that overlap": lambda folder: (folder / "partition_info.csv").write_text("Norder,Npix\n0,1\n1,4\n"),
    "binary partition_info.csv": lambda folder: (folder / "partition_info.csv").write_bytes(b"\xff\xfe\x00" * 40),
    "binary properties": lambda folder: (folder / "hats.properties").write_bytes(b"\x00\x01" * 50),
    "an unknown kind": lambda folder: (folder / "hats.properties").write_text("dataproduct_type=picture\n"),
    "columns that are not there": lambda folder: (folder / "hats.properties").write_text("hats_col_ra=x\n"),
    "an order that is none": lambda folder: (folder / "hats.properties").write_text("hats_col_healpix_order=x\n"),
    "broken metadata": lambda folder: (folder / "dataset/_common_metadata").write_bytes(b"PAR1nothingPAR1"),
}


@pytest.mark.parametrize("kind", WORDS)
def test_broken_words_are_told_in_a_line(damaged: Path, kind: str) -> None:
    WORDS[kind](damaged)
    with pytest.raises(ArmillaryError) as caught:
        open_sky(damaged)
    assert "\n" not in caught.value.message
    assert str(damaged.parent) not in caught.value.message


@pytest.mark.parametrize("kind", ["margin", "index", "association", "map"])
def test_what_is_no_catalog_of_sources_is_refused(damaged: Path, kind: str) -> None:
    words = (damaged / "hats.properties").read_text().replace("dataproduct_type=object", f"dataproduct_type={kind}")
    (damaged / "hats.properties").write_text(words)
    with pytest.raises(UnsupportedFileError, match=f"is the {kind} of a catalog: show the catalog itself"):
        open_sky(damaged)


def not_of_the_sky(path: Path) -> None:
    from astropy.io import fits

    with fits.open(path, mode="update") as hdus:
        hdus[1].header["COORDSYS"] = "G"


SKYMAPS: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "no FITS": lambda path: path.write_bytes(b"nothing" * 1000),
    "galactic": not_of_the_sky,
}


@pytest.mark.parametrize("kind", SKYMAPS)
def test_without_a_sky_map_that_can_be_read_the_partitions_are_counted(
    damaged: Path, looked_at: pa.Table, kind: str
) -> None:
    SKYMAPS[kind](damaged / "skymap.fits")
    sky = open_sky(damaged)
    assert sky.counts.total == ROWS
    assert sky.counts.of_partitions is None
    assert sky.numbering.dense
    rows, _ = rows_within(sky, 83.6, -5.4, 1.0, ROWS)
    assert named(sky, rows) == within_cone(looked_at, 83.6, -5.4, 1.0)


def test_a_sky_map_that_counts_other_rows_numbers_nothing(damaged: Path) -> None:
    words = (damaged / "hats.properties").read_text().replace(f"hats_nrows={ROWS}", "hats_nrows=12001")
    (damaged / "hats.properties").write_text(words)
    sky = open_sky(damaged)
    assert sky.count == 12_001
    assert int(sky.numbering.starts[-1]) == ROWS


def test_a_file_that_changes_while_it_is_read_gives_no_mixture(damaged: Path) -> None:
    path = partition_of_clump(damaged)
    sky = open_sky(damaged)
    rows, _ = rows_within(sky, 83.6, -5.4, 1.0, ROWS)
    table = pq.read_table(path, partitioning=None)
    file = next(iter(sky.partition(number).files[0] for number in range(len(sky.partitions))
                     if sky.partition(number).files[0].name.endswith(path.name)))  # fmt: skip
    pq.write_table(table, path)
    with pytest.raises(VersionGoneError):
        file.column(0, "mag")
    # A new look at the file reads it as it is.
    assert named(sky, rows) == named(open_sky(damaged), rows_within(open_sky(damaged), 83.6, -5.4, 1.0, ROWS)[0])


def test_files_beyond_what_is_allowed_are_not_read(sky_folder: Path) -> None:
    sky = open_sky(sky_folder, allows=lambda path: "Norder" not in path)
    with pytest.raises(FileError, match="lies outside the folders that are allowed"):
        rows_within(sky, 83.6, -5.4, 1.0, ROWS)
