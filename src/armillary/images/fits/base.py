"""What planes of plain and of compressed images have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.images.plane import Linear, Plane, PlaneWords, value_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.fits.axes import Layout
    from armillary.images.fits.openfile import FitsFile
    from armillary.sky.grid import Window
    from armillary.sky.wcs import PlaneWcs
    from armillary.storage.fits.cards import Header
    from armillary.storage.fits.hdus import FitsHdu

STORED = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_UNSIGNED = {8: (-128.0, "int8"), 16: (2.0**15, "uint16"), 32: (2.0**31, "uint32"), 64: (2.0**63, "uint64")}


def linear_of(header: Header, *, integers: bool) -> Linear:
    """BSCALE, BZERO and BLANK (FITS 4.0, 4.4.2.5); a scale of 0 or one that is no number counts as 1."""
    scale = header.number("BSCALE", 1.0) or 1.0
    blank = header.integer("BLANK") if integers else None
    return Linear(scale, header.number("BZERO", 0.0), blank)


def dtype_of(bitpix: int, linear: Linear) -> np.dtype[Any]:
    """Type of the values: integers where they are stored as such or by the unsigned convention, else floating."""
    stored = np.dtype(STORED[bitpix])
    if bitpix > 0 and linear.scale == 1.0:
        zero, unsigned = _UNSIGNED[bitpix]
        if linear.zero == zero:
            return np.dtype(unsigned)
        if linear.zero == 0.0:
            return stored.newbyteorder("=")
    return np.dtype(value_dtype(stored))


def missing_number(stored: np.dtype[Any], blank: int | None) -> float:
    """What stands for no data among stored numbers: NaN, BLANK, and 0 where there is none."""
    if stored.kind == "f":
        return float("nan")
    limits = np.iinfo(stored)
    return blank if blank is not None and limits.min <= blank <= limits.max else 0


class FitsPlane(Plane):
    """A plane of an image in a FITS file.

    Parameters
    ----------
    file
        The open file.
    hdu
        The unit of the image.
    layout
        Its axes.
    position
        Index on every axis; that on the two of the sky is 0.
    words
        What is known of it.
    """

    def __init__(
        self, file: FitsFile, hdu: FitsHdu, layout: Layout, position: tuple[int, ...], words: PlaneWords
    ) -> None:
        self._file = file
        self._hdu = hdu
        self._layout = layout
        self._position = position
        self.words = words
        self.shape = layout.shape

    @property
    def file(self) -> FitsFile:
        """The open file."""
        return self._file

    @property
    def hdu(self) -> FitsHdu:
        """The unit of the image."""
        return self._hdu

    @property
    def layout(self) -> Layout:
        """Its axes."""
        return self._layout

    @property
    def position(self) -> tuple[int, ...]:
        """Index on every axis of the first pixel."""
        return self._position

    @abstractmethod
    def at(self, position: tuple[int, ...]) -> FitsPlane:
        """Another plane of the same image, by the index of its first pixel on every axis; costs next to nothing."""

    @property
    @abstractmethod
    def stored(self) -> np.dtype[Any]:
        """Type of the numbers in the file, decompressed, big-endian."""

    @property
    @abstractmethod
    def blank(self) -> int | None:
        """The stored integer that is no data; None where there is none."""

    @abstractmethod
    def stored_window(self, window: Window) -> NDArray[Any]:
        """Numbers of a window as they are in the file, decompressed, big-endian, the caller's own.

        Where a truncated file lacks them: NaN, BLANK or 0.

        Raises
        ------
        VersionGoneError, FileError
            As ``window``.
        """

    @property
    def version(self) -> str:
        """Version of the file as it is on disk now; other than ``opened_version`` once it changed."""
        return self._file.source.version

    @property
    def opened_version(self) -> str:
        """Version of the file when its headers were read: the only one whose pixels this plane gives."""
        return self._file.version

    def header_text(self) -> str:
        """Header of the image, cards of 80 characters, one a line."""
        return self._file.image_header(self._hdu).text

    def header_texts(self) -> list[tuple[int, str, str]]:
        """Number, name and header of every unit of the file."""
        return self._file.header_texts()

    @property
    def wcs(self) -> PlaneWcs | None:
        """World coordinates, None without celestial ones."""
        return self._file.wcs(self._hdu, self.shape, self._layout.sky)

    def why_no_sky(self) -> str:
        """Why it has no celestial coordinates."""
        return self._file.why_no_sky(self._hdu, self.shape, self._layout.sky)
