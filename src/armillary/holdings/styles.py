"""Style parameters of a query: what is given wins, the layer's automatic choice fills the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.holdings.facts import display_range
from armillary.render import Stretch, Style, make_style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from armillary.holdings.layers import Layer
    from armillary.images.pyramid import Pyramid

STYLE_NAMES = frozenset({"vmin", "vmax", "stretch", "cmap", "gamma", "invert", "abs"})
_RENAMED = {"abs": "absolute"}
HISTOGRAM_BINS = 4096
FLOAT32_MAX = 3.4028234e38


def _named(given: Mapping[str, str]) -> dict[str, Any]:
    return {_RENAMED.get(name, name): value for name, value in given.items()}


def check_style(given: Mapping[str, str]) -> None:
    """Refuse a style that makes no sense, before any work.

    Raises
    ------
    ParameterError
        Names the parameter and the reason.
    """
    if not given:
        return
    # An end that is left to the layer is not known yet: the other one is checked against the ends of float32.
    make_style(**({"vmin": -FLOAT32_MAX, "vmax": FLOAT32_MAX} | _named(given)))


def layer_style(layer: Layer, pyramid: Pyramid, given: Mapping[str, str]) -> tuple[Style, Any]:
    """Style for a layer, and its histogram where the stretch needs one.

    Raises
    ------
    ParameterError
        One end of the range is given and lies beyond the automatic other one.
    """
    words = _named(given)
    if {"vmin", "vmax", "cmap", "stretch"} - words.keys():
        auto = display_range(layer, pyramid)
        words = {"vmin": auto.vmin, "vmax": auto.vmax, "cmap": auto.cmap, "stretch": auto.stretch} | words
    style = make_style(**words)
    if style.stretch is not Stretch.HISTEQ:
        return style, None
    # Of absolute values the share below v is C(v) - C(-v): both sides of zero are wanted.
    lowest = -style.vmax if style.absolute else style.vmin
    return style, pyramid.histogram(HISTOGRAM_BINS, vmin=min(lowest, style.vmin), vmax=style.vmax)
