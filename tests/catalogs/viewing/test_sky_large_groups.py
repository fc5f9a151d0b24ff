"""Row groups that are too large to be read whole are read in pieces: the same sources, few rows at a time."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest_viewing import ROWS, named, open_sky, within_cone

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.drawing import Wish
from armillary.catalogs.viewing import gathering, partitions
from armillary.catalogs.viewing.catalog import SkyCatalog
from armillary.catalogs.viewing.partitions import PartitionFile, RowGroup
from armillary.catalogs.viewing.points import draw_of_sky
from armillary.catalogs.viewing.rows import rows_within
from armillary.catalogs.views import Cone
from armillary.errors import UnsupportedFileError

MOST, PIECE, BATCH = 100, 64, 50


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of 250 rows count as too large; edges of pieces are none of batches."""
    for name, value in {"MOST_GROUP_ROWS": MOST, "PIECE_ROWS": PIECE, "BATCH_ROWS": BATCH}.items():
        monkeypatch.setattr(partitions, name, value)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[RowGroup]:
    """What was made a catalog of."""
    found: list[RowGroup] = []
    part = SkyCatalog.part

    def noted(self: SkyCatalog, group: RowGroup) -> Catalog:
        found.append(group)
        return part(self, group)

    monkeypatch.setattr(SkyCatalog, "part", noted)
    return found


@pytest.mark.parametrize(("ra", "dec", "radius"), [(83.6, -5.4, 1.0), (0, 90, 3.0), (200, 40, 30.0)])
def test_the_same_sources_are_found(
    any_sky: SkyCatalog, taken: list[RowGroup], looked_at: pa.Table, ra: float, dec: float, radius: float
) -> None:
    expected = within_cone(looked_at, ra, dec, radius)
    rows, total = rows_within(any_sky, ra, dec, radius, ROWS)
    assert named(any_sky, rows) == expected
    assert total == len(expected)
    assert named(any_sky, draw_of_sky(any_sky, Cone(ra, dec, radius), Wish(50_000)).rows) == expected
    assert max(group.rows for group in taken) <= MOST
    assert any(group.skip for group in taken)


def test_only_pieces_that_a_view_meets_are_read(opened: SkyCatalog, taken: list[RowGroup]) -> None:
    rows_within(opened, 83.6, -5.4, 0.02, ROWS)
    met = {(group.file.name, group.number) for group in taken if group.file.sizes[group.number] > MOST}
    pieces = sum(len(group.file.edges(group.number)) - 1 for group in {(g.file, g.number): g for g in taken}.values())
    assert met
    assert len(set(taken)) < pieces


def test_pieces_are_counted_as_what_is_read_for_a_view(
    opened: SkyCatalog, looked_at: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST_ROWS", 2 * PIECE)
    found = draw_of_sky(opened, Cone(83.6, -5.4, 0.02), Wish(50_000))
    assert named(opened, found.rows) == within_cone(looked_at, 83.6, -5.4, 0.02)


def file_of(path: Path, index: pa.Array) -> PartitionFile:
    pq.write_table(pa.table({"cell": index}), path)
    return PartitionFile(str(path), pa.schema({"cell": index.type}))


def test_bounds_are_those_of_each_piece(tmp_path: Path) -> None:
    values = np.random.default_rng(3).integers(-(1 << 62), 1 << 62, 333)
    file = file_of(tmp_path / "some.parquet", pa.array(values))
    edges = file.edges(0)
    assert (edges[0], edges[-1], len(edges)) == (0, 333, 7)
    pieces = [values[low:high] for low, high in itertools.pairwise(edges)]
    lows, highs = file.bounds_of_pieces(0, "cell")
    assert lows.tolist() == [int(piece.min()) for piece in pieces]
    assert highs.tolist() == [int(piece.max()) for piece in pieces]
    assert file.column(0, "cell", int(edges[2]), int(edges[3] - edges[2])).to_pylist() == pieces[2].tolist()


def test_where_values_tell_nothing_a_piece_may_hold_anything(tmp_path: Path) -> None:
    limits = np.iinfo(np.int64)
    file = file_of(tmp_path / "some.parquet", pa.array([*range(200), *[None] * 200], pa.int64()))
    lows, highs = file.bounds_of_pieces(0, "cell")
    assert (lows[-1], highs[-1]) == (limits.min, limits.max)
    assert (lows[0], highs[0]) == (0, int(file.edges(0)[1]) - 1)
    beyond = file_of(tmp_path / "beyond.parquet", pa.array([1 << 63] * 200, pa.uint64()))
    assert [bound.tolist() for bound in beyond.bounds_of_pieces(0, "cell")] == [[limits.min] * 4, [limits.max] * 4]


def test_columns_are_those_of_the_catalog(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    lists = [[k] * (k % 3) for k in range(150)]
    pq.write_table(pa.table({"a.b": pa.array(range(150), pa.int32()), "list": lists}), path)
    schema = pa.schema({"a.b": pa.int64(), "missing": pa.float32(), "list": pa.list_(pa.int64())})
    file = PartitionFile(str(path), schema)
    found = file.rows(0, schema.names, np.array([3, 149]))
    assert found.schema == schema
    assert found.to_pydict() == {"a.b": [3, 149], "missing": [None, None], "list": [lists[3], lists[149]]}
    assert file.column(0, "a.b", 100, 50).to_pylist() == list(range(100, 150))
    assert file.column(0, "missing", 100, 50).null_count == 50


def test_still_larger_ones_are_refused(sky_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "MOST_STREAMED_ROWS", 100)
    with pytest.raises(UnsupportedFileError, match=r"row group of [0-9]+ rows, and at most 100 are read: .* convert"):
        rows_within(open_sky(sky_folder), 83.6, -5.4, 1.0, ROWS)
