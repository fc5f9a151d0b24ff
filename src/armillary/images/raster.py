"""The value type that leaves this room: pixels of one tile or region, ready to be encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels of a tile or a region.

    Parameters
    ----------
    pixels
        C-contiguous native float32, shape (rows, columns), row 0 at the *top* (last FITS row), NaN where there is
        no data. A tile is always ``tile_size`` square: what lies outside the plane is NaN.
    version
        Version of the file these pixels were read from.
    noise
        Standard deviation of the pixel-to-pixel noise (robust), or 0 when unknown: bounds the loss of ``q16``.
    quantum
        If not 0, every valid pixel is an exact multiple of it plus ``zero`` (scaled integers at full resolution).
    zero
        Offset of that multiple.
    preview
        True when the pixels are a strided sample and not means.
    """

    pixels: NDArray[np.float32]
    version: str
    noise: float = 0.0
    quantum: float = 0.0
    zero: float = 0.0
    preview: bool = False
