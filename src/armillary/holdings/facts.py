"""What is told of a layer: its description, values, histogram, headers, and where its pixels lie on the sky.

Every function answers for one version of the file: when the file changes on the way, it starts anew.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from armillary.errors import NotFoundError, UnavailableError, VersionGoneError
from armillary.holdings.selection import AUTOMATIC
from armillary.holdings.words import clean, cube_words

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from armillary.holdings.layers import Layer
    from armillary.images.plane import Plane
    from armillary.images.pyramid import Pyramid
    from armillary.images.ranges import DisplayRange
    from armillary.sky.wcs import PlaneWcs

T = TypeVar("T")

TRIES = 4
RANGE_SLICES = 9


def steadily(layer: Layer, read: Callable[[Pyramid, str], T]) -> T:
    """Result of ``read(pyramid, public version)``, all of it of one version of the file.

    Raises
    ------
    UnavailableError
        The file keeps changing.
    FileError
        It vanished or is broken.
    """
    for _ in range(TRIES):
        pyramid, version = layer.pyramid_and_version()
        try:
            result = read(pyramid, layer.public(version))
        except VersionGoneError:
            continue
        if layer.entry.file.current()[1] == version:
            return result
    raise UnavailableError(f"{layer.entry.file.name}: keeps changing while it is read: try again once it is written.")


def describe(layer: Layer) -> dict[str, Any]:
    """The JSON of ``GET /api/layers/{layer}``."""

    def read(pyramid: Pyramid, version: str) -> dict[str, Any]:
        entry, plane = layer.entry, pyramid.plane
        ny, nx = plane.shape
        display = display_range(layer, pyramid)
        covered = pyramid.coverage()
        coverage = (0, 0, nx, ny) if covered is None else (covered.x0, covered.y0, covered.x1, covered.y1)
        progress = pyramid.progress()
        facts = {
            "id": layer.id,
            "name": entry.name,
            "description": entry.description,
            "path": list(entry.path),
            "shape": [ny, nx],
            "dtype": plane.dtype.name,
            "units": plane.words.units,
            "quantity": plane.words.quantity or plane.words.stokes,
            "range": [display.vmin, display.vmax],
            "range_symmetric": bool(display.symmetric),
            "stretch": str(display.stretch),
            "cmap": display.cmap,
            "levels": pyramid.grid.levels,
            "tile_size": pyramid.grid.tile_size,
            "version": version,
            **sky_words(plane.wcs, coverage),
            "coverage": list(coverage),
            "cube": cube_words(layer.axes, layer.index or (0,) * len(layer.axes), entry.layer_id),
            "hdu": plane.words.hdu,
            "extname": plane.words.extname,
            "dtype_stored": stored_dtype(plane),
            "overviews": {"ready": progress >= 1.0, "progress": progress},
            "notes": notes(layer, plane),
        }
        cleaned: dict[str, Any] = clean(facts)
        return cleaned

    return steadily(layer, read)


def display_range(layer: Layer, pyramid: Pyramid) -> DisplayRange:
    """Range, colour map and stretch to show a layer with at first: as configured, the rest by its pixels.

    The slices of a cube share them, so that they can be told from each other: they are of up to ``RANGE_SLICES``
    slices, spread evenly.
    """
    look = layer.entry.look
    if look.complete:
        from armillary.images.ranges import DisplayRange

        return look.over(DisplayRange(0.0, 1.0))
    automatic = _automatic_range(layer, pyramid)
    return automatic if look == AUTOMATIC else look.over(automatic)


def _automatic_range(layer: Layer, pyramid: Pyramid) -> DisplayRange:
    if not layer.axes:
        return pyramid.display_range()
    return layer.entry.pyramids.shared_range(layer.entry, pyramid.plane.version, lambda: _range_of_slices(layer))


def _range_of_slices(layer: Layer) -> DisplayRange:
    from armillary.images.pyramid import common_range

    lengths = [axis.length for axis in layer.axes]
    total = math.prod(lengths)
    count = min(total, RANGE_SLICES)
    picked = sorted({total * (2 * k + 1) // (2 * count) for k in range(count)})
    image = layer.entry.file.current()[0]
    stack = layer.entry.stack(image)
    return common_range(stack.plane(tuple(map(int, _unravel(flat, lengths)))) for flat in picked)


def _unravel(flat: int, lengths: list[int]) -> list[int]:
    """Index of the slice that is ``flat`` from the first, the last axis counting fastest."""
    index = []
    for length in reversed(lengths):
        flat, place = divmod(flat, length)
        index.append(place)
    return index[::-1]


def notes(layer: Layer, plane: Plane) -> list[str]:
    """What a user should know of the plane and its file, each sentence once."""
    sky = () if plane.wcs is not None else (plane.why_no_sky(),)
    said = (*layer.entry.file.current()[0].notes, *plane.words.notes, *sky)
    return list(dict.fromkeys(said))


def stored_dtype(plane: Plane) -> str:
    """Numpy's name of the type that the file holds."""
    told = getattr(plane, "dtype_stored", None)
    if told is not None:
        return str(getattr(told, "str", told))
    mapped = plane.mapped()
    return plane.dtype.newbyteorder(">").str if mapped is None else str(mapped.stored.dtype.str)


