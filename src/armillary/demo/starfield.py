"""A simulated survey field in g, r, i: stars, galaxies, one large spiral, a saturated star, noise.

Fluxes are in nanomaggies (zero point 22.5 mag, AB), as in public imaging surveys.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.demo.drawing import (
    SATURATION,
    SCALE_ARCSEC,
    ZERO_POINT_MAG,
    add_noise,
    blank_saturated,
    draw_galaxies,
    draw_spiral,
    draw_stars,
)
from armillary.demo.fitsfile import write_image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from armillary.demo.fitsfile import Value

BANDS = ("g", "r", "i")
SHAPE = (1536, 2048)
ROTATION_DEG = 12.0
CENTRE_DEG = (150.11, 2.21)
STARS = 1800
GALAXIES = 700


@dataclass(frozen=True, slots=True)
class Stars:
    """Positions (0-based pixels) and magnitudes of the stars, one row of ``mag`` for each band."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    mag: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Galaxies:
    """Positions in pixels, magnitudes in each band, and shapes of the galaxies."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    mag: NDArray[np.float64]
    radius_px: NDArray[np.float64]
    axis_ratio: NDArray[np.float64]
    angle_rad: NDArray[np.float64]
    sersic: NDArray[np.float64]


def simulate_stars(rng: np.random.Generator, count: int = STARS) -> Stars:
    """Stars along the stellar locus, the last one far too bright for the camera."""
    ny, nx = SHAPE
    x, y = rng.uniform(-20, nx + 20, count), rng.uniform(-20, ny + 20, count)
    r = 24.2 + np.log10(rng.uniform(1e-3, 1, count)) / 0.33
    blue = rng.choice([0.45, 1.35], count, p=[0.55, 0.45]) + rng.normal(0, 0.16, count)
    red = np.where(blue < 1.15, 0.42 * blue - 0.05, rng.uniform(0.5, 1.6, count))
    x[-1], y[-1], r[-1], blue[-1], red[-1] = 0.27 * nx, 0.7 * ny, 10.6, 0.6, 0.2
    return Stars(x, y, np.stack([r + blue, r, r - red]))


def simulate_galaxies(rng: np.random.Generator, count: int = GALAXIES) -> Galaxies:
    """Faint galaxies: half discs, half ellipticals, larger when brighter."""
    ny, nx = SHAPE
    r = 23.7 + np.log10(rng.uniform(1e-3, 1, count)) / 0.45
    early = rng.random(count) < 0.4
    blue = np.where(early, 1.2, 0.55) + rng.normal(0, 0.2, count)
    red = np.where(early, 0.5, 0.25) + rng.normal(0, 0.08, count)
    return Galaxies(
        rng.uniform(0, nx, count),
        rng.uniform(0, ny, count),
        np.stack([r + blue, r, r - red]),
        rng.lognormal(0.55, 0.35, count) * 10 ** (0.13 * (22.2 - r)).clip(0.6, 5),
        rng.uniform(0.25, 1, count),
        rng.uniform(0, math.pi, count),
        np.where(early, 4.0, 1.0),
    )


def tan_cards(band: str) -> dict[str, Value]:
    """Header cards of one band; the field is rotated by ``ROTATION_DEG``."""
    ny, nx = SHAPE
    step, angle = SCALE_ARCSEC / 3600, math.radians(ROTATION_DEG)
    return {
        "CTYPE1": "RA---TAN", "CRPIX1": (nx + 1) / 2, "CRVAL1": CENTRE_DEG[0], "CUNIT1": "deg",
        "CTYPE2": "DEC--TAN", "CRPIX2": (ny + 1) / 2, "CRVAL2": CENTRE_DEG[1], "CUNIT2": "deg",
        "CD1_1": -step * math.cos(angle), "CD1_2": step * math.sin(angle),
        "CD2_1": step * math.sin(angle), "CD2_2": step * math.cos(angle),
        "RADESYS": "ICRS", "BUNIT": "nanomaggy", "OBJECT": "Simulated field", "FILTER": band,
        "MAGZERO": ZERO_POINT_MAG, "SATURATE": SATURATION,
    }  # fmt: skip


def pixel_to_sky(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ICRS position in degrees of 0-based pixels of the field (Calabretta and Greisen 2002, A&A 395, 1077)."""
    cards = {key: float(value) for key, value in tan_cards("r").items() if key.startswith(("CR", "CD"))}
    dx, dy = x + 1 - cards["CRPIX1"], y + 1 - cards["CRPIX2"]
    xi = np.radians(cards["CD1_1"] * dx + cards["CD1_2"] * dy)
    eta = np.radians(cards["CD2_1"] * dx + cards["CD2_2"] * dy)
    ra0, dec0 = np.radians(CENTRE_DEG)
    depth = math.cos(dec0) - eta * math.sin(dec0)
    ra = ra0 + np.arctan2(xi, depth)
    dec = np.arctan2(math.sin(dec0) + eta * math.cos(dec0), np.hypot(xi, depth))
    return np.degrees(ra) % 360, np.degrees(dec)


def write_catalog(path: Path, stars: Stars) -> None:
    """Write the stars that fall on the field as comma-separated values."""
    ny, nx = SHAPE
    seen = (stars.x > -0.5) & (stars.x < nx - 0.5) & (stars.y > -0.5) & (stars.y < ny - 0.5)
    ra, dec = pixel_to_sky(stars.x[seen], stars.y[seen])
    lines = ["id,ra,dec,g_mag,r_mag,i_mag"]
    for i, row in enumerate(zip(ra, dec, *stars.mag[:, seen], strict=True), 1):
        lines.append(f"{i},{row[0]:.7f},{row[1]:.7f}," + ",".join(f"{mag:.3f}" for mag in row[2:]))
    path.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


def simulate_band(stars: Stars, galaxies: Galaxies, band: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """One exposure in nanomaggies, shape ``SHAPE``."""
    image = np.zeros(SHAPE, dtype=np.float32)
    draw_galaxies(image, galaxies, band)
    draw_spiral(image, band)
    draw_stars(image, stars, band)
    add_noise(image, rng)
    blank_saturated(image, (float(stars.x[-1]), float(stars.y[-1])))
    return image


def write_field(folder: Path, rng: np.random.Generator, names: Sequence[str] = BANDS) -> list[Path]:
    """Write one image for each band and the catalog ``stars.csv``; return the images."""
    stars, galaxies = simulate_stars(rng), simulate_galaxies(rng)
    paths = []
    for band, name in enumerate(names):
        path = folder / f"field_{name}.fits"
        write_image(path, simulate_band(stars, galaxies, band, rng), tan_cards(name))
        paths.append(path)
    write_catalog(folder / "stars.csv", stars)
    return paths
