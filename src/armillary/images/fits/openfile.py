"""An open FITS file: what its planes share."""

from __future__ import annotations

import io
import threading
import warnings
from typing import TYPE_CHECKING, Any

from armillary.errors import VersionGoneError
from armillary.images.fits.imageheader import image_header, is_compressed_image
from armillary.storage.consistent import read_consistently
from armillary.storage.fits.hdus import scan_hdus

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from armillary.sky.wcs import PlaneWcs
    from armillary.storage.fits.cards import Header
    from armillary.storage.fits.hdus import FitsHdu
    from armillary.storage.source import ByteSource

    T = TypeVar("T")


class FitsFile:
    """The units of a FITS file, scanned, and the source of its bytes.

    Parameters
    ----------
    source
        Its bytes.

    Raises
    ------
    FileError
        The file cannot be used.
    """

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.name = source.name
        (self.hdus, notes), self.version = read_consistently(source, lambda: scan_hdus(source), name=source.name)
        self.notes = tuple(notes)
        self._lock = threading.Lock()
        self._wcs: dict[tuple[int, tuple[int, int], tuple[int, int]], PlaneWcs | None] = {}

    def check(self) -> None:
        """Refuse to go on when the file on disk is not the one whose headers were read.

        Raises
        ------
        VersionGoneError
            It changed: it must be opened again.
        UnreadableFileError
            It has vanished.
        """
        if self.source.version != self.version:
            raise VersionGoneError(f"{self.name}: the file changed on disk and must be opened again.")

    def read(self, read: Callable[[], T]) -> T:
        """Result of ``read``, all of whose bytes belong to the version that was opened.

        Raises
        ------
        VersionGoneError, FileError
            As ``check`` and ``read``.
        """
        return read_consistently(self.source, read, name=self.name, opened=self.version)[0]

    def image_header(self, hdu: FitsHdu) -> Header:
        """Header of an image; of a compressed one: as it would be without compression."""
        return image_header(hdu.header) if is_compressed_image(hdu.header) else hdu.header

    def header_texts(self) -> list[tuple[int, str, str]]:
        """Number, name and header of every unit."""
        return [(hdu.index, hdu.name, self.image_header(hdu).text) for hdu in self.hdus]

    def wcs(self, hdu: FitsHdu, shape: tuple[int, int], sky: tuple[int, int]) -> PlaneWcs | None:
        """World coordinates on two axes (from 0) of an image; kept."""
        from armillary.sky.wcs import PlaneWcs

        key = (hdu.index, shape, sky)
        with self._lock:
            if key not in self._wcs:
                text = self.image_header(hdu).text
                axes = (sky[0] + 1, sky[1] + 1)
                self._wcs[key] = PlaneWcs.from_header_text(text, shape, axes, self.open_with_astropy)
            return self._wcs[key]

    def why_no_sky(self, hdu: FitsHdu, shape: tuple[int, int], sky: tuple[int, int]) -> str:
        """Why an image has no celestial coordinates, in words; empty when it has some."""
        from armillary.sky.wcs import why_not

        axes = (sky[0] + 1, sky[1] + 1)
        return why_not(self.image_header(hdu).text, shape, axes, self.open_with_astropy)

    def open_with_astropy(self) -> Any:
        """The file as an astropy ``HDUList``, for what only astropy reads; the caller closes it."""
        from astropy.io import fits

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return fits.open(io.BufferedReader(SourceStream(self.source)), memmap=False, lazy_load_hdus=True)


class SourceStream(io.RawIOBase):
    """A source as a stream that can seek."""

    name = ""

    def __init__(self, source: ByteSource) -> None:
        super().__init__()
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def seekable(self) -> bool:
        """Whether it can seek: yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}
        start = self._source.size if whence == io.SEEK_END else base[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        """Position of the next byte."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the file goes."""
        view = memoryview(buffer).cast("B")
        data = self._source.read_upto(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
