"""FITS cutouts against astropy: pixels bit by bit, headers, world coordinates, and memory."""

from __future__ import annotations

import gzip
import io
import math
import os
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS, FITSFixedWarning

from armillary.errors import LimitError, ParameterError, VersionGoneError
from armillary.images.combination import combined_stack
from armillary.images.cutouts.fitsfile import FitsCutout
from armillary.images.cutouts.windows import Cut, cut_pixels, cut_region
from armillary.images.files import open_image
from armillary.images.plane import Plane
from armillary.sky.grid import Window
from armillary.sky.regions import parse_pos

SUMS = ("DATASUM", "CHECKSUM")
BOX = (13, 7, 61, 40)
POS = "CIRCLE 150 2 0.012"
INTEGERS = {8: np.uint8, 16: np.int16, 32: np.int32, 64: np.int64}
TYPES = {**INTEGERS, -32: np.float32, -64: np.float64}


def tan_header(nx: int, ny: int, **more: Any) -> fits.Header:
    header = fits.Header()
    cards = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": nx / 2 + 0.25, "CRPIX2": ny / 2, "CRVAL1": 150.0,
        "CRVAL2": 2.0, "CD1_1": -0.001, "CD1_2": 0.0001, "CD2_1": 0.0001, "CD2_2": 0.001, "BUNIT": "Jy/beam",
        "EQUINOX": 2000.0, "RADESYS": "FK5", "OBJECT": "M 42",
    }  # fmt: skip
    header.update(cards | more)
    header.add_comment("kept as it is")
    header["HIERARCH ESO DET NAME"] = "a long keyword"
    header["LONG"] = "x" * 150
    return header


