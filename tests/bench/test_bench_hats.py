"""What the benchmark of HATS catalogs stands on: its tables, its measuring, and its comparison of pairs."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.hats.writing import Writing, with_index

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Modules of the benchmarks, with a folder for data of their own."""
    monkeypatch.setenv("ARMILLARY_BENCH_DATA", str(tmp_path))
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"bench.{name}")


def test_rows_are_those_of_the_goals_unless_asked_for(
    module: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = module("data")
    monkeypatch.delenv("ARMILLARY_BENCH_ROWS", raising=False)
    assert data.rows() == 5_000_000
    monkeypatch.setenv("ARMILLARY_BENCH_ROWS", "1234")
    assert data.rows() == 1234


def test_a_survey_has_uniform_rows_clumps_and_a_strip(module: Callable[[str], Any]) -> None:
    hats_tables = module("hats_tables")
    home = hats_tables.survey(20_000)
    files = sorted(home.glob("*.parquet"))
    assert len(files) == hats_tables.FILES
    table = pq.read_table(home)
    ids, ra, dec = (table.column(name).to_numpy() for name in ("id", "ra", "dec"))
    assert sorted(ids.tolist()) == list(range(20_000))
    assert ra.min() >= 0.0
    assert ra.max() < 360.0
    assert np.abs(dec).max() <= 90.0
    strip = ((ra > 100) & (ra < 160) & (np.abs(dec) < 1)).mean()
    assert 0.1 < strip < 0.12
    assert hats_tables.survey(20_000) == home


def test_pairs_of_tables_match_in_part(module: Callable[[str], Any]) -> None:
    left, right = (pq.read_table(home) for home in module("hats_tables").pair(5000))
    assert len(left) == len(right) == 5000
    first, second = (
        np.stack([table.column("ra").to_numpy(), table.column("dec").to_numpy()], axis=1) for table in (left, right)
    )
    apart = np.abs(first[:200, None] - second[None]).max(axis=2).min(axis=1) * 3600 * np.cos(np.radians(first[:200, 1]))
    assert 0.5 < (apart < 5).mean() < 0.9


def test_a_program_is_measured(module: Callable[[str], Any], tmp_path: Path) -> None:
    words: dict[str, Any] = {"input": str(module("hats_tables").survey(5000)), "output": str(tmp_path), "name": "made"}
    words |= {"threshold": 1000, "level": 1}
    run = module("measured").run("bench.hats_jobs", "our-import", json.dumps(words), memory=True)
    assert (tmp_path / "made" / "hats.properties").exists()
    assert run.cpu_s > 0
    assert run.wall_s > 0
    assert 30 < run.peak_mb < 2000
    assert len(module("hats")._partitions(tmp_path / "made")) > 5


def test_both_write_alike(module: Callable[[str], Any]) -> None:
    table = pq.read_table(module("hats_tables").survey(5000))
    schema = with_index(table, np.arange(5000)).schema
    for level in (1, 15):
        theirs = module("hats_jobs").writing(level)
        assert Writing(level=level).arguments(schema) == {
            name: theirs[name] for name in theirs if "statistics" not in name
        }


def test_a_program_that_fails_is_told(module: Callable[[str], Any]) -> None:
    measured = module("measured")
    with pytest.raises(measured.FailedError, match="status 1"):
        measured.run("bench.hats_jobs", "no-such-job", "{}")


@pytest.mark.parametrize(
    ("change", "says"), [({"right": [4, 5]}, "pairs"), ({"left": [1]}, "pairs"), ({"apart": [0.1, 0.3]}, "distances")]
)
def test_results_that_differ_are_told(
    module: Callable[[str], Any], tmp_path: Path, change: dict[str, list[float]], says: str
) -> None:
    hats = module("hats")
    ours = {"left": [1, 2], "right": [4, 6], "apart": [0.1, 0.2]}
    np.savez(tmp_path / "ours.npz", **ours)
    np.savez(tmp_path / "theirs.npz", **ours)
    assert hats._compared(tmp_path) == 2
    np.savez(tmp_path / "theirs.npz", **(ours | change))
    with pytest.raises(hats.DiffersError, match=says):
        hats._compared(tmp_path)
