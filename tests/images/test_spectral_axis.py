"""Wavelengths of spectral axes against astropy's WCS."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.wcs import WCS

from armillary.images.fits.spectral import spectral_axis
from armillary.storage.fits.cards import Header

HI = 1.420405751786e9


def parsed(cards: dict) -> Header:
    header = fits.Header()
    header.update(cards)
    return Header(header.tostring(sep="", endcard=False, padding=False).encode())


def axis(ctype, unit, value, step, **more):
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CTYPE3": ctype, "CRVAL3": value, "CDELT3": step}
    return cards | {"CRPIX3": 3.0, "CUNIT3": unit} | more


CASES = {
    "freq": axis("FREQ", "Hz", 1.4e9, 1e6),
    "freq in GHz": axis("FREQ", "GHz", 1.4, 1e-3),
    "wave": axis("WAVE", "nm", 500.0, 2.0),
    "wave in Angstrom": axis("WAVE", "Angstrom", 5000.0, 2.0),
    "air": axis("AWAV", "Angstrom", 6562.8, 1.25),
    "wave log": axis("WAVE-LOG", "m", 5e-7, 1e-9),
    "wavenumber": axis("WAVN", "m-1", 2e6, 100.0),
    "energy": axis("ENER", "eV", 2.5, 0.01),
    "radio": axis("VRAD", "km/s", 1000.0, 5.0, RESTFRQ=HI),
    "optical": axis("VOPT", "m/s", 44.0, 75.0, RESTFRQ=HI),
    "relativistic": axis("VELO", "m/s", 1e7, 1e5, RESTFRQ=HI),
    "redshift": axis("ZOPT", "", 0.5, 0.001, RESTWAV=1.215e-7),
    "beta": axis("BETA", "", 0.1, 0.001, RESTFRQ=HI),
}


@pytest.mark.parametrize("case", CASES)
def test_wavelengths_are_those_of_astropy(case) -> None:
    cards = CASES[case]
    found = spectral_axis(parsed(cards), (10, 10, 7))
    assert found is not None
    assert (found.axis, found.length) == (2, 7)
    header = fits.Header()
    header.update(cards)
    wcs = WCS(header, naxis=[3], fix=False)
    pixels = np.array([-0.5, 0.0, 2.0, 3.25, 6.5])
    world = wcs.wcs_pix2world(pixels, 0)[0] * u.Unit(wcs.wcs.cunit[0])
    kind = cards["CTYPE3"][:4]
    rest = (cards.get("RESTFRQ") or 299792458.0 / cards.get("RESTWAV", 1.0)) * u.Hz
    if kind in {"ZOPT", "BETA"}:
        factor = 1 + world.value if kind == "ZOPT" else np.sqrt((1 + world.value) / (1 - world.value))
        expected = (rest.to_value(u.m, u.spectral())) * factor
    elif kind == "AWAV":
        # Ciddor 1996, of which Edlen's formula is no more than a few parts in 1e8 away.
        s2 = (1e-6 / world.to_value(u.m)) ** 2
        ciddor = 1 + 0.05792105 / (238.0185 - s2) + 0.00167917 / (57.362 - s2)
        expected = world.to_value(u.m) * ciddor
    else:
        convention = {"VRAD": u.doppler_radio, "VOPT": u.doppler_optical, "VELO": u.doppler_relativistic}.get(kind)
        hertz = world.to(u.Hz, convention(rest)) if convention else world
        expected = hertz.to_value(u.m, u.spectral())
    # The electronvolt of wcslib is older than the SI of 2019.
    tolerance = {"AWAV": 1e-7, "ENER": 1e-7}.get(kind, 1e-12)
    np.testing.assert_allclose([found.wavelength_m(p) for p in pixels], expected, rtol=tolerance)


def test_air_is_that_of_wcslib() -> None:
    header = fits.Header()
    header.update(CASES["air"])
    wcs = WCS(header, naxis=[3], fix=False)
    wcs.wcs.set()
    wcs.wcs.sptr("WAVE-A2W")
    found = spectral_axis(parsed(CASES["air"]), (10, 10, 7))
    assert found.wavelength_m(2.0) == pytest.approx(wcs.wcs.crval[0], rel=1e-9)


def test_bounds_reach_to_the_edges_of_pixels_and_the_shorter_comes_first() -> None:
    up, down = (spectral_axis(parsed(axis("WAVE", "m", 5e-7, step)), (10, 10, 7)) for step in (1e-9, -1e-9))
    assert up.bounds_m(0, 0) == pytest.approx((4.975e-7, 4.985e-7), rel=1e-12)
    assert down.bounds_m(0, 0) == pytest.approx((5.015e-7, 5.025e-7), rel=1e-12)
    assert up.bounds_m(0, 6) == pytest.approx((4.975e-7, 5.045e-7), rel=1e-12)


@pytest.mark.parametrize(
    "cards",
    [
        {},
        axis("FREQ", "parsec", 1.4e9, 1e6),
        axis("VOPT", "m/s", 44.0, 75.0),
        axis("STOKES", "", 1.0, 1.0),
        axis("TIME", "s", 1.0, 1.0),
    ],
)
def test_what_gives_no_wavelengths_is_no_spectral_axis(cards) -> None:
    assert spectral_axis(parsed(cards), (10, 10, 7)) is None


def test_places_without_a_wavelength() -> None:
    found = spectral_axis(parsed(axis("FREQ", "Hz", 1e6, 1e6)), (10, 10, 7))
    assert math.isnan(found.wavelength_m(-5.0))
    assert found.bounds_m(-5, 2) is None
    wild = spectral_axis(parsed(axis("WAVE-LOG", "m", 1e-300, 1.0)), (10, 10, 7))
    assert math.isnan(wild.wavelength_m(6.0))
    assert math.isnan(spectral_axis(parsed(axis("BETA", "", 5.0, 1.0, RESTFRQ=HI)), (1, 1, 1)).wavelength_m(3.0))
