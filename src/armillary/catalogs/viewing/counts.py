"""How many sources lie where: from a catalog's sky map, else from its partitions."""

from __future__ import annotations

import logging
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.hats import names
from armillary.errors import CorruptFileError, FileError
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Partitions
    from armillary.catalogs.viewing.reach import Reach

log = logging.getLogger(__name__)

KEPT_ORDER = 9
"""Counts are kept in pixels of 7 arcminutes: finer maps are added up while they are read."""
MOST_MAP_ROWS = 13_000_000
"""A whole sky of order 10; finer maps are passed over."""
SCALE_ORDER = 6
SEVERAL = 16
MAP_NAMES = (names.SKYMAP, names.OLD_SKYMAP)


@dataclass(frozen=True, slots=True)
class SkyCounts:
    """Numbers of sources in pixels of the sky.

    Parameters
    ----------
    levels
        Numbers in all pixels of order 0, 1, …, nested, float32.
    below
        How many there are before each pixel of the highest order, float64, one more than there are pixels.
    of_partitions
        Rows of each partition, None where the map is too coarse to tell.
    """

    levels: tuple[NDArray[np.float32], ...]
    below: NDArray[np.float64]
    of_partitions: NDArray[np.int64] | None = None
    densities: tuple[float, float] = field(default=(0.0, 0.0))

    @classmethod
    def of(cls, finest: NDArray[np.float64], of_partitions: NDArray[np.int64] | None = None) -> SkyCounts:
        """Of the numbers in the pixels of one order."""
        levels = [finest]
        while len(levels[-1]) > 12:
            levels.append(levels[-1].reshape(-1, 4).sum(axis=1))
        below = np.concatenate([[0.0], np.cumsum(finest)])
        levels.reverse()
        made = tuple(level.astype(np.float32) for level in levels)
        return cls(made, below, of_partitions, _densities(levels[: SCALE_ORDER + 1]))

    @property
    def order(self) -> int:
        """Highest order."""
        return len(self.levels) - 1

    @property
    def total(self) -> int:
        """All sources."""
        return round(float(self.below[-1]))

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.below.nbytes + sum(level.nbytes for level in self.levels)

    def within(self, reach: Reach) -> float:
        """About how many lie in a view."""
        return float((self._before(reach.about_stops) - self._before(reach.about_starts)).sum())

    def _before(self, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """How many lie before indices of order 29, evenly spread in each pixel."""
        shift = 2 * (MAX_ORDER - self.order)
        pixels = cells >> shift
        part = (cells - (pixels << shift)) / float(1 << shift)
        following = self.below[np.minimum(pixels + 1, len(self.below) - 1)]
        before: NDArray[np.float64] = self.below[pixels] + part * (following - self.below[pixels])
        return before


def pixel_area_deg2(order: int) -> float:
    """Square degrees of a pixel."""
    return 4.0 * math.pi * math.degrees(1.0) ** 2 / (12 << (2 * order))


def _densities(levels: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Sources per square degree from where to where a picture is graded.

    The highest is one that only a hundredth of all sources exceed. The lowest ones are those of pixels large enough
    that most hold several sources; one source in a small pixel says little.
    """
    full = [level[level > 0] for level in levels]
    if not len(full[-1]):
        return 0.0, 0.0
    ascending = np.sort(full[-1])
    place = int(np.searchsorted(np.cumsum(ascending), 0.99 * ascending.sum()))
    high = float(ascending[min(place, len(ascending) - 1)]) / pixel_area_deg2(len(levels) - 1)
    order = max((order for order, some in enumerate(full) if np.median(some) >= SEVERAL), default=0)
    low = float(np.quantile(full[order], 0.02)) / pixel_area_deg2(order)
    return max(min(low, high / 8.0), high / 1e4), high


def map_counts(hats: HatsCatalog, allows: Callable[[str], bool]) -> SkyCounts | None:
    """Counts of the sky map; None where there is none that can be used."""
    for name in MAP_NAMES:
        path = hats.folder.path(name)
        if hats.folder.local and os.path.exists(path) and allows(path):  # noqa: PTH110
            try:
                return _read_map(path, hats.partitions)
            except FileError as error:
                log.warning("%s: its sky map is not used: %s", hats.name, error.message)
    return None


def partition_counts(partitions: Partitions, rows: NDArray[np.float64]) -> SkyCounts:
    """Counts as the partitions tell them, even within each."""
    order = min(KEPT_ORDER, partitions.highest_order)
    out = np.zeros(12 << (2 * order))
    fine = partitions.order >= order
    cells = partitions.index[fine] >> (2 * (partitions.order[fine] - order))
    np.add.at(out, cells, rows[fine])
    for place in np.flatnonzero(~fine).tolist():
        many = 1 << (2 * (order - int(partitions.order[place])))
        first = int(partitions.index[place]) * many
        out[first : first + many] += rows[place] / many
    return SkyCounts.of(out)


def _read_map(path: str, partitions: Partitions) -> SkyCounts:
    from armillary.catalogs.angles import numbers
    from armillary.catalogs.formats.fits_table import FitsTable, is_table
    from armillary.storage.consistent import read_consistently
    from armillary.storage.fits.hdus import scan_hdus
    from armillary.storage.source import open_source

    source = open_source(path)
    (hdus, _), version = read_consistently(source, lambda: scan_hdus(source), name=source.name)
    hdu = next(filter(is_table, hdus), None)
    if hdu is None:
        raise CorruptFileError(source.name, "holds no table.")
    header = hdu.header
    nside = header.integer("NSIDE") or 0
    order = nside.bit_length() - 1
    ring = (header.string("ORDERING") or "NESTED").upper().startswith("RING")
    if nside < 1 or nside != 1 << order or order > MAX_ORDER or header.string("COORDSYS") not in {"", "C"}:
        raise CorruptFileError(source.name, "is no HEALPix map in equatorial coordinates.")
    table = FitsTable(source, hdu, version)
    width = max(1, (header.integer("NAXIS1") or 0) // 8)
    if table.count * width > 4 * MOST_MAP_ROWS or table.notes:
        raise CorruptFileError(source.name, "is finer than is read, or breaks off.")
    explicit = (header.string("INDXSCHM") or "IMPLICIT").upper().startswith("EXPL")
    columns = [_flat(table.column(entry.name)) for entry in table.fields[: 2 if explicit else 1]]
    values = numbers(columns[-1])[0]
    pixels = numbers(columns[0])[0].astype(np.int64) if explicit else np.arange(len(values))
    if len(pixels) and not (pixels.min() >= 0 and pixels.max() < 12 << (2 * order)):
        raise CorruptFileError(source.name, "has pixels beyond the sky.")
    if ring:
        from armillary.sky.healpix import ring_to_nest

        pixels = ring_to_nest(nside, pixels)
    return _added(order, pixels, np.where(np.isfinite(values) & (values > 0), values, 0.0), partitions)


def _flat(column: object) -> object:
    """A column of arrays as one of numbers."""
    import pyarrow as pa

    assert isinstance(column, pa.ChunkedArray)
    if pa.types.is_nested(column.type):
        return pa.chunked_array([chunk.flatten() for chunk in column.chunks])
    return column


def _added(order: int, pixels: NDArray[np.int64], values: NDArray[np.float64], partitions: Partitions) -> SkyCounts:
    kept = min(order, KEPT_ORDER)
    finest = np.bincount(pixels >> (2 * (order - kept)), values, 12 << (2 * kept)).astype(np.float64)
    if order < partitions.highest_order or not len(partitions):
        return SkyCounts.of(finest)
    places = partitions.places_of(pixels << (2 * (MAX_ORDER - order)))
    counts = np.bincount(places[places >= 0], values[places >= 0], len(partitions))
    return SkyCounts.of(finest, np.rint(counts).astype(np.int64))
