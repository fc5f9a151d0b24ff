"""Regions of a plane as images, and grids of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import NotFoundError, ParameterError
from armillary.holdings.facts import steadily
from armillary.holdings.pictures import MAX_PIXELS
from armillary.holdings.styles import check_style, layer_style
from armillary.render import check_size, encode
from armillary.server.tiles import COLOURED
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from armillary.holdings.layers import Layer
    from armillary.images.pyramid import Pyramid


@dataclass(frozen=True, slots=True)
class PixelBox:
    """Half-open box of pixels as a client gives it, perhaps beyond the plane."""

    x0: int
    y0: int
    x1: int
    y1: int

    def clipped(self, shape: tuple[int, int]) -> Window:
        """The part of it on a plane.

        Raises
        ------
        ParameterError
            It is empty, or beside the plane.
        """
        ny, nx = shape
        window = Window(max(0, self.y0), min(ny, self.y1), max(0, self.x0), min(nx, self.x1))
        if window.y0 >= window.y1 or window.x0 >= window.x1:
            raise ParameterError("x0", f"the region holds no pixel: the plane has {nx} by {ny}")
        return window


def axes_of(
    x0: float, y0: float, x1: float, y1: float, nx: int, ny: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixel coordinates of a grid's columns and rows."""
    import numpy as np

    return np.linspace(x0, x1, nx), np.linspace(y0, y1, ny)


def region_image(layer: Layer, ext: str, box: PixelBox, given: Mapping[str, str]) -> tuple[bytes, str]:
    """A region at full resolution, and its media type.

    Raises
    ------
    NotFoundError
        Unknown extension.
    ParameterError
        Bad style or empty region.
    LimitError
        More pixels than an image of that kind may have.
    """
    if ext not in COLOURED:
        raise NotFoundError(f"There are no images {ext!r}: use one of {', '.join(sorted(COLOURED))}.")
    check_style(given)

    def read(pyramid: Pyramid, _version: str) -> tuple[bytes, str]:
        window = box.clipped(pyramid.plane.shape)
        check_size(ext, window.shape)
        style, counts = layer_style(layer, pyramid, given)
        encoded = encode(pyramid.region(window, MAX_PIXELS), ext, style, histogram=counts)
        return encoded.body, encoded.media_type

    return steadily(layer, read)
