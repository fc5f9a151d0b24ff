"""Opening files: good ones, bad ones, changing ones, real ones."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.errors import CorruptFileError, FileError, NoPixelsError, UnsupportedFileError, VersionGoneError
from armillary.images.files import open_image
from armillary.sky.grid import Window
from armillary.storage.source import open_source
from armillary.testing.planes import check_plane


def block(*cards):
    return "".join(card.ljust(80) for card in (*cards, "END")).encode().ljust(2880)


def card(key, value):
    return f"{key:8}= {value:>20}"


def primary(bitpix=8, *lengths, extra=()):
    axes = [card(f"NAXIS{k + 1}", length) for k, length in enumerate(lengths)]
    return block(card("SIMPLE", "T"), card("BITPIX", bitpix), card("NAXIS", len(lengths)), *axes, *extra)


def refused(path, kind, words):
    with pytest.raises(kind, match=words) as caught:
        open_image(path)
    assert "\n" not in caught.value.message
    assert os.fspath(path.parent) not in caught.value.message


def test_nothing_heavy_is_imported():
    code = (
        "import sys, armillary.images.files, armillary.images.fits.plain; print({'numba', 'astropy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_image_file(tmp_path):
    fits.PrimaryHDU(np.zeros((3, 4), "f4")).writeto(tmp_path / "f.fits")
    image = open_image(tmp_path / "f.fits")
    assert image.name == "f.fits"
    assert image.notes == ()
    assert image.version == image.stacks[0].plane().version
    image.close()
    assert image.stacks[0].plane().window(Window(0, 1, 0, 1)) == 0


def test_source_given(tmp_path):
    fits.PrimaryHDU(np.zeros((3, 4), "f4")).writeto(tmp_path / "f.fits")
    source = open_source(tmp_path / "f.fits")
    assert open_image(tmp_path / "f.fits", source).source is source


def test_only_tables(tmp_path):
    fits.BinTableHDU.from_columns([fits.Column("A", "J", array=np.arange(3))]).writeto(tmp_path / "f.fits")
    refused(tmp_path / "f.fits", NoPixelsError, "only tables")


def test_no_data(tmp_path):
    fits.PrimaryHDU().writeto(tmp_path / "f.fits")
    refused(tmp_path / "f.fits", NoPixelsError, "no image")


@pytest.mark.parametrize(
    ("lengths", "words"), [((0, 5), "length 0"), ((5, 0), "length 0"), ((7,), "one axis"), ((4, 5, 0), "length 0")]
)
def test_not_shown(tmp_path, lengths, words):
    (tmp_path / "f.fits").write_bytes(primary(8, *lengths) + bytes(2880))
    refused(tmp_path / "f.fits", NoPixelsError, words)


def test_random_groups(tmp_path):
    extra = [card("GROUPS", "T"), card("PCOUNT", 3), card("GCOUNT", 10)]
    content = primary(-32, 0, 2, 3, extra=extra) + bytes(2880)
    (tmp_path / "f.fits").write_bytes(content)
    refused(tmp_path / "f.fits", NoPixelsError, "length 0")
    image = fits.ImageHDU(np.ones((3, 4), "f4"))
    image.writeto(tmp_path / "g.fits")
    extension = (tmp_path / "g.fits").read_bytes()[2880:]
    (tmp_path / "f.fits").write_bytes(content + extension)
    check_plane(open_image(tmp_path / "f.fits").stacks[0].plane(), np.ones((3, 4)))


@pytest.mark.parametrize(
    "lengths",
    [(10**9, 10**9), (10**9, 10**9, 10**9), (10**15, 2), (10**18, 10**18), (1000, 10**10), (2**31 - 1, 2**31 - 1)],
)
@pytest.mark.parametrize("bitpix", [8, -64])
def test_absurd_claims(tmp_path, lengths, bitpix):
    (tmp_path / "f.fits").write_bytes(primary(bitpix, *lengths) + bytes(28800))
    refused(tmp_path / "f.fits", (CorruptFileError, NoPixelsError), "truncated or its header is wrong|longer than")


@pytest.mark.parametrize("encode", [gzip.compress, bz2.compress])
def test_absurd_claims_of_compressed_files(tmp_path, encode):
    (tmp_path / "f.fits").write_bytes(encode(primary(-64, 10**6, 10**6) + bytes(28800)))
    refused(tmp_path / "f.fits", UnsupportedFileError, "claims 7.276 TiB of decompressed data; at most 64 GiB")


def test_less_than_a_row(tmp_path):
    (tmp_path / "f.fits").write_bytes(primary(16, 1000, 1000) + bytes(1999))
    refused(tmp_path / "f.fits", CorruptFileError, "truncated")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("BITPIX", "7"),
        ("BITPIX", "'x'"),
        ("BITPIX", ""),
        ("NAXIS", "-1"),
        ("NAXIS", "1000"),
        ("NAXIS", "2.5"),
        ("NAXIS1", "-4"),
        ("NAXIS2", "'a'"),
        ("NAXIS2", "NaN"),
    ],
)
def test_corrupt_header(tmp_path, key, value):
    content = primary(8, 30, 40) + bytes(2880)
    at = content.index(f"{key:8}=".encode())
    (tmp_path / "f.fits").write_bytes(content[:at] + card(key, value).ljust(80).encode() + content[at + 80 :])
    refused(tmp_path / "f.fits", CorruptFileError, "contradicts itself")


def test_no_end(tmp_path):
    (tmp_path / "f.fits").write_bytes(primary(8, 3, 4).replace(b"END ", b"FIN "))
    refused(tmp_path / "f.fits", CorruptFileError, "ends within the header")
    (tmp_path / "f.fits").write_bytes(primary(8, 3, 4).replace(b"END ", b"FIN ") + b" " * (17 << 20))
    refused(tmp_path / "f.fits", CorruptFileError, "no END card")


def test_damage_after_a_good_image_is_noted(tmp_path):
    good = primary(8, 30, 40) + bytes(2880)
    bad = block("XTENSION= 'IMAGE   '", card("BITPIX", 9), card("NAXIS", 0))
    (tmp_path / "f.fits").write_bytes(good + bad)
    image = open_image(tmp_path / "f.fits")
    assert len(image.stacks) == 1
    assert "BITPIX" in image.notes[0]


def test_rubbish_after_the_last_unit_is_ignored(tmp_path):
    (tmp_path / "f.fits").write_bytes(primary(8, 30, 40) + bytes(2880) + b"rubbish" * 1000)
    assert len(open_image(tmp_path / "f.fits").stacks) == 1


def test_all_nan(tmp_path):
    pixels = np.full((5, 6), np.nan, "f4")
    fits.PrimaryHDU(pixels).writeto(tmp_path / "f.fits")
    check_plane(open_image(tmp_path / "f.fits").stacks[0].plane(), pixels)


@pytest.mark.parametrize("encode", [bytes, gzip.compress])
def test_replaced_by_a_smaller_one(tmp_path, encode):
    """Old planes give no pixel of the new file; opened again it is the new one."""
    path = tmp_path / "f.fits"
    fits.PrimaryHDU(np.ones((500, 500), "f4")).writeto(path)
    path.write_bytes(encode(path.read_bytes()))
    plane = open_image(path).stacks[0].plane()
    plane.window(Window(0, 500, 0, 500))
    before = plane.version
    fits.PrimaryHDU(np.zeros((3, 4), "f4")).writeto(tmp_path / "g.fits")
    path.write_bytes(encode((tmp_path / "g.fits").read_bytes()))
    assert plane.version != before
    uses = [lambda: plane.window(Window(0, 500, 0, 500))]
    if encode is bytes:
        uses += [lambda: plane.sample(7), plane.mapped]
    for use in uses:
        with pytest.raises(VersionGoneError, match="changed on disk"):
            use()
    check_plane(open_image(path).stacks[0].plane(), np.zeros((3, 4)))


def test_vanished(tmp_path):
    path = tmp_path / "f.fits"
    fits.PrimaryHDU(np.ones((5, 5), "f4")).writeto(path)
    plane = open_image(path).stacks[0].plane()
    path.unlink()
    with pytest.raises(FileError, match="no such file"):
        plane.window(Window(0, 1, 0, 1))


SEEDS = {}


def seeds(folder):
    """Small files of all kinds, to be damaged."""
    if not SEEDS:
        pixels = np.random.default_rng(0).normal(0, 1, (12, 10)).astype("f4")
        hdus = {
            "plain": [fits.PrimaryHDU(pixels.astype("i2")), fits.ImageHDU(pixels[None])],
            "rice": [fits.PrimaryHDU(), fits.CompImageHDU(pixels, tile_shape=(5, 10))],
            "gzip": [
                fits.PrimaryHDU(),
                fits.CompImageHDU(pixels.astype("i2"), compression_type="GZIP_2", tile_shape=(5, 5)),
            ],
            "hcompress": [
                fits.PrimaryHDU(),
                fits.CompImageHDU(pixels.astype("i2"), compression_type="HCOMPRESS_1", tile_shape=(6, 5)),
            ],
        }
        for name, units in hdus.items():
            path = folder / "seed.fits"
            fits.HDUList(units).writeto(path, overwrite=True)
            SEEDS[name] = path.read_bytes()
        SEEDS["gz"] = gzip.compress(SEEDS["plain"])
        SEEDS["bz2"] = bz2.compress(SEEDS["plain"])
    return SEEDS


CARD_VALUES = st.sampled_from(["0", "-1", "1", "7", "99999999999", "1E300", "NaN", "'X'", "T", "", "2147483647", "3"])


@pytest.fixture(scope="module")
def fuzz_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def use_all(path):
    """Open and read as the server would; only errors raised on purpose may come out."""
    with contextlib.suppress(FileError, VersionGoneError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = open_image(path)
        for stack in image.stacks[:3]:
            plane = stack.plane()
            ny, nx = plane.shape
            plane.window(Window(0, min(ny, 64), 0, min(nx, 64)))
            plane.window(Window(ny - 1, ny, max(0, nx - 64), nx))
            plane.sample(max(1, max(ny, nx) // 8))
            plane.header_texts()


@settings(max_examples=150)
@given(kind=st.sampled_from(["plain", "rice", "gzip", "hcompress", "gz", "bz2"]), data=st.data())
def test_damaged_bytes(fuzz_folder, kind, data):
    content = bytearray(seeds(fuzz_folder)[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=6))
    content = content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))]
    (fuzz_folder / "f.fits").write_bytes(content)
    use_all(fuzz_folder / "f.fits")


@settings(max_examples=250)
@given(kind=st.sampled_from(["plain", "rice", "gzip", "hcompress"]), data=st.data())
def test_damaged_headers(fuzz_folder, kind, data):
    content = seeds(fuzz_folder)[kind]
    cards = [k for k in range(0, len(content), 80) if content[k + 8 : k + 10] == b"= "]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from(cards))
        changed = content[at : at + 10] + data.draw(CARD_VALUES).encode().rjust(20).ljust(70)
        content = content[:at] + changed + content[at + 80 :]
    (fuzz_folder / "f.fits").write_bytes(content)
    use_all(fuzz_folder / "f.fits")


IMAGES = [
    "1904-66_AIT.fits",
    "HSC-0908120-056-small.fits",
    "equatorial_3d.fits",
    "legacysurvey-0959p805-image-g.fits.fz",
    "m13_gzip.fits",
    "m13_rice.fits",
    "reprojected_sdss_g.fits.bz2",
    "reprojected_sdss_i.fits.bz2",
    "reprojected_sdss_r.fits.bz2",
    "u_gal.fits",
]


@pytest.mark.real_data
@pytest.mark.parametrize("name", IMAGES)
def test_real_images(real_data, name):
    image = open_image(real_data / name)
    assert image.stacks
    for stack in image.stacks:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = np.asarray(fits.getdata(real_data / name, stack.words.hdu, memmap=False))
        for index in [(k,) for k in range(stack.axes[0].length)] if stack.axes else [()]:
            plane = stack.plane(index)
            check_plane(plane, expected[index])
            # A map with sky has one here too.
            assert plane.wcs is not None


@pytest.mark.real_data
def test_real_words(real_data):
    words = open_image(real_data / "u_gal.fits").stacks[0].words
    assert (words.stokes, words.units, words.frequency) == ("U", "mK", "1410 MHz")


@pytest.mark.real_data
def test_real_table(real_data):
    with pytest.raises(NoPixelsError, match="only tables"):
        open_image(real_data / "gaia_data.fits")
