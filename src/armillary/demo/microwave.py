"""A simulated microwave sky: full-sky CAR map with Stokes I, Q, U, and part of it as a HEALPix map.

The spectrum has the shape of the cosmic microwave background's (plateau, acoustic peaks, damping), not its numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.demo.fitsfile import write_image, write_table
from armillary.demo.harmonics import random_alm, ring_coefficients

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from armillary.demo.fitsfile import Value

LMAX = 640
PIXEL_DEG = 0.125
SOURCES = 250
SOURCE_FWHM_DEG = 0.3
HEALPIX_LMAX = 128
NSIDE = 64

# Height in µK², degree and width of the acoustic peaks of D = l (l + 1) C / 2π.
_TEMPERATURE_PEAKS = ((5000.0, 220, 90), (1900.0, 540, 80), (2000.0, 815, 100))
_ELECTRIC_PEAKS = ((1.2, 140, 40), (18.0, 395, 70), (32.0, 690, 80))

# North pole of the Galaxy in ICRS: Hipparcos catalogue, vol. 1, section 1.5.3.
_GALACTIC_POLE_DEG = (192.85948, 27.12825)


@dataclass(frozen=True, slots=True)
class Sky:
    """Harmonic coefficients in µK, (lmax + 1, lmax + 1), of temperature and of E modes."""

    temperature: NDArray[np.complex128]
    electric: NDArray[np.complex128]

    def smoothed(self, lmax: int) -> Sky:
        """The sky up to a degree, faded out towards it so that nothing rings."""
        degree = np.arange(lmax + 1)[:, None]
        beam = np.exp(-0.5 * degree * (degree + 1) * (2.2 / lmax) ** 2)
        part = np.s_[: lmax + 1, : lmax + 1]
        return Sky(self.temperature[part] * beam, self.electric[part] * beam)


def _power(peaks: tuple[tuple[float, int, int], ...], plateau: float, lmax: int) -> NDArray[np.float64]:
    """Root of C in µK for every degree, nothing below the quadrupole."""
    degree = np.arange(lmax + 1, dtype=float)
    bumps = sum(height * np.exp(-0.5 * ((degree - middle) / width) ** 2) for height, middle, width in peaks)
    band_power = (plateau + bumps) * np.exp(-((degree / 1200) ** 2))
    root = np.zeros_like(degree)
    root[2:] = np.sqrt(band_power[2:] * 2 * math.pi / (degree[2:] * (degree[2:] + 1)))
    return root


def simulate_sky(rng: np.random.Generator, lmax: int = LMAX) -> Sky:
    """Gaussian sky whose E modes are partly those of the temperature."""
    temperature, independent = random_alm(rng, lmax), random_alm(rng, lmax)
    correlation = 0.45 * np.cos(np.arange(lmax + 1) * math.pi / 160 + 0.9)[:, None]
    electric = correlation * temperature + np.sqrt(1 - correlation**2) * independent
    return Sky(
        temperature * _power(_TEMPERATURE_PEAKS, 1000.0, lmax)[:, None],
        electric * _power(_ELECTRIC_PEAKS, 0.05, lmax)[:, None],
    )


def car_planes(sky: Sky, pixel_deg: float = PIXEL_DEG) -> NDArray[np.float32]:
    """Stokes I, Q, U in µK on a full-sky CAR grid.

    Returns
    -------
    Array (3, ny, nx), declination upwards, right ascension from just below +180° at the left down to -180°. U has
    the sign of the IAU.
    """
    ny, nx = round(180 / pixel_deg), round(360 / pixel_deg)
    theta = (np.arange(ny)[::-1] + 0.5) * math.pi / ny
    rings = ring_coefficients(sky.temperature, sky.electric, theta)
    rings[2] *= -1
    order = np.arange(rings.shape[1])
    rings *= np.exp(1j * order * math.pi * (1 - 1 / nx))[:, None]
    # Right ascension falls along x: the conjugate turns the ring round. The real transform counts m > 0 twice.
    rings[:, 1:] /= 2
    planes = np.empty((3, ny, nx), dtype=np.float32)
    for plane, coefficients in zip(planes, rings, strict=True):
        plane[:] = np.fft.irfft(coefficients.conj().T, n=nx, axis=1) * nx
    return planes


def add_sources(temperature: NDArray[np.float32], rng: np.random.Generator, count: int = SOURCES) -> None:
    """Add round point sources to a CAR temperature map, in place, also across its left and right edge."""
    ny, nx = temperature.shape
    pixel_deg = 180 / ny
    sine_limit = math.sin(math.radians(85))
    dec = np.degrees(np.arcsin(rng.uniform(-sine_limit, sine_limit, count)))
    middle_x = rng.uniform(0, nx, count)
    peak = 150 * rng.pareto(1.5, count).clip(0.3, 8)
    reach = math.ceil(2 * SOURCE_FWHM_DEG / pixel_deg)
    for x, y, height in zip(middle_x, (dec + 90) / pixel_deg - 0.5, peak, strict=True):
        rows = np.arange(max(0, round(y) - reach), min(ny, round(y) + reach + 1))
        shrink = np.cos(np.radians((rows + 0.5) * pixel_deg - 90))
        half = math.ceil(reach / shrink.min())
        cols = np.arange(round(x) - half, round(x) + half + 1)
        distance2 = ((cols - x) * shrink[:, None]) ** 2 + (rows[:, None] - y) ** 2
        profile = height * np.exp(-4 * math.log(2) * distance2 * (pixel_deg / SOURCE_FWHM_DEG) ** 2)
        temperature[rows[:, None], cols % nx] += profile


def car_cards(ny: int, nx: int) -> dict[str, Value]:
    """Header cards of the CAR map."""
    pixel_deg = 360 / nx
    return {
        "CTYPE1": "RA---CAR", "CRPIX1": (nx + 1) / 2, "CRVAL1": 0.0, "CDELT1": -pixel_deg, "CUNIT1": "deg",
        "CTYPE2": "DEC--CAR", "CRPIX2": (ny + 1) / 2, "CRVAL2": 0.0, "CDELT2": pixel_deg, "CUNIT2": "deg",
        "CTYPE3": "STOKES", "CRPIX3": 1.0, "CRVAL3": 1.0, "CDELT3": 1.0,
        "RADESYS": "ICRS", "BUNIT": "uK", "OBJECT": "Simulated microwave sky", "FILTER": "150 GHz", "POLCCONV": "IAU",
    }  # fmt: skip


def ring_centres(nside: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Colatitude and longitude in radians of all HEALPix pixels in RING order (Górski et al. 2005, section 5)."""
    ring = np.arange(1, 4 * nside)
    cap = np.minimum(ring, 4 * nside - ring)
    polar = cap < nside
    z = np.where(polar, 1 - cap**2 / (3 * nside**2), (4 * nside - 2 * ring) / (3 * nside))
    z = np.where(polar & (ring > 2 * nside), -z, z)
    count = 4 * np.minimum(cap, nside)
    shift = np.where(polar | ((ring - nside) % 2 == 0), 0.5, 0.0)
    theta = np.repeat(np.arccos(z), count)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return theta, (place + np.repeat(shift, count)) * 2 * math.pi / np.repeat(count, count)


