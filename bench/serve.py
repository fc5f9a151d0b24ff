"""A public server: two workers behind nginx with memcached, beside TileMaker and beside nginx alone; many maps; a large
catalog; memory over many tiles. Everything is started here. Run short trials with ARMILLARY_BENCH_TILES=2000."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
import psutil

from bench import data, load, peers, processes
from bench.catalogs import csv_file
from bench.serving import ACCEPTS
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
WARM_TILES = 32
CLIENTS = (16, 64)
TURNS = 5
MAPS = 500
SOURCES = 1_000_000
RANDOM_TILES = int(os.environ.get("ARMILLARY_BENCH_TILES", "100000"))


def write_holdings(path: Path, files: list[Path], catalog: Path | None = None) -> Path:
    """A configuration with a map of one layer for each file."""
    maps = []
    for k, file in enumerate(files):
        layer = {"layer_id": f"layer-{k}", "name": "Intensity"}
        layer["provider"] = {"provider_type": "fits", "filename": str(file)}
        band = {"band_id": "band", "name": "Band", "layers": [layer]}
        maps.append({"map_id": f"map-{k}", "name": f"Map {k} of season {k % 7}", "bands": [band]})
    document: dict = {"map_groups": [{"map_group_id": "group", "name": "Group", "maps": maps}]}
    if catalog is not None:
        provider = {"provider_type": "csv", "filename": str(catalog)}
        document["source_groups"] = [{"source_group_id": "sources", "name": "Sources", "provider": provider}]
    path.write_text(json.dumps(document))
    return path


@contextlib.contextmanager
def serving(holdings: Path, *options: str | int, workers: int = WORKERS) -> Iterator[processes.Server]:
    """``armillary serve`` on a configuration."""
    port = processes.free_port()
    command = [sys.executable, "-m", "armillary", "serve", holdings, "--workers", workers, "--port", port, *options]
    with processes.running([str(word) for word in command], port) as server:
        yield server


@contextlib.contextmanager
def memcached() -> Iterator[int]:
    """A memcached of its own; its port."""
    port = processes.free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = ["memcached", *user, "-l", "127.0.0.1", "-p", str(port), "-m", "512", "-I", "4m"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield port
        finally:
            process.kill()


def _wait(port: int) -> None:
    import socket

    for _ in range(250):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise processes.ServerError(f"Nothing listens on port {port}.")


@dataclass
class Nginx:
    """nginx: a port that leads to the workers, and one that serves the files of a folder."""

    port: int
    static_port: int
    folder: Path


def _nginx_text(folder: Path, front: Nginx, upstream: int) -> str:
    """The sample's way of passing on, without TLS, which would cost both sides of the comparison the same."""
    sample = (ROOT / "deploy" / "nginx.conf").read_text()
    passing = [line for line in re.findall(r"^ +(proxy_\S+ .*;)$", sample, re.MULTILINE) if "proxy_pass" not in line]
    places = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    return f"""
daemon off; worker_processes auto; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; gzip off; sendfile on; tcp_nopush on; {" ".join(places)}
  upstream armillary {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_timeout 20s; }}
  server {{ listen 127.0.0.1:{front.port} backlog=1024;
    location / {{ proxy_pass http://armillary; {" ".join(passing)} }} }}
  server {{ listen 127.0.0.1:{front.static_port} backlog=1024; root {front.folder}; }}
}}
"""


