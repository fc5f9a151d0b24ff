"""Pictures of cutouts of observations."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from armillary.errors import LimitError, ParameterError
from armillary.holdings.pictures import picture_of
from armillary.holdings.soda import Filter
from armillary.sky.regions import parse_pos


def header(**more: Any) -> fits.Header:
    cards = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 20.0, "CRPIX2": 15.0, "CRVAL1": 150.0, "CRVAL2": 2.0,
        "CDELT1": -0.001, "CDELT2": 0.001,
    }  # fmt: skip
    found = fits.Header()
    found.update(cards | more)
    return found


def image_of(found: Any) -> Image.Image:
    assert found is not None
    assert b"".join(found.parts()) == found.body
    assert found.length() == len(found.body)
    return Image.open(io.BytesIO(found.body))


def data(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (30, 40)).astype(np.float32)


@pytest.mark.parametrize(("form", "kind"), [("png", "image/png"), ("jpg", "image/jpeg"), ("webp", "image/webp")])
def test_a_circle(cut: Any, tmp_path: Path, form: str, kind: str) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(data(), header()).writeto(path)
    wanted = Filter(parse_pos("CIRCLE 150 2 0.0085"))
    found = picture_of(cut.observation(path), wanted, form)
    image = image_of(found)
    assert found is not None
    assert (found.media_type, found.file_name) == (kind, f"image-cutout.{form}")
    assert image.size == (17, 17)
    if form == "png":
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
        y, x = np.mgrid[-8:9, -8:9]
        assert np.array_equal(alpha > 0, np.hypot(x, y) <= 8.5)


def test_the_style_of_the_caller_wins(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(data(), header()).writeto(path)
    observation = cut.observation(path)
    grey = np.asarray(image_of(picture_of(observation, Filter(), "png", {"cmap": "gray", "vmin": "0", "vmax": "1"})))
    other = np.asarray(image_of(picture_of(observation, Filter(), "png", {"cmap": "viridis"})).convert("RGB"))
    assert grey.shape[:2] == other.shape[:2] == (30, 40)
    assert (other[..., 0] != other[..., 1]).any()
    with pytest.raises(ParameterError):
        picture_of(observation, Filter(), "png", {"cmap": "no such"})


def test_the_first_piece_with_pixels_is_shown(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "pair.fits"
    pieces = [
        fits.ImageHDU(data(), header(CRVAL1=10.0), name="A"),
        fits.ImageHDU(data(2)[:, :25], header(), name="B"),
        fits.ImageHDU(data(3), name="C"),
    ]
    fits.HDUList([fits.PrimaryHDU(), *pieces]).writeto(path)
    observation = cut.observation(path)
    assert image_of(picture_of(observation, Filter(parse_pos("CIRCLE 150 2 3")), "png")).size == (25, 30)
    assert image_of(picture_of(observation, Filter(parse_pos("CIRCLE 10 2 3")), "png")).size == (40, 30)
    assert picture_of(observation, Filter(parse_pos("CIRCLE 80 2 3")), "png") is None


def test_the_first_plane_that_is_left_of_a_cube(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    cube = np.zeros((2, 4, 30, 40), np.float32)
    cube[1, 2] = 1.0
    axes = {"CTYPE3": "FREQ", "CRVAL3": 1e9, "CDELT3": 1e6, "CRPIX3": 1.0, "CUNIT3": "Hz"}
    stokes = {"CTYPE4": "STOKES", "CRVAL4": 1.0, "CDELT4": 1.0, "CRPIX4": 1.0}
    fits.PrimaryHDU(cube, header(**axes, **stokes)).writeto(path)
    observation = cut.observation(path)
    style = {"cmap": "gray", "vmin": "0", "vmax": "1", "stretch": "linear"}
    metres = 299_792_458 / 1.002e9
    bright = picture_of(observation, Filter(band_m=(metres, metres), pol=("Q",)), "png", style)
    dark = picture_of(observation, Filter(pol=("Q",)), "png", style)
    assert np.asarray(image_of(bright).convert("L")).min() == 255
    assert np.asarray(image_of(dark).convert("L")).max() == 0


def test_more_pixels_than_a_picture_has_are_refused(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "wide.fits"
    fits.PrimaryHDU(np.zeros((1, 70_000), np.uint8), header()).writeto(path)
    with pytest.raises(LimitError):
        picture_of(cut.observation(path), Filter(), "webp")


@pytest.mark.real_data
def test_a_map_of_healpix(cut: Any, real_data: Path) -> None:
    path = real_data / "wmap_temperature_analysis_mask_r9_7yr_v4_udgraded32.fits"
    image = image_of(picture_of(cut.observation(path), Filter(parse_pos("CIRCLE 266 -29 10")), "png"))
    assert min(image.size) > 20
