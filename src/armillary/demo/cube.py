"""A simulated spectral cube: neutral hydrogen in a rotating disc, as a radio interferometer sees it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.demo.fitsfile import write_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from armillary.demo.fitsfile import Value

SHAPE = (40, 320, 320)
PIXEL_ARCSEC = 6.0
CENTRE_DEG = (148.9, 69.1)
REST_HZ = 1.420405752e9  # hyperfine line of hydrogen
CHANNEL_HZ = 50e3
SYSTEM_KM_S = 140.0
INCLINATION_DEG = 52.0
NOISE_JY = 4e-4
BEAM_PX = 2.2

_LIGHT_KM_S = 299792.458


def channel_frequency_hz() -> NDArray[np.float64]:
    """Frequency of each channel; the middle of the band lies at the galaxy's own velocity."""
    middle = REST_HZ * (1 - SYSTEM_KM_S / _LIGHT_KM_S)
    steps = np.arange(SHAPE[0], dtype=np.float64) - (SHAPE[0] - 1) / 2
    return middle + CHANNEL_HZ * steps


def disc_maps() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Brightness (peak near 1) and radial velocity in km/s of the disc, each of one slice's shape.

    The rotation curve rises to a flat part; the gas has a central hole and two trailing arms.
    """
    ny, nx = SHAPE[1:]
    y, x = np.mgrid[:ny, :nx]
    dx, dy = x - (nx - 1) / 2, y - (ny - 1) / 2
    angle = math.radians(35)
    along, across = dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)
    inclination = math.radians(INCLINATION_DEG)
    across = across / math.cos(inclination)
    radius, azimuth = np.hypot(along, across), np.arctan2(across, along)
    arms = 0.55 + 0.45 * np.cos(2 * (azimuth - np.log(radius + 6) / math.tan(math.radians(22))))
    gas = np.exp(-radius / 72) * (1 - 0.85 * np.exp(-((radius / 24) ** 2))) * arms
    rotation = 165 * (1 - np.exp(-radius / 16))
    return gas, SYSTEM_KM_S + rotation * math.sin(inclination) * np.cos(azimuth)


def _beam() -> NDArray[np.float64]:
    """Transfer function of the beam on the grid of ``numpy.fft.rfft2``."""
    ny, nx = SHAPE[1:]
    k2 = np.fft.fftfreq(ny)[:, None] ** 2 + np.fft.rfftfreq(nx)[None, :] ** 2
    transfer: NDArray[np.float64] = np.exp(-2 * (math.pi * BEAM_PX) ** 2 * k2)
    return transfer


def simulate_cube(rng: np.random.Generator) -> NDArray[np.float32]:
    """The cube in Jy/beam, shape ``SHAPE``, frequency slowest and rising."""
    gas, velocity_km_s = disc_maps()
    beam = _beam()
    noise_gain = NOISE_JY / math.sqrt(float(np.mean(np.abs(beam) ** 2)))
    cube = np.empty(SHAPE, dtype=np.float32)
    for channel, frequency in zip(cube, channel_frequency_hz(), strict=True):
        offset = _LIGHT_KM_S * (1 - frequency / REST_HZ) - velocity_km_s
        slice_jy = 0.03 * gas * np.exp(-0.5 * (offset / 9) ** 2)
        slice_jy += noise_gain * rng.standard_normal(slice_jy.shape)
        channel[:] = np.fft.irfft2(np.fft.rfft2(slice_jy) * beam, s=slice_jy.shape)
    return cube


def cube_cards() -> dict[str, Value]:
    """Header cards of the cube (spectral axis: Greisen et al. 2006, A&A 446, 747)."""
    _, ny, nx = SHAPE
    step, beam_deg = PIXEL_ARCSEC / 3600, BEAM_PX * 2.3548 * PIXEL_ARCSEC / 3600
    return {
        "CTYPE1": "RA---SIN", "CRPIX1": (nx + 1) / 2, "CRVAL1": CENTRE_DEG[0], "CDELT1": -step, "CUNIT1": "deg",
        "CTYPE2": "DEC--SIN", "CRPIX2": (ny + 1) / 2, "CRVAL2": CENTRE_DEG[1], "CDELT2": step, "CUNIT2": "deg",
        "CTYPE3": "FREQ", "CRPIX3": 1.0, "CRVAL3": float(channel_frequency_hz()[0]), "CDELT3": CHANNEL_HZ,
        "CUNIT3": "Hz", "RESTFRQ": REST_HZ, "SPECSYS": "BARYCENT", "RADESYS": "ICRS", "BUNIT": "Jy/beam",
        "OBJECT": "Simulated galaxy", "FILTER": "HI 21 cm", "BMAJ": beam_deg, "BMIN": beam_deg, "BPA": 0.0,
    }  # fmt: skip


def write_cube(path: Path, rng: np.random.Generator) -> None:
    """Write the cube."""
    write_image(path, simulate_cube(rng), cube_cards())
