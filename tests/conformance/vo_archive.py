"""A small archive with a file of each kind, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import healpy
import numpy as np
from astropy.io import fits
from astropy.table import Table

RA, DEC, SCALE = 150.0, 2.0, 0.001
C = 299_792_458.0


@dataclass(frozen=True)
class Archive:
    """The folder and what lies in it."""

    folder: Path

    def pixels(self, name: str, hdu: int = 0) -> np.ndarray:
        """Pixels of a file as astropy reads them."""
        return np.asarray(fits.getdata(self.folder / name, hdu))

    def stars(self) -> Table:
        """The catalog."""
        return Table.read(self.folder / "stars.csv")


def header(nx: int, ny: int, ra: float = RA, dec: float = DEC) -> fits.Header:
    """A tangential projection of the sky."""
    cards = fits.Header()
    cards["CTYPE1"], cards["CTYPE2"] = "RA---TAN", "DEC--TAN"
    cards["CRPIX1"], cards["CRPIX2"] = (nx + 1) / 2, (ny + 1) / 2
    cards["CRVAL1"], cards["CRVAL2"] = ra, dec
    cards["CDELT1"], cards["CDELT2"] = -SCALE, SCALE
    cards["RADESYS"] = "ICRS"
    return cards


def make_archive(folder: Path) -> Archive:
    """Write the files."""
    random = np.random.default_rng(8)
    exposure = header(200, 300)
    exposure["BUNIT"], exposure["OBJECT"], exposure["FILTER"] = "nJy", "Test field", "r"
    exposure["DATE-OBS"], exposure["EXPTIME"], exposure["TIMESYS"] = "2024-03-01T02:03:04", 60.0, "UTC"
    exposure["TELESCOP"], exposure["INSTRUME"] = "Test telescope", "Test camera"
    image = random.normal(10, 2, (300, 200)).astype(np.float32)
    image[:5, :5] = np.nan
    fits.PrimaryHDU(image, exposure).writeto(folder / "exposure.fits")
    counts = header(160, 120, RA + 0.5)
    counts["BLANK"] = -32768
    fits.PrimaryHDU(random.integers(0, 3000, (120, 160)).astype(np.int16), counts).writeto(folder / "counts.fits")
    plane = fits.CompImageHDU(random.integers(0, 3000, (100, 100)).astype(np.int16), header(100, 100, RA, DEC + 3))
    fits.HDUList([fits.PrimaryHDU(), plane]).writeto(folder / "packed.fits")
    _mosaic(folder, random)
    _cube(folder, random)
    _stokes(folder, random)
    sky = random.normal(0, 1, 12 * 16**2).astype(np.float32)
    healpy.write_map(folder / "sky.fits", sky, nest=False, coord="C", column_names=["TEMPERATURE"], dtype=np.float32)
    ra, dec = RA + random.uniform(-0.1, 0.1, 300), DEC + random.uniform(-0.1, 0.1, 300)
    names = [f"star {k}" for k in range(300)]
    Table({"id": names, "ra": ra, "dec": dec, "mag": random.uniform(10, 20, 300)}).write(folder / "stars.csv")
    return Archive(folder)


def _mosaic(folder: Path, random: np.random.Generator) -> None:
    """Four detectors side by side in one file."""
    units: list[fits.hdu.base.ExtensionHDU] = [fits.PrimaryHDU()]
    for k in range(4):
        cards = header(80, 60, RA - 1, DEC)
        cards["CRPIX1"] += 81 * (0.5 - k % 2)
        cards["CRPIX2"] += 61 * (0.5 - k // 2)
        cards["EXTNAME"] = f"CCD{k + 1}"
        units.append(fits.ImageHDU(random.normal(0, 1, (60, 80)).astype(np.float32), cards))
    fits.HDUList(units).writeto(folder / "mosaic.fits")


def _cube(folder: Path, random: np.random.Generator) -> None:
    """Eight channels of 10 MHz around 1.42 GHz."""
    cards = header(40, 30, RA, DEC - 3)
    cards["CTYPE3"], cards["CUNIT3"] = "FREQ", "Hz"
    cards["CRPIX3"], cards["CRVAL3"], cards["CDELT3"] = 1.0, 1.40e9, 1e7
    fits.PrimaryHDU(random.normal(0, 1, (8, 30, 40)).astype(np.float32), cards).writeto(folder / "cube.fits")


def _stokes(folder: Path, random: np.random.Generator) -> None:
    """I, Q and U of one map."""
    cards = header(50, 40, RA + 3, DEC)
    cards["CTYPE3"], cards["CRPIX3"], cards["CRVAL3"], cards["CDELT3"] = "STOKES", 1.0, 1.0, 1.0
    fits.PrimaryHDU(random.normal(0, 1, (3, 40, 50)).astype(np.float32), cards).writeto(folder / "stokes.fits")
