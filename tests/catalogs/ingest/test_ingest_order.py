"""Rows in the order of the sky, and what an import need not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs import import_catalog
from armillary.catalogs.arrays import arrow_of, numpy_of
from armillary.catalogs.ingest import run
from armillary.catalogs.ingest.alignment import COARSE_ORDER, Counts, align, map_order
from armillary.catalogs.ingest.making import total_counts
from armillary.catalogs.ingest.pieces import sorted_cells
from armillary.errors import UsageError


def crowds(kind: str) -> np.ndarray:
    rng = np.random.default_rng(8)
    last = 12 << 58
    made = {
        "spread": rng.integers(-1, last, 5000),
        "one cell": np.full(300, last - 1),
        "within the last digits": (7 << 40) + rng.integers(0, 1 << 14, 5000),
        "few places, spread within": np.repeat(rng.integers(0, last >> 30, 60), 90) * (1 << 30)
        + rng.integers(0, 1 << 30, 5400),
        "twice each": rng.permutation(np.repeat(rng.integers(0, last, 1000), 2)),
        "no place": np.concatenate([rng.integers(0, 4, 500), np.full(20, -1)]),
        "none": np.empty(0, np.int64),
        "ends": np.array([last - 1, 0, -1, last - 1, 0, -1]),
    }
    return made[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "spread",
        "one cell",
        "within the last digits",
        "few places, spread within",
        "twice each",
        "no place",
        "none",
        "ends",
    ],
)
def test_order_is_stable(kind: str) -> None:
    cells = crowds(kind)
    order = np.argsort(cells, kind="stable")
    found = sorted_cells(cells)
    assert np.array_equal(found[1], order)
    assert np.array_equal(found[0], cells[order])


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"])
def test_numbers_come_through(dtype: str) -> None:
    values = np.arange(9).astype(dtype)
    chunked = pa.chunked_array([values[:4], values[4:4], values[4:]])
    for column in (pa.array(values), pa.array(values)[3:7], chunked, chunked[2:8], chunked[3:3]):
        found = numpy_of(column)
        assert found.dtype == values.dtype
        assert found.tolist() == column.to_pylist()


def test_missing_numbers_are_nan() -> None:
    assert np.array_equal(numpy_of(pa.array([1.0, None])), [1.0, np.nan], equal_nan=True)


def test_numbers_go_back() -> None:
    turned = np.arange(12, dtype=np.int32)[::-3]
    assert arrow_of(turned).equals(pa.array(turned.astype(np.int64)))
    assert arrow_of(np.array([0.5], np.float32)).equals(pa.array([0.5]))


def test_a_small_import_loads_nothing_slow(tmp_path: Path) -> None:
    """Each of them takes longer to load than many rows to import."""
    rng = np.random.default_rng(2)
    table = pa.table({"id": np.arange(500), "ra": rng.uniform(0, 360, 500), "dec": rng.uniform(-80, 80, 500)})
    pq.write_table(table, tmp_path / "a.parquet")
    program = (
        "import sys; from armillary.catalogs import import_catalog; "
        f"import_catalog(input_paths=[{str(tmp_path / 'a.parquet')!r}], output_path={str(tmp_path)!r}, "
        "output_artifact_name='small', pixel_threshold=100); "
        "print(*sorted({'pandas', 'numba', 'astropy', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert (tmp_path / "small" / "hats.properties").exists()


@pytest.mark.parametrize("order", [3, 11])
def test_counts_beyond_four_thousand_million(order: int) -> None:
    counts = {"a": Counts(np.array([2, 5]), np.array([3 << 30, 1])), "b": Counts(np.array([2]), np.array([2 << 30]))}
    shop = SimpleNamespace(order=order)
    total = total_counts(shop, ["a", "b"], counts.__getitem__, order)  # type: ignore[arg-type]
    assert (total.pixels.tolist(), total.counts.tolist()) == ([2, 5], [5 << 30, 1])
    assert total.counts.dtype == np.int64


def test_counts_in_larger_pixels() -> None:
    cells = np.sort(np.concatenate(gathered_cells(1)))
    shop, counts = SimpleNamespace(order=10), {"a": Counts.of(cells, 38), "b": Counts.of(cells[::7], 38)}
    for order in (10, 8, 3):
        found = total_counts(shop, ["a", "b"], counts.__getitem__, order)  # type: ignore[arg-type]
        both = np.concatenate([cells, cells[::7]]) >> (2 * (29 - order))
        pixels, many = np.unique(both, return_counts=True)
        assert np.array_equal(found.pixels, pixels)
        assert np.array_equal(found.counts, many)


@pytest.mark.parametrize("shift", [0, 30, 50, 58])
@pytest.mark.parametrize("kinds", [["spread", "one cell", "none"], ["none"], ["within the last digits"] * 2])
def test_counts_of_sorted_pieces(kinds: list[str], shift: int) -> None:
    pieces = [np.sort(np.tile(cells[cells >= 0], 20)) for cells in map(crowds, kinds)]
    found = Counts.among(pieces, shift)
    pixels, counts = np.unique(np.concatenate(pieces) >> shift, return_counts=True)
    assert np.array_equal(found.pixels, pixels)
    assert np.array_equal(found.counts, counts)


def test_partitions_written_together_are_those_written_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    for number in range(3):
        dec = np.degrees(np.arcsin(rng.uniform(-1, 1, 4000)))
        table = pa.table({"id": np.arange(4000), "ra": rng.uniform(0, 360, 4000), "dec": dec})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    tasks: list[int] = []
    real = run.write_pixels
    monkeypatch.setattr(
        run, "write_pixels", lambda shop, argument: tasks.append(len(argument[0])) or real(shop, argument)
    )

    def files(name: str, **words: Any) -> dict[str, bytes]:
        catalog = import_catalog(
            input_paths=sorted(tmp_path.glob("?.parquet")), output_path=tmp_path, output_artifact_name=name,
            pixel_threshold=60, create_thumbnail=True, **words,
        )  # fmt: skip
        return {file: catalog.data.read(file) for file in catalog.data.files()}

    together = files("together")
    assert max(tasks) > 2
    assert sum(tasks) == len([file for file in together if "Npix" in file]) > 200
    assert files("stored", memory_bytes=0) == together
    tasks.clear()
    monkeypatch.setattr(run, "grouped", lambda weights, most: [range(k, k + 1) for k in range(len(weights))])
    assert files("alone") == together
    assert max(tasks) == 1


def gathered_cells(seed: int) -> list[np.ndarray]:
    """Pieces of a clump, a field and a sparse sky."""
    rng = np.random.default_rng(seed)
    clump = (5 << 55) + rng.integers(0, 1 << 50, 3000)
    field = (9 << 57) + rng.integers(0, 1 << int(rng.integers(46, 57)), 2000)
    return [np.sort(cells) for cells in (clump, field, rng.integers(0, 12 << 58, 900))]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("drop", [False, True])
def test_partitions_are_the_same_by_larger_pixels(seed: int, drop: bool) -> None:
    pieces = gathered_cells(seed)
    coarse = Counts.dense(pieces, COARSE_ORDER)
    fine = Counts.among(pieces, 2 * (29 - 11))
    threshold = int(coarse.counts.max()) + seed * 40
    for lowest in (0, 3, COARSE_ORDER - 1):
        words: dict[str, Any] = {"lowest_order": lowest, "drop_empty_siblings": drop}
        assert align(coarse, COARSE_ORDER, threshold, **words) == align(fine, 11, threshold, **words)


@pytest.mark.parametrize(
    ("rows", "pixels", "highest", "order"),
    [(10, 10, 10, 0), (12 * 4**8 * 4, 12 * 4**8, 10, 8), (12 * 4**8 * 3, 12 * 4**8, 10, 7), (16 * 500, 500, 10, 9),
     (10**7, 500, 10, 10), (10**7, 500, 8, 8), (10**9, 500, 29, 17), (63 * 100, 100, 12, 9), (64 * 100, 100, 12, 10)],
)  # fmt: skip
def test_pixels_of_a_sky_map_hold_some_rows(rows: int, pixels: int, highest: int, order: int) -> None:
    counts = np.full(pixels, rows // pixels)
    counts[: rows % pixels] += 1
    step = 12 * 4**COARSE_ORDER // pixels
    assert map_order(Counts(np.arange(pixels) * step, counts), COARSE_ORDER, highest) == order


@pytest.mark.parametrize(
    ("words", "map_of"),
    [
        ({}, 8),
        ({"skymap_order": 4}, 4),
        ({"skymap_alt_orders": [2]}, 10),
        ({"skymap_alt_orders": [2, 12]}, 10),
        ({"skymap_order": 9, "skymap_alt_orders": [12]}, 9),
        ({"skymap_order": 12}, 10),
        ({"highest_healpix_order": 5}, 5),
    ],
)
def test_sky_maps_are_the_same_however_rows_are_counted(
    words: dict[str, Any], map_of: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    table = pa.table({"ra": rng.uniform(80, 90, 20_000), "dec": rng.uniform(-5, 5, 20_000)})
    pq.write_table(table, tmp_path / "a.parquet")
    found = {}
    for name, order in (("larger", COARSE_ORDER), ("stored", COARSE_ORDER), ("smallest", 99)):
        monkeypatch.setattr("armillary.catalogs.ingest.making.COARSE_ORDER", order)
        if name == "smallest":
            monkeypatch.setattr("armillary.catalogs.ingest.making.map_order", lambda *_: found["order"])
        catalog = import_catalog(
            input_paths=[tmp_path / "a.parquet"], output_path=tmp_path, output_artifact_name=name, pixel_threshold=900,
            **words, **({"memory_bytes": 0} if name == "stored" else {}),
        )  # fmt: skip
        found[name] = {file: catalog.folder.read(file) for file in catalog.folder.files() if "properties" not in file}
        found["order"] = int(catalog.properties["hats_skymap_order"])
        assert catalog.rows == 20_000
    assert found["larger"] == found["stored"] == found["smallest"]
    assert found["order"] == map_of


def test_a_catalog_that_lacks_rows_is_not_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"ra": np.linspace(0, 350, 2000), "dec": np.linspace(-80, 80, 2000)})
    pq.write_table(table, tmp_path / "a.parquet")
    monkeypatch.setattr(run, "align", lambda *words, **more: align(*words, **more)[1:])
    with pytest.raises(UsageError, match=r"^2,000 rows were read, and 1,\d+ written: the catalog is not finished\.$"):
        import_catalog(input_paths=[tmp_path / "a.parquet"], output_path=tmp_path, output_artifact_name="made")
    assert not (tmp_path / "made" / "hats.properties").exists()
