"""Pixels of a cutout in the form of a FITS file, block by block."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.images.cutouts.masks import inside_region
from armillary.images.fits.base import FitsPlane
from armillary.images.plane import value_dtype
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from armillary.images.cutouts.windows import Cut
    from armillary.images.plane import Plane

BLOCK_BYTES = 2 << 20
_BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}


def stored_type(plane: Plane) -> np.dtype[Any]:
    """Big-endian type of the pixels of a cutout: that of the file; of planes that are made, that of their values."""
    if isinstance(plane, FitsPlane):
        return plane.stored
    return np.dtype(value_dtype(plane.dtype)).newbyteorder(">")


def bitpix_of(dtype: np.dtype[Any]) -> int:
    """BITPIX of a type."""
    return _BITPIX[dtype.str[1:]]


def reader(plane: Plane, stored: np.dtype[Any]) -> Callable[[Window], NDArray[Any]]:
    """Gives the numbers of a window of a plane as ``stored_type`` says, the caller's own."""
    if isinstance(plane, FitsPlane):
        return plane.stored_window
    return lambda window: plane.window(window).astype(stored)


def block_windows(plane: Plane, cut: Cut) -> Iterator[Window]:
    """Parts of a window in the order of a FITS file, of about 2 MiB: rows, or pieces of rows that are very long.

    Rows that are decoded together are kept together.
    """
    window = cut.window
    item = stored_type(plane).itemsize
    nx = window.shape[1]
    rows = BLOCK_BYTES // (nx * item)
    if not rows:
        step = BLOCK_BYTES // item
        for y in range(window.y0, window.y1):
            for x in range(window.x0, window.x1, step):
                yield Window(y, y + 1, x, min(x + step, window.x1))
        return
    band = plane.band_rows
    rows = max(rows // band * band, min(band, 4 * rows)) if band > 1 else rows
    y = window.y0
    while y < window.y1:
        after = min(window.y1, (y // rows + 1) * rows)
        yield Window(y, after, window.x0, window.x1)
        y = after


def read_block(cut: Cut, part: Window, read: Callable[[Window], NDArray[Any]]) -> NDArray[Any]:
    """Numbers of a part of a cutout, whose columns may run on around the sky."""
    pieces = cut.columns(part.x0, part.x1)
    if len(pieces) == 1:
        return read(Window(part.y0, part.y1, *pieces[0]))
    blocks = [read(Window(part.y0, part.y1, *piece)) for piece in pieces]
    # Not by concatenate: it would bring the bytes into the machine's order.
    joined = np.empty(part.shape, blocks[0].dtype)
    place = 0
    for block in blocks:
        joined[:, place : place + block.shape[1]] = block
        place += block.shape[1]
    return joined


def outside_of(plane: Plane, cut: Cut, part: Window) -> NDArray[np.bool_] | None:
    """Which pixels of a part are to be masked; None for none."""
    wcs = plane.wcs
    if cut.region is None or wcs is None:
        return None
    return ~inside_region(wcs, cut.region, part.y0, part.y1, part.x0, part.x1)


def free_number(dtype: np.dtype[Any], blocks: Callable[[], Iterable[NDArray[Any]]]) -> int | None:
    """An integer of a type that none of the pixels is, for BLANK; None where there is none.

    The least and the greatest are tried; of integers of up to 16 bits every one.

    Parameters
    ----------
    blocks
        Gives the pixels.
    """
    low, high = _ends(dtype)
    # Bytes are seldom 255, and often 0.
    wanted = [high, low] if dtype.itemsize == 1 else [low, high]
    for number in wanted:
        if not any(_holds(block, number) for block in blocks()):
            return number
    return _least_free(dtype, blocks()) if dtype.itemsize <= 2 else None


@functools.cache
def _ends(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The least and the greatest integer of a type."""
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _holds(block: NDArray[Any], number: int) -> bool:
    """Whether a number is among pixels, compared as the bytes that they are."""
    plain = f"u{block.dtype.itemsize}"
    return bool((block.view(plain) == np.array(number, block.dtype).view(plain)).any())


def _least_free(dtype: np.dtype[Any], blocks: Iterable[NDArray[Any]]) -> int | None:
    """The least number of up to 16 bits that no pixel is."""
    low, high = _ends(dtype)
    free = np.ones(high - low + 1, np.bool_)
    for block in blocks:
        free[block.astype(np.int64) - low] = False
    found = np.flatnonzero(free)
    return int(found[0]) + low if len(found) else None
