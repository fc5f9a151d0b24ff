"""The tools of the benchmarks measure what they say."""

import importlib
import json
import sys
from pathlib import Path

import pytest
from astropy.io import fits
from astropy.wcs import WCS

ROOT = Path(__file__).resolve().parents[2]
SIZE = 70_000


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"bench.{name}")


@pytest.fixture
def floor(bench):
    processes = bench("processes")
    port = processes.free_port()
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['', '{port}', '{SIZE}', '3']; "
    program += "import runpy; runpy.run_module('bench.bytes_server', run_name='__main__')"
    with processes.running([sys.executable, "-c", program], port, answer="/") as server:
        yield server


def test_row_has_the_keys_of_the_surface(bench, tmp_path):
    table = bench("table")
    rows = [table.row("a", 3.0, "s", floor=2.0, peer=6.0), table.row("b", 1.0, "MB")]
    table.keep(rows, tmp_path / "results.json")
    kept = json.loads((tmp_path / "results.json").read_text())
    assert list(kept[0]) == ["name", "value", "unit", "floor", "peer", "ratio_to_floor", "ratio_to_peer"]
    assert (kept[0]["ratio_to_floor"], kept[0]["ratio_to_peer"]) == (1.5, 0.5)
    assert kept[1]["floor"] is None
    assert kept[1]["ratio_to_peer"] is None


def test_table_is_aligned(bench):
    table = bench("table")
    lines = table.lines([table.row("short", 1, "s"), table.row("a longer name", 12345.6, "MB", floor=2)])
    assert lines[2].index("12,346") + len("12,346") == lines[1].index("1 ") + 1


def test_client_counts_answers_and_bytes(bench, floor):
    result = bench("load").once(floor.port, ["/x"] * 25, clients=4)
    assert result.requests == 25
    assert result.received == 25 * SIZE
    assert len(result.latencies_s) == 25


def test_client_stops_in_time(bench, floor):
    result = bench("load").once(floor.port, ["/x"] * 1_000_000, clients=2, seconds=0.2)
    assert 2 <= result.requests < 1_000_000


def test_steady_load(bench, floor):
    assert bench("load").steady(floor.port, ["/a", "/b"], clients=2, seconds=1).requests > 10


def test_client_refuses_errors(bench, floor, monkeypatch):
    load = bench("load")
    monkeypatch.setattr(load, "_head", lambda _headers: "Transfer-Encoding: nonsense\r\nContent-Length: x\r\n")
    with pytest.raises(load.LoadError, match="400"):
        load.once(floor.port, ["/x"])


def test_server_is_stopped_and_measured(bench, floor):
    assert floor.ready_s > 0
    assert 5 < floor.own_mb() <= floor.resident_mb() < 500


def test_server_that_does_not_start(bench):
    processes = bench("processes")
    with (
        pytest.raises(processes.ServerError),
        processes.running([sys.executable, "-c", "raise SystemExit(3)"], processes.free_port(), answer="/"),
    ):
        pass


def test_small_map_is_a_sound_car_map(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("ARMILLARY_BENCH_DATA", str(tmp_path))
    path = bench("data").small_car_map(4320)
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert hdus[0].data.shape == (1032, 4320)
        assert WCS(hdus[0].header).wcs.ctype[0] == "RA---CAR"
    assert bench("data").small_car_map(4320) == path
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_every_benchmark_is_on_the_page(bench):
    page = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    for name in bench("__main__").NAMES:
        assert f"| `{name}` |" in page
