"""Apertures against astropy's separations, pixel by pixel, and areas against formulas."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits

from armillary.errors import LimitError, ParameterError
from armillary.images import apertures
from armillary.images.apertures import Aperture, measure
from armillary.images.cutouts.windows import wrap_period
from armillary.images.files import open_image
from armillary.images.plane import Plane
from armillary.sky.grid import Window

CAR = {"CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CRPIX1": 90.5, "CRPIX2": 45.5, "CRVAL1": 0.0, "CRVAL2": 0.0,
       "CDELT1": -2.0, "CDELT2": 2.0}  # fmt: skip
TAN = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 60.0, "CRPIX2": 40.0, "CRVAL1": 359.99, "CRVAL2": 70.0,
       "CDELT1": -0.01, "CDELT2": 0.012}  # fmt: skip
AIT = CAR | {"CTYPE1": "GLON-AIT", "CTYPE2": "GLAT-AIT"}
SHAPES = {"CAR": (90, 180), "TAN": (90, 130), "AIT": (90, 180)}


def make(folder: Path, cards: dict[str, Any], shape: tuple[int, int], dtype: type = np.float32) -> Plane:
    data = np.random.default_rng(2).normal(1e4, 30, shape).astype(dtype)
    if np.issubdtype(dtype, np.floating):
        data[::7, ::5] = np.nan
        data[1, 1] = np.inf
    header = fits.Header()
    header.update(cards)
    path = folder / "map.fits"
    fits.PrimaryHDU(data, header).writeto(path)
    return open_image(path).stacks[0].plane()


def check(plane: Plane, ra: float, dec: float, radius: float) -> Aperture:
    """Measure, and compare with a look at every pixel, in extended precision."""
    ny, nx = plane.shape
    x, y = np.meshgrid(np.arange(nx), np.arange(ny))
    sky = SkyCoord(*(np.nan_to_num(part, nan=0.0) * u.deg for part in plane.wcs.pixel_to_icrs(x, y)))
    has_sky = np.isfinite(plane.wcs.pixel_to_icrs(x, y)[0])
    apart = sky.separation(SkyCoord(ra * u.deg, dec * u.deg)).deg
    inside = has_sky & (apart <= radius)
    assert not (has_sky & (np.abs(apart - radius) < 1e-9)).any(), "choose a radius without doubt"
    inside &= x < (wrap_period(plane.wcs) or nx)  # what lies at both ends counts once
    values = plane.window(Window(0, ny, 0, nx))[inside]
    good = values[np.isfinite(values)].astype(np.longdouble)
    found = measure(plane, plane.wcs, ra, dec, radius)
    assert (found.count, found.masked) == (good.size, values.size - good.size)
    if good.size:
        assert found.mean == pytest.approx(float(good.mean()), rel=1e-14)
        assert found.std == pytest.approx(float(good.std()), rel=1e-9, abs=1e-12)
        assert (found.minimum, found.maximum) == (float(good.min()), float(good.max()))
        assert found.median == float(np.median(good.astype(np.float64)))
        assert found.total == pytest.approx(float(good.sum()), rel=1e-14)
    return found


PLACES = [(0.0, 0.0, 13.0), (359.7, -5.0, 30.3), (120.0, 89.0, 12.5), (10.0, -90.0, 40.1), (200.0, 45.0, 90.0)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("cards", [CAR, AIT], ids=["CAR", "AIT"])
def test_maps_of_the_whole_sky_across_the_seam_and_the_poles(tmp_path: Path, cards: dict[str, Any], place: Any) -> None:
    found = check(make(tmp_path, cards, (90, 180)), *place)
    assert found.count > 0


@pytest.mark.parametrize("place", [(359.99, 70.0, 0.2), (0.5, 70.2, 0.31), (0.1, 70.0, 3.0), (359.99, 70.0, 0.007)])
def test_an_image_across_the_origin_of_right_ascension(tmp_path: Path, place: Any) -> None:
    check(make(tmp_path, TAN, (90, 130)), *place)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float64])
def test_every_kind_of_number(tmp_path: Path, dtype: type) -> None:
    check(make(tmp_path, TAN, (90, 130), dtype), 359.99, 70.0, 0.2)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("u_gal.fits", (86.4, 28.9, 4.0)),
        ("u_gal.fits", (192.9, 27.1, 4.03)),
        ("1904-66_AIT.fits", (286.0, -66.0, 3.0)),
        ("wmap_temperature_analysis_mask_r9_7yr_v4_udgraded32.fits", (86.4, 28.9, 21.0)),
        ("m13_rice.fits", (250.42, 36.46, 0.02)),
        ("HSC-0908120-056-small.fits", (151.4, 1.65, 0.003)),
    ],
)
def test_real_files(real_data: Path, name: str, place: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(open_image(real_data / name).stacks[0].plane(), *place)


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plane = make(tmp_path, CAR, (90, 180))
    whole = measure(plane, plane.wcs, 200.0, 45.0, 50.3)
    monkeypatch.setattr("armillary.images.cutouts.pixels.BLOCK_BYTES", 600)
    parts = measure(plane, plane.wcs, 200.0, 45.0, 50.3)
    assert (parts.count, parts.median, parts.minimum) == (whole.count, whole.median, whole.minimum)
    assert parts.mean == pytest.approx(whole.mean, rel=1e-14)
    assert parts.area_deg2 == pytest.approx(whole.area_deg2, rel=1e-12)


def test_the_area_is_that_of_the_pixels_with_data(tmp_path: Path) -> None:
    plane = make(tmp_path, CAR, (90, 180), np.int16)
    found = measure(plane, plane.wcs, 34.0, 0.0, 90.0)
    assert found.area_deg2 == pytest.approx(2 * math.pi * math.degrees(1) ** 2, rel=2e-3)
    pole = measure(plane, plane.wcs, 0.0, 90.0, 30.0)
    cap = 2 * math.pi * (1 - math.cos(math.radians(30))) * math.degrees(1) ** 2
    assert pole.area_deg2 == pytest.approx(cap, rel=2e-3)


def test_large_offsets_keep_their_digits(tmp_path: Path) -> None:
    header = fits.Header()
    header.update(TAN)
    data = np.where(np.arange(90 * 130).reshape(90, 130) % 2, 1e12 + 1.0, 1e12 - 1.0)
    fits.PrimaryHDU(data, header).writeto(tmp_path / "large.fits")
    plane = open_image(tmp_path / "large.fits").stacks[0].plane()
    found = measure(plane, plane.wcs, 359.99, 70.0, 0.3)
    assert found.std == pytest.approx(1.0, rel=1e-3)


def test_a_circle_without_pixels_measures_nothing(tmp_path: Path) -> None:
    plane = make(tmp_path, TAN, (90, 130))
    for ra, dec, radius in [(180.0, 0.0, 1.0), (359.9942, 70.003, 1e-6)]:
        assert measure(plane, plane.wcs, ra, dec, radius) == Aperture(0, 0, None, None, None, None, None, None, 0.0)


@pytest.mark.parametrize(
    ("ra", "dec", "radius"), [(0, 0, 91), (0, 0, -1), (0, 91, 1), (math.inf, 0, 1), (0, 0, math.nan)]
)
def test_bad_numbers_are_refused(tmp_path: Path, ra: float, dec: float, radius: float) -> None:
    plane = make(tmp_path, TAN, (90, 130))
    with pytest.raises(ParameterError):
        measure(plane, plane.wcs, ra, dec, radius)


def test_more_pixels_than_the_bound_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apertures, "MAX_PIXELS", 1000)
    plane = make(tmp_path, CAR, (90, 180))
    with pytest.raises(LimitError, match="1000 pixels") as refused:
        measure(plane, plane.wcs, 0.0, 0.0, 60.0)
    assert refused.value.detail["limit"] == 1000
