"""A cutout as a FITS file: its length is known at once, its bytes come block by block, with the sums of its units.

DATASUM and CHECKSUM stand before the data that they are of. Units of a few MiB are made whole; of larger ones the data
are made twice, first for the sum: they are mapped or kept decoded, and the sum itself costs 0.05 ms for a MiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary.images.cutouts.checksums import sealed, sum_of
from armillary.images.cutouts.units import WHOLE_BYTES
from armillary.storage.fits.cards import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from armillary.images.cutouts.cards import Header
    from armillary.images.cutouts.units import Unit


class CutoutFile:
    """A FITS file of units, the first of which is the primary one.

    Parameters
    ----------
    units
        At least one.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = tuple(units)
        self._headers: list[Header] = []

    def length(self) -> int:
        """Bytes of the whole file."""
        sizes = (-(-unit.data_bytes // BLOCK) * BLOCK for unit in self._units)
        return sum(len(header.data) for header in self._made_headers()) + sum(sizes)

    def parts(self) -> Iterator[bytes | memoryview]:
        """The bytes of the file in order, in pieces of a few MiB.

        Raises
        ------
        VersionGoneError, FileError
            The file changed or vanished on the way: what came before belongs to the version it had.
        """
        for unit, header in zip(self._units, self._made_headers(), strict=True):
            yield from _unit_parts(unit, header)

    def _made_headers(self) -> list[Header]:
        if not self._headers:
            last = len(self._units) - 1
            self._headers = [
                unit.header(extension=k > 0, extended=k == 0 and last > 0) for k, unit in enumerate(self._units)
            ]
        return self._headers


def _unit_parts(unit: Unit, header: Header) -> Iterator[bytes | memoryview]:
    if unit.data_bytes <= WHOLE_BYTES:
        blocks = list(unit.data())
        yield sealed(*header, sum_of(blocks))
        yield from blocks
    else:
        yield sealed(*header, sum_of(unit.data()))
        yield from unit.data()
    if rest := -unit.data_bytes % BLOCK:
        yield bytes(rest)
