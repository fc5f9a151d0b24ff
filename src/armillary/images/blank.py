"""The whole sky without data: something to show catalogs on where there is no image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.images.files import ImageFile
from armillary.images.plane import Linear, MappedPixels, Plane, PlaneStack, PlaneWords

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.grid import Window
    from armillary.sky.wcs import PlaneWcs
    from armillary.storage.source import ByteSource

NAME = "Sky"
ABOUT = "Nothing but coordinates, to show catalogs on."
VERSION = "blank"
# 79″ a pixel, which a viewer enlarges to one: near enough to tell sources apart, and overviews take no time.
SHAPE = (8_192, 16_384)
NOTE = "No data: a grid in plate carrée to show catalogs on."


class BlankSky(Plane):
    """The sky in plate carrée, ICRS, every pixel NaN; it takes the memory of one row.

    Parameters
    ----------
    words
        What is said of it.
    """

    def __init__(self, words: PlaneWords) -> None:
        self.words = words
        self.shape = SHAPE
        self.dtype = np.dtype(np.float32)
        row = np.full(SHAPE[1], np.nan, ">f4")
        self._stored = np.lib.stride_tricks.as_strided(row, SHAPE, (0, row.itemsize), writeable=False)

    @property
    def version(self) -> str:
        """It never changes."""
        return VERSION

    @property
    def opened_version(self) -> str:
        """It never changes."""
        return VERSION

    def window(self, window: Window) -> NDArray[Any]:
        """Nothing but NaN."""
        return np.full((window.y1 - window.y0, window.x1 - window.x0), np.nan, np.float32)

    def mapped(self) -> MappedPixels:
        """One row, over and over."""
        return MappedPixels(self._stored, Linear())

    def header_text(self) -> str:
        """World coordinates; there is no file."""
        from armillary.images.healpix import grid_header

        return "\n".join([*(card.ljust(80) for card in grid_header("icrs", SHAPE).split("\n")), "END".ljust(80)])

    def header_texts(self) -> list[tuple[int, str, str]]:
        """That of the one unit there would be."""
        return [(0, "", self.header_text())]

    @property
    def wcs(self) -> PlaneWcs | None:
        """World coordinates of the grid."""
        from armillary.images.healpix import grid_header
        from armillary.sky.wcs import PlaneWcs

        return PlaneWcs.from_header_text(grid_header("icrs", SHAPE), SHAPE)


class NoBytes:
    """What stands for the source of a file that is none."""

    name = NAME
    version = VERSION
    decoded = True
    max_bytes = 0
    size = 0

    def close(self) -> None:
        """Nothing is held."""


def open_blank_sky(_path: str = "") -> tuple[ByteSource, ImageFile]:
    """The blank sky as an opener of files gives it: its bytes, of which there are none, and what they hold."""
    words = PlaneWords(NAME, 0, notes=(NOTE,))
    source: Any = NoBytes()
    return source, ImageFile(NAME, VERSION, (NOTE,), [PlaneStack(words, (), lambda _: BlankSky(words))], source)
