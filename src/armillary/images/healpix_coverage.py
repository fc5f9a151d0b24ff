"""Where a HEALPix map has pixels, by their numbers; their values are not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.footprints import CELL_ORDER, all_sky, joined, of_ranges
from armillary.sky.frames import GALACTIC, ICRS, ecliptic
from armillary.sky.healpix import ranges_of_uniq
from armillary.sky.plane_footprints import footprint_of_cells, footprint_of_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.healpix import HealpixPlane
    from armillary.sky.footprints import Footprint
    from armillary.sky.frames import SkyFrame

MOST_INDEX_BYTES = 256 << 20
MOST_RANGES = 20_000
ROUGH_ORDER = 7


def footprint_of_map(plane: HealpixPlane) -> Footprint | None:
    """Where a map has pixels; the whole sky where it lists more than can be looked through, None where it has none."""
    sky, table = plane.sky, plane.sky.table
    frame = {"icrs": ICRS, "galactic": GALACTIC}.get(table.frame) or ecliptic()
    if table.index is None:
        repeat = 1 if plane.column is None else plane.column.repeat
        first, count = table.first_pixel, table.rows * repeat
        total = 12 * table.nside**2
        if count >= total:
            return all_sky()
        return _of_pixels(table.nside, np.arange(first, min(first + count, total)), frame, nested=table.nested)
    if table.rows * table.row_bytes > MOST_INDEX_BYTES:
        return all_sky()
    index = table.index
    numbers = sky.file.read(lambda: sky.bytes.whole_numbers(index))
    if table.ordering == "NUNIQ":
        return _of_uniq(numbers, frame)
    return _of_pixels(table.nside, numbers, frame, nested=table.nested)


def _of_pixels(nside: int, pixels: NDArray[np.int64], frame: SkyFrame, *, nested: bool) -> Footprint | None:
    if nside & (nside - 1):
        return all_sky()
    return footprint_of_pixels(nside, pixels, frame, nested=nested)


def _of_uniq(numbers: NDArray[np.int64], frame: SkyFrame) -> Footprint | None:
    ranges = joined(_valid(np.stack(ranges_of_uniq(numbers), axis=-1)))
    if not len(ranges):
        return None
    if frame.is_icrs:
        for order in range(12, ROUGH_ORDER - 1, -1):
            if len(ranges) <= MOST_RANGES:
                break
            ranges = _widened(ranges, order)
        return of_ranges(ranges)
    wide = _widened(ranges, ROUGH_ORDER) >> (2 * (CELL_ORDER - ROUGH_ORDER))
    cells = np.concatenate([np.arange(first, last) for first, last in wide.tolist()])
    return footprint_of_cells(ROUGH_ORDER, cells, frame)


def _valid(ranges: NDArray[np.int64]) -> NDArray[np.int64]:
    return ranges[ranges[:, 0] < ranges[:, 1]]


def _widened(ranges: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Ranges that end at cells of an order."""
    shift = 2 * (CELL_ORDER - order)
    first, last = ranges[:, 0] >> shift, (ranges[:, 1] - 1) >> shift
    return joined(np.stack([first << shift, (last + 1) << shift], axis=-1))