@contextlib.contextmanager
def nginx(upstream: int) -> Iterator[Nginx]:
    """nginx in front of a port, and as a server of files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        front = Nginx(processes.free_port(), processes.free_port(), folder / "static")
        front.folder.mkdir()
        (folder / "nginx.conf").write_text(_nginx_text(folder, front, upstream))
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                _wait(front.port)
                yield front
            finally:
                process.terminate()


def _known(port: int, layer: str) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/layers/{quote(layer)}", timeout=60) as answer:
        return json.loads(answer.read())


def _tiles(known: dict, ext: str, count: int, seed: int) -> list[str]:
    """Addresses of full-resolution tiles at random places."""
    size, level = known["tile_size"], known["levels"] - 1
    rows, cols = (side // size for side in known["shape"])
    places = np.random.default_rng(seed).integers(0, rows * cols, count)
    base = f"/api/layers/{quote(known['id'])}/tiles/{level}"
    return [f"{base}/{place // cols}/{place % cols}.{ext}?v={known['version']}" for place in places.tolist()]


def _body(port: int, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=ACCEPTS)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def _rates(front: Nginx, paths: list[str], files: list[str], clients: int) -> tuple[float, float]:
    """Tiles by the second through the workers, and of the same bytes by nginx alone, of the median turn."""
    turns = []
    for _ in range(TURNS):
        least = load.steady(front.static_port, files, clients=clients, seconds=1, headers=ACCEPTS).per_second
        turns.append((load.steady(front.port, paths, clients=clients, seconds=1, headers=ACCEPTS).per_second, least))
    return sorted(turns, key=lambda turn: turn[0] / turn[1])[TURNS // 2]


def _gunicorn(bin_folder: Path, path: Path, port: int, scratch: Path) -> list[str | Path]:
    """TileMaker by gunicorn with as many workers, its settings as they are by default."""
    holdings = scratch / "config.json"
    subprocess.run([bin_folder / "tilemaker", "genconfig", path, "--output", holdings], check=True, capture_output=True)
    server = [bin_folder / "gunicorn", "tilemaker.server:app", "-k", "uvicorn_worker.UvicornWorker"]
    return ["env", f"TILEMAKER_CONFIG_PATH={holdings}", *server, "-w", str(WORKERS), "-b", f"127.0.0.1:{port}"]


def _peer_tiles(server: processes.Server, path: Path) -> list[str]:
    return peers.TILEMAKER.tiles(server, path)[:WARM_TILES]


GUNICORN = peers.Peer(
    "tilemaker-gunicorn", ("tilemaker", "gunicorn", "uvicorn-worker"), _gunicorn, "/map-groups", _peer_tiles, 675 * 675
)


def _peer_rate(path: Path) -> float | None:
    """Warm tiles by the second of TileMaker, the better of two numbers of clients."""
    with peers.serving(GUNICORN, path) as server:
        if server is None:
            return None
        tiles = GUNICORN.tiles(server, path)
        for _ in range(3):  # Each worker has a cache of its own.
            load.once(server.port, tiles, clients=4, seconds=60)
        # Its answers may take seconds, which is too long for the other generator of load.
        rates = [load.once(server.port, tiles * 100, clients=clients, seconds=8).per_second for clients in (4, 16)]
        return max(rates)


def warm() -> list[Row]:
    """Warm tiles through nginx and two workers."""
    path = data.car_map()
    data.read_through(path)
    rates: dict[str, float] = {}
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, memcached() as cache:
        holdings = write_holdings(Path(name, "holdings.json"), [path])
        with serving(holdings, "--memcached", f"127.0.0.1:{cache}") as server, nginx(server.port) as front:
            known = _known(front.port, "layer-0")
            for ext in ("q16", "jpg"):
                paths = _tiles(known, ext, WARM_TILES, seed=7)
                files = [f"/{k}.{ext}" for k in range(len(paths))]
                for file, tile in zip(files, paths, strict=True):
                    (front.folder / file[1:]).write_bytes(_body(front.port, tile))
                size = statistics.mean((front.folder / file[1:]).stat().st_size for file in files)
                load.once(front.port, paths * 8, clients=16, headers=ACCEPTS)  # Both workers have them.
                for clients in CLIENTS:
                    rate, least = _rates(front, paths, files, clients)
                    rates[ext] = max(rate, rates.get(ext, 0))
                    title = f"2 workers + nginx, cached {ext} of {round(size) >> 10} KiB, {clients} clients"
                    rows.append(row(f"{title}, floor nginx alone", rate, "tiles/s", floor=least))
    theirs = _peer_rate(path)
    ours_mpx, theirs_mpx = rates["jpg"] * known["tile_size"] ** 2 / 1e6, (theirs or 0) * GUNICORN.tile_pixels / 1e6
    rows.append(row("2 workers + nginx, cached jpg, peer tilemaker by gunicorn", rates["jpg"], "tiles/s", peer=theirs))
    rows.append(row("the same by pixels", ours_mpx, "Mpixel/s", peer=theirs_mpx or None))
    return rows


def _milliseconds(port: int, path: str, times: int = 15) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        _body(port, path)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e3


def many_maps() -> list[Row]:
    """Five hundred configured maps: ready, the tree, the menu's search."""
    files = data.many_files(MAPS)
    with tempfile.TemporaryDirectory() as name:
        holdings = write_holdings(Path(name, "holdings.json"), files)
        ready = []
        for _ in range(3):
            with serving(holdings) as server:
                ready.append(server.ready_s)
                while json.loads(server.get("/api/holdings"))["scanning"]:
                    time.sleep(0.05)
                search = _milliseconds(server.port, "/api/search?q=season%203")
                tree = _milliseconds(server.port, "/api/holdings")
                found = json.loads(server.get("/api/search?q=season%203"))["layers"]
                assert len(found) > 50
    return [
        row(f"serve to ready, {MAPS} configured maps, 2 workers", statistics.median(ready), "s"),
        row(f"search among {MAPS} maps", search, "ms"),
        row(f"tree of {MAPS} maps", tree, "ms"),
    ]


