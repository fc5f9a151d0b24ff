"""Tiles through HTTP, warm and cold, one client and many, against bytes from memory on the same server and peers."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from bench import data, direct, load, peers, processes
from bench.startup import first_layer
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENTS = (1, 4, 16)
WARM_TILES = 32
TURNS = 7
ACCEPTS = {"Accept-Encoding": "zstd, gzip"}


@dataclass
class Layer:
    """A layer on a running server."""

    server: processes.Server
    layer: str
    shape: tuple[int, int]
    levels: int
    tile_size: int
    version: str

    def tile(self, row: int, col: int, ext: str) -> str:
        """Address of a full-resolution tile."""
        return f"/api/layers/{self.layer}/tiles/{self.levels - 1}/{row}/{col}.{ext}?v={self.version}"

    def tiles(self, ext: str, count: int, seed: int = 7) -> list[str]:
        """Addresses of that many full-resolution tiles at random places, none twice, none at the edge."""
        rows, cols = (side // self.tile_size for side in self.shape)
        places = np.random.default_rng(seed).permutation(rows * cols)[:count]
        return [self.tile(int(place) // cols, int(place) % cols, ext) for place in places]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Layer]:
    """Armillary with one file open, settled."""
    with processes.armillary(path) as server:
        layer = quote(first_layer(server))
        known = json.loads(server.get(f"/api/layers/{layer}"))
        time.sleep(3)
        yield Layer(server, layer, tuple(known["shape"]), known["levels"], known["tile_size"], known["version"])


@contextlib.contextmanager
def bytes_server(size: int) -> Iterator[processes.Server]:
    """The floor: that many bytes from memory, by the least application on the same web server."""
    port = processes.free_port()
    command = [sys.executable, "-m", "bench.bytes_server", str(port), str(size), str(WARM_TILES)]
    with processes.running(command, port, answer="/") as server:
        yield server


def _body_size(port: int, path: str) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=ACCEPTS)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return len(answer.read())


def _median_turn(port: int, paths: list[str], floor_port: int, clients: int) -> tuple[float, float]:
    """Rates of the tiles and of the floor, measured in turns: those of the turn whose ratio is the median."""
    turns = []
    for _ in range(TURNS):
        least = load.steady(floor_port, ["/"], clients=clients, seconds=1, headers=ACCEPTS).per_second
        turns.append((load.steady(port, paths, clients=clients, seconds=1, headers=ACCEPTS).per_second, least))
    return sorted(turns, key=lambda turn: turn[0] / turn[1])[TURNS // 2]


def warm(layer: Layer) -> list[Row]:
    """Cached tiles by the second, for each kind of tile and number of clients."""
    rows = []
    for ext in ("q16", "jpg"):
        paths = layer.tiles(ext, WARM_TILES)
        load.once(layer.server.port, paths, clients=2, headers=ACCEPTS)
        size = round(statistics.mean(_body_size(layer.server.port, path) for path in paths))
        with bytes_server(size) as floor:
            for clients in CLIENTS:
                ours, least = _median_turn(layer.server.port, paths, floor.port, clients)
                name = f"cached {ext} tiles of {size >> 10} KiB, {clients} client{'s' if clients > 1 else ''}"
                rows.append(row(name, ours, "tiles/s", floor=least))
    return rows


def _peer_megapixels(peer: peers.Peer, path: Path) -> float | None:
    """Megapixels by the second of full-resolution JPEG tiles that the peer has not served before."""
    with peers.serving(peer, path) as server:
        if server is None:
            return None
        tiles = peer.tiles(server, path)
        load.once(server.port, tiles[:4], headers=ACCEPTS)
        return load.once(server.port, tiles[4:], clients=4, seconds=10).per_second * peer.tile_pixels / 1e6


def cold(layer: Layer, path: Path, peer: peers.Peer) -> list[Row]:
    """Tiles that nobody has asked for before, four clients at once."""
    ours = load.once(layer.server.port, layer.tiles("jpg", 400, seed=11), clients=4, seconds=10)
    megapixels = ours.per_second * layer.tile_size**2 / 1e6
    quantised = load.once(layer.server.port, layer.tiles("q16", 400, seed=12), clients=4, seconds=10, headers=ACCEPTS)
    return [
        row(
            f"uncached jpg, {path.name}, 4 clients, peer {peer.name}",
            megapixels,
            "Mpixel/s",
            peer=_peer_megapixels(peer, path),
        ),
        row(f"uncached q16, {path.name}, 4 clients", quantised.per_second * layer.tile_size**2 / 1e6, "Mpixel/s"),
    ]


def _latency_ms(path: Path) -> float:
    data.read_through(path)
    with opened(path) as layer:
        return load.once(layer.server.port, layer.tiles("f32", 60, seed=13)).median_ms


def latency() -> list[Row]:
    """Time of one uncached full-resolution tile against the size of the file: flat is right."""
    least = _latency_ms(data.small_car_map(4320))
    rows = [row("one uncached f32 tile, 18 MB map", least, "ms")]
    for name, path in (
        ("160 MB map", data.small_car_map(12_960)),
        ("1.78 GB map", data.car_map()),
        ("0.54 GB int16 image", data.tan_image()),
        ("its RICE version, 100² tiles", data.rice_squares()),
        ("its RICE version, row tiles", data.rice_rows()),
    ):
        rows.append(row(f"one uncached f32 tile, {name}", _latency_ms(path), "ms", floor=least))
    return rows


def of_the_map() -> list[Row]:
    """The 1.78 GB map, warm and cold, beside TileMaker."""
    data.read_through(data.car_map())
    with opened(data.car_map()) as layer:
        return [*warm(layer), *cold(layer, data.car_map(), peers.TILEMAKER)]


def of_the_image() -> list[Row]:
    """The 0.54 GB image, cold, beside VisiOmatic."""
    data.read_through(data.tan_image())
    with opened(data.tan_image()) as layer:
        return cold(layer, data.tan_image(), peers.VISIOMATIC)


PARTS = (direct.run, of_the_map, of_the_image, latency)
