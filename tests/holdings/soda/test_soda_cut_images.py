"""Cutouts of images and mosaics against astropy: pixels, headers, sums, which pieces are there."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS, FITSFixedWarning

from armillary.errors import LimitError, ParameterError

CIRCLE = "CIRCLE 150 2 0.012"
TYPES = {"u1": np.uint8, "i2": np.int16, "i4": np.int32, "i8": np.int64, "f4": np.float32, "f8": np.float64}


def header_at(ra: float, dec: float, nx: int = 80, ny: int = 64, **more: Any) -> fits.Header:
    header = fits.Header()
    cards = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": nx / 2 + 0.25, "CRPIX2": ny / 2, "CRVAL1": ra,
        "CRVAL2": dec, "CD1_1": -0.001, "CD1_2": 0.0001, "CD2_1": 0.0001, "CD2_2": 0.001, "BUNIT": "Jy/beam",
        "RADESYS": "ICRS",
    }  # fmt: skip
    header.update(cards | more)
    return header


def numbers(kind: Any, shape: tuple[int, ...] = (64, 80), seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    if np.issubdtype(kind, np.floating):
        return random.normal(10, 3, shape).astype(kind)
    limits = np.iinfo(kind)
    return random.integers(limits.min // 2, limits.max // 2, shape, dtype=kind)


def quiet(header: fits.Header) -> WCS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        return WCS(header)


def window_of(old: fits.Header, new: fits.Header) -> tuple[slice, slice]:
    """Where a cutout lies in the file, by its CRPIX."""
    x, y = (round(old[f"CRPIX{axis}"] - new[f"CRPIX{axis}"]) for axis in (1, 2))
    return slice(y, y + new["NAXIS2"]), slice(x, x + new["NAXIS1"])


def distances(header: fits.Header, ra: float, dec: float, shape: tuple[int, int]) -> np.ndarray:
    """Degrees from a place to every pixel, by astropy."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return quiet(header).celestial.pixel_to_world(x, y).separation(SkyCoord(ra, dec, unit="deg")).deg


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("scaled", [False, True])
def test_a_circle_of_an_image(cut: Any, tmp_path: Path, kind: str, scaled: bool) -> None:
    path = tmp_path / "image.fits"
    header = header_at(150, 2, BLANK=7) if kind[0] != "f" else header_at(150, 2)
    hdu = fits.PrimaryHDU(numbers(TYPES[kind]), header)
    if scaled:
        hdu.header["BSCALE"], hdu.header["BZERO"] = 0.5, 3.0
    hdu.writeto(path)
    with fits.open(path, do_not_scale_image_data=True) as hdus:
        stored = hdus[0].data.copy()
        old = hdus[0].header.copy()
    new = cut.hdus(path, CIRCLE)[0]
    where = window_of(old, new.header)
    inside = distances(old, 150, 2, stored.shape) <= 0.012
    rows, columns = np.nonzero(inside)
    assert (where[0].start, where[0].stop) == (rows.min(), rows.max() + 1)
    assert (where[1].start, where[1].stop) == (columns.min(), columns.max() + 1)
    inside = inside[where]
    assert new.data.dtype == stored.dtype
    assert new.data[inside].tobytes() == stored[where][inside].tobytes()
    outside = new.data[~inside]
    assert np.isnan(outside).all() if kind[0] == "f" else (outside == 7).all()
    assert new.header["BUNIT"] == "Jy/beam"
    assert "CIRCLE 150 2 0.012" in " ".join(map(str, new.header["HISTORY"]))
    one, two = quiet(old), quiet(new.header)
    x, y = np.arange(5.0), np.arange(5.0)
    wanted = one.wcs_pix2world(x + where[1].start, y + where[0].start, 0)
    assert np.abs(np.array(two.wcs_pix2world(x, y, 0)) - wanted).max() < 1e-9