def healpix_temperature(sky: Sky, nside: int = NSIDE) -> NDArray[np.float32]:
    """Temperature in µK of all HEALPix pixels in RING order."""
    theta, phi = ring_centres(nside)
    rings, first, count = np.unique(theta, return_index=True, return_counts=True)
    coefficients = ring_coefficients(sky.temperature, sky.electric, rings)[0]
    order = np.arange(len(coefficients))
    values = np.empty(len(theta), dtype=np.float32)
    for i, (start, length) in enumerate(zip(first, count, strict=True)):
        waves = np.exp(1j * phi[start : start + length, None] * order)
        values[start : start + length] = (waves @ coefficients[:, i]).real
    return values


def off_the_galaxy(theta_rad: NDArray[np.float64], phi_rad: NDArray[np.float64], least_deg: float) -> NDArray[np.bool_]:
    """Which ICRS positions lie further than ``least_deg`` from the plane of the Galaxy."""
    ra, dec = (math.radians(angle) for angle in _GALACTIC_POLE_DEG)
    sine = np.cos(theta_rad) * math.sin(dec) + np.sin(theta_rad) * math.cos(dec) * np.cos(phi_rad - ra)
    return np.abs(sine) > math.sin(math.radians(least_deg))


def write_microwave_map(path: Path, sky: Sky, rng: np.random.Generator) -> None:
    """Write the CAR map with its Stokes planes."""
    planes = car_planes(sky)
    add_sources(planes[0], rng)
    write_image(path, planes, car_cards(*planes.shape[1:]))


def write_healpix_map(path: Path, sky: Sky) -> None:
    """Write the part of the sky off the Galaxy as a HEALPix map with explicit pixels."""
    values = healpix_temperature(sky.smoothed(HEALPIX_LMAX))
    seen = np.flatnonzero(off_the_galaxy(*ring_centres(NSIDE), 20))
    cards: dict[str, Value] = {
        "TUNIT2": "uK", "PIXTYPE": "HEALPIX", "ORDERING": "RING", "COORDSYS": "C", "NSIDE": NSIDE,
        "INDXSCHM": "EXPLICIT", "OBJECT": "PARTIAL",
    }  # fmt: skip
    write_table(path, {"PIXEL": seen.astype(np.int32), "TEMPERATURE": values[seen]}, cards)
