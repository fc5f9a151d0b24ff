from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from armillary.errors import NotFoundError
from armillary.images.files import open_image
from armillary.images.fits.words import describe_hertz
from armillary.storage import sigbus
from armillary.testing.planes import check_plane

SKY = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 1.0, "CRPIX2": 1.0, "CDELT1": -0.1, "CDELT2": 0.1}


def cube(path, shape, cards=None):
    pixels = np.arange(np.prod(shape), dtype="f4").reshape(shape)
    fits.PrimaryHDU(pixels, fits.Header(cards or {})).writeto(path)
    return open_image(path), pixels


def axis(number, kind, value=0.0, step=1.0, unit=""):
    return {
        f"CTYPE{number}": kind,
        f"CRVAL{number}": value,
        f"CDELT{number}": step,
        f"CRPIX{number}": 1.0,
        f"CUNIT{number}": unit,
    }


def test_image_has_no_axes(tmp_path):
    image, pixels = cube(tmp_path / "f.fits", (5, 6))
    assert image.stacks[0].axes == ()
    check_plane(image.stacks[0].plane(), pixels)


def test_slices_of_a_cube(tmp_path):
    image, pixels = cube(tmp_path / "f.fits", (4, 5, 6), SKY | axis(3, "FREQ", 1e9, 5e6, "Hz"))
    (stack,) = image.stacks
    (freq,) = stack.axes
    assert (freq.name, freq.length, freq.unit) == ("FREQ", 4, "Hz")
    assert freq.values == (1e9, 1.005e9, 1.01e9, 1.015e9)
    for k in range(4):
        check_plane(stack.plane((k,)), pixels[k])
    check_plane(stack.plane(), pixels[0])
    for wrong in ((4,), (-1,), (0, 0)):
        with pytest.raises(NotFoundError):
            stack.plane(wrong)


@pytest.mark.parametrize("mapped", [True, False])
def test_stokes_planes_of_five_axes(tmp_path, monkeypatch, mapped):
    if not mapped:
        monkeypatch.setattr(sigbus, "ready", lambda: False)
    cards = SKY | axis(3, "FREQ", 1.4e9) | axis(4, "STOKES", 1.0) | axis(5, "TIME", 0.0)
    image, pixels = cube(tmp_path / "f.fits", (2, 4, 3, 5, 6), cards)
    assert [stack.words.stokes for stack in image.stacks] == ["I", "Q", "U", "V"]
    assert [stack.words.quantity for stack in image.stacks] == ["I", "Q", "U", "V"]
    assert [axis.name for axis in image.stacks[0].axes] == ["FREQ", "TIME"]
    check_plane(image.stacks[2].plane((1, 1)), pixels[1, 2, 1])


@pytest.mark.parametrize(
    ("first", "step", "names"),
    [
        (-1, -1, ["RR", "LL", "RL", "LR"]),
        (-5, -1, ["XX", "YY", "XY", "YX"]),
        (1, 1, ["I", "Q", "U", "V"]),
        (2, 1, ["Q", "U"]),
    ],
)
def test_stokes_codes(tmp_path, first, step, names):
    image, _ = cube(tmp_path / "f.fits", (len(names), 5, 6), SKY | axis(3, "STOKES", first, step))
    assert [stack.words.stokes for stack in image.stacks] == names


def test_axes_of_length_one_are_no_sliders(tmp_path):
    cards = SKY | axis(3, "FREQ", 1.42e9, 1e6) | axis(4, "STOKES", 3.0)
    image, pixels = cube(tmp_path / "f.fits", (1, 1, 5, 6), cards)
    (stack,) = image.stacks
    assert stack.axes == ()
    assert (stack.words.stokes, stack.words.frequency) == ("U", "1.42 GHz")
    check_plane(stack.plane(), pixels[0, 0])


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize(
    ("kinds", "shape", "pick"),
    [
        (["STOKES", "RA---TAN", "DEC--TAN"], (7, 6, 4), lambda p: p[:, :, 2]),
        (["RA---TAN", "FREQ", "DEC--TAN"], (7, 4, 6), lambda p: p[:, 2, :]),
        (["FREQ", "DEC--TAN", "RA---TAN"], (7, 6, 4), lambda p: p[:, :, 2]),
    ],
)
def test_sky_on_other_axes(tmp_path, monkeypatch, kinds, shape, pick, mapped):
    if not mapped:
        monkeypatch.setattr(sigbus, "ready", lambda: False)
    cards = {f"CTYPE{k + 1}": kind for k, kind in enumerate(kinds)} | {"CRVAL1": 1.0, "CRPIX1": 1.0}
    image, pixels = cube(tmp_path / "f.fits", shape, cards)
    plane = image.stacks[2].plane() if "STOKES" in kinds else image.stacks[0].plane((2,))
    check_plane(plane, pick(pixels))
    assert any("axes" in note for note in plane.words.notes)


