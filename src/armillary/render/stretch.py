"""Transfer curves and the table that stands for them (formulas: :class:`armillary.render.style.Stretch`).

The table has 65 536 entries: as fast as 4096 (both stay in the second-level cache), where 4096 would skip up to
nine of 256 colours at the dark end of a logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from armillary.errors import ParameterError
from armillary.render.style import Stretch

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from armillary.render.style import Style

TABLE_SIZE = 65536
LOG_BASE = 1000.0
ASINH_FACTOR = 10.0
POWER_BASE = 1000.0


class HistogramLike(Protocol):
    """What histogram equalisation needs to know of a layer."""

    @property
    def counts(self) -> NDArray[np.integer]:
        """Pixels in each bin, shape (n,)."""
        ...

    @property
    def edges(self) -> NDArray[np.floating]:
        """Ascending edges of the bins, shape (n + 1,)."""
        ...


def curve(place: ArrayLike, stretch: Stretch) -> NDArray[np.float64]:
    """Apply a transfer curve.

    Parameters
    ----------
    place
        Places between ``vmin`` (0) and ``vmax`` (1); clipped to that interval.
    stretch
        Which curve; ``HISTEQ`` is linear here, as it needs a histogram.

    Returns
    -------
    ndarray of float64
        0 to 1, shape of ``place``.
    """
    t: NDArray[np.float64] = np.clip(np.asarray(place, np.float64), 0.0, 1.0)
    if stretch is Stretch.SQRT:
        t = np.sqrt(t)
    elif stretch is Stretch.LOG:
        t = np.log1p(LOG_BASE * t) / np.log1p(LOG_BASE)
    elif stretch is Stretch.ASINH:
        t = np.arcsinh(ASINH_FACTOR * t) / np.arcsinh(ASINH_FACTOR)
    elif stretch is Stretch.POWER:
        t = (POWER_BASE**t - 1.0) / (POWER_BASE - 1.0)
    return t


@dataclass(frozen=True, slots=True)
class Transfer:
    """All that a table depends on: hashable, so that tables can be kept.

    Parameters
    ----------
    stretch, gamma, invert
        As in :class:`armillary.render.style.Style`.
    equalisation
        For ``histeq``: ``vmin``, ``vmax``, ``absolute``, and the bytes of counts and edges as float64.
    """

    stretch: Stretch
    gamma: float
    invert: bool
    equalisation: tuple[float, float, bool, bytes, bytes] | None = None


def transfer(style: Style, histogram: HistogramLike | None = None) -> Transfer:
    """Return what of a style its table depends on.

    Raises
    ------
    ParameterError
        ``histeq`` without a histogram.
    """
    if style.stretch is not Stretch.HISTEQ:
        return Transfer(style.stretch, style.gamma, style.invert)
    if histogram is None:
        raise ParameterError("stretch", "histeq needs the layer's histogram, which is not there: use another")
    counts = np.ascontiguousarray(histogram.counts, np.float64).tobytes()
    edges = np.ascontiguousarray(histogram.edges, np.float64).tobytes()
    limits = (style.vmin, style.vmax, style.absolute)
    return Transfer(style.stretch, style.gamma, style.invert, (*limits, counts, edges))


def table(wanted: Transfer, size: int = TABLE_SIZE) -> NDArray[np.float64]:
    """Return the stretched place, 0 to 1, of ``size`` values from ``vmin`` to ``vmax``, ends included."""
    if wanted.equalisation is None:
        stretched = curve(np.linspace(0.0, 1.0, size), wanted.stretch)
    else:
        vmin, vmax, absolute, counts, edges = wanted.equalisation
        values = np.linspace(vmin, vmax, size)
        stretched = equalised(values, np.frombuffer(counts), np.frombuffer(edges), absolute=absolute)
    if wanted.gamma != 1.0:
        stretched = stretched ** (1.0 / wanted.gamma)
    return 1.0 - stretched if wanted.invert else stretched


def equalised(
    values: NDArray[np.float64], counts: NDArray[np.float64], edges: NDArray[np.float64], *, absolute: bool = False
) -> NDArray[np.float64]:
    """Return the share of pixels below each value, among those between the first value and the last.

    Parameters
    ----------
    values
        Ascending, the first is ``vmin`` and the last ``vmax``.
    counts, edges
        Histogram, shapes (n,) and (n + 1,); linear inside a bin.
    absolute
        The values are absolute values, the histogram is of signed ones.

    Returns
    -------
    ndarray of float64
        0 to 1; linear where the histogram has no pixels in the range.
    """
    cumulative = np.concatenate(([0.0], np.cumsum(counts)))
    below = np.interp(values, edges, cumulative)
    if absolute:
        below -= np.interp(-values, edges, cumulative)
    span = below[-1] - below[0]
    if not span > 0:
        return np.linspace(0.0, 1.0, values.size)
    share: NDArray[np.float64] = np.clip((below - below[0]) / span, 0.0, 1.0)
    return share


def colour_index(stretched: NDArray[np.float64], colours: int = 256) -> NDArray[np.uint8]:
    """Return which of ``colours`` (at most 256) equal parts of 0–1 each number falls in, as matplotlib does."""
    index: NDArray[np.uint8] = np.minimum(stretched * colours, colours - 1).astype(np.uint8)
    return index
