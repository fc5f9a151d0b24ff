"""Cutouts of a plain image, without HTTP: against a copy of its bytes, and astropy's way to the same file."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from armillary.images.cutouts.fitsfile import FitsCutout
from armillary.images.cutouts.windows import cut_pixels, cut_region
from armillary.images.files import open_image
from armillary.sky.regions import parse_pos
from bench import data
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.images.cutouts.windows import Cut
    from armillary.images.plane import Plane

SIDES = (64, 1384)  # of int16: 8 KB and 3.8 MB
SCALE_DEG = 0.25 / 3600


def median_ms(work: Callable[[], object], seconds: float = 1.0) -> float:
    """Median time of ``work`` over about so many seconds, after two calls."""
    work()
    work()
    took: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(took) < 5:
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return 1e3 * float(np.median(took))


def whole(plane: Plane, cut: Cut) -> bytes:
    return b"".join(FitsCutout(plane, cut).parts())


def by_astropy(side: int) -> bytes:
    """Open, cut out with the world coordinates, write."""
    with fits.open(data.tan_image()) as hdus:
        middle = (data.IMAGE_SIDE // 2, data.IMAGE_SIDE // 2)
        cut = Cutout2D(hdus[0].data, middle, side, wcs=WCS(hdus[0].header))
        header = hdus[0].header.copy()
        header.update(cut.wcs.to_header())
        buffer = io.BytesIO()
        fits.PrimaryHDU(cut.data, header).writeto(buffer)
    return buffer.getvalue()


def run() -> list[Row]:
    """A small cutout and one of 3.8 MB: a box of pixels, and regions with their masks."""
    plane = open_image(data.tan_image()).stacks[0].plane()
    mapped = plane.mapped()
    assert mapped is not None
    rows = []
    for side in SIDES:
        start = (data.IMAGE_SIDE - side) // 2
        box = (start, start, start + side, start + side)
        part = mapped.stored[start : start + side, start : start + side]
        floor = median_ms(part.tobytes)
        peer = median_ms(lambda side=side: by_astropy(side))
        half = side / 2 * SCALE_DEG
        text = f"CIRCLE 150 2 {half}"
        box_text = f"RANGE {150 - half} {150 + half} {2 - half} {2 + half}"
        corners = ((1.0, 0.8), (-1.0, 1.0), (-0.6, -1.0), (0.9, -1.0))
        polygon = "POLYGON " + " ".join(f"{150 + half * x} {2 + half * y}" for x, y in corners)
        ways: dict[str, Callable[[], object]] = {
            "box": lambda box=box: whole(plane, cut_pixels(plane.shape, None, *box)),
            "circle, unmasked": lambda text=text: whole(plane, cut_region(plane.wcs, parse_pos(text), masked=False)),
            "circle, masked": lambda text=text: whole(plane, cut_region(plane.wcs, parse_pos(text))),
            "range, masked": lambda text=box_text: whole(plane, cut_region(plane.wcs, parse_pos(text))),
            "polygon, masked": lambda text=polygon: whole(plane, cut_region(plane.wcs, parse_pos(text))),
        }
        for name, work in ways.items():
            what = f"FITS cutout of {side}² int16, {name} (floor: copy; peer: astropy)"
            rows.append(row(what, median_ms(work), "ms", floor=floor, peer=peer))
    return rows
