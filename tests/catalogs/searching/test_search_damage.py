"""Searches read the row groups that they need, and damaged files end no process."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.catalogs.margins.run import make_margin
from armillary.catalogs.searching.run import Search
from armillary.errors import CorruptFileError
from armillary.sky.regions import Circle

SEARCHES = """
import sys
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.searching.run import Search
from armillary.errors import ArmillaryError
from armillary.sky.regions import Circle

part = sys.argv[2]
for path in sys.argv[3:]:
    with open(path, "rb") as bad, open(part, "wb") as file:
        file.write(bad.read())
    try:
        catalog = open_catalog(sys.argv[1])
        print(sum(len(table) for table in Search(catalog, Circle(83.0, -5.0, 2.0)).tables(1)))
    except ArmillaryError as error:
        print(error.message)
"""


@pytest.fixture
def folder(tmp_path, hats_of, sky):
    """A catalog with several row groups in each partition."""
    return open_catalog(hats_of(tmp_path, "groups", sky(5, 4000), row_group_rows=40).folder.address)


def fullest(catalog):
    """File of the partition with most row groups."""
    files = [catalog.data.path(name) for pixel in catalog.partitions for name in catalog.files(pixel)]
    return max(files, key=lambda path: pq.read_metadata(path).num_row_groups)


def test_row_groups_elsewhere_are_not_read(folder):
    path = fullest(folder)
    metadata = pq.read_metadata(path)
    rows = pq.read_table(path, columns=["ra", "dec"], partitioning=None)
    place = Circle(rows["ra"][0].as_py(), rows["dec"][0].as_py(), 1e-4)
    expected = Search(folder, place).count(1)
    last = metadata.row_group(metadata.num_row_groups - 1)
    begin = min(last.column(k).file_offset or last.column(k).data_page_offset for k in range(metadata.num_columns))
    with open(path, "r+b") as file:
        file.seek(begin)
        file.write(b"\xff" * min(400, last.total_byte_size // 2))
    assert Search(folder, place).count(1) == expected > 0


def test_damaged_footers_are_told_of(tmp_path, folder):
    path = fullest(folder)
    shutil.copy(path, tmp_path / "good")
    data = (tmp_path / "good").read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    rng = random.Random(7)
    bad = []
    for number in range(150):
        changed = bytearray(data)
        changed[rng.randrange(start, len(data))] = rng.randrange(256)
        bad.append(tmp_path / f"bad-{number}")
        bad[-1].write_bytes(changed)
    command = [sys.executable, "-c", SEARCHES, folder.folder.address, path, *map(str, bad)]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr[-2000:]
    told = run.stdout.splitlines()
    assert len(told) == len(bad)
    assert not any(str(tmp_path) in line for line in told)
    assert any(not line.isdigit() for line in told)
    assert any(line.isdigit() for line in told)


def test_columns_that_are_not_there_are_named(folder, tmp_path):
    path = fullest(folder)
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["ra"]), path)
    with pytest.raises(CorruptFileError, match=r"Npix=\d+\.parquet: has no column 'ra'\.$"):
        Search(folder, Circle(0.0, 0.0, 180.0), filters="ra > 0").count(1)
    words = tmp_path / "groups" / names.PROPERTIES
    words.write_text(words.read_text().replace("hats_col_ra=ra", "hats_col_ra=alpha"))
    with pytest.raises(CorruptFileError, match="groups: names 'alpha' as a column of positions, and has none"):
        Search(open_catalog(tmp_path / "groups"))
    with pytest.raises(CorruptFileError, match="names 'alpha' as a column of positions"):
        make_margin(
            MarginArguments(input_catalog_path=tmp_path / "groups", output_path=tmp_path, output_artifact_name="m")
        )
