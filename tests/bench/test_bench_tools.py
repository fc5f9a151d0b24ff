"""The tools of the benchmarks measure what they say."""

import importlib
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
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


@pytest.fixture
def maker(bench):
    """A server that makes something of every body, at an address of its own; refuses the body ``no``."""
    processes = bench("processes")
    port = processes.free_port()
    program = "import uvicorn\nmade = []\nasync def app(scope, receive, send):\n"
    program += "    body = (await receive()).get('body', b'')\n    made.append(body)\n"
    program += "    head = [(b'location', b'/made/' + body), (b'content-length', b'0')]\n"
    program += "    status = 400 if body == b'no' else 303\n"
    program += "    await send({'type': 'http.response.start', 'status': status, 'headers': head})\n"
    program += "    await send({'type': 'http.response.body', 'body': b''})\n"
    program += f"uvicorn.run(app, port={port}, log_config=None, lifespan='off')\n"
    with processes.running([sys.executable, "-c", program], port, answer="/") as server:
        yield server


def test_bodies_are_posted_once_each(bench, maker):
    places = bench("posting").post_all(maker.port, "/x", "text/plain", [b"%d" % k for k in range(40)], clients=3)
    assert places == [f"/made/{k}" for k in range(40)]


def test_a_refused_body_is_told(bench, maker):
    with pytest.raises(bench("load").LoadError, match="400"):
        bench("posting").post_all(maker.port, "/x", "text/plain", [b"1", b"no"], clients=1)


def test_peer_of_cutouts_gives_the_pixels(bench, tmp_path):
    pixels = np.arange(60 * 50, dtype=np.int16).reshape(60, 50)
    cards = bench("data").tan_cards() | {"CRPIX1": 25.5, "CRPIX2": 30.5}
    fits.PrimaryHDU(pixels, fits.Header(cards)).writeto(tmp_path / "image.fits")
    scale = bench("cutouts").SCALE_DEG
    body = bench("astropy_server").cut(tmp_path / "image.fits", 150.0, 2.0, 5 * scale)
    with fits.open(io.BytesIO(body)) as hdus:
        np.testing.assert_array_equal(hdus[0].data, pixels[25:35, 20:30])


def test_sparse_image_is_as_large_as_it_says(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("ARMILLARY_BENCH_DATA", str(tmp_path))
    path = bench("data").sparse_image(1000)
    assert path.stat().st_size % 2880 == 0
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert (hdus[0].data.shape, hdus[0].data.dtype.itemsize, hdus[0].data.any()) == ((1000, 1000), 8, False)


def test_images_are_spread_over_the_sky(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("ARMILLARY_BENCH_DATA", str(tmp_path))
    paths = sorted(bench("data").sky_of_images(50).iterdir())
    heads = [fits.getheader(path) for path in paths]
    places = SkyCoord([head["CRVAL1"] for head in heads], [head["CRVAL2"] for head in heads], unit="deg")
    assert len(paths) == 50
    assert places.match_to_catalog_sky(places, 2)[1].deg.min() > 15


def test_every_benchmark_is_on_the_page(bench):
    page = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    for name in bench("__main__").NAMES:
        assert f"| `{name}` |" in page
