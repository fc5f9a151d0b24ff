"""Cylindrical maps go on past native ±180°, and a place has its pixel inside the plane where there is one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.sky.wcs import PlaneWcs
from armillary.sky.wrap import Wrap


def full_sky(headers, *, code="CAR", nx=720, ny=360, crpix=None, crval=0.0, kind="equatorial", swap=False, **more):
    """A map of the whole circle, 0.5° a pixel, whose first column is wherever ``crpix`` puts it."""
    cards = headers.make(code, kind=kind, shape=(ny, nx), crval=(crval, 0.0))
    del cards["CD1_1"], cards["CD1_2"], cards["CD2_1"], cards["CD2_2"]
    cards |= {"CDELT1": -0.5, "CDELT2": 0.5, "CRPIX1": nx / 2 + 0.5 if crpix is None else crpix, **more}
    if swap:
        cards = {name.translate({ord("1"): "2", ord("2"): "1"}): value for name, value in cards.items()}
        nx, ny = ny, nx
    plane = PlaneWcs.from_header_text(headers.text(cards), (ny, nx))
    assert plane is not None
    return plane


@pytest.mark.parametrize("code", ["CAR", "CEA", "CYP", "MER"])
@pytest.mark.parametrize("crpix", [360.5, 1.0, 720.0, -400.0, 2000.25])
def test_every_column_of_a_full_circle_has_sky(headers, code, crpix):
    plane = full_sky(headers, code=code, crpix=crpix, crval=30.0)
    x = np.arange(720.0)
    ra, dec = plane.pixel_to_icrs(x, np.full(720, 179.5))
    scale = 0.7 if code == "CYP" else 1.0
    expected = 30.0 - 0.5 / scale * (x + 1 - crpix)
    np.testing.assert_allclose((ra - expected + 180) % 360, 180.0, atol=1e-6)
    assert np.abs(dec).max() < 1e-6
    assert plane.wrap_period_px == pytest.approx(720.0 * scale)
    assert plane.full_circle
    back, _ = plane.icrs_to_pixel(ra, dec)
    np.testing.assert_allclose((back - x) / (720.0 * scale) % 1.0 % 0.99999, 0.0, atol=1e-4)
    assert back.min() > -0.5 - 1e-6
    assert back.max() < 719.5


@given(crpix=st.floats(-2000, 2000), crval=st.floats(-180, 360), turns=st.integers(-5, 5))
def test_any_number_of_turns_is_the_same_place(headers, crpix, crval, turns):
    plane = full_sky(headers, crpix=crpix, crval=crval)
    x, y = np.array([-0.5, 0.0, 17.25, 359.5, 700.0, 719.5]), np.array([0.0, 50.0, 100.0, 179.5, 200.0, 359.0])
    once = plane.pixel_to_icrs(x, y)
    again = plane.pixel_to_icrs(x + turns * 720.0, y)
    assert np.isfinite(once).all()
    np.testing.assert_allclose((once[0] - again[0] + 180) % 360, 180.0, atol=1e-8)
    np.testing.assert_allclose(once[1], again[1], atol=1e-8)
    inside, _ = plane.icrs_to_pixel(*again)
    np.testing.assert_allclose(inside[1:-1], x[1:-1], atol=1e-6)


def test_the_edges_of_a_map_centred_on_its_reference(headers):
    plane = full_sky(headers)
    x = np.array([-0.5, 719.5])
    ra, dec = plane.pixel_to_icrs(x, [179.5, 179.5])
    np.testing.assert_allclose(ra, 180.0, atol=1e-8)
    assert np.isfinite(dec).all()


def test_rows_at_and_beyond_the_poles(headers):
    plane = full_sky(headers, ny=361)
    _, dec = plane.pixel_to_icrs(np.full(5, 100.0), [0.0, 360.0, 360.0 + 1e-9, 360.5, -0.5])
    np.testing.assert_allclose(dec[:3], [-90.0, 90.0, 90.0], atol=1e-6)
    assert np.isnan(dec[3:]).all()


def test_one_duplicate_column(headers):
    plane = full_sky(headers, nx=721, crpix=361.0, kind="galactic")
    assert plane.wrap_period_px == pytest.approx(720.0)
    assert plane.full_circle
    ra, dec = plane.pixel_to_icrs([0.0, 720.0], [100.0, 100.0])
    assert ra[0] == pytest.approx(ra[1])
    x, _ = plane.icrs_to_pixel(ra, dec)
    np.testing.assert_allclose(np.abs(x - 360.0), 360.0, atol=1e-6)


def test_a_part_of_the_circle_chooses_the_nearest(headers):
    plane = full_sky(headers, nx=200, crpix=500.5, crval=10.0)
    assert plane.wrap_period_px == pytest.approx(720.0)
    assert not plane.full_circle
    ra, dec = plane.pixel_to_icrs([-10.0, 0.0, 199.0, 210.0], [100.0] * 4)
    x, _ = plane.icrs_to_pixel(ra, dec)
    np.testing.assert_allclose(x, [-10.0, 0.0, 199.0, 210.0], atol=1e-6)


def test_transposed_map_wraps_along_y(headers):
    plane = full_sky(headers, swap=True, crpix=1.0, crval=50.0)
    assert plane.wrap_period_px is None
    assert not plane.full_circle
    ra, dec = plane.pixel_to_icrs(np.full(720, 179.5), np.arange(720.0))
    assert np.isfinite(ra).all()
    _, y = plane.icrs_to_pixel(ra, dec)
    np.testing.assert_allclose(y, np.arange(720.0), atol=1e-6)


def test_rotated_cylinder(headers):
    cards = headers.make("CAR", scale=0.5, rotation=30.0, crval=(0.0, 0.0), shape=(800, 800))
    plane = PlaneWcs.from_header_text(headers.text(cards), (800, 800))
    x, y = np.meshgrid(np.linspace(0, 799, 41), np.linspace(0, 799, 41))
    ra, dec = plane.pixel_to_icrs(x, y)
    astropy_ra, astropy_dec = headers.icrs(headers.text(cards), x, y)
    both = np.isfinite(astropy_ra)
    assert np.isfinite(ra[~both]).any()
    assert np.nanmax(headers.separation_arcsec(ra[both], dec[both], astropy_ra[both], astropy_dec[both])) < 1e-3
    assert plane.wrap_period_px is None


@given(
    slope=st.floats(-0.3, 0.3),
    period=st.floats(10, 1e5),
    sign=st.sampled_from([-1.0, 1.0]),
    nx=st.integers(1, 2000),
    x=st.floats(-1e6, 1e6),
)
def test_into_plane_against_trying_every_turn(slope, period, sign, nx, x):
    """Inside where any turn is inside, else at the least distance from the plane's edge."""
    wrap = Wrap(np.array([sign * period, slope * period]), np.eye(2), np.zeros(2), linear_latitude=False)
    moved = wrap.into_plane(np.array([[x, 3.0]]), (10, nx))[0]
    turns = np.arange(-2, 3) + np.round(-x / period)
    tried = x + turns * period
    distance = np.maximum(np.maximum(-0.5 - tried, tried - (nx - 0.5)), 0.0)
    mine = max(-0.5 - moved[0], moved[0] - (nx - 0.5), 0.0)
    assert mine <= distance.min() + 1e-6 * period
    assert (moved[0] - x) / period == pytest.approx(round((moved[0] - x) / period), abs=1e-6)
    assert moved[1] == pytest.approx(3.0 + slope * sign * (moved[0] - x), abs=1e-6 * period)
