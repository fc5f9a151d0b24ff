"""Bounds of the index in footers: as pyarrow tells them, and nothing worse than none of damaged ones."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.catalogs.hats import footers
from armillary.catalogs.hats.footer_kernels import bounds, paths
from armillary.catalogs.hats.footers import paths_of
from armillary.catalogs.viewing.partitions import PartitionFile

NAME = "_healpix_29"
NONE = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)


def table(rows: int = 1000) -> pa.Table:
    rng = np.random.default_rng(3)
    return pa.table(
        {
            "nested": pa.array([{"a": k, "b": [k, None]} for k in range(rows)]),
            NAME: np.sort(rng.integers(-(1 << 40), 1 << 62, rows)),
            "ra": rng.random(rows),
            "name": [f"n{k}" for k in range(rows)],
            "flag": rng.random(rows) < 0.5,
            "gone": pa.array([None] * rows, pa.int64()),
        }
    )


@pytest.mark.parametrize("version", ["1.0", "2.6"])
@pytest.mark.parametrize("rows_in_group", [1, 37, 1000])
def test_as_pyarrow_tells_them(tmp_path: Path, version: str, rows_in_group: int) -> None:
    path = tmp_path / "part.parquet"
    pq.write_table(table(), path, row_group_size=rows_in_group, version=version)
    metadata = pq.read_metadata(path)
    place = [metadata.row_group(0).column(k).path_in_schema for k in range(metadata.num_columns)].index(NAME)
    expected = [metadata.row_group(k).column(place).statistics for k in range(metadata.num_row_groups)]
    lows, highs = PartitionFile(str(path), table().schema).bounds(NAME)
    assert lows.tolist() == [entry.min for entry in expected]
    assert highs.tolist() == [entry.max for entry in expected]


@pytest.mark.parametrize("name", ["nope", "gone", "ra", "flag"])
def test_without_bounds_everything_may_be_there(tmp_path: Path, name: str) -> None:
    pq.write_table(table(), tmp_path / "a.parquet", row_group_size=300)
    lows, highs = PartitionFile(str(tmp_path / "a.parquet"), table().schema).bounds(name)
    assert {*zip(lows.tolist(), highs.tolist(), strict=True)} <= {NONE} or name == "ra"
    pq.write_table(table(), tmp_path / "b.parquet", row_group_size=300, write_statistics=False)
    lows, highs = PartitionFile(str(tmp_path / "b.parquet"), table().schema).bounds(NAME)
    assert {*zip(lows.tolist(), highs.tolist(), strict=True)} == {NONE}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    lows, highs = np.full(5, NONE[0]), np.full(5, NONE[1])
    count = bounds(np.frombuffer(data, np.uint8), np.frombuffer(NAME.encode(), np.uint8), lows, highs)
    assert 0 <= count <= 5
    assert (lows <= highs).all()


def collected(folder: Path, names: list[str]) -> Path:
    """Metadata of several files, as a catalog has them."""
    parts: list[Any] = []
    for name in names:
        pq.write_table(table(90), folder / "part.parquet", row_group_size=40, metadata_collector=parts)
        parts[-1].set_file_path(name)
    pq.write_metadata(table().schema, folder / "_metadata", metadata_collector=parts)
    return folder / "_metadata"


def test_files_are_those_that_the_metadata_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"Norder=2/Dir=0/Npix={k}/{'é' * k}.parquet" for k in range(40)]
    with collected(tmp_path, names).open("rb") as file:
        assert paths_of(file) == names
        monkeypatch.setattr(footers, "MOST_GROUPS", 119)
        with pytest.raises(ValueError, match="more row groups than are read"):
            paths_of(file)
    with (tmp_path / "part.parquet").open("rb") as file:
        assert paths_of(file) == []


def test_broken_metadata_name_no_files_or_some(tmp_path: Path) -> None:
    whole = collected(tmp_path, ["a", "b"]).read_bytes()
    footer, rng = whole[4:-8], random.Random(5)
    for _ in range(200):
        data = bytearray(footer[: rng.randrange(len(footer))] if rng.random() < 0.3 else footer)
        for _ in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        firsts, sizes = np.zeros((2, 50), np.int64)
        count = paths(np.frombuffer(bytes(data), np.uint8), firsts, sizes)
        assert -1 <= count <= len(data)
        assert (firsts >= 0).all()
        assert (sizes >= 0).all()
        assert (firsts[sizes > 0] < len(data)).all()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_name_files_outside_of_them(data: bytes) -> None:
    firsts, sizes = np.zeros((2, 5), np.int64)
    assert paths(np.frombuffer(data, np.uint8), firsts, sizes) <= len(data)
    assert ((firsts >= 0) & (firsts <= len(data)) & (sizes >= 0)).all()


def test_footers_that_break_off(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "a.parquet", row_group_size=100)
    data = (tmp_path / "a.parquet").read_bytes()
    footer = np.frombuffer(data[-8 - int.from_bytes(data[-8:-4], "little") : -8], np.uint8)
    name = np.frombuffer(NAME.encode(), np.uint8)
    counts = []
    for stop in range(0, len(footer), 7):
        lows, highs = np.full(10, NONE[0]), np.full(10, NONE[1])
        counts.append(int(bounds(footer[:stop], name, lows, highs)))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 10)


DAMAGED = """
import sys
import numpy as np
from armillary.catalogs.viewing.partitions import Partition, PartitionFile
from armillary.errors import ArmillaryError
import pyarrow.parquet as pq

schema = pq.read_schema(sys.argv[1])
for path in sys.argv[2:]:
    try:
        part = Partition([PartitionFile(path, schema)])
        for group in part.groups_within("_healpix_29", np.array([0]), np.array([1 << 61])):
            group.file.column(group.number, "ra")
            group.file.rows(group.number, ["name"], np.array([0]))
        print("read")
    except ArmillaryError as error:
        print(error.message)
"""


def test_damaged_files_are_told_of_and_end_no_process(tmp_path: Path) -> None:
    """Bytes of the footer are overwritten: among such files some end the process at statistics that pyarrow reads."""
    good = tmp_path / "good.parquet"
    pq.write_table(table().drop_columns(["nested"]), good, row_group_size=100)
    data = good.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    rng = random.Random(11)
    paths = []
    for number in range(250):
        bad = bytearray(data)
        for _ in range(rng.choice([1, 1, 3])):
            bad[rng.randrange(start, len(bad))] = rng.randrange(256)
        paths.append(tmp_path / f"bad-{number}.parquet")
        paths[-1].write_bytes(bad)
    for stop in (0, 5, 100, start, len(data) - 1):
        paths.append(tmp_path / f"short-{stop}.parquet")
        paths[-1].write_bytes(data[:stop])
    command = [sys.executable, "-c", DAMAGED, str(good), *map(str, paths)]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr[-2000:]
    told = run.stdout.splitlines()
    assert len(told) == len(paths)
    assert not any(str(tmp_path) in line for line in told)
    assert all("Parquet" in line for line in told[-5:])
    assert sum(line != "read" for line in told) > 20
