"""Start-up, first paint, and memory against the number of open files and while browsing."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from bench import data, load, peers, processes
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMPORTS = "import fastapi, uvicorn, numpy"
BROWSED_TILES = 600
CACHE_MB = 256 * 1.048576  # the setting `memory`


def _median_s(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _python(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, timeout=60)


def version() -> list[Row]:
    floor = _median_s(lambda: _python("-c", "pass"), 7)
    return [
        row(
            "armillary --version",
            _median_s(lambda: _python("-m", "armillary", "--version"), 7) * 1e3,
            "ms",
            floor=floor * 1e3,
        )
    ]


def _ready_s(*paths: Path) -> float:
    with processes.armillary(*paths) as server:
        return server.ready_s


def _peer_ready_s(peer: peers.Peer, path: Path) -> float | None:
    with peers.serving(peer, path) as server:
        return server.ready_s if server else None


def ready() -> list[Row]:
    """Start to ready for one big file and for a folder of a thousand small ones."""
    floor = _median_s(lambda: _python("-c", IMPORTS), 3)
    one = statistics.median(_ready_s(data.car_map()) for _ in range(3))
    image = statistics.median(_ready_s(data.tan_image()) for _ in range(3))
    folder = data.many_files(1000)[0].parent
    thousand = statistics.median(_ready_s(folder) for _ in range(3))
    return [
        row(
            "open to ready, 1.78 GB map, peer tilemaker",
            one,
            "s",
            floor=floor,
            peer=_peer_ready_s(peers.TILEMAKER, data.car_map()),
        ),
        row(
            "open to ready, 0.54 GB image, peer visiomatic",
            image,
            "s",
            floor=floor,
            peer=_peer_ready_s(peers.VISIOMATIC, data.tan_image()),
        ),
        row("open to ready, 1000 files", thousand, "s", floor=floor),
    ]


def first_layer(server: processes.Server) -> str:
    """Id of the first layer on offer, once the headers have been read."""
    for _ in range(600):
        tree = json.loads(server.get("/api/holdings"))
        layers = [
            layer["layer_id"] for group in tree["map_groups"] for sky in group["maps"] for band in sky["bands"]
            for layer in band["layers"]
        ]  # fmt: skip
        if layers and not tree["scanning"]:
            return layers[0]
        time.sleep(0.02)
    raise processes.ServerError("no layer was found in time")


def _strided_read_ms(path: Path) -> float:
    """The least that a first picture costs: every n-th pixel of every n-th row."""
    ny, nx = data.MAP_SHAPE
    step = -(-nx // 512)
    start = time.perf_counter()
    mapped = np.memmap(path, ">f4", "r", offset=2880, shape=(ny, nx))
    np.ascontiguousarray(mapped[::step, ::step]).astype(np.float32)
    return (time.perf_counter() - start) * 1e3


def _preview_ms(server: processes.Server) -> float:
    layer = quote(first_layer(server))
    start = time.perf_counter()
    server.get(f"/api/layers/{layer}/tiles/0/0/0.f32?preview=1")
    return (time.perf_counter() - start) * 1e3


def first_paint() -> list[Row]:
    """The first tile of level 0 of the 1.78 GB map after the server is ready."""
    path = data.car_map()
    data.read_through(path)
    floor_warm = _strided_read_ms(path)
    floor_warm = min(floor_warm, _strided_read_ms(path))
    with processes.armillary(path) as server:
        at_once = _preview_ms(server)
    with processes.armillary(path, data.small_car_map(4320)) as server:
        time.sleep(3)
        settled = _preview_ms(server)
    rows = [
        row("first tile, warm file, right after ready", at_once, "ms", floor=floor_warm),
        row("first tile, warm file, 3 s after ready", settled, "ms", floor=floor_warm),
    ]
    if data.forget_cached(path):
        floor_cold = _strided_read_ms(path)
        data.forget_cached(path)
        with processes.armillary(path) as server:
            rows.append(row("first tile, cold file, right after ready", _preview_ms(server), "ms", floor=floor_cold))
    return rows


def _walk(layer: str, description: dict, steps: int) -> list[str]:
    """Tiles that a wandering user asks for: zoom in and out, step aside, at every level."""
    rng = np.random.default_rng(5)
    ny, nx = description["shape"]
    side, levels = description["tile_size"], description["levels"]
    level, y, x = 0, 0.5, 0.5
    paths = []
    for _ in range(steps):
        level = int(np.clip(level + rng.integers(-1, 2), 0, levels - 1))
        pixels = side << (levels - 1 - level)
        y = float(np.clip(y + rng.normal() * pixels / ny, 0, 0.999))
        x = float((x + rng.normal() * pixels / nx) % 0.999)
        place = f"{level}/{int(y * ny) // pixels}/{int(x * nx) // pixels}"
        paths.append(f"/api/layers/{layer}/tiles/{place}.q16?v={description['version']}")
    return paths


def memory() -> list[Row]:
    """Memory of its own: resident, less the pages of mapped files, which the system takes back when it needs them."""
    rows = []
    for count in (1, 100, 1000):
        with processes.armillary(
            *data.many_files(count)[:1] if count == 1 else [data.many_files(count)[0].parent]
        ) as server:
            first_layer(server)
            time.sleep(4)
            rows.append(row(f"own memory, {count} files open", server.own_mb(), "MB"))
    for row_ in rows[1:]:
        row_["floor"] = rows[0]["value"]
        row_["ratio_to_floor"] = row_["value"] / rows[0]["value"]
    return rows


def browsing() -> list[Row]:
    """Memory during a random walk over the 1.78 GB map, at its end, after every overview has been made."""
    with processes.armillary(data.car_map()) as server:
        layer = quote(first_layer(server))
        description = json.loads(server.get(f"/api/layers/{layer}"))
        walk = load.once(server.port, _walk(layer, description, BROWSED_TILES), clients=4, seconds=60)
        return [
            row(
                f"own memory after {walk.requests} tiles of the 1.78 GB map (bound: 150 MB, 0.5 %, cache)",
                server.own_mb(),
                "MB",
                floor=150 + 0.005 * 1783 + CACHE_MB,
            ),
            row("resident memory after them, mapped file included", server.resident_mb(), "MB"),
        ]


PARTS = (version, ready, first_paint, memory, browsing)