def catalog() -> list[Row]:
    """A million sources: the symbols of a view."""
    with tempfile.TemporaryDirectory() as name:
        holdings = write_holdings(Path(name, "holdings.json"), [data.small_car_map(4320)], csv_file(SOURCES))
        with serving(holdings, workers=1) as server:
            known = _known(server.port, "layer-0")
            ny, nx = known["shape"]
            time.sleep(3)
            start = time.perf_counter()
            _body(server.port, "/api/sources/sources")
            opened = time.perf_counter() - start
            corners = itertools.product((0, nx // 3, nx // 2), (0, ny // 3), (nx, nx // 4, nx // 40))
            views = [f"x0={x}&y0={y}&x1={x + w}&y1={y + w // 4}" for x, y, w in corners]
            points = "/api/sources/sources/points?layer=layer-0&size=mag&"
            taken = [_milliseconds(server.port, points + view, 1) for view in views]
    return [
        row(f"catalog of {SOURCES:,} rows, CSV, first look (read and indexed)", opened, "s"),
        row("symbols of a view that nobody asked for, median", statistics.median(taken), "ms"),
        row("symbols of a view that nobody asked for, slowest", max(taken), "ms"),
    ]


def memory() -> list[Row]:
    """Memory of the workers over many random tiles."""
    path = data.car_map()
    with tempfile.TemporaryDirectory() as name:
        holdings = write_holdings(Path(name, "holdings.json"), [path])
        with serving(holdings) as server:
            known = _known(server.port, "layer-0")
            workers = psutil.Process(server.pid).children()

            def own_mb() -> list[float]:
                kept = [worker.memory_info() for worker in workers]
                return [(info.rss - info.shared) / 1e6 for info in kept]

            tenth = max(1, RANDOM_TILES // 10)
            seen, asked = [], 0
            for turn in range(10):
                paths = _tiles(known, ("q16", "jpg", "png")[turn % 3], tenth, seed=100 + turn)
                asked += load.once(server.port, paths, clients=16, seconds=1800, headers=ACCEPTS).requests
                seen.append(max(own_mb()))
                print(f"  {asked} tiles: {seen[-1]:.0f} MB", flush=True)
    title = f"memory of a worker after {asked} random tiles, floor after a fifth of them"
    return [row(title, seen[-1], "MB", floor=seen[1])]


PARTS = (warm, many_maps, catalog, memory)
