"""Sky maps of HATS catalogs: HEALPix tables of FITS, read a block of rows at a time and added up to what is kept."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats import names
from armillary.catalogs.viewing.counts import KEPT_ORDER, SkyCounts
from armillary.catalogs.viewing.far_folders import FarFolder
from armillary.errors import CorruptFileError, FileError
from armillary.sky.healpix import MAX_ORDER, ring_to_nest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from armillary.catalogs.formats.fits_table import FitsTable
    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Partitions
    from armillary.storage.source import ByteSource

log = logging.getLogger(__name__)

NAMES = (names.SKYMAP, names.OLD_SKYMAP)
FINEST_ORDER = 10
"""Maps of this order take a tenth of a gigabyte; finer ones are passed over."""
MOST_FAR_BYTES = 64 << 20
"""Of catalogs that are far larger ones are passed over."""
BLOCK_VALUES = 1 << 19


def map_counts(hats: HatsCatalog, allows: Callable[[str], bool]) -> SkyCounts | None:
    """Counts of the sky map; None where there is none that can be used."""
    for name in NAMES:
        path = hats.folder.path(name)
        if hats.folder.exists(name) and allows(path):
            try:
                far = hats.folder.source(name) if isinstance(hats.folder, FarFolder) else None
                return SkyMap(path, far).counts(hats.partitions)
            except FileError as error:
                log.warning("%s: its sky map is not used: %s", hats.name, error.message)
    return None


class SkyMap:
    """A HEALPix map of numbers of sources.

    Parameters
    ----------
    path
        A FITS file with a table: pixels and values (``INDXSCHM`` ``EXPLICIT``), or the values of all pixels.
    far
        Its bytes where it is far.

    Raises
    ------
    CorruptFileError
        It is none, or finer than is read.
    FileError
        It cannot be read.
    """

    def __init__(self, path: str, far: ByteSource | None = None) -> None:
        from armillary.catalogs.formats.fits_table import FitsTable, is_table
        from armillary.storage.consistent import read_consistently
        from armillary.storage.fits.hdus import scan_hdus
        from armillary.storage.source import open_source

        source = open_source(path) if far is None else far
        if far is not None and far.size > MOST_FAR_BYTES:
            raise CorruptFileError(source.name, "is larger than is read from afar.")
        (hdus, _), version = read_consistently(source, lambda: scan_hdus(source), name=source.name)
        hdu = next(filter(is_table, hdus), None)
        if hdu is None:
            raise CorruptFileError(source.name, "holds no table.")
        header = hdu.header
        self.name = source.name
        self._nside = header.integer("NSIDE") or 0
        self.order = self._nside.bit_length() - 1
        if self._nside < 1 or self._nside != 1 << self.order or (header.string("COORDSYS") or "C") != "C":
            raise CorruptFileError(self.name, "is no HEALPix map in equatorial coordinates.")
        if self.order > FINEST_ORDER:
            raise CorruptFileError(self.name, f"is finer than order {FINEST_ORDER}, and that is not read.")
        self._ring = (header.string("ORDERING") or "NESTED").upper().startswith("RING")
        self._explicit = (header.string("INDXSCHM") or "IMPLICIT").upper().startswith("EXPL")
        self._table: FitsTable = FitsTable(source, hdu, version)
        if self._table.notes or len(self._table.fields) < 1 + self._explicit:
            raise CorruptFileError(self.name, "breaks off, or holds no values.")

    def counts(self, partitions: Partitions) -> SkyCounts:
        """The map as it is kept, and the rows of each partition where it is fine enough."""
        kept = min(self.order, KEPT_ORDER)
        finest = np.zeros(12 << (2 * kept))
        tells = len(partitions) > 0 and self.order >= partitions.highest_order
        rows = np.zeros(len(partitions))
        for pixels, values in self._blocks():
            np.add.at(finest, pixels >> (2 * (self.order - kept)), values)
            if tells:
                places = partitions.places_of(pixels << (2 * (MAX_ORDER - self.order)))
                np.add.at(rows, places[places >= 0], values[places >= 0])
        return SkyCounts.of(finest, np.rint(rows).astype(np.int64) if tells else None)

    def _blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Pixels, nested, and their values; what is no number counts as nothing."""
        columns = [entry.name for entry in self._table.fields[: 1 + self._explicit]]
        width, start = 1 if self._explicit else 1024, 0
        while start < self._table.count:
            stop = min(self._table.count, start + max(1, BLOCK_VALUES // width))
            taken = self._table.take(columns, np.arange(start, stop))
            values = _numbers(taken[columns[-1]])
            width = len(values) // (stop - start)
            first = start * width
            pixels = (
                _numbers(taken[columns[0]]).astype(np.int64)
                if self._explicit
                else np.arange(first, first + len(values))
            )
            if len(pixels) and not (pixels.min() >= 0 and pixels.max() < 12 << (2 * self.order)):
                raise CorruptFileError(self.name, "has pixels beyond the sky.")
            if self._ring:
                pixels = ring_to_nest(self._nside, pixels)
            yield pixels, np.where(np.isfinite(values) & (values > 0), values, 0.0)
            start = stop


def _numbers(column: Any) -> NDArray[np.float64]:
    """A column, also one of arrays, as float64."""
    import pyarrow as pa

    from armillary.catalogs.angles import numbers

    flat = column.flatten() if pa.types.is_nested(column.type) else column
    return numbers(flat)[0]
