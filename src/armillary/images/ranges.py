"""The range, stretch and colour map with which a plane is shown first.

A *signed map* (a Stokes parameter, a temperature map, anything whose tails reach about as far below zero as above)
gets a range symmetric about zero: the 99th percentile of the absolute value, rounded to two digits, on a diverging
colour map.

Anything else is taken for a *sky image*: most pixels are background, a few are bright. From three standard deviations
of the background below its median, or the 0.5th percentile where that is higher, to the 99.5th percentile, or five
standard deviations above the median where a faint field has less. The standard deviation is the distance from the
median to the 15.87th percentile, which sources hardly touch. When the range is more than twenty of them wide the
stretch is asinh.

Pixels that are exactly zero are blank, and do not count, when they are too many to be chance. So do NaN and the
infinities not count. A few bright stars lie beyond any percentile used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.images.counting import quantiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.plane import PlaneWords

BLANK_ZERO_SHARE = 0.01
BLANK_ZERO_SHARE_INTEGERS = 0.3
SIGNED_RATIO = 0.5
SIGNED_RATIO_OF_TEMPERATURES = 0.2
SIGNED_RATIO_OF_STOKES = 0.05
ASINH_WIDTH = 20.0
PERCENTS = (0.1, 0.5, 15.866, 50.0, 99.5, 99.9)
TEMPERATURES = (
    "k",
    "mk",
    "uk",
    "µk",
    "μk",
    "nk",
    "muk",
    "k_cmb",
    "mk_cmb",
    "uk_cmb",
    "kcmb",
    "mkcmb",
    "ukcmb",
    "kelvin",
)
FLOAT32_EPSILON = 2.0**-23
FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class DisplayRange:
    """How to show a plane at first.

    Parameters
    ----------
    vmin, vmax
        Values at the ends of the colour map; finite, ``vmin < vmax`` also as float32.
    symmetric
        Whether the range is symmetric about zero because the data are.
    cmap, stretch
        Names of a colour map and a stretch.
    """

    vmin: float
    vmax: float
    symmetric: bool = False
    cmap: str = "gray"
    stretch: str = "linear"

    @property
    def nbytes(self) -> int:
        """Bytes of memory, roughly."""
        return 200


def choose_range(values: NDArray[np.float32], words: PlaneWords, *, integers: bool = False) -> DisplayRange:
    """Range for valid pixels of a plane (see the module).

    Parameters
    ----------
    values
        Valid pixels, flat; any number of them.
    words
        Units and Stokes parameter decide how readily the plane is taken for a signed map.
    integers
        Whether the plane holds unscaled integers: zeros are then commoner by chance.
    """
    values = without_blank_zeros(values, BLANK_ZERO_SHARE_INTEGERS if integers else BLANK_ZERO_SHARE)
    if values.size == 0:
        return DisplayRange(0.0, 1.0)
    marks = quantiles(values, np.array(PERCENTS))
    p01, p05, p16, median, p995, p999 = (float(mark) for mark in marks)
    if is_signed(p05, p995, words) and is_signed(p01, p999, words):
        limit = round_up(float(quantiles(np.abs(values), np.array([99.0]))[0]))
        return _apart(-limit, limit, symmetric=True, cmap="RdBu_r")
    sigma = median - p16
    low = max(p05, median - 3.0 * sigma)
    high = max(p995, min(float(values.max()), median + 5.0 * sigma))
    if low >= high:
        low, high = float(values.min()), float(values.max())
    wide = sigma > 0.0 and high - low > ASINH_WIDTH * sigma
    low, high = _short(low, high - low), _short(high, high - low)
    return _apart(low, high, stretch="asinh" if wide else "linear")


def without_blank_zeros(values: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Values without the exact zeros, when these are more than ``share`` of them and something varies besides."""
    zeros = values == 0.0
    if zeros.mean() <= share if values.size else True:
        return values
    others = values[~zeros]
    return others if others.size and others.min() < others.max() else values


def is_signed(low: float, high: float, words: PlaneWords) -> bool:
    """Whether tails at ``low`` and ``high`` reach comparably far to both sides of zero, given what the plane is."""
    if not low < 0.0 < high:
        return False
    ratio = SIGNED_RATIO
    if (words.units or "").strip().lower() in TEMPERATURES:
        ratio = SIGNED_RATIO_OF_TEMPERATURES
    if (words.stokes or words.quantity or "").strip().upper() in {"Q", "U", "V"}:
        ratio = SIGNED_RATIO_OF_STOKES
    return min(-low, high) >= ratio * max(-low, high)


def round_up(value: float) -> float:
    """A positive number rounded up to two digits; 0 stays."""
    if value <= 0.0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit * (1.0 - 1e-12)) * unit:.2g}") if unit > 0.0 else value


def _short(end: float, width: float) -> float:
    """An end of a range without digits that a ten-thousandth of its width does not warrant."""
    if not 0.0 < width < math.inf:
        return end
    digits = 4 - math.floor(math.log10(width))
    return round(end, digits) if abs(digits) < 300 else end


def _apart(
    low: float, high: float, *, symmetric: bool = False, cmap: str = "gray", stretch: str = "linear"
) -> DisplayRange:
    """A range whose ends differ as float32, too: a constant plane lies in the middle of ±10 % of its value."""
    low, high = max(low, -FLOAT32_MAX), min(high, FLOAT32_MAX)
    if not np.float32(low) < np.float32(high) or high - low < 4.0 * FLOAT32_EPSILON * max(abs(low), abs(high)):
        centre = (low + high) / 2.0
        margin = 0.1 * abs(centre) if abs(centre) > 1e-30 else 1.0
        low, high = max(centre - margin, -FLOAT32_MAX), min(centre + margin, FLOAT32_MAX)
    return DisplayRange(low, high, symmetric, cmap, stretch)