def test_many_channels_before_the_sky_are_read_in_parts(tmp_path, monkeypatch):
    from armillary.images.fits import plain

    monkeypatch.setattr(sigbus, "ready", lambda: False)
    monkeypatch.setattr(plain, "CHUNK_BYTES", 1000)
    cards = {"CTYPE1": "FREQ", "CTYPE2": "RA---TAN", "CTYPE3": "DEC--TAN"}
    image, pixels = cube(tmp_path / "f.fits", (8, 9, 100), cards)
    check_plane(image.stacks[0].plane((33,)), pixels[:, :, 33])


def test_spectrum_at_one_position(tmp_path):
    """Sky axes of one pixel each are not worth a picture: the first two axes are."""
    cards = {"CTYPE1": "FREQ", "CTYPE2": "TIME", "CTYPE3": "RA---TAN", "CTYPE4": "DEC--TAN"}
    image, pixels = cube(tmp_path / "f.fits", (1, 1, 8, 9), cards)
    check_plane(image.stacks[0].plane(), pixels[0, 0])


def test_too_many_stokes_are_a_slider(tmp_path):
    image, _ = cube(tmp_path / "f.fits", (20, 5, 6), SKY | axis(3, "STOKES", 1.0))
    assert [axis.length for axis in image.stacks[0].axes] == [20]


def test_words(tmp_path):
    cards = {
        "BUNIT": "JY/BEAM",
        "OBJECT": "M 31",
        "FILTER": "_unknown_",
        "BAND": "r",
        "STOKES": "q",
        "FREQ": "1410 MHz",
        "TELESCOP": "DRAO",
        "EXTNAME": "SCI",
    }
    image, _ = cube(tmp_path / "f.fits", (5, 6), cards)
    words = image.stacks[0].words
    assert (words.name, words.hdu, words.extname) == ("f.fits", 0, "SCI")
    assert (words.units, words.object, words.filter) == ("Jy/beam", "M 31", "r")
    assert (words.stokes, words.quantity, words.frequency) == ("Q", "Q", "1410 MHz")
    assert words.keywords == {"TELESCOP": "DRAO"}


def test_no_words(tmp_path):
    image, _ = cube(tmp_path / "f.fits", (5, 6))
    words = image.stacks[0].words
    assert (words.units, words.object, words.filter, words.stokes, words.quantity, words.frequency) == (None,) * 6


@pytest.mark.parametrize(
    ("hertz", "text"), [(1.42040575e9, "1.42041 GHz"), (5e12, "5 THz"), (1.5e5, "150 kHz"), (3, "3 Hz")]
)
def test_frequencies(hertz, text):
    assert describe_hertz(hertz) == text


def test_every_image_extension_is_a_stack(tmp_path):
    hdus = [
        fits.PrimaryHDU(np.zeros((3, 4), "i2")),
        fits.ImageHDU(np.ones((5, 6), "f4"), name="ERR"),
        fits.CompImageHDU(np.ones((8, 9), "i2"), name="MASK"),
    ]
    table = fits.BinTableHDU.from_columns([fits.Column("A", "J", array=np.arange(3))])
    fits.HDUList([*hdus, table, fits.ImageHDU(np.zeros((2, 2), "f8"))]).writeto(tmp_path / "f.fits")
    image = open_image(tmp_path / "f.fits")
    assert [(stack.words.hdu, stack.words.extname) for stack in image.stacks] == [
        (0, ""),
        (1, "ERR"),
        (2, "MASK"),
        (4, ""),
    ]
    assert [stack.plane().shape for stack in image.stacks] == [(3, 4), (5, 6), (8, 9), (2, 2)]
    plane = image.stacks[1].plane()
    assert [(number, name) for number, name, _ in plane.header_texts()][:3] == [(0, ""), (1, "ERR"), (2, "MASK")]
