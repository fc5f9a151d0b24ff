"""A cutout of one plane as a FITS file."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from armillary.images.cutouts.files import CutoutFile
from armillary.images.cutouts.subjects import subject_of
from armillary.images.cutouts.tables import tables_for
from armillary.images.cutouts.units import ImageUnit
from armillary.storage.fits.cards import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.images.cutouts.windows import Cut
    from armillary.images.plane import Plane


class FitsCutout:
    """A cutout of a plane (see ``units``).

    Parameters
    ----------
    plane
        Where to cut.
    cut
        What (see ``windows``).

    Raises
    ------
    ParameterError, LimitError
        Its distortion cannot be moved.
    """

    def __init__(self, plane: Plane, cut: Cut) -> None:
        self.plane = plane
        self.cut = cut
        self._image = ImageUnit(subject_of(plane), cut)
        self._tables = tables_for(plane, cut.window)

    @functools.cached_property
    def _file(self) -> CutoutFile:
        return CutoutFile([self._image, *self._tables])

    @property
    def data_bytes(self) -> int:
        """Bytes of the pixels, without padding."""
        return self._image.data_bytes

    def parts(self) -> Iterator[bytes | memoryview]:
        """The bytes of the file in order, in pieces of a few MiB.

        Raises
        ------
        VersionGoneError, FileError
            The file changed or vanished on the way: what came before belongs to the version it had.
        """
        return self._file.parts()

    def estimate(self) -> int:
        """Bytes of the whole file, or a block less or more, without a look at pixels."""
        header = self._image.header(extended=bool(self._tables), guess=True)
        total = len(header.data) + -(-self.data_bytes // BLOCK) * BLOCK
        return total + (CutoutFile(self._tables).length() if self._tables else 0)

    def length(self) -> int:
        """Bytes of the whole file."""
        return self._file.length()