def pixels(dtype: type, shape: tuple[int, ...] = (64, 80), seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.floating):
        data = random.normal(10, 3, shape).astype(dtype)
        data[..., 20:24, 30:34] = np.nan
        return data
    limits = np.iinfo(dtype)
    return random.integers(limits.min // 2, limits.max // 2, shape, dtype=dtype)


def cut_box(plane: Plane, box: tuple[int, int, int, int] = BOX) -> Cut:
    return cut_pixels(plane.shape, plane.wcs, *box)


def made(plane: Plane, cut: Cut) -> fits.HDUList:
    """A cutout as astropy reads it, untouched; its length is what was promised."""
    cutout = FitsCutout(plane, cut)
    data = b"".join(cutout.parts())
    assert len(data) == cutout.length()
    assert len(data) % 2880 == 0
    assert abs(cutout.estimate() - len(data)) <= 2880
    hdus = fits.open(io.BytesIO(data), memmap=False, do_not_scale_image_data=True, checksum=True)
    hdus.verify("exception")
    assert hdus[0].data is not None
    return hdus


def raw(path: Path, hdu: int = 0) -> np.ndarray:
    with fits.open(path, memmap=False, do_not_scale_image_data=True) as hdus:
        return hdus[hdu].data


def same_bits(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether the second array, as it lies in a FITS file, has the bits of the first."""
    one = one.astype(one.dtype.newbyteorder(">"), copy=False)
    return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()


def plane_of(path: Path, stack: int = 0, index: tuple[int, ...] = ()) -> Plane:
    return open_image(path).stacks[stack].plane(index)


def quiet_wcs(header: fits.Header, hdus: Any = None) -> WCS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (FITSFixedWarning, AstropyWarning))
        return WCS(header, hdus)


def check_wcs(
    old: fits.Header, new: fits.Header, window: Window, files: tuple[Any, Any] = (None, None), tolerance: float = 1e-9
) -> None:
    """World coordinates of the cutout are those of the file at the pixels it was cut from."""
    x, y = np.meshgrid(np.linspace(0, window.shape[1] - 1, 9), np.linspace(0, window.shape[0] - 1, 7))
    one = quiet_wcs(old, files[0]).celestial.all_pix2world(x + window.x0, y + window.y0, 0)
    two = quiet_wcs(new, files[1]).celestial.all_pix2world(x, y, 0)
    assert np.isfinite(one).all()
    assert np.abs((np.array(one[0]) - two[0] + 180) % 360 - 180).max() < tolerance
    assert np.abs(np.array(one[1]) - two[1]).max() < tolerance


@pytest.mark.parametrize("bitpix", TYPES)
@pytest.mark.parametrize("packing", ["plain", "gzip"])
def test_pixels_of_plain_files_are_those_of_the_file(tmp_path: Path, bitpix: int, packing: str) -> None:
    data = pixels(TYPES[bitpix])
    path = tmp_path / "plain.fits"
    fits.PrimaryHDU(data, tan_header(80, 64)).writeto(path)
    if packing == "gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0]
    assert same_bits(data[7:40, 13:61], new.data)
    assert new.header["BITPIX"] == bitpix
    check_wcs(fits.getheader(path), new.header, Window(7, 40, 13, 61))


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.uint64, np.int8])
def test_unsigned_integers_stay_what_they_are(tmp_path: Path, dtype: type) -> None:
    data = pixels(dtype)
    path = tmp_path / "unsigned.fits"
    fits.PrimaryHDU(data, tan_header(80, 64)).writeto(path)
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0]
    assert same_bits(raw(path)[7:40, 13:61], new.data)
    assert new.header["BZERO"] == fits.getheader(path)["BZERO"]


@pytest.mark.parametrize("bitpix", TYPES)
def test_scaled_numbers_stay_stored_numbers(tmp_path: Path, bitpix: int) -> None:
    path = tmp_path / "scaled.fits"
    hdu = fits.PrimaryHDU(pixels(TYPES[bitpix]), tan_header(80, 64))
    hdu.header["BSCALE"], hdu.header["BZERO"] = 0.25, 100.0
    hdu.writeto(path)
    stored = np.frombuffer(path.read_bytes(), np.dtype(TYPES[bitpix]).newbyteorder(">"), 64 * 80, _data_at(path))
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0]
    assert (new.header["BSCALE"], new.header["BZERO"]) == (0.25, 100.0)
    assert same_bits(stored.reshape(64, 80)[7:40, 13:61], new.data)


def _data_at(path: Path) -> int:
    with fits.open(path) as hdus:
        return int(hdus[0].fileinfo()["datLoc"])


COMPRESSED = [
    (name, bitpix)
    for name, kinds in {
        "RICE_1": (8, 16, 32),
        "GZIP_1": (8, 16, 32, -32, -64),
        "GZIP_2": (8, 16, 32, -32, -64),
        "HCOMPRESS_1": (8, 16, 32),
        "PLIO_1": (16, 32),
        "NOCOMPRESS": (8, 16, 32, -32),
    }.items()
    for bitpix in kinds
]


@pytest.mark.parametrize(("name", "bitpix"), COMPRESSED)
def test_pixels_of_compressed_files_are_those_that_astropy_decompresses(tmp_path: Path, name: str, bitpix: int) -> None:
    data = pixels(TYPES[bitpix])
    if name == "PLIO_1":
        data = (np.arange(64 * 80).reshape(64, 80) // 7 % 100).astype(data.dtype)
    path = tmp_path / "packed.fits"
    level = {"quantize_level": 0} if bitpix < 0 else {}
    hdu = fits.CompImageHDU(data, tan_header(80, 64), compression_type=name, tile_shape=(16, 80), **level)
    hdu.writeto(path)
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0]
    assert same_bits(raw(path, 1)[7:40, 13:61], new.data)
    assert new.header["BITPIX"] == bitpix
    assert not [key for key in new.header if key.startswith("Z") or key in {"TTYPE1", "TFORM1", "XTENSION"}]
    assert "EXTNAME" not in new.header
    check_wcs(fits.getheader(path, 1), new.header, Window(7, 40, 13, 61))


@pytest.mark.parametrize("method", [-1, 1, 2])
@pytest.mark.parametrize("bitpix", [-32, -64])
def test_quantised_floats_are_those_that_astropy_makes_of_them(tmp_path: Path, method: int, bitpix: int) -> None:
    path = tmp_path / "quantised.fits"
    data = pixels(TYPES[bitpix])
    hdu = fits.CompImageHDU(
        data, tan_header(80, 64), compression_type="RICE_1", quantize_method=method, dither_seed=7, quantize_level=16
    )
    hdu.writeto(path)
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0]
    wanted = raw(path, 1)[7:40, 13:61]
    assert new.data.dtype == wanted.dtype.newbyteorder(">")
    np.testing.assert_array_equal(new.data, wanted)


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_compressed_unsigned_integers(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / "packed.fits"
    data = pixels(dtype)
    fits.CompImageHDU(data, tan_header(80, 64), compression_type="GZIP_1").writeto(path)
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0]
    scaled = fits.open(io.BytesIO(b"".join(FitsCutout(plane, cut_box(plane)).parts())))[0].data
    assert np.array_equal(scaled, data[7:40, 13:61])
    assert new.header["BZERO"] == 2 ** (8 * np.dtype(dtype).itemsize - 1)


def test_the_header_keeps_everything_else(tmp_path: Path) -> None:
    path = tmp_path / "whole.fits"
    hdus = fits.HDUList(
        [fits.PrimaryHDU(), fits.ImageHDU(pixels(np.float32), tan_header(80, 64, LTV1=2.0, LTM1_1=1.0), name="SCI")]
    )
    hdus.writeto(path, checksum=True)
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0].header
    old = fits.getheader(path, 1)
    gone = {"XTENSION", "PCOUNT", "GCOUNT"}
    assert {key for key in old if key not in new} == gone
    same = {key for key in new if key in old} - {"HISTORY", "COMMENT", "", *SUMS}
    changed = {key for key in same if new[key] != old[key]}
    assert changed == {"NAXIS1", "NAXIS2", "CRPIX1", "CRPIX2", "LTV1"}
    assert (new["CRPIX1"], new["CRPIX2"], new["LTV1"]) == (old["CRPIX1"] - 13, old["CRPIX2"] - 7, -11.0)
    assert list(new["COMMENT"]) == list(old["COMMENT"])
    kept = [key for key in old if key in new and key not in {"BITPIX", "NAXIS", "NAXIS1", "NAXIS2", *SUMS}]
    assert [new.comments[key] for key in kept] == [old.comments[key] for key in kept]
    said = " ".join(str(line) for line in new["HISTORY"])
    assert "whole.fits, HDU 1, version" in said
    assert "13 <= x < 61, 7 <= y < 40" in said
    assert str(tmp_path) not in said


def test_references_left_out_are_at_pixel_zero(tmp_path: Path) -> None:
    header = tan_header(80, 64)
    del header["CRPIX1"]
    header["CTYPE1A"], header["CTYPE2A"], header["CRPIX2A"], header["CRVAL1A"] = "XPIXEL", "YPIXEL", 5.0, 9.0
    path = tmp_path / "left.fits"
    fits.PrimaryHDU(pixels(np.int16), header).writeto(path)
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0].header
    assert (new["CRPIX1"], new["CRPIX1A"], new["CRPIX2A"]) == (-13, -13, -2)
    check_wcs(header, new, Window(7, 40, 13, 61))


def test_axes_beyond_the_plane_stay_with_one_pixel_at_the_slice(tmp_path: Path) -> None:
    header = tan_header(80, 64)
    header.update({"CTYPE3": "FREQ", "CRPIX3": 1.0, "CRVAL3": 1e9, "CDELT3": 1e6, "CUNIT3": "Hz"})
    header.update({"CTYPE4": "STOKES", "CRPIX4": 1.0, "CRVAL4": 1.0, "CDELT4": 1.0, "CD3_3": 1e6, "CD4_4": 1.0})
    data = pixels(np.float32, (2, 5, 64, 80))
    path = tmp_path / "cube.fits"
    fits.PrimaryHDU(data, header).writeto(path)
    plane = plane_of(path, 1, (3,))
    new = made(plane, cut_box(plane))[0]
    assert new.data.shape == (1, 1, 33, 48)
    assert same_bits(data[1:2, 3:4, 7:40, 13:61], new.data)
    world = quiet_wcs(new.header).wcs_pix2world([[0, 0, 0, 0]], 0)[0]
    assert (world[2], world[3]) == (1e9 + 3e6, 2.0)
    again = tmp_path / "again.fits"
    made(plane, cut_box(plane)).writeto(again)
    assert plane_of(again).shape == (33, 48)


def test_the_sky_on_other_axes(tmp_path: Path) -> None:
    header = fits.Header()
    for axis, (kind, length) in enumerate([("FREQ", 4), ("RA---TAN", 80), ("DEC--TAN", 64)], 1):
        header[f"CTYPE{axis}"], header[f"CRPIX{axis}"], header[f"CRVAL{axis}"] = kind, length / 2, 10.0 * axis
        header[f"CDELT{axis}"] = 0.01
    data = pixels(np.int32, (64, 80, 4))
    path = tmp_path / "turned.fits"
    fits.PrimaryHDU(data, header).writeto(path)
    plane = plane_of(path, 0, (2,))
    new = made(plane, cut_box(plane))[0]
    assert same_bits(data[7:40, 13:61, 2:3], new.data)
    check_wcs(header, new.header, Window(7, 40, 13, 61))


def sip_header() -> fits.Header:
    header = tan_header(80, 64, CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP")
    terms = {"A_ORDER": 3, "B_ORDER": 2, "A_2_0": 1e-4, "A_0_3": 2e-6, "A_1_1": -3e-5, "B_0_2": 5e-5, "B_2_0": -4e-5}
    header.update(terms)
    return header


def tpv_header() -> fits.Header:
    header = tan_header(80, 64, CTYPE1="RA---TPV", CTYPE2="DEC--TPV")
    header.update({"PV1_1": 1.001, "PV1_4": 0.3, "PV2_1": 0.999, "PV2_6": -0.2})
    return header


@pytest.mark.parametrize("make", [sip_header, tpv_header])
def test_polynomial_distortions_stay_right(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "bent.fits"
    fits.PrimaryHDU(pixels(np.float32), make()).writeto(path)
    plane = plane_of(path)
    new = made(plane, cut_box(plane))[0]
    check_wcs(fits.getheader(path), new.header, Window(7, 40, 13, 61))


def lookup_file(path: Path) -> None:
    header = tan_header(80, 64)
    random = np.random.default_rng(3)
    extensions = []
    for axis in (1, 2):
        header[f"CPDIS{axis}"] = "LOOKUP"
        for n, text in enumerate((f"EXTVER: {axis}", "NAXES: 2", "AXIS.1: 1", "AXIS.2: 2")):
            header.append((f"DP{axis}", text, f"record {n}"), end=True)
        table = fits.ImageHDU(random.normal(0, 0.5, (9, 11)).astype(np.float32), name="WCSDVARR", ver=axis)
        table.header.update({"CRPIX1": 1.0, "CRPIX2": 1.0, "CRVAL1": 1.0, "CRVAL2": 1.0, "CDELT1": 8.0, "CDELT2": 8.0})
        extensions.append(table)
    fits.HDUList([fits.PrimaryHDU(pixels(np.float32), header), *extensions]).writeto(path, checksum=True)


def test_distortion_tables_go_with_the_cutout(tmp_path: Path) -> None:
    path = tmp_path / "tables.fits"
    lookup_file(path)
    plane = plane_of(path)
    assert plane.wcs is not None
    hdus = made(plane, cut_box(plane))
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "WCSDVARR", "WCSDVARR"]
    with fits.open(path) as old:
        check_wcs(old[0].header, hdus[0].header, Window(7, 40, 13, 61), (old, hdus))
        assert np.array_equal(old[1].data, hdus[1].data)


def test_distortions_that_cannot_be_moved_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "strange.fits"
    fits.PrimaryHDU(pixels(np.float32), tan_header(80, 64, CPDIS1="Polynomial")).writeto(path)
    plane = plane_of(path)
    with pytest.raises(ParameterError, match="cannot be moved"):
        FitsCutout(plane, cut_box(plane))


def test_distortion_tables_without_measure_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tables.fits"
    lookup_file(path)
    monkeypatch.setattr("armillary.images.cutouts.tables.MAX_BYTES", 100)
    plane = plane_of(path)
    with pytest.raises(LimitError):
        FitsCutout(plane, cut_box(plane))


@pytest.mark.parametrize("bitpix", TYPES)
def test_pixels_outside_the_region_are_blank_and_those_inside_untouched(tmp_path: Path, bitpix: int) -> None:
    path = tmp_path / "masked.fits"
    data = pixels(TYPES[bitpix])
    fits.PrimaryHDU(data, tan_header(80, 64)).writeto(path)
    plane = plane_of(path)
    region = parse_pos(POS)
    cut = cut_region(plane.wcs, region)
    new = made(plane, cut)[0]
    window = cut.window
    y, x = np.mgrid[window.y0 : window.y1, window.x0 : window.x1]
    inside = region.contains(plane.wcs.pixel_to_vectors(x, y))
    assert 0.6 < inside.mean() < 0.9
    old = data[window.y0 : window.y1, window.x0 : window.x1]
    assert same_bits(old[inside], new.data[inside])
    if bitpix < 0:
        assert np.isnan(new.data[~inside]).all()
        assert "BLANK" not in new.header
    else:
        blank = new.header["BLANK"]
        assert (new.data[~inside] == blank).all()
        assert not (old == blank).any()
    whole = made(plane, cut_region(plane.wcs, region, masked=False))[0]
    assert same_bits(old, whole.data)


def test_blank_of_the_file_is_used(tmp_path: Path) -> None:
    path = tmp_path / "blank.fits"
    fits.PrimaryHDU(pixels(np.int16), tan_header(80, 64, BLANK=-7)).writeto(path)
    plane = plane_of(path)
    new = made(plane, cut_region(plane.wcs, parse_pos(POS)))[0]
    assert new.header["BLANK"] == new.data[0, 0] == -7


@pytest.mark.parametrize(("taken", "wanted"), [(range(1), 255), ((0, 255), 1), ((0, 1, 255), 2)])
def test_a_free_number_becomes_blank(tmp_path: Path, taken: Any, wanted: int) -> None:
    path = tmp_path / "bytes.fits"
    data = np.full((64, 80), 100, np.uint8)
    data[32, 40 : 40 + len(taken)] = list(taken)
    fits.PrimaryHDU(data, tan_header(80, 64)).writeto(path)
    plane = plane_of(path)
    new = made(plane, cut_region(plane.wcs, parse_pos(POS)))[0]
    assert new.header["BLANK"] == wanted == new.data[0, 0]


def test_where_no_number_is_free_the_pixels_stay_and_the_header_says_so(tmp_path: Path) -> None:
    path = tmp_path / "full.fits"
    data = np.tile(np.arange(256, dtype=np.uint8), 20).reshape(64, 80)
    fits.PrimaryHDU(data, tan_header(80, 64)).writeto(path)
    plane = plane_of(path)
    cut = cut_region(plane.wcs, parse_pos("CIRCLE 150 2 0.03"))
    new = made(plane, cut)[0]
    window = cut.window
    assert same_bits(data[window.y0 : window.y1, window.x0 : window.x1], new.data)
    assert "BLANK" not in new.header
    assert "no number is free" in " ".join(map(str, new.header["HISTORY"]))


def test_blank_of_floats_goes(tmp_path: Path) -> None:
    path = tmp_path / "float.fits"
    raw_file = fits.PrimaryHDU(pixels(np.float32), tan_header(80, 64))
    raw_file.header["BLANX"] = -1
    raw_file.writeto(path)
    path.write_bytes(path.read_bytes().replace(b"BLANX   ", b"BLANK   "))
    plane = plane_of(path)
    assert "BLANK" not in made(plane, cut_box(plane))[0].header


def car_file(path: Path, period: int = 72, extra: int = 1) -> np.ndarray:
    header = fits.Header()
    cards = {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRPIX1": period / 2 + 1.0, "CRPIX2": 18.5, "CRVAL1": 30.0}
    header.update(cards | {"CRVAL2": 0.0, "CDELT1": -360.0 / period, "CDELT2": 5.0, "BUNIT": "K"})
    data = pixels(np.float32, (36, period + extra))
    data[:, period:] = data[:, :extra]
    fits.PrimaryHDU(data, header).writeto(path)
    return data


def test_a_window_across_the_seam_has_its_columns_and_its_sky(tmp_path: Path) -> None:
    path = tmp_path / "around.fits"
    data = car_file(path)
    plane = plane_of(path)
    cut = cut_pixels(plane.shape, plane.wcs, 66, 3, 80, 20)
    new = made(plane, cut)[0]
    assert same_bits(np.concatenate([data[3:20, 66:72], data[3:20, :8]], axis=1), new.data)
    left = quiet_wcs(new.header).wcs_pix2world([[0, 0], [5, 4]], 0)
    right = quiet_wcs(new.header).wcs_pix2world([[7, 3], [13, 2]], 0)
    old = quiet_wcs(fits.getheader(path))
    assert np.allclose(left % 360, old.wcs_pix2world([[66, 3], [71, 7]], 0) % 360, atol=1e-9)
    assert np.allclose(right % 360, old.wcs_pix2world([[1, 6], [7, 5]], 0) % 360, atol=1e-9)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "hdu", "stack"),
    [
        ("u_gal.fits", 0, 0),
        ("HSC-0908120-056-small.fits", 1, 0),
        ("HSC-0908120-056-small.fits", 2, 1),
        ("1904-66_AIT.fits", 0, 0),
        ("m13_rice.fits", 1, 0),
        ("m13_gzip.fits", 1, 0),
        ("legacysurvey-0959p805-image-g.fits.fz", 1, 0),
        ("reprojected_sdss_r.fits.bz2", 0, 0),
    ],
)
def test_real_files(real_data: Path, name: str, hdu: int, stack: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plane = plane_of(real_data / name, stack)
        ny, nx = plane.shape
        window = Window(ny // 3, ny // 3 + 50, nx // 2, nx // 2 + 60)
        new = made(plane, cut_pixels(plane.shape, plane.wcs, window.x0, window.y0, window.x1, window.y1))[0]
        old = raw(real_data / name, hdu)[window.y0 : window.y1, window.x0 : window.x1]
        assert np.array_equal(new.data.astype(old.dtype), old, equal_nan=old.dtype.kind == "f")
        check_wcs(fits.getheader(real_data / name, hdu), new.header, window)


@pytest.mark.real_data
def test_maps_of_healpix_are_cut_as_they_are_shown(real_data: Path) -> None:
    plane = plane_of(real_data / "wmap_temperature_analysis_mask_r9_7yr_v4_udgraded32.fits")
    cut = cut_region(plane.wcs, parse_pos("CIRCLE 266 -29 9"), masked=False)
    new = made(plane, cut)[0]
    assert np.array_equal(new.data, plane.window(cut.window), equal_nan=True)
    assert new.header["BITPIX"] == -32
    x, y = np.meshgrid(np.arange(cut.shape[1]), np.arange(cut.shape[0]))
    sky = quiet_wcs(new.header).pixel_to_world(x, y).icrs
    ra, dec = plane.wcs.pixel_to_icrs(x + cut.window.x0, y + cut.window.y0)
    assert np.abs((sky.ra.deg - ra + 180) % 360 - 180).max() < 1e-9
    assert np.abs(sky.dec.deg - dec).max() < 1e-9


def test_combinations_are_cut_as_they_are_shown(tmp_path: Path) -> None:
    stacks = []
    for seed in (1, 2):
        path = tmp_path / f"part{seed}.fits"
        fits.PrimaryHDU(pixels(np.float32, seed=seed), sip_header()).writeto(path)
        stacks += open_image(path).stacks
    plane = combined_stack("-", stacks, "difference").plane()
    cut = cut_box(plane)
    new = made(plane, cut)[0]
    assert np.array_equal(new.data, plane.window(cut.window), equal_nan=True)
    assert new.header["BUNIT"] == "Jy/beam"
    check_wcs(sip_header(), new.header, cut.window)


def test_what_a_truncated_file_lacks_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "short.fits"
    data = pixels(np.int16)
    fits.PrimaryHDU(data, tan_header(80, 64, BLANK=-32768)).writeto(path)
    path.write_bytes(path.read_bytes()[: _data_at(path) + 2 * (80 * 30 + 20)])
    plane = plane_of(path)
    new = made(plane, cut_pixels(plane.shape, plane.wcs, 0, 0, 80, 64))[0]
    assert same_bits(data.ravel()[: 80 * 30 + 20], new.data.ravel()[: 80 * 30 + 20])
    assert (new.data.ravel()[80 * 30 + 20 :] == -32768).all()


def test_long_rows_are_cut_into_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("armillary.images.cutouts.pixels.BLOCK_BYTES", 100)
    path = tmp_path / "wide.fits"
    data = pixels(np.float64)
    fits.PrimaryHDU(data, tan_header(80, 64)).writeto(path)
    plane = plane_of(path)
    region = parse_pos(POS)
    cut = cut_region(plane.wcs, region)
    new = made(plane, cut)[0]
    window = cut.window
    old = data[window.y0 : window.y1, window.x0 : window.x1].copy()
    y, x = np.mgrid[window.y0 : window.y1, window.x0 : window.x1]
    old[~region.contains(plane.wcs.pixel_to_vectors(x, y))] = np.nan
    assert same_bits(old, new.data)


def test_a_file_that_is_replaced_breaks_the_stream_off(tmp_path: Path) -> None:
    path = tmp_path / "steady.fits"
    fits.PrimaryHDU(pixels(np.float32, (1500, 1000)), tan_header(1000, 1500)).writeto(path)
    plane = plane_of(path)
    parts = FitsCutout(plane, cut_pixels(plane.shape, plane.wcs, 0, 0, 1000, 1500)).parts()
    next(parts)
    first = bytes(next(parts))
    other = tmp_path / "other.fits"
    fits.PrimaryHDU(np.zeros((1500, 1000), np.float32), tan_header(1000, 1500)).writeto(other)
    os.replace(other, path)
    with pytest.raises(VersionGoneError):
        next(parts)
    assert any(first)


def sparse_file(path: Path, ny: int, nx: int) -> None:
    header = tan_header(nx, ny, CD1_1=-1e-4, CD2_2=1e-4, CD1_2=0.0, CD2_1=0.0)
    header = fits.PrimaryHDU(np.zeros((1, 1), np.float32), header).header
    header["NAXIS1"], header["NAXIS2"] = nx, ny
    text = header.tostring().encode()
    with path.open("wb") as file:
        file.write(text)
        file.truncate(len(text) + math.ceil(ny * nx * 4 / 2880) * 2880)


@pytest.mark.parametrize("masked", [False, True])
def test_a_large_cutout_is_streamed_in_little_memory(tmp_path: Path, *, masked: bool) -> None:
    path = tmp_path / "sparse.fits"
    side = 24_000 if not masked else 8_000
    sparse_file(path, side, side)
    plane = plane_of(path)
    if masked:
        cut = cut_region(plane.wcs, parse_pos(f"CIRCLE 150 2 {side * 0.48e-4}"))
    else:
        cut = cut_pixels(plane.shape, plane.wcs, 0, 0, side, side)
    cutout = FitsCutout(plane, cut)
    tracemalloc.start()
    try:
        total = sum(len(part) for part in cutout.parts())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == cutout.length()
    assert peak < 20 << 20
