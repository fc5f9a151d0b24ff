"""Headers for tests of world coordinates, and astropy's answer to them."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

# Parameters that each projection of wcslib needs: PV of the latitude axis.
PROJECTIONS = {
    "AZP": {1: 2.0, 2: 30.0},
    "SZP": {1: 2.0, 2: 180.0, 3: 60.0},
    "TAN": {},
    "STG": {},
    "SIN": {1: 0.2, 2: 0.3},
    "ARC": {},
    "ZPN": {0: 0.05, 1: 0.975, 2: -0.807, 3: 0.337, 4: -0.065, 5: 0.01, 6: 0.003},
    "ZEA": {},
    "AIR": {1: 45.0},
    "CYP": {1: 1.0, 2: 0.7},
    "CEA": {1: 0.8},
    "CAR": {},
    "MER": {},
    "SFL": {},
    "PAR": {},
    "MOL": {},
    "AIT": {},
    "COP": {1: 45.0, 2: 25.0},
    "COE": {1: 45.0, 2: 25.0},
    "COD": {1: 45.0, 2: 25.0},
    "COO": {1: 45.0, 2: 25.0},
    "BON": {1: 45.0},
    "PCO": {},
    "TSC": {},
    "CSC": {},
    "QSC": {},
    "HPX": {},
    "XPH": {},
}
SHAPE = (300, 400)
NAMES = {"equatorial": ("RA--", "DEC-"), "galactic": ("GLON", "GLAT"), "ecliptic": ("ELON", "ELAT")}


def header_text(cards: dict) -> str:
    """Cards a line, as a reader hands them on."""
    header = fits.Header()
    for name, value in cards.items():
        header[name] = value
    return header.tostring(sep="\n", padding=False, endcard=False)


def make(code="TAN", *, kind="equatorial", scale=0.05, rotation=0.0, shape=SHAPE, crval=(83.0, 32.0), **more) -> dict:
    """Cards of a plane in a projection, with its reference at the plane's centre."""
    lon, lat = NAMES[kind]
    turn = np.radians(rotation)
    cards = {
        "NAXIS": 2,
        "NAXIS1": shape[1],
        "NAXIS2": shape[0],
        "CTYPE1": f"{lon}-{code}",
        "CTYPE2": f"{lat}-{code}",
        "CRPIX1": shape[1] / 2 + 0.5,
        "CRPIX2": shape[0] / 2 + 0.5,
        "CRVAL1": crval[0],
        "CRVAL2": crval[1],
        "CD1_1": -scale * np.cos(turn),
        "CD1_2": 0.9 * scale * np.sin(turn),
        "CD2_1": scale * np.sin(turn),
        "CD2_2": 0.9 * scale * np.cos(turn),
    }
    cards |= {f"PV2_{term}": value for term, value in PROJECTIONS.get(code, {}).items()}
    return cards | more


def astropy_wcs(text: str, hdus=None) -> WCS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return WCS(fits.Header.fromstring(text, sep="\n"), fobj=hdus)


def astropy_icrs(text: str, x, y, hdus=None) -> tuple[np.ndarray, np.ndarray]:
    """ICRS positions of pixels as astropy gives them (ecliptic headers: mean ecliptic of the equinox)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wcs = astropy_wcs(text, hdus).celestial
        if not wcs.wcs.ctype[wcs.wcs.lng].startswith("ELON"):
            sky = wcs.pixel_to_world(x, y).icrs
        else:
            equinox = wcs.wcs.equinox if np.isfinite(wcs.wcs.equinox) else 2000.0
            world = wcs.all_pix2world(x, y, 0)
            frame = BarycentricMeanEcliptic(equinox=Time(equinox, format="jyear"))
            sky = SkyCoord(world[wcs.wcs.lng] * u.deg, world[wcs.wcs.lat] * u.deg, frame=frame).icrs
    return sky.ra.deg, sky.dec.deg


def separation_arcsec(ra, dec, other_ra, other_dec) -> np.ndarray:
    """Angle between positions; NaN where both have none, infinite where only one has."""
    here = np.isfinite(ra) & np.isfinite(dec)
    there = np.isfinite(other_ra) & np.isfinite(other_dec)
    apart = np.full(np.shape(ra), np.nan)
    apart[here != there] = np.inf
    both = here & there
    one = SkyCoord(np.asarray(ra)[both] * u.deg, np.asarray(dec)[both] * u.deg)
    two = SkyCoord(np.asarray(other_ra)[both] * u.deg, np.asarray(other_dec)[both] * u.deg)
    apart[both] = one.separation(two).arcsec
    return apart


@pytest.fixture(scope="session")
def headers() -> SimpleNamespace:
    """What makes headers and asks astropy about them: tests do not import each other."""
    return SimpleNamespace(
        make=make,
        text=header_text,
        wcs=astropy_wcs,
        icrs=astropy_icrs,
        separation_arcsec=separation_arcsec,
        shape=SHAPE,
    )
