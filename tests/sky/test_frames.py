"""Frames against astropy.coordinates."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import (
    FK4,
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    FK4NoETerms,
    Galactic,
    SkyCoord,
    Supergalactic,
)
from astropy.time import Time

from armillary.sky import frames

RNG = np.random.default_rng(1)
LON = RNG.uniform(0, 360, 500)
LAT = np.degrees(np.arcsin(RNG.uniform(-1, 1, 500)))
LON[:3], LAT[:3] = [0, 0, 200], [90, -90, 89.9999999]

CASES = [
    (frames.ICRS, ICRS()),
    (frames.GALACTIC, Galactic()),
    (frames.SUPERGALACTIC, Supergalactic()),
    (frames.fk5(), FK5()),
    (frames.fk5(1975.0), FK5(equinox=Time(1975.0, format="jyear"))),
    (frames.fk5(2050.5), FK5(equinox=Time(2050.5, format="jyear"))),
    (frames.ecliptic(), BarycentricMeanEcliptic()),
    (frames.ecliptic(1950.0), BarycentricMeanEcliptic(equinox=Time(1950.0, format="jyear"))),
    (frames.fk4(), FK4()),
    (frames.fk4(1900.0), FK4(equinox=Time(1900.0, format="byear"))),
    (frames.fk4(1975.0, with_e_terms=False), FK4NoETerms(equinox=Time(1975.0, format="byear"))),
]
IDS = [f"{ours.name}-{number}" for number, (ours, _) in enumerate(CASES)]


@pytest.mark.parametrize(("ours", "theirs"), CASES, ids=IDS)
def test_to_icrs_agrees_with_astropy(ours, theirs):
    ra, dec = frames.to_angles(ours.to_icrs(frames.to_vectors(LON, LAT)))
    expected = SkyCoord(LON * u.deg, LAT * u.deg, frame=theirs).icrs
    assert SkyCoord(ra * u.deg, dec * u.deg).separation(expected).to_value(u.mas).max() < 0.01


@pytest.mark.parametrize(("ours", "theirs"), CASES, ids=IDS)
def test_from_icrs_agrees_with_astropy(ours, theirs):
    lon, lat = frames.to_angles(ours.from_icrs(frames.to_vectors(LON, LAT)))
    expected = SkyCoord(LON * u.deg, LAT * u.deg).transform_to(theirs)
    mine = SkyCoord(lon * u.deg, lat * u.deg, frame=theirs)
    assert mine.separation(expected).to_value(u.mas).max() < 0.1


@pytest.mark.parametrize("ours", [ours for ours, _ in CASES], ids=IDS)
def test_there_and_back(ours):
    vectors = frames.to_vectors(LON, LAT)
    np.testing.assert_allclose(ours.from_icrs(ours.to_icrs(vectors)), vectors, atol=3e-15)


def test_positions_for_the_readout():
    sky = SkyCoord(LON * u.deg, LAT * u.deg)
    lon, lat = frames.to_galactic(LON, LAT)
    assert SkyCoord(lon * u.deg, lat * u.deg, frame="galactic").separation(sky.galactic).to_value(u.uas).max() < 1
    lon, lat = frames.to_ecliptic(LON, LAT)
    expected = sky.transform_to(BarycentricMeanEcliptic())
    mine = SkyCoord(lon * u.deg, lat * u.deg, frame=BarycentricMeanEcliptic())
    assert mine.separation(expected).to_value(u.uas).max() < 1
    assert lon.min() >= 0
    assert lon.max() < 360


def test_scalars_and_nan():
    lon, lat = frames.to_galactic(float("nan"), 0.0)
    assert np.isnan(lon)
    assert np.isnan(lat)
    lon, lat = frames.to_galactic(266.40498829, -28.93617776)
    assert abs((lon + 180) % 360 - 180) < 1e-6
    assert abs(lat) < 1e-6


def test_longitude_just_below_zero_stays_below_360():
    lon, _ = frames.to_angles(np.array([[1.0, -1e-20, 0.0]]))
    assert lon[0] == 0.0


def test_neither_numba_nor_astropy_is_imported():
    code = "import sys, armillary.sky.frames, armillary.sky.wcs; print({'numba', 'astropy'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