def test_a_box_is_that_of_astropy(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    data = numbers(np.float32)
    header = header_at(150, 2)
    fits.PrimaryHDU(data, header).writeto(path)
    new = cut.hdus(path, "RANGE 149.99 150.01 1.985 2.01")[0]
    where = window_of(header, new.header)
    wanted = Cutout2D(
        data, ((where[1].start + where[1].stop - 1) / 2, (where[0].start + where[0].stop - 1) / 2),
        (where[0].stop - where[0].start, where[1].stop - where[1].start), wcs=quiet(header),
    )  # fmt: skip
    sky = quiet(header).pixel_to_world(*np.mgrid[:64, :80][::-1])
    inside = (abs(sky.ra.deg - 150) <= 0.01) & (sky.dec.deg >= 1.985) & (sky.dec.deg <= 2.01)
    assert np.array_equal(new.data, np.where(inside[where], wanted.data, np.nan), equal_nan=True)
    assert np.allclose(wanted.wcs.wcs.crpix, quiet(new.header).wcs.crpix, rtol=0, atol=1e-9)


def test_without_a_filter_it_is_the_whole_image(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    data = numbers(np.int16)
    fits.PrimaryHDU(data, header_at(150, 2)).writeto(path)
    new = cut.hdus(path)[0]
    assert np.array_equal(new.data, data)
    assert new.header["CRPIX1"] == 40.25


def test_beside_the_image_there_is_nothing(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(numbers(np.int16), header_at(150, 2)).writeto(path)
    assert cut(path, "CIRCLE 10 2 0.1") is None


def test_a_circle_within_a_pixel_is_that_pixel(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    data = numbers(np.float64)
    header = header_at(150, 2)
    fits.PrimaryHDU(data, header).writeto(path)
    ra, dec = quiet(header).wcs_pix2world(20.3, 30.2, 0)
    new = cut.hdus(path, f"CIRCLE {ra} {dec} 0.00001")[0]
    assert new.data.shape == (1, 1)
    assert new.data[0, 0] == data[30, 20]


def test_more_pixels_than_may_be_are_refused(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(numbers(np.int16), header_at(150, 2)).writeto(path)
    with pytest.raises(LimitError, match="A cutout may have 100 pixels, this one has"):
        cut(path, CIRCLE, most=100)


def test_an_image_without_a_sky_has_no_regions(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    fits.PrimaryHDU(numbers(np.int16)).writeto(path)
    with pytest.raises(ParameterError, match=r"POS: the observation cannot be filtered by it\. HDU 0"):
        cut(path, CIRCLE)
    assert cut.hdus(path)[0].data.shape == (64, 80)


def mosaic(path: Path, *, compressed: bool = False) -> list[np.ndarray]:
    """36 CCDs of 80 by 64 pixels, six by six, gaps between; the primary unit has no data."""
    primary = fits.PrimaryHDU()
    primary.header["TELESCOP"], primary.header["EXPTIME"], primary.header["FILTER"] = "Simonyi", 30.0, "r"
    hdus: list[Any] = [primary]
    arrays = []
    for k in range(36):
        row, column = divmod(k, 6)
        header = header_at(150, 2, INHERIT=True, GAIN=1.0 + k)
        header["CRPIX1"] += 90 * (column - 2.5)
        header["CRPIX2"] += 72 * (row - 2.5)
        arrays.append(numbers(np.int32 if k % 2 else np.float32, seed=k))
        make = fits.CompImageHDU if compressed and k % 2 else fits.ImageHDU
        made = make(arrays[-1], header, name=f"CCD{k:02}")
        made.ver = k + 1
        hdus.append(made)
    fits.HDUList(hdus).writeto(path)
    return arrays


@pytest.mark.parametrize("compressed", [False, True])
def test_a_mosaic_gives_the_pieces_that_the_region_holds(cut: Any, tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "mosaic.fits"
    arrays = mosaic(path, compressed=compressed)
    hdus = cut.hdus(path, "CIRCLE 150.02 2.01 0.08")
    assert hdus[0].data is None
    assert (hdus[0].header["TELESCOP"], hdus[0].header["EXTEND"]) == ("Simonyi", True)
    wanted = {}
    with fits.open(path, do_not_scale_image_data=True) as old:
        for k in range(36):
            inside = distances(old[k + 1].header, 150.02, 2.01, (64, 80)) <= 0.08
            if inside.any():
                wanted[f"CCD{k:02}"] = (k, inside, old[k + 1].header.copy())
    assert [hdu.name for hdu in hdus[1:]] == list(wanted)
    assert 3 < len(wanted) < 36
    for hdu in hdus[1:]:
        k, inside, header = wanted[hdu.name]
        where = window_of(header, hdu.header)
        assert hdu.data[inside[where]].tobytes() == arrays[k].astype(hdu.data.dtype)[where][inside[where]].tobytes()
        rows, columns = np.nonzero(inside)
        assert (where[0].start, where[1].stop) == (rows.min(), columns.max() + 1)
        assert (hdu.header["GAIN"], hdu.ver, hdu.header["INHERIT"]) == (1.0 + k, k + 1, True)
        assert isinstance(hdu, fits.ImageHDU)
    assert "TELESCOP" not in hdus[1].header


def test_one_visible_piece_of_a_mosaic_inherits_the_primary_header(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "mosaic.fits"
    arrays = mosaic(path)
    name = cut.observation(path).entries[3].layer_id
    hdus = cut.hdus(path, name=name)
    assert len(hdus) == 1
    assert np.array_equal(hdus[0].data, arrays[3])
    header = hdus[0].header
    assert (header["TELESCOP"], header["EXPTIME"], header["GAIN"]) == ("Simonyi", 30.0, 4.0)
    assert header["EXTNAME"] == "CCD03"
    assert "INHERIT" not in header


def test_image_mask_and_variance(cut: Any, tmp_path: Path) -> None:
    """The primary unit is a piece itself; a piece without a sky is left out, and HISTORY says so."""
    path = tmp_path / "triple.fits"
    image, mask, variance = numbers(np.float32), numbers(np.uint8), numbers(np.float32, seed=3)
    fits.HDUList(
        [
            fits.PrimaryHDU(image, header_at(150, 2, OBSERVER="Tycho")),
            fits.ImageHDU(mask, header_at(150, 2, BLANK=0), name="MASK"),
            fits.ImageHDU(variance, name="VARIANCE"),
        ]
    ).writeto(path)
    hdus = cut.hdus(path, CIRCLE)
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "", "MASK"]
    assert hdus[0].header["OBSERVER"] == "Tycho"
    assert not {"CTYPE1", "CRPIX1", "CD1_1", "BUNIT"} & set(hdus[0].header)
    assert "HDU 2 is left out: No celestial coordinates" in " ".join(map(str, hdus[0].header["HISTORY"]))
    where = window_of(header_at(150, 2), hdus[1].header)
    inside = (distances(header_at(150, 2), 150, 2, (64, 80)) <= 0.012)[where]
    assert np.array_equal(hdus[1].data[inside], image[where][inside])
    assert np.array_equal(hdus[2].data, np.where(inside, mask[where], 0))
    assert len(cut.hdus(path)) == 4


def test_distortion_tables_of_several_images_are_told_apart(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "tables.fits"
    random = np.random.default_rng(3)
    hdus: list[Any] = [fits.PrimaryHDU()]
    tables = []
    for image in (1, 2):
        header = header_at(150, 2)
        for axis in (1, 2):
            version = 2 * image - 2 + axis
            header[f"CPDIS{axis}"] = "LOOKUP"
            for text in (f"EXTVER: {version}.0", "NAXES: 2", "AXIS.1: 1", "AXIS.2: 2"):
                header.append((f"DP{axis}", text), end=True)
            table = fits.ImageHDU(random.normal(0, 0.5, (9, 11)).astype(np.float32), name="WCSDVARR", ver=version)
            table.header.update({"CRPIX1": 1.0, "CRPIX2": 1.0, "CRVAL1": 1.0, "CRVAL2": 1.0})
            table.header.update({"CDELT1": 8.0, "CDELT2": 8.0})
            tables.append(table)
        hdus.append(fits.ImageHDU(numbers(np.float32, seed=image), header, name="SCI", ver=image))
    fits.HDUList([*hdus, *tables]).writeto(path)
    new = cut.hdus(path, CIRCLE)
    with fits.open(path) as old:
        for image in (1, 2):
            one, two = WCS(old["SCI", image].header, old), WCS(new["SCI", image].header, new)
            where = window_of(old["SCI", image].header, new["SCI", image].header)
            x, y = np.array([0.0, 5.0, 9.0]), np.array([3.0, 1.0, 8.0])
            wanted = one.all_pix2world(x + where[1].start, y + where[0].start, 0)
            assert np.abs(np.array(two.all_pix2world(x, y, 0)) - wanted).max() < 1e-9


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    ["m13_rice.fits", "m13_gzip.fits", "legacysurvey-0959p805-image-g.fits.fz", "reprojected_sdss_r.fits.bz2",
     "u_gal.fits", "1904-66_AIT.fits", "HSC-0908120-056-small.fits"],
)  # fmt: skip
def test_real_images(cut: Any, real_data: Path, name: str) -> None:
    observation = cut.observation(real_data / name)
    plane = observation.pieces[0].layers()[0].pyramid().plane
    ny, nx = plane.shape
    ra, dec = (float(v) for v in plane.wcs.pixel_to_icrs(nx * 0.45, ny * 0.55))
    radius = 20.3 * plane.wcs.pixel_scale_deg
    hdus = cut.hdus(real_data / name, f"CIRCLE {ra} {dec} {radius}")
    with fits.open(real_data / name, do_not_scale_image_data=True) as old:
        image = next(hdu for hdu in old if hdu.data is not None)
        header = image.header
        new = hdus[0] if hdus[0].data is not None else hdus[1]
        where = window_of(header, new.header)
        data = image.data[where]
        inside = distances(new.header, ra, dec, new.data.shape) <= radius
        assert inside.sum() > 1000
        assert np.array_equal(new.data[inside], data[inside], equal_nan=data.dtype.kind == "f")
        y, x = np.mgrid[: data.shape[0], : data.shape[1]]
        one = quiet(header).celestial.all_pix2world(x + where[1].start, y + where[0].start, 0)
        two = quiet(new.header).celestial.all_pix2world(x, y, 0)
        good = np.isfinite(one[0])
        assert np.abs((one[0] - two[0] + 180) % 360 - 180)[good].max() < 1e-9
        assert np.abs(one[1] - two[1])[good].max() < 1e-9


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore")
def test_a_real_mosaic_of_image_mask_and_variance(cut: Any, real_data: Path) -> None:
    path = real_data / "HSC-0908120-056-small.fits"
    with fits.open(path) as old:
        names = [hdu.name for hdu in old if isinstance(hdu, fits.ImageHDU) and hdu.data is not None]
    hdus = cut.hdus(path)
    assert [hdu.name for hdu in hdus[1:]] == names
    assert hdus[0].data is None
