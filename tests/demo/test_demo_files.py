"""The demo's files: sound FITS, right sky, the same at every run."""

import csv
import hashlib

import healpy
import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from armillary.demo import cube, drawing
from armillary.demo.files import write_demo_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_demo_files(folder)
    return folder


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_same_bytes_at_every_run(folder, tmp_path):
    write_demo_files(tmp_path)
    assert digests(tmp_path) == digests(folder)
    assert len(digests(folder)) == 7


def test_paths_are_the_fits_files(tmp_path):
    paths = write_demo_files(tmp_path)
    assert {path.name for path in paths} == {path.name for path in tmp_path.glob("*.fits")}


def test_small_on_disk(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) < 200e6


@pytest.mark.parametrize("name", ["microwave", "microwave_smooth", "field_g", "field_r", "field_i", "galaxy_cube"])
def test_sound_fits_with_words(folder, name):
    with fits.open(folder / f"{name}.fits") as hdus:
        hdus.verify("exception")
        header = hdus[-1].header
        assert header["OBJECT"]
        assert units.Unit(header.get("BUNIT", header.get("TUNIT2")).replace("nanomaggy", "nmgy"))
        if name != "microwave_smooth":
            assert WCS(header).has_celestial
            assert header["FILTER"]


def test_map_covers_the_sky_once(folder):
    header = fits.getheader(folder / "microwave.fits")
    wcs = WCS(header).celestial
    ny, nx = header["NAXIS2"], header["NAXIS1"]
    ra, dec = wcs.pixel_to_world_values([0, nx - 1, nx / 2 - 0.5], [0, ny - 1, ny / 2 - 0.5])
    step = 360 / nx
    assert ra % 360 == pytest.approx([180 - step / 2, 180 + step / 2, 0], abs=1e-9)
    assert dec == pytest.approx([-90 + step / 2, 90 - step / 2, 0], abs=1e-9)


def test_map_has_no_seam(folder):
    planes = fits.getdata(folder / "microwave.fits").astype(float)
    step = np.diff(planes, axis=2)
    seam = planes[:, :, 0] - planes[:, :, -1]
    inner = slice(200, -200)
    assert seam[:, inner].std(axis=1) == pytest.approx(step[:, inner].std(axis=(1, 2)), rel=0.15)


@pytest.mark.parametrize("row", [0, -1])
def test_map_is_smooth_across_the_poles(folder, row):
    ring = fits.getdata(folder / "microwave.fits")[0, row].astype(float)
    waves = np.abs(np.fft.rfft(ring))[1:]
    assert waves[1:].max() < 0.15 * waves[0]


def test_map_has_the_power_of_the_sky(folder):
    planes = fits.getdata(folder / "microwave.fits").astype(float)
    weight = np.cos(np.radians(np.linspace(-89.9375, 89.9375, planes.shape[1])))
    spread = np.sqrt(np.average((planes**2).mean(axis=2), axis=1, weights=weight))
    assert 80 < spread[0] < 160
    assert 1 < spread[1] < 8
    assert spread[2] == pytest.approx(spread[1], rel=0.1)


def test_healpix_part_is_the_same_sky(folder):
    table = fits.getdata(folder / "microwave_smooth.fits")
    ra, dec = healpy.pix2ang(64, table["PIXEL"].astype(np.int64), lonlat=True)
    assert np.abs(SkyCoord(ra, dec, unit="deg").galactic.b.deg).min() > 20 - 1e-3
    with fits.open(folder / "microwave.fits") as hdus:
        x, y = WCS(hdus[0].header).celestial.world_to_pixel_values(ra, dec)
        fine = hdus[0].data[0][np.round(y).astype(int) % 1440, np.round(x).astype(int) % 2880]
    assert np.corrcoef(fine, table["TEMPERATURE"])[0, 1] > 0.5


def test_field_looks_like_a_survey(folder):
    for band in "gri":
        image = fits.getdata(folder / f"field_{band}.fits")
        blank = np.isnan(image)
        assert 300 < blank.sum() < 5000
        assert abs(np.nanmedian(image)) < 0.05
        assert np.nanmax(image) <= drawing.SATURATION
        assert np.nanmax(image) > 500 * drawing.NOISE


def test_stars_shine_where_the_catalog_says(folder):
    with (folder / "stars.csv").open() as file:
        rows = list(csv.DictReader(file))
    bright = [row for row in rows if 17.5 < float(row["r_mag"]) < 20]
    assert len(rows) > 1500
    assert len(bright) > 20
    with fits.open(folder / "field_r.fits") as hdus:
        x, y = WCS(hdus[0].header).world_to_pixel_values(
            [float(r["ra"]) for r in bright], [float(r["dec"]) for r in bright]
        )
        image = hdus[0].data
    inside = (x > 5) & (x < image.shape[1] - 6) & (y > 5) & (y < image.shape[0] - 6)
    for i, j, row in zip(x[inside], y[inside], np.array(bright)[inside], strict=True):
        box = image[round(j) - 5 : round(j) + 6, round(i) - 5 : round(i) + 6]
        assert np.nansum(box) > 0.6 * 10 ** (-0.4 * (float(row["r_mag"]) - 22.5))


def test_cube_turns(folder):
    with fits.open(folder / "galaxy_cube.fits") as hdus:
        data, header = hdus[0].data.astype(float), hdus[0].header
    assert data.shape == cube.SHAPE
    assert WCS(header).spectral.pixel_to_world_values(0)[()] == pytest.approx(cube.channel_frequency_hz()[0])
    weight = np.where(data > 6 * cube.NOISE_JY, data, 0)
    filled = weight.sum(axis=(1, 2)) > 0
    middle = (weight * np.arange(data.shape[2])).sum(axis=(1, 2))[filled] / weight.sum(axis=(1, 2))[filled]
    assert np.ptp(middle) > 40
    assert data[0].std() == pytest.approx(cube.NOISE_JY, rel=0.05)
