"""Full-resolution tiles from the mapped file to bytes on one thread, without HTTP.

The floor does the least for the same picture: slice the mapped file, look every pixel up in a table, run the codec.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np

from bench import data
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.images.pyramid import Pyramid
    from armillary.sky.grid import TileKey

SIDE = 256
TILES = 300
LOW, HIGH = 60.0, 180.0


def _pyramid() -> Pyramid:
    from armillary.images.files import open_image
    from armillary.images.pyramid import Pyramid

    return Pyramid(open_image(data.tan_image()).stacks[0].plane(), tile_size=SIDE)


def _keys(pyramid: Pyramid) -> list[TileKey]:
    from armillary.sky.grid import TileKey

    level = pyramid.grid.levels - 1
    rows, cols = pyramid.grid.tiles(level)
    places = np.random.default_rng(3).permutation(rows * cols)[:TILES]
    return [TileKey(level, int(place) // cols, int(place) % cols) for place in places]


def _per_second(work: Callable[[object], object], items: list) -> float:
    for item in items:  # files, caches and kernels are warm
        work(item)
    start = time.perf_counter()
    for item in items:
        work(item)
    return len(items) / (time.perf_counter() - start)


def _windows(pyramid: Pyramid, keys: list[TileKey]) -> list[np.ndarray]:
    """The mapped pixels of the tiles, as they are on disk."""
    side = data.IMAGE_SIDE
    mapped = np.memmap(data.tan_image(), ">i2", "r", offset=2880, shape=(side, side))
    boxes = [pyramid.grid.window(key) for key in keys]
    return [mapped[box.y0 : box.y1, box.x0 : box.x1][::-1] for box in boxes]


def _table() -> np.ndarray:
    """Grey of every value of an int16, in the order of its unsigned twin."""
    values = np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.float32)
    return np.clip((values - LOW) * (255 / (HIGH - LOW)), 0, 255).astype(np.uint8)


def _bare_png(indices: np.ndarray) -> bytes:
    """The compression of a palette PNG, without its few bytes of framing."""
    return zlib.compress(np.pad(indices, ((0, 0), (1, 0))).tobytes(), 1)


def _bare_jpeg(indices: np.ndarray) -> bytes:
    return imagecodecs.jpeg8_encode(indices, level=85)


def run() -> list[Row]:
    """Tiles by the second for grey JPEG and palette PNG."""
    from armillary.render import encode
    from armillary.render.style import Style

    data.read_through(data.tan_image())

    pyramid, style = _pyramid(), Style(LOW, HIGH)
    keys = _keys(pyramid)
    windows, table = _windows(pyramid, keys), _table()
    rows = []
    for ext, bare in (("jpg", _bare_jpeg), ("png", _bare_png)):
        floor = _per_second(lambda window, bare=bare: bare(table[window.astype(np.int16).view(np.uint16)]), windows)
        ours = _per_second(lambda key, ext=ext: encode(pyramid.tile(key), ext, style).body, keys)
        rows.append(row(f"file to {ext} of {SIDE}², one thread, no HTTP", ours, "tiles/s", floor=floor))
    return rows
