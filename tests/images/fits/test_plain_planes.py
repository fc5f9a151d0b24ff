"""Plain, .gz and .bz2 images of every type, with astropy as the oracle."""

from __future__ import annotations

import bz2
import gzip
import warnings

import numpy as np
import pytest
from astropy.io import fits

from armillary.images.files import open_image
from armillary.storage import sigbus
from armillary.testing.planes import PlaneConformance, check_plane

SHAPE = (61, 47)


def pixels_of(kind, shape=SHAPE):
    generator = np.random.default_rng(3)
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        array = generator.normal(10, 1000, shape).astype(dtype)
        array.flat[::17] = np.nan
        array.flat[5] = np.inf
        return array
    limits = np.iinfo(dtype)
    array = generator.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
    array.flat[:2] = limits.min, limits.max
    return array


def oracle(path, hdu=0, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(fits.getdata(path, hdu, memmap=False, **options))


class _Plain(PlaneConformance):
    kind = "f4"
    encode = staticmethod(bytes)

    def make(self, folder):
        path = folder / "image.fits"
        fits.PrimaryHDU(pixels_of(self.kind)).writeto(path)
        expected = oracle(path)
        path.write_bytes(self.encode(path.read_bytes()))
        return open_image(path).stacks[0].plane(), expected


class TestFloat32(_Plain):
    def test_is_mapped(self, pair):
        assert (pair[0].mapped() is not None) == sigbus.ready()


class TestUnmapped(_Plain):
    @pytest.fixture(autouse=True)
    def _no_maps(self, monkeypatch):
        monkeypatch.setattr(sigbus, "ready", lambda: False)

    def test_is_not_mapped(self, pair):
        assert pair[0].mapped() is None


class TestGzip(_Plain):
    encode = staticmethod(gzip.compress)


class TestBzip2(_Plain):
    kind = "f8"
    encode = staticmethod(bz2.compress)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "i8", "f4", "f8", "i1", "u2", "u4", "u8"])
def test_every_type(tmp_path, kind):
    pixels = pixels_of(kind)
    fits.PrimaryHDU(pixels).writeto(tmp_path / "f.fits")
    plane = open_image(tmp_path / "f.fits").stacks[0].plane()
    assert plane.dtype == np.dtype(kind)
    check_plane(plane, oracle(tmp_path / "f.fits"))
    check_plane(plane, pixels)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("blank", [None, 7])
def test_scaled(tmp_path, kind, blank):
    hdu = fits.PrimaryHDU(np.arange(120).reshape(10, 12).astype(kind))
    hdu.header["BSCALE"] = 0.25
    hdu.header["BZERO"] = -3.5
    if blank is not None and np.dtype(kind).kind != "f":
        hdu.header["BLANK"] = blank
    hdu.writeto(tmp_path / "f.fits")
    with fits.open(tmp_path / "f.fits", mode="update", do_not_scale_image_data=True) as hdus:
        hdus[0].header["BSCALE"], hdus[0].header["BZERO"] = 0.25, -3.5
    expected = np.arange(120.0).reshape(10, 12) * 0.25 - 3.5
    if "BLANK" in fits.getheader(tmp_path / "f.fits"):
        expected[0, 7] = np.nan
    plane = open_image(tmp_path / "f.fits").stacks[0].plane()
    np.testing.assert_array_equal(oracle(tmp_path / "f.fits"), expected)
    assert plane.dtype.kind == "f"
    check_plane(plane, expected)


def test_blank_of_unscaled_integers(tmp_path):
    hdu = fits.PrimaryHDU(np.arange(12, dtype="i2").reshape(3, 4))
    hdu.header["BLANK"] = 5
    hdu.writeto(tmp_path / "f.fits")
    plane = open_image(tmp_path / "f.fits").stacks[0].plane()
    assert plane.dtype == np.int16
    expected = np.arange(12.0).reshape(3, 4)
    expected[1, 1] = np.nan
    check_plane(plane, expected)


def test_blank_means_nothing_for_floats(tmp_path):
    hdu = fits.PrimaryHDU(np.arange(12, dtype="f4").reshape(3, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hdu.header["BLANK"] = 5
        hdu.writeto(tmp_path / "f.fits")
    check_plane(open_image(tmp_path / "f.fits").stacks[0].plane(), np.arange(12.0).reshape(3, 4))


@pytest.mark.parametrize("card", ["BSCALE", "BZERO"])
@pytest.mark.parametrize("value", ["0.0", "'abc'", "NaN", ""])
def test_scaling_that_makes_no_sense_counts_as_none(tmp_path, card, value):
    hdu = fits.PrimaryHDU(np.arange(12, dtype="i2").reshape(3, 4))
    hdu.header["OBSERVER"] = "x"
    hdu.writeto(tmp_path / "f.fits")
    raw = (tmp_path / "f.fits").read_bytes()
    at = raw.index(b"OBSERVER")
    raw = raw[:at] + f"{card:8}= {value}".ljust(80).encode() + raw[at + 80 :]
    (tmp_path / "f.fits").write_bytes(raw)
    check_plane(open_image(tmp_path / "f.fits").stacks[0].plane(), np.arange(12.0).reshape(3, 4))


def test_large_rows_are_read_in_parts(tmp_path, monkeypatch):
    """Without a mapping, a narrow window of long rows and a window of many rows."""
    monkeypatch.setattr(sigbus, "ready", lambda: False)
    pixels = np.arange(40 * 100_000, dtype="f4").reshape(40, 100_000)
    fits.PrimaryHDU(pixels).writeto(tmp_path / "f.fits")
    check_plane(open_image(tmp_path / "f.fits").stacks[0].plane(), pixels)


@pytest.mark.parametrize("rows", [1, 20, 60, 60.5, 33.25])
@pytest.mark.parametrize("encode", [bytes, gzip.compress])
def test_truncated(tmp_path, rows, encode):
    """What is there is shown, the rest is NaN, and a note says so."""
    pixels = pixels_of("i2")
    path = tmp_path / "f.fits"
    fits.PrimaryHDU(pixels).writeto(path)
    held = int(rows * SHAPE[1])
    path.write_bytes(encode(path.read_bytes()[: 2880 + 2 * held + 1]))
    image = open_image(path)
    expected = pixels.astype("f8")
    expected.flat[held:] = np.nan
    plane = image.stacks[0].plane()
    assert plane.mapped() is None
    check_plane(plane, expected)
    assert any("truncated" in note for note in plane.words.notes)


def test_missing_padding_is_no_truncation(tmp_path):
    pixels = pixels_of("i2")
    fits.PrimaryHDU(pixels).writeto(tmp_path / "f.fits")
    raw = (tmp_path / "f.fits").read_bytes()
    (tmp_path / "f.fits").write_bytes(raw[: 2880 + pixels.nbytes])
    plane = open_image(tmp_path / "f.fits").stacks[0].plane()
    assert not plane.words.notes
    check_plane(plane, pixels)


def test_cold_sample(tmp_path, monkeypatch):
    from armillary.storage import cold

    monkeypatch.setattr(cold, "is_cold", lambda *_: True)
    pixels = pixels_of("i2")
    fits.PrimaryHDU(pixels).writeto(tmp_path / "f.fits")
    check_plane(open_image(tmp_path / "f.fits").stacks[0].plane(), pixels)
