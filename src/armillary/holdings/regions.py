"""What is told of a region on a layer: the pixels it holds, its border, the statistics of a circle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import LimitError, ParameterError
from armillary.holdings.facts import needed_wcs, steadily
from armillary.holdings.words import clean

if TYPE_CHECKING:
    from armillary.holdings.layers import Layer
    from armillary.images.cutouts.windows import Cut
    from armillary.images.pyramid import Pyramid
    from armillary.sky.regions import Region

# Bytes for a pixel of an image of the sky, roughly.
_IMAGE_BYTES = {"png": 0.8, "jpg": 0.3, "webp": 0.25}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be cut out.

    Parameters
    ----------
    region
        A region of the sky, or None.
    box
        ``x0, y0, x1, y1`` in pixels, half-open, or None; one of both is given.
    masked
        Whether pixels outside the region are to be blank.
    """

    region: Region | None
    box: tuple[int, int, int, int] | None
    masked: bool = True

    @property
    def words(self) -> str:
        """The wish as text, the same for the same wish."""
        return f"{self.region.words if self.region is not None else self.box} {self.masked}"


def cut_of(layer: Layer, pyramid: Pyramid, wish: Wish) -> Cut:
    """The pixels of a wish.

    Raises
    ------
    NotFoundError
        A region of the sky, and the layer has no celestial coordinates (code ``no_sky``).
    ParameterError
        The layer has no pixel there (code ``region_outside``).
    """
    from armillary.images.cutouts.windows import cut_pixels, cut_region

    plane = pyramid.plane
    if wish.region is not None:
        return cut_region(needed_wcs(layer, plane), wish.region, masked=wish.masked)
    assert wish.box is not None
    return cut_pixels(plane.shape, plane.wcs, *wish.box)


def check_pixels(cut: Cut, limit: int, what: str) -> None:
    """Refuse a cutout with more pixels than one may have.

    Raises
    ------
    LimitError
        It names the bound.
    """
    pixels = math.prod(cut.shape)
    if pixels > limit:
        raise LimitError(
            f"{what} may have {limit} pixels, this one has {pixels}: choose a smaller region.",
            limit=limit,
            pixels=pixels,
        )


def estimate(layer: Layer, wish: Wish, form: str, limit: int) -> dict[str, Any]:
    """The JSON of ``cutout?estimate=1``: exact for FITS but for a block of header, rough for images."""
    from armillary.images.cutouts.fitsfile import FitsCutout

    def read(pyramid: Pyramid, _version: str) -> dict[str, Any]:
        cut = cut_of(layer, pyramid, wish)
        pixels = math.prod(cut.shape)
        size = FitsCutout(pyramid.plane, cut).estimate() if form == "fits" else round(pixels * _IMAGE_BYTES[form])
        window = cut.window
        return {
            "bytes": size,
            "shape": list(cut.shape),
            "pixels": pixels,
            "window": [window.x0, window.y0, window.x1, window.y1],
            "limit": limit,
        }

    return steadily(layer, read)


def outline(layer: Layer, region: Region) -> dict[str, Any]:
    """The JSON of ``outline``: the border in pixels, and whether the layer has a pixel in the region."""
    from armillary.images.cutouts.outlines import outline as border
    from armillary.images.cutouts.windows import cut_region

    def read(pyramid: Pyramid, _version: str) -> dict[str, Any]:
        wcs = needed_wcs(layer, pyramid.plane)
        lines = [np.round(line, 3).tolist() for line in border(wcs, region)]
        try:
            cut_region(wcs, region)
        except ParameterError:
            return {"lines": lines, "inside": False}
        return {"lines": lines, "inside": True}

    return steadily(layer, read)


def aperture(layer: Layer, ra_deg: float, dec_deg: float, radius_deg: float) -> dict[str, Any]:
    """The JSON of ``aperture``: statistics of the pixels within a radius."""
    from armillary.images.apertures import measure

    def read(pyramid: Pyramid, version: str) -> dict[str, Any]:
        plane = pyramid.plane
        found = measure(plane, needed_wcs(layer, plane), ra_deg, dec_deg, radius_deg)
        answer: dict[str, Any] = clean(
            {
                "count": found.count,
                "masked": found.masked,
                "mean": found.mean,
                "std": found.std,
                "min": found.minimum,
                "max": found.maximum,
                "median": found.median,
                "sum": found.total,
                "area_deg2": found.area_deg2,
                "units": plane.words.units,
                "radius_deg": radius_deg,
                "ra": ra_deg,
                "dec": dec_deg,
                "version": version,
            }
        )
        return answer

    return steadily(layer, read)
