"""Values become colours: one look-up in a table that holds the stretch and the colour map together."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

import numpy as np

from armillary.render import colormaps, stretch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.render.stretch import HistogramLike, Transfer
    from armillary.render.style import Style

Colour = tuple[int, int, int]
PALETTE_COLOURS = 255


KEPT_TABLES = 32


def palette(cmap: str) -> NDArray[np.uint8]:
    """Return the 256 colours of a palette image: entry 0 stands for no data, the map is spread over the others."""
    picked = np.rint(np.linspace(0, 255, PALETTE_COLOURS)).astype(np.intp)
    return np.concatenate((np.zeros((1, 3), np.uint8), colormaps.table(cmap)[picked]))


def palette_indices(
    pixels: NDArray[np.float32], style: Style, histogram: HistogramLike | None, out: NDArray[np.uint8]
) -> None:
    """Write indices into :func:`palette` to ``out`` (flat): 1 to 255, 0 where a pixel is not finite."""
    _look_up(pixels, style, _palette_table(stretch.transfer(style, histogram)), out)


@functools.lru_cache(maxsize=KEPT_TABLES)
def _palette_table(wanted: Transfer) -> NDArray[np.uint8]:
    indices = 1 + stretch.colour_index(stretch.table(wanted), PALETTE_COLOURS)
    return np.append(indices, np.uint8(0))


def is_grey(cmap: str) -> bool:
    """Whether all colours of a map have red = green = blue."""
    colours = colormaps.table(cmap)
    return bool((colours == colours[:, :1]).all())


def grey(pixels: NDArray[np.float32], style: Style, histogram: HistogramLike | None, missing: int) -> NDArray[np.uint8]:
    """Return brightness, shape of ``pixels``, for a colour map without colour (see :func:`is_grey`)."""
    out = np.empty(pixels.shape, np.uint8)
    table = _grey_table(stretch.transfer(style, histogram), style.cmap, missing)
    _look_up(pixels, style, table, out.reshape(-1))
    return out


@functools.lru_cache(maxsize=KEPT_TABLES)
def _grey_table(wanted: Transfer, cmap: str, missing: int) -> NDArray[np.uint8]:
    levels = colormaps.table(cmap)[stretch.colour_index(stretch.table(wanted)), 0]
    return np.append(levels, np.uint8(missing))


def rgba(
    pixels: NDArray[np.float32], style: Style, histogram: HistogramLike | None, missing: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """Return red, green, blue and alpha, shape (rows, columns, 4).

    Parameters
    ----------
    pixels
        Shape (rows, columns).
    style, histogram
        How to colour them; the histogram is only needed for ``histeq``.
    missing
        What to write where a pixel is not finite.
    """
    out = np.empty((*pixels.shape, 4), np.uint8)
    table = _rgba_table(stretch.transfer(style, histogram), style.cmap, missing)
    _look_up(pixels, style, table, out.view(np.uint32).reshape(-1))
    return out


@functools.lru_cache(maxsize=KEPT_TABLES)
def _rgba_table(wanted: Transfer, cmap: str, missing: tuple[int, int, int, int]) -> NDArray[np.uint32]:
    colours = np.full((256, 4), 255, np.uint8)
    colours[:, :3] = colormaps.table(cmap)
    packed = colours.view(np.uint32).reshape(-1)
    last = np.array(missing, np.uint8).view(np.uint32)
    return np.concatenate((packed[stretch.colour_index(stretch.table(wanted))], last))


def _look_up(pixels: NDArray[np.float32], style: Style, table: NDArray[np.generic], out: NDArray[np.generic]) -> None:
    from armillary.render import kernels

    span = style.vmax - style.vmin
    per_unit = min((table.size - 2) / span, sys.float_info.max)
    kernels.look_up(pixels.reshape(-1), style.vmin, per_unit, style.absolute, table, out)
