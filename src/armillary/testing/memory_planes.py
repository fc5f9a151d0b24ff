"""Planes that lie in memory: for tests of whatever takes planes, without files."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.images.plane import Linear, MappedPixels, Plane, PlaneWords, to_values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from armillary.sky.grid import Window
    from armillary.sky.wcs import PlaneWcs

IDENTITY = Linear()


class MemoryPlane(Plane):
    """Stored numbers in memory, decoded by the window.

    Parameters
    ----------
    stored
        Numbers as in a file: 2-D, FITS row order, big-endian for ``MappedPlane``.
    linear
        How they become values.
    words
        What is known of the plane.
    band_rows
        Rows that are decoded together.

    Attributes
    ----------
    number
        Number of the version: raise it to say that the file has changed.
    bands
        Numbers of the bands that windows had to decode, in order.
    """

    def __init__(
        self, stored: ArrayLike, linear: Linear = IDENTITY, words: PlaneWords | None = None, *, band_rows: int = 1
    ) -> None:
        self.words = words or PlaneWords("memory.fits", 0)
        self.linear = linear
        self.number = 1
        self.bands: list[int] = []
        self._band_rows = band_rows
        self._lock = threading.Lock()
        self._set(stored)

    @property
    def version(self) -> str:
        """Version by number."""
        return f"v{self.number}"

    @property
    def band_rows(self) -> int:
        """As given."""
        return self._band_rows

    @property
    def band_columns(self) -> int:
        """All of them: whole rows are decoded."""
        return self.shape[1]

    @property
    def wcs(self) -> PlaneWcs | None:
        """None."""
        return None

    def replace(self, stored: ArrayLike) -> None:
        """Put other numbers in the place of those, as a new version."""
        self._set(stored)
        self.number += 1

    def window(self, window: Window) -> NDArray[Any]:
        """Values of a window; raises AssertionError outside the plane."""
        assert 0 <= window.y0 < window.y1 <= self.shape[0], window
        assert 0 <= window.x0 < window.x1 <= self.shape[1], window
        with self._lock:
            self.bands += range(window.y0 // self._band_rows, (window.y1 - 1) // self._band_rows + 1)
        return to_values(self.stored[window.y0 : window.y1, window.x0 : window.x1], self.linear)

    def sample(self, step: int) -> NDArray[np.float32] | None:
        """None: it must be decoded."""
        return None if self.mapped() is None else super().sample(step)

    def header_text(self) -> str:
        """No header."""
        return f"{'END':<80}"

    def header_texts(self) -> list[tuple[int, str, str]]:
        """No header."""
        return [(0, "", self.header_text())]

    def _set(self, stored: ArrayLike) -> None:
        self.stored: NDArray[Any] = np.ascontiguousarray(stored)
        self.shape = self.stored.shape[0], self.stored.shape[1]
        unscaled = self.linear.scale == 1.0 and float(self.linear.zero).is_integer()
        integers = unscaled and self.stored.dtype.kind in "iu"
        self.dtype = self.stored.dtype.newbyteorder("=") if integers else np.dtype(np.float32)


class MappedPlane(MemoryPlane):
    """Gives its numbers as a mapped file does. Does not override ``sample``."""

    sample = Plane.sample

    def mapped(self) -> MappedPixels:
        """The numbers as they are."""
        return MappedPixels(self.stored, self.linear)
