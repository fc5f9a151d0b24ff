"""How values become colours: range, stretch, colour map. The viewer's shader uses the same formulas."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stretch(StrEnum):
    """Transfer curves from the unit interval to itself.

    With ``t`` the value's place between ``vmin`` and ``vmax``, clipped to 0–1:
    linear ``t``; sqrt ``t**0.5``; log ``log(1 + 1000 t) / log(1001)``; asinh ``asinh(10 t) / asinh(10)``;
    power ``(1000**t - 1) / 999``; histeq: the cumulative histogram between ``vmin`` and ``vmax``.
    Gamma comes after the stretch: ``s ** (1 / gamma)``.
    """

    LINEAR = "linear"
    SQRT = "sqrt"
    LOG = "log"
    ASINH = "asinh"
    POWER = "power"
    HISTEQ = "histeq"


@dataclass(frozen=True, slots=True)
class Style:
    """How to colour a raster.

    Parameters
    ----------
    vmin, vmax
        Values that map to the ends of the colour map; finite, ``vmin < vmax``.
    stretch
        Transfer curve.
    cmap
        Name of a colour map (see ``armillary.render.colormaps.names``).
    gamma
        Applied after the stretch, ``s ** (1 / gamma)``; 0.1 to 10.
    invert
        Colours from the other end.
    absolute
        Colour the absolute value.
    """

    vmin: float
    vmax: float
    stretch: Stretch = Stretch.LINEAR
    cmap: str = "gray"
    gamma: float = 1.0
    invert: bool = False
    absolute: bool = False
