"""How values become colours: range, stretch, colour map. The viewer's shader uses the same formulas."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from enum import StrEnum

from armillary.errors import ParameterError

MIN_GAMMA = 0.1
MAX_GAMMA = 10.0
_FLOAT32_MAX = 3.4028235e38
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


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


def make_style(
    *,
    vmin: object,
    vmax: object,
    stretch: object = Stretch.LINEAR,
    cmap: object = "gray",
    gamma: object = 1.0,
    invert: object = False,
    absolute: object = False,
) -> Style:
    """Make a style from values that nobody has checked: numbers or their text.

    Raises
    ------
    ParameterError
        Names the parameter as HTTP does (``abs`` for ``absolute``) and the remedy.
    """
    low, high = _number("vmin", vmin), _number("vmax", vmax)
    if not low < high:
        raise ParameterError(
            "vmin", f"must be less than vmax, but {low:g} is not less than {high:g}: swap or widen them"
        )
    exponent = _number("gamma", gamma)
    if not MIN_GAMMA <= exponent <= MAX_GAMMA:
        raise ParameterError("gamma", f"must be {MIN_GAMMA:g} to {MAX_GAMMA:g}, not {exponent:g}")
    return Style(
        vmin=low,
        vmax=high,
        stretch=_stretch(stretch),
        cmap=_cmap(cmap),
        gamma=exponent,
        invert=_flag("invert", invert),
        absolute=_flag("abs", absolute),
    )


def _number(parameter: str, value: object) -> float:
    """Return a finite number in the range of float32, in which pixels are."""
    try:
        number = float(value) if isinstance(value, (str, int, float)) else float(str(value))
    except (ValueError, OverflowError):
        raise ParameterError(parameter, f"must be a number, not {_quoted(value)}") from None
    if not math.isfinite(number):
        raise ParameterError(parameter, f"must be a finite number, not {number}")
    if abs(number) > _FLOAT32_MAX:
        raise ParameterError(parameter, f"must be within ±{_FLOAT32_MAX:g}, the range of float32, not {number:g}")
    return number


def _stretch(value: object) -> Stretch:
    text = str(value).lower()
    try:
        return Stretch(text)
    except ValueError:
        known = [stretch.value for stretch in Stretch]
        near = difflib.get_close_matches(text[:40], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
        raise ParameterError("stretch", f"no stretch {_quoted(value)}: {hint}") from None


def _cmap(value: object) -> str:
    from armillary.render import colormaps

    name = str(value)
    colormaps.table(name)
    return name


def _flag(parameter: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return _WORDS[str(value).strip().lower()]
    except KeyError:
        raise ParameterError(parameter, f"must be 1 or 0, not {_quoted(value)}") from None


def _quoted(value: object) -> str:
    return repr(str(value)[:40])
