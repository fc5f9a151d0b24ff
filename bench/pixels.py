"""Pixels without a server: overviews, tiles, ranges and first looks, against a scan of the mapped bytes."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from armillary.images.files import open_image
from armillary.images.pyramid import Pyramid
from armillary.images.store import OverviewStore
from armillary.sky.grid import TileKey, Window
from armillary.storage.mapping import mappings
from bench import data
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TILES = 200
REPEATS = 7
TURNS = 5


@njit(nogil=True)
def scan(words):
    total = np.uint64(0)
    for i in range(words.size):
        total += words[i]
    return total


def least_ms(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Least time of some runs: what the machine can do when nothing else runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def open_pyramid(path: Path, tile_size: int = 512) -> Pyramid:
    """A pyramid that knows nothing yet, over a file in the page cache."""
    plane = open_image(path).stacks[0].plane()
    return Pyramid(plane, tile_size=tile_size, store=OverviewStore())


def fresh(pyramid: Pyramid, tile_size: int = 512) -> Pyramid:
    """Another one of the same plane."""
    return Pyramid(pyramid.plane, tile_size=tile_size, store=OverviewStore())


def scan_ms(path: Path) -> float:
    """R: one thread scanning the mapped pixels."""
    stored = open_pyramid(path).plane.mapped().stored
    words = stored.reshape(-1).view(np.uint8)
    words = words[: words.size // 8 * 8].view(np.uint64)
    scan(words[:8])
    return least_ms(lambda: scan(words))


def build_overview(pyramid: Pyramid) -> None:
    """All of the overview, as the first exact tile of level 0 waits for it."""
    fresh(pyramid).tile(TileKey(0, 0, 0))


def run_overview() -> list[Row]:
    path = data.car_map()
    data.read_through(path)
    pyramid = open_pyramid(path)
    build_overview(pyramid)
    # By turns: on a shared machine the memory's speed changes from second to second.
    turns = [(scan_ms(path), least_ms(lambda: build_overview(pyramid))) for _ in range(TURNS)]
    floor, ours = (min(times) for times in zip(*turns, strict=True))
    rows = [
        row("scan of the mapped 1.78 GB map, one thread (R)", floor, "ms"),
        row("overview of it, warm, two threads", ours, "ms", floor=floor),
    ]
    mappings.forget(str(path))  # what is mapped stays in the page cache
    gc.collect()
    if data.forget_cached(path):
        start = time.perf_counter()
        with path.open("rb", buffering=0) as file:
            buffer = bytearray(1 << 24)
            while file.readinto(buffer):
                pass
        plain = 1e3 * (time.perf_counter() - start)
        mappings.forget(str(path))
        data.forget_cached(path)
        cold = least_ms(lambda: build_overview(pyramid), 1)
        rows.append(row("overview of it, cold, against a cold plain read", cold, "ms", floor=plain))
        data.read_through(path)
    return rows


def random_windows(shape: tuple[int, int], side: int) -> list[Window]:
    rng = np.random.default_rng(0)
    ys, xs = (rng.integers(0, length - side, TILES) for length in shape)
    return [Window(y, y + side, x, x + side) for y, x in zip(ys.tolist(), xs.tolist(), strict=True)]


def run_tiles() -> list[Row]:
    path = data.car_map()
    rows = []
    for side in (256, 512):
        pyramid = open_pyramid(path, side)
        stored = pyramid.plane.mapped().stored
        windows = random_windows(stored.shape, side)
        top = pyramid.grid.levels - 1
        keys = [TileKey(top, w.y0 // side, w.x0 // side) for w in windows]

        def copies(stored=stored, windows=windows):
            for w in windows:
                stored[w.y0 : w.y1, w.x0 : w.x1].astype(np.float32)

        def tiles(pyramid=pyramid, keys=keys):
            for key in keys:
                pyramid.tile(key)

        tiles()
        floor = least_ms(copies) / TILES
        rows.append(
            row(f"full-resolution tile {side}², with noise; floor: numpy", least_ms(tiles) / TILES, "ms", floor=floor)
        )
    return rows + run_means()


def run_means() -> list[Row]:
    pyramid = open_pyramid(data.car_map())
    stored = pyramid.plane.mapped().stored
    rows = []
    for level in range(pyramid.grid.levels - 2, pyramid.grid.levels - 6, -1):
        key = TileKey(level, 0, 1)
        w = pyramid.grid.window(key)
        block = np.ascontiguousarray(stored[w.y0 : w.y1, w.x0 : w.x1]).reshape(-1).view(np.uint64)
        pyramid.tile(key)
        floor, ours = least_ms(lambda block=block: scan(block)), least_ms(lambda key=key: pyramid.tile(key))
        rows.append(
            row(f"tile of means 1/{pyramid.grid.factor(level)}; floor: a scan of its pixels", ours, "ms", floor=floor)
        )
    return rows


def run_ranges() -> list[Row]:
    path = data.car_map()
    pyramid = open_pyramid(path)
    stored = pyramid.plane.mapped().stored
    pyramid.display_range()
    floor = least_ms(lambda: stored[::19, ::19].astype(np.float32))
    rows = [
        row(
            "automatic range of 446 Mpx; floor: a grid of a million",
            least_ms(lambda: fresh(pyramid).display_range()),
            "ms",
            floor=floor,
        )
    ]
    q = [0.5, 99.5]
    marks = pyramid.percentiles(q)
    exact = pyramid.histogram(1, exact=True, vmin=marks[0], vmax=marks[1])
    valid = exact.total - exact.nan
    errors = [abs(100 * exact.below / valid - q[0]), abs(100 * exact.above / valid - (100 - q[1]))]
    rows.append(row("largest rank error of its percentiles 0.5 and 99.5", max(errors), "%"))
    histogram = least_ms(lambda: fresh(pyramid).histogram(256, exact=True), 2)
    rows.append(row("exact histogram and percentiles of it", histogram, "ms", floor=scan_ms(path)))
    first = least_ms(lambda: fresh(pyramid).tile(TileKey(0, 0, 0), preview=True))
    rows.append(row("first look at level 0, warm", first, "ms"))
    for level in (3, 4):
        look = least_ms(lambda level=level: pyramid.tile(TileKey(level, 1, 1), preview=True))
        rows.append(row(f"look at a tile 1/{pyramid.grid.factor(level)}, warm", look, "ms"))
    return rows


def run_compressed() -> list[Row]:
    from armillary.storage import cache

    rows = []
    for name, path in (("rows", data.rice_rows()), ("squares of 100²", data.rice_squares())):
        pyramid = open_pyramid(path)
        build_overview(pyramid)
        for what, work in (
            ("overview", lambda pyramid=pyramid: build_overview(pyramid)),
            ("automatic range", lambda pyramid=pyramid: fresh(pyramid).display_range()),
            ("row of tiles 1/1", lambda pyramid=pyramid: row_of_tiles(pyramid, pyramid.grid.levels - 1)),
            ("row of tiles 1/4", lambda pyramid=pyramid: row_of_tiles(pyramid, pyramid.grid.levels - 3)),
        ):
            cache.decoded.clear()
            rows.append(row(f"{what} of 16 384² RICE by {name}", least_ms(work, 1), "ms"))
    return rows


def row_of_tiles(pyramid: Pyramid, level: int) -> None:
    for col in range(pyramid.grid.tiles(level)[1]):
        pyramid.tile(TileKey(level, 0, col))


PARTS = (run_overview, run_tiles, run_ranges, run_compressed)


def run() -> list[Row]:
    """Rows of all parts."""
    return [found for part in PARTS for found in part()]
