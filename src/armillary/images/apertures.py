"""Statistics of the pixels whose centres lie within a radius on the great circle."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import LimitError, ParameterError
from armillary.images.cutouts.masks import inside_region
from armillary.images.cutouts.pixels import block_windows, read_block
from armillary.images.cutouts.windows import cut_region, wrap_period
from armillary.sky.grid import Window
from armillary.sky.regions import Circle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from armillary.images.cutouts.windows import Cut
    from armillary.images.plane import Plane
    from armillary.sky.wcs import PlaneWcs

MAX_RADIUS_DEG = 90.0
MAX_PIXELS = 16 << 20
AREA_PIXELS = 1 << 15


@dataclass(frozen=True, slots=True)
class Aperture:
    """What was measured in a circle.

    Parameters
    ----------
    count, masked
        Pixels with data, and without.
    mean, std, minimum, maximum, median, total
        Of those with data, in float64; ``std`` is that of the population. None without any.
    area_deg2
        Solid angle of the pixels with data, square degrees: what the sum belongs to.
    """

    count: int
    masked: int
    mean: float | None
    std: float | None
    minimum: float | None
    maximum: float | None
    median: float | None
    total: float | None
    area_deg2: float


def measure(plane: Plane, wcs: PlaneWcs, ra_deg: float, dec_deg: float, radius_deg: float) -> Aperture:
    """Statistics of a circle.

    Parameters
    ----------
    plane, wcs
        Where, and its world coordinates.
    ra_deg, dec_deg
        Centre, ICRS.
    radius_deg
        Up to 90 degrees. A circle that holds no pixel's centre measures nothing.

    Raises
    ------
    ParameterError
        A number is out of bounds.
    LimitError
        The box of the circle has more than 16 Mpixel.
    VersionGoneError, FileError
        The file changed or vanished.
    """
    if not 0.0 <= radius_deg <= MAX_RADIUS_DEG:
        raise ParameterError("radius", f"must be from 0 to {MAX_RADIUS_DEG:g} degrees, not {radius_deg:g}")
    circle = Circle(ra_deg, dec_deg, radius_deg, parameter="ra" if not math.isfinite(ra_deg) else "dec")
    try:
        cut = _once_around(cut_region(wcs, circle), wcs)
    except ParameterError:
        return _summary(np.empty(0), 0, 0.0)  # beside the plane
    _check_size(cut)
    values: NDArray[np.floating[Any]] = np.empty(0)
    count, masked, area = 0, 0, 0.0
    for part in block_windows(plane, cut):
        inside = inside_region(wcs, circle, part.y0, part.y1, part.x0, part.x1)
        block = read_block(cut, part, plane.window)
        good = inside & np.isfinite(block)
        masked += int(inside.sum()) - int(good.sum())
        if not values.size:
            values = np.empty(math.prod(cut.shape), block.dtype)
        found = block[good]
        values[count : count + found.size] = found
        count += found.size
        area += _area(wcs, part, good)
    return _summary(values[:count], masked, area)


def _once_around(cut: Cut, wcs: PlaneWcs) -> Cut:
    """The cut without the columns that a map of the whole circle holds twice."""
    period, window = wrap_period(wcs), cut.window
    if period is None or window.x1 - window.x0 <= period:
        return cut
    return replace(cut, window=Window(window.y0, window.y1, window.x0, window.x0 + period))


def _check_size(cut: Cut) -> None:
    pixels = math.prod(cut.shape)
    if pixels > MAX_PIXELS:
        raise LimitError(
            f"An aperture may span {MAX_PIXELS} pixels, this one spans {pixels}: choose a smaller radius.",
            pixels=pixels,
            limit=MAX_PIXELS,
        )


def _summary(values: NDArray[np.floating[Any]], masked: int, area: float) -> Aperture:
    if not values.size:
        return Aperture(0, masked, None, None, None, None, None, None, 0.0)
    mean = _mean(values)
    spread = sum(float(np.square(piece.astype(np.float64) - mean).sum()) for piece in _pieces(values))
    least, greatest = float(values.min()), float(values.max())
    return Aperture(
        count=values.size,
        masked=masked,
        mean=min(max(mean, least), greatest),
        std=math.sqrt(spread / values.size),
        minimum=least,
        maximum=greatest,
        median=_median(values),
        total=math.fsum(float(piece.sum(dtype=np.float64)) for piece in _pieces(values)),
        area_deg2=math.degrees(math.degrees(area)),
    )


def _pieces(values: NDArray[np.floating[Any]]) -> Iterator[NDArray[np.floating[Any]]]:
    for first in range(0, values.size, 1 << 18):
        yield values[first : first + (1 << 18)]


def _mean(values: NDArray[np.floating[Any]]) -> float:
    """Mean, corrected by the mean of what is left over: the sum of large offsets loses digits."""
    rough = math.fsum(float(piece.sum(dtype=np.float64)) for piece in _pieces(values)) / values.size
    rest = math.fsum(float((piece.astype(np.float64) - rough).sum()) for piece in _pieces(values)) / values.size
    return rough + rest if math.isfinite(rest) else rough


def _median(values: NDArray[np.floating[Any]]) -> float:
    """The middle value, or the mean of the two, in float64. Sorts in place in part."""
    middle = values.size // 2
    values.partition([middle] if values.size % 2 else [middle - 1, middle])
    if values.size % 2:
        return float(values[middle])
    return float(values[middle - 1]) / 2.0 + float(values[middle]) / 2.0


def _area(wcs: PlaneWcs, part: Window, good: NDArray[np.bool_]) -> float:
    """Solid angle of pixels in steradians: that of the plane quadrangle of their corners.

    A pixel at the map's end, whose corners have no sky, counts by the pixel scale.
    """
    total = 0.0
    y, x = np.nonzero(good)
    usual = math.radians(wcs.pixel_scale_deg) ** 2
    for first in range(0, len(x), AREA_PIXELS):
        px, py = x[first : first + AREA_PIXELS] + part.x0, y[first : first + AREA_PIXELS] + part.y0
        corners = wcs.pixel_to_vectors(px + np.array([[-0.5], [0.5], [0.5], [-0.5]]), py + _CORNERS_Y)
        normal = np.cross(corners[2] - corners[0], corners[3] - corners[1])
        areas = np.sqrt(np.square(normal).sum(axis=-1)) / 2.0
        total += float(np.where(np.isfinite(areas), areas, usual).sum())
    return total


_CORNERS_Y = np.array([[-0.5], [-0.5], [0.5], [0.5]])
