"""Draw stars and galaxies into an image, in place, and spoil it as a camera does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.demo.starfield import Galaxies, Stars

SCALE_ARCSEC = 0.4
ZERO_POINT_MAG = 22.5
NOISE = 0.008
SATURATION = 60.0

_SEEING_ARCSEC = (1.25, 1.05, 0.95)
_PSF_BETA = 3.0


def flux(mag: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    """Nanomaggies of an AB magnitude."""
    return 10 ** (-0.4 * (mag - ZERO_POINT_MAG))


def _stamp(shape: tuple[int, ...], x: float, y: float, reach: int) -> tuple[slice, slice] | None:
    """Box round a position, clipped to the image; None when nothing is left."""
    ny, nx = shape
    rows = slice(max(0, round(y) - reach), min(ny, round(y) + reach + 1))
    cols = slice(max(0, round(x) - reach), min(nx, round(x) + reach + 1))
    return None if rows.start >= rows.stop or cols.start >= cols.stop else (rows, cols)


def _offsets(box: tuple[slice, slice], x: float, y: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of the box's pixels from a position along x, shape (1, n), and y, shape (n, 1)."""
    rows, cols = box
    return np.arange(cols.start, cols.stop)[None, :] - x, np.arange(rows.start, rows.stop)[:, None] - y


def _moffat_width_px(seeing_arcsec: float) -> float:
    """Core width of a Moffat profile of given full width at half maximum (Moffat 1969, A&A 3, 455)."""
    return seeing_arcsec / SCALE_ARCSEC / (2 * math.sqrt(2 ** (1 / _PSF_BETA) - 1))


def draw_stars(image: NDArray[np.float32], stars: Stars, band: int) -> None:
    """Add Moffat profiles, in place; the brighter the star the further out it is drawn."""
    width = _moffat_width_px(_SEEING_ARCSEC[band])
    norm = (_PSF_BETA - 1) / (math.pi * width**2)
    for x, y, mag in zip(stars.x, stars.y, stars.mag[band], strict=True):
        peak = float(flux(mag)) * norm
        reach = round(min(400, width * max(4, (peak / (0.05 * NOISE)) ** (0.5 / _PSF_BETA))))
        box = _stamp(image.shape, x, y, reach)
        if box is None:
            continue
        dx, dy = _offsets(box, x, y)
        image[box] += peak * (1 + (dx**2 + dy**2) / width**2) ** -_PSF_BETA


def draw_galaxies(image: NDArray[np.float32], galaxies: Galaxies, band: int) -> None:
    """Add Sérsic profiles, in place, widened by the seeing and cut at six effective radii (Sérsic 1963)."""
    softening = _moffat_width_px(_SEEING_ARCSEC[band])
    shapes = zip(galaxies.radius_px, galaxies.axis_ratio, galaxies.angle_rad, galaxies.sersic, strict=True)
    for i, (radius, ratio, angle, index) in enumerate(shapes):
        effective = math.hypot(radius, softening)
        box = _stamp(image.shape, galaxies.x[i], galaxies.y[i], math.ceil(6 * effective))
        if box is None:
            continue
        along, across = _turned(*_offsets(box, galaxies.x[i], galaxies.y[i]), angle)
        reach = np.sqrt(along**2 + (across / ratio) ** 2 + (0.4 * softening) ** 2) / effective
        profile = np.exp(-(2 * index - 1 / 3) * (reach ** (1 / index) - 1))
        image[box] += profile * (flux(galaxies.mag[band, i]) / profile.sum())


def _turned(
    dx: NDArray[np.float64], dy: NDArray[np.float64], angle_rad: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets along and across a direction."""
    cosine, sine = math.cos(angle_rad), math.sin(angle_rad)
    return dx * cosine + dy * sine, dy * cosine - dx * sine


def draw_spiral(image: NDArray[np.float32], band: int) -> None:
    """Add a large inclined spiral galaxy with a red bulge and two blue logarithmic arms, in place."""
    ny, nx = image.shape
    x, y, scale = 0.64 * nx, 0.44 * ny, 88.0
    box = _stamp(image.shape, x, y, round(7 * scale))
    if box is None:
        return
    along, across = _turned(*_offsets(box, x, y), math.radians(25))
    radius = np.hypot(along, across / 0.62)
    phase = 2 * (np.arctan2(across / 0.62, along) - np.log(radius + 6) / math.tan(math.radians(17)))
    arms = np.exp(3.0 * (np.cos(phase) - 1)) * (1 - np.exp(-radius / 60))
    knots = 1 + 0.5 * np.sin(along / 9.3 + 2 * np.sin(across / 15)) * np.sin(across / 8.1 + 2 * np.sin(along / 17))
    disc = np.exp(-radius / scale) * ((0.5, 0.75, 0.9)[band] + (2.2, 1.7, 1.4)[band] * arms * knots)
    bulge = (0.35, 1.0, 1.6)[band] * 2.4 * np.exp(-3.67 * (((radius + 1) / 28) ** 0.5 - 1)) / 20
    dust = 1 - (0.5, 0.38, 0.28)[band] * np.exp(2.5 * (np.cos(phase - 0.9) - 1)) * np.exp(-radius / 210)
    image[box] += (0.1 * disc + bulge) * dust


def add_noise(image: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Add the noise of the sky and of the photons, in place."""
    image += rng.standard_normal(image.shape, dtype=np.float32) * np.sqrt(NOISE**2 + np.maximum(image, 0) * 2e-4)


def blank_saturated(image: NDArray[np.float32], star: tuple[float, float]) -> None:
    """Spike and blank what the camera cannot hold: the star's core and the column that it bleeds along, in place."""
    x, y = star
    box = _stamp(image.shape, x, y, 260)
    if box is None:
        return
    dx, dy = _offsets(box, x, y)
    for along, across in ((dx, dy), (dy, dx)):
        image[box] += 3.0 * np.exp(-np.abs(across) / 1.3) * np.exp(-np.abs(along) / 60)
    core = np.hypot(dx, dy) < 9
    bleed = (np.abs(dx) < 2.5) & (np.abs(dy) < 120)
    image[box][core | bleed] = np.nan
    image[image > SATURATION] = np.nan
