"""A small sky of which every pixel is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 64
HOLE = np.s_[20:28, 30:40]
"""NaN in ``steps``: rows, columns."""


def steps() -> np.ndarray:
    """Values in the middle of the 256 colours of a range from 0 to 256, unlike their neighbours."""
    y, x = np.mgrid[:SIDE, :SIDE]
    data = ((7 * x + 31 * y) % 256 + 0.5).astype(np.float32)
    data[HOLE] = np.nan
    return data


def signed() -> np.ndarray:
    """Values of both signs, far from evenly spread."""
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.sign((x + y) % 2 - 0.5) * np.rint(1000 * ((x + 8 * y) / 72.0) ** 3) / 1000


def tan_wcs(scale_arcsec: float, angle_deg: float, side: int) -> WCS:
    """A rotated tangent plane at (83.8, −5.4)."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [83.8, -5.4]
    wcs.wcs.crpix = [side / 2 + 0.5, side / 2 + 0.5]
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    wcs.wcs.cd = scale_arcsec / 3600 * np.array([[-cos, sin], [sin, cos]])
    return wcs


def car_wcs(nx: int, ny: int, *, growing: bool) -> WCS:
    """The full sky in plate carrée, the seam at 180° from RA 120."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---CAR", "DEC--CAR"]
    wcs.wcs.crval = [120.0, 0.0]
    wcs.wcs.crpix = [nx / 2 + 0.5, ny / 2 + 0.5]
    wcs.wcs.cdelt = [(360 / nx) * (1 if growing else -1), 180 / ny]
    return wcs


def smooth_sky(wcs: WCS, nx: int, ny: int) -> np.ndarray:
    """A dipole and an octopole: smooth everywhere on the sky."""
    ra, dec = np.radians(wcs.pixel_to_world_values(*np.meshgrid(np.arange(nx), np.arange(ny))))
    x, y, z = np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)
    return (100 * (x + 0.5 * y - 0.4 * z + 0.6 * x * y)).astype(np.float32)


def write(path: Path, data: np.ndarray, wcs: WCS | None = None, **cards: object) -> None:
    header = wcs.to_header() if wcs is not None else fits.Header()
    header.update(cards)
    fits.PrimaryHDU(data, header).writeto(path, overwrite=True)


def field_values(side: int) -> np.ndarray:
    """Integers that name their pixel: no two neighbours are the same."""
    y, x = np.mgrid[:side, :side]
    return (((x * 37 + y * 101) % 1000) - 300).astype(np.int16)


def write_scaled(path: Path, data: np.ndarray, scale: float, **cards: object) -> None:
    """As 32-bit integers with BSCALE and BLANK: their tiles are without loss, noise or none."""
    stored = np.where(np.isnan(data), -(2**31), np.rint(np.nan_to_num(data) / scale)).astype(">i4")
    header = fits.PrimaryHDU(stored).header
    header.update({"BSCALE": scale, "BZERO": 0.0, "BLANK": -(2**31), **cards})
    body = stored.tobytes()
    path.write_bytes(header.tostring().encode() + body + bytes(-len(body) % 2880))


def write_cube(path: Path) -> None:
    """Five slices, each of one value: 10, 30, 50, 70, 90."""
    cube = np.full((5, SIDE, SIDE), 10.0, np.float32) + 20 * np.arange(5, dtype=np.float32)[:, None, None]
    cube[:, 0, 0], cube[:, -1, -1] = 0, 100
    fits.PrimaryHDU(cube, fits.Header({"CTYPE3": "FREQ", "CUNIT3": "Hz", "CRVAL3": 1e9, "CDELT3": 1e6})).writeto(path)


def write_extensions(path: Path) -> None:
    parts: list[object] = [fits.PrimaryHDU(header=fits.Header({"OBSERVER": "Hypatia"}))]
    for name in ("SCI", "ERR", "DQ"):
        parts.append(fits.ImageHDU(np.arange(100, dtype=np.float32).reshape(10, 10), name=name))
        parts[-1].header["EXPTIME"] = (12.5, f"exposure of {name}")
    parts.append(fits.BinTableHDU(Table({"flux": [1.0, 2.0]}), name="CATALOG"))
    fits.HDUList(parts).writeto(path)


def write_healpix(path: Path) -> None:
    table = fits.BinTableHDU(Table({"TEMPERATURE": np.linspace(-1, 1, 12 * 16**2).astype(np.float32)}))
    cards = {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": 16, "COORDSYS": "G", "INDXSCHM": "IMPLICIT"}
    table.header.update({**cards, "FIRSTPIX": 0, "LASTPIX": 12 * 16**2 - 1})
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)


def write_sky(folder: Path) -> Path:
    write_scaled(folder / "steps.fits", steps(), 0.5)
    write_scaled(folder / "signed.fits", signed(), 0.001, BUNIT="mK")
    for name, growing in (("allsky", False), ("mirrored", True)):
        wcs = car_wcs(720, 360, growing=growing)
        write(folder / f"{name}.fits", smooth_sky(wcs, 720, 360), wcs, BUNIT="uK")
    write(folder / "fine.fits", field_values(400), tan_wcs(1.0, 25.0, 400), BUNIT="adu")
    write(folder / "coarse.fits", field_values(300).astype(np.float32), tan_wcs(2.5, -40.0, 300), BUNIT="adu")
    write(folder / "large.fits", field_values(1536), tan_wcs(0.5, 60.0, 1536), BUNIT="adu")
    for name, value in (("low", 64.5), ("high", 192.5)):
        data = np.full((SIDE, SIDE), value, np.float32)
        data[0, 0], data[-1, -1] = 0, 256
        write(folder / f"{name}.fits", data, tan_wcs(10, 0, SIDE))
    write(folder / "nothing.fits", np.full((32, 32), np.nan, np.float32))
    write_cube(folder / "cube.fits")
    write_extensions(folder / "extensions.fits")
    write_healpix(folder / "healpix.fits")
    (folder / "words.fits").write_text("This is no image.")
    (folder / "empty.fits").write_bytes(b"")
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(Table({"a": [1, 2]}))]).writeto(folder / "table.fits")
    return folder