def sky_words(wcs: PlaneWcs | None, coverage: tuple[int, int, int, int]) -> dict[str, Any]:
    """World coordinates in the description; nulls where there are none."""
    if wcs is None:
        names = ("frame", "projection", "wcs", "pixel_scale_deg", "parity", "wrap_period_px", "center")
        return {**dict.fromkeys(names), "full_circle": False}
    x0, y0, x1, y1 = coverage
    ra, dec = position(wcs, (x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2)
    return {
        "frame": wcs.frame,
        "projection": wcs.projection,
        "wcs": wcs.summary,
        "pixel_scale_deg": wcs.pixel_scale_deg,
        "parity": wcs.parity,
        "wrap_period_px": wcs.wrap_period_px,
        "center": None if ra is None else {"ra": ra, "dec": dec},
        "full_circle": wcs.full_circle,
    }


def position(wcs: PlaneWcs, x: float, y: float) -> tuple[float | None, float | None]:
    """ICRS right ascension and declination in degrees of a pixel; None, None where there is no sky."""
    ra, dec = (float(angle) for angle in wcs.pixel_to_icrs(x, y))
    return (ra, dec) if math.isfinite(ra) and math.isfinite(dec) else (None, None)


def value_at_pixel(layer: Layer, x: float, y: float) -> dict[str, Any]:
    """The JSON of ``values?x=&y=``: exact value of the nearest pixel, and its position."""

    def read(pyramid: Pyramid, version: str) -> dict[str, Any]:
        wcs = pyramid.plane.wcs
        ra, dec = (None, None) if wcs is None else position(wcs, x, y)
        return _value(pyramid, version, (x, y), (ra, dec))

    return steadily(layer, read)


def value_at_sky(layer: Layer, ra_deg: float, dec_deg: float) -> dict[str, Any]:
    """The JSON of ``values?ra=&dec=``: where a position falls, and the value there.

    Raises
    ------
    NotFoundError
        The layer has no celestial coordinates (code ``no_sky``).
    """

    def read(pyramid: Pyramid, version: str) -> dict[str, Any]:
        x, y = (float(number) for number in needed_wcs(layer, pyramid.plane).icrs_to_pixel(ra_deg, dec_deg))
        return _value(pyramid, version, (x, y), (ra_deg % 360.0, dec_deg))

    return steadily(layer, read)


def _value(
    pyramid: Pyramid, version: str, pixel: tuple[float, float], sky: tuple[float | None, float | None]
) -> dict[str, Any]:
    (x, y), (ra, dec) = pixel, sky
    ny, nx = pyramid.plane.shape
    inside = -0.5 <= x < nx - 0.5 and -0.5 <= y < ny - 0.5
    answer: dict[str, Any] = clean(
        {
            "value": pyramid.value(x, y) if inside else None,
            "x": x,
            "y": y,
            "ra": ra,
            "dec": dec,
            **other_frames(ra, dec),
            "inside": inside,
            "units": pyramid.plane.words.units,
            "version": version,
        }
    )
    return answer


def other_frames(ra_deg: float | None, dec_deg: float | None) -> dict[str, list[float] | None]:
    """Galactic and ecliptic (mean, J2000) coordinates of an ICRS position."""
    from armillary.sky.frames import to_ecliptic, to_galactic

    if ra_deg is None or dec_deg is None:
        return {"galactic": None, "ecliptic": None}
    pairs = {"galactic": to_galactic(ra_deg, dec_deg), "ecliptic": to_ecliptic(ra_deg, dec_deg)}
    return {name: [float(lon) % 360.0, float(lat)] for name, (lon, lat) in pairs.items()}


def needed_wcs(layer: Layer, plane: Plane) -> PlaneWcs:
    """World coordinates of a plane that must have some.

    Raises
    ------
    NotFoundError
        It has none; ``detail["code"]`` is ``no_sky``.
    """
    if plane.wcs is None:
        raise NotFoundError(f"{layer.entry.name}: has no celestial coordinates.", code="no_sky")
    return plane.wcs


def histogram(
    layer: Layer, bins: int, *, exact: bool = False, vmin: float | None = None, vmax: float | None = None
) -> dict[str, Any]:
    """The JSON of ``histogram``: counts between ``vmin`` and ``vmax``, moments, percentiles."""

    def read(pyramid: Pyramid, _version: str) -> dict[str, Any]:
        found = pyramid.histogram(bins, exact=exact, vmin=vmin, vmax=vmax)
        names = ("counts", "edges", "nan", "below", "above", "total", "exact", "minimum", "maximum", "mean", "std")
        answer: dict[str, Any] = clean(
            {
                **{name: getattr(found, name) for name in names},
                "percentiles": found.percentiles,
                "units": pyramid.plane.words.units,
                "zscale": found.zscale,
            }
        )
        answer["percentiles"] = {name: value for name, value in answer["percentiles"].items() if value is not None}
        return answer

    return steadily(layer, read)


def header(layer: Layer) -> str:
    """Header of the layer's HDU, a card a line."""
    return steadily(layer, lambda pyramid, _: pyramid.plane.header_text())


def headers(layer: Layer) -> list[dict[str, Any]]:
    """The JSON of ``headers``: every HDU of the layer's file."""
    texts = steadily(layer, lambda pyramid, _: pyramid.plane.header_texts())
    return [{"index": index, "name": name, "text": text} for index, name, text in texts]


def sky_grid(layer: Layer, x: NDArray[np.float64], y: NDArray[np.float64]) -> bytes:
    """Little-endian float64 ``[ny][nx][3]``: ICRS unit vectors of a grid of pixels.

    Raises
    ------
    NotFoundError
        The layer has no celestial coordinates.
    """
    grid = steadily(layer, lambda pyramid, _: needed_wcs(layer, pyramid.plane).sky_grid(x, y))
    return grid.astype("<f8").tobytes()


def pixel_grid(layer: Layer, base: Layer, x: NDArray[np.float64], y: NDArray[np.float64]) -> bytes:
    """Little-endian float64 ``[ny][nx][2]``: pixels of ``layer`` under a grid of pixels of ``base``.

    Raises
    ------
    NotFoundError
        One of them has no celestial coordinates.
    """

    def read(pyramid: Pyramid, _version: str) -> NDArray[np.float64]:
        below = needed_wcs(base, base.pyramid().plane)
        return needed_wcs(layer, pyramid.plane).pixel_grid(below, x, y)

    return steadily(layer, read).astype("<f8").tobytes()
