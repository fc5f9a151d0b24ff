"""Windows of compressed images: against the decoder alone, and astropy's own way to a section."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
from astropy.io import fits

from armillary.images.files import open_image
from armillary.sky.grid import Window
from armillary.storage.cache import decoded
from bench import data
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIDE = 512
WINDOWS = 12


def windows(ny: int, nx: int) -> list[Window]:
    """Windows at random places, the same at every run."""
    random = np.random.default_rng(3)
    corners = [(int(random.integers(ny - SIDE)), int(random.integers(nx - SIDE))) for _ in range(WINDOWS)]
    return [Window(y, y + SIDE, x, x + SIDE) for y, x in corners]


def median_ms(work: Callable[[Window], object], places: list[Window]) -> float:
    """Median time of ``work`` over the windows, none of whose tiles is kept from before."""
    work(places[0])
    took = []
    for place in places:
        decoded.clear()
        start = time.perf_counter()
        work(place)
        took.append(time.perf_counter() - start)
    return 1e3 * float(np.median(took))


def decode_alone(path: Path) -> Callable[[Window], None]:
    """The floor: the tiles of a window through the RICE decoder, their bytes already at hand."""
    with fits.open(path, disable_image_compression=True, memmap=False) as file:
        header, table = file[1].header, file[1].data
        width, height = header["ZTILE1"], header["ZTILE2"]
        across = -(-header["ZNAXIS1"] // width)
        last = header["ZNAXIS1"] - (across - 1) * width
        block = next(header[f"ZVAL{k}"] for k in (1, 2) if header[f"ZNAME{k}"] == "BLOCKSIZE")
        parts = [bytes(cell.tobytes()) for cell in table["COMPRESSED_DATA"]]

    def work(place: Window) -> None:
        for ty in range(place.y0 // height, -(-place.y1 // height)):
            for tx in range(place.x0 // width, -(-place.x1 // width)):
                columns = last if tx == across - 1 else width
                imagecodecs.rcomp_decode(
                    parts[ty * across + tx], shape=(height * columns,), dtype=np.int16, nblock=block
                )

    return work


def run() -> list[Row]:
    """Windows of 512² of the RICE images, with nothing decoded before."""
    rows = []
    for name, path in (("squares of 100²", data.rice_squares()), ("rows", data.rice_rows())):
        plane = open_image(str(path)).stacks[0].plane(())
        places = windows(*plane.shape)
        floor = median_ms(decode_alone(path), places)
        with fits.open(path) as file:
            section = file[1].section
            peer = median_ms(lambda at, section=section: section[at.y0 : at.y1, at.x0 : at.x1], places)
        ours = median_ms(plane.window, places)
        rows.append(
            row(f"window 512² of RICE by {name} (floor: decoder; peer: astropy)", ours, "ms", floor=floor, peer=peer)
        )
    return rows
