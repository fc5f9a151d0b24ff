"""Compressed images of every algorithm and tile shape, written and read by astropy for comparison."""

from __future__ import annotations

import contextlib
import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.errors import CorruptFileError, UnsupportedFileError
from armillary.images.files import open_image
from armillary.sky.grid import Window
from armillary.storage import cache
from armillary.testing.planes import PlaneConformance, check_plane

SHAPE = (70, 53)
TILES = [(1, 53), (70, 53), (10, 9), (16, 53), (33, 20)]
INTEGERS = ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS"]


def write(path, pixels, header=None, **options):
    hdu = fits.CompImageHDU(pixels, header, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    with fits.open(path) as hdus:
        return np.array(hdus[1].data)


def plane_of(path, stack=0, index=()):
    return open_image(path).stacks[stack].plane(index)


def counts(dtype, shape=SHAPE):
    return np.random.default_rng(2).poisson(50, shape).astype(dtype)


def sky(dtype="f4", shape=SHAPE):
    pixels = np.random.default_rng(4).normal(5, 2, shape).astype(dtype)
    pixels[..., 10:15, 3:9] = np.nan
    pixels[..., 30:40, :20] = 0.0
    return pixels


class TestRice(PlaneConformance):
    def make(self, folder):
        expected = write(folder / "f.fits", sky(), compression_type="RICE_1", tile_shape=(20, 20))
        return plane_of(folder / "f.fits"), expected


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("algorithm", INTEGERS)
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4"])
def test_integers(tmp_path, algorithm, tile, dtype):
    if algorithm == "HCOMPRESS_1":
        tile = (max(tile[0], 5), tile[1])  # it wants at least 4 pixels a side
    pixels = counts(dtype)
    expected = write(tmp_path / "f.fits", pixels, compression_type=algorithm, tile_shape=tile)
    np.testing.assert_array_equal(expected, pixels)
    plane = plane_of(tmp_path / "f.fits")
    assert plane.dtype == np.dtype(dtype)
    assert plane.band_rows == tile[0]
    check_plane(plane, pixels)


@pytest.mark.parametrize("algorithm", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("dtype", ["u2", "u4"])
def test_unsigned(tmp_path, algorithm, dtype):
    pixels = counts(dtype) + np.array(40_000, dtype)
    write(tmp_path / "f.fits", pixels, compression_type=algorithm, tile_shape=(35, 53))
    plane = plane_of(tmp_path / "f.fits")
    assert plane.dtype == np.dtype(dtype)
    check_plane(plane, pixels)


@pytest.mark.parametrize("algorithm", ["RICE_1", "GZIP_2", "HCOMPRESS_1"])
def test_blank_integers(tmp_path, algorithm):
    header = fits.Header()
    header["BLANK"] = 50
    pixels = counts("i2")
    write(tmp_path / "f.fits", pixels, header, compression_type=algorithm, tile_shape=(35, 53))
    expected = np.where(pixels == 50, np.nan, pixels.astype("f4"))
    check_plane(plane_of(tmp_path / "f.fits"), expected)


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("method", [-1, 1, 2])
@pytest.mark.parametrize("algorithm", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_quantised_floats(tmp_path, algorithm, method, tile, dtype):
    if algorithm == "HCOMPRESS_1":
        tile = (max(tile[0], 5), tile[1])  # it wants at least 4 pixels a side
    options = {"compression_type": algorithm, "tile_shape": tile, "quantize_method": method, "dither_seed": 9998}
    expected = write(tmp_path / "f.fits", sky(dtype), **options)
    plane = plane_of(tmp_path / "f.fits")
    assert plane.dtype == np.dtype(dtype)
    check_plane(plane, expected, rtol=1e-6 if dtype == "f4" else 1e-13)
    if method == 2 and algorithm != "HCOMPRESS_1":
        assert (plane.window(Window(30, 40, 0, 20)) == 0).all()


@pytest.mark.parametrize("algorithm", ["GZIP_1", "GZIP_2", "NOCOMPRESS"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_lossless_floats(tmp_path, algorithm, dtype):
    options = {"compression_type": algorithm, "tile_shape": (10, 53), "quantize_level": 0}
    write(tmp_path / "f.fits", sky(dtype), **options)
    check_plane(plane_of(tmp_path / "f.fits"), sky(dtype))


def test_tiles_that_would_not_quantise(tmp_path):
    """Constant and wild tiles lie losslessly in GZIP_COMPRESSED_DATA."""
    pixels = sky()
    pixels[:20] = 3.25
    pixels[40:] *= np.exp(np.random.default_rng(1).normal(0, 10, (30, 53)))
    expected = write(tmp_path / "f.fits", pixels, compression_type="RICE_1", tile_shape=(5, 53))
    plane = plane_of(tmp_path / "f.fits")
    check_plane(plane, expected, rtol=1e-6)
    assert (plane.window(Window(0, 20, 0, 53)) == np.float32(3.25)).all()


def test_uncompressed_tiles(tmp_path):
    """Tiles in UNCOMPRESSED_DATA, made by hand."""
    pixels = sky()
    columns = [
        fits.Column("COMPRESSED_DATA", "1PB()", array=np.array([np.zeros(0, "u1")] * 70, dtype=object)),
        fits.Column("UNCOMPRESSED_DATA", "1PE()", array=np.array(list(pixels), dtype=object)),
    ]
    hdu = fits.BinTableHDU.from_columns(columns)
    cards = {"ZIMAGE": True, "ZCMPTYPE": "RICE_1", "ZBITPIX": -32, "ZNAXIS": 2, "ZNAXIS1": 53, "ZNAXIS2": 70}
    hdu.header.update(cards)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "f.fits")
    check_plane(plane_of(tmp_path / "f.fits"), pixels)


@pytest.mark.parametrize("tile", [(1, 30, 30), (3, 16, 16), (5, 70, 53), (2, 1, 53)])
def test_cubes(tmp_path, tile):
    pixels = sky(shape=(5, *SHAPE))
    expected = write(tmp_path / "f.fits", pixels, compression_type="RICE_1", tile_shape=tile, quantize_method=1)
    stack = open_image(tmp_path / "f.fits").stacks[0]
    assert stack.axes[0].length == 5
    for k in range(5):
        check_plane(stack.plane((k,)), expected[k], rtol=1e-6)


def test_four_axes(tmp_path):
    pixels = counts("i2", (2, 3, 20, 30))
    write(tmp_path / "f.fits", pixels, compression_type="GZIP_1", tile_shape=(1, 2, 7, 30))
    stack = open_image(tmp_path / "f.fits").stacks[0]
    check_plane(stack.plane((2, 1)), pixels[1, 2])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.tuples(st.integers(4, 40), st.integers(4, 40)),
    largest=st.sampled_from([1, 3, 50, 30_000]),
    scale=st.sampled_from([0, 3, 8]),
    seed=st.integers(0, 1000),
)
def test_hcompress_of_any_shape(tmp_path, shape, largest, scale, seed):
    """Also with loss: pixels are exactly those of the other decoder."""
    pixels = np.random.default_rng(seed).integers(-largest, largest, shape, "i4")
    options = {"compression_type": "HCOMPRESS_1", "tile_shape": shape, "hcomp_scale": scale}
    expected = write(tmp_path / "f.fits", pixels, **options)
    check_plane(plane_of(tmp_path / "f.fits"), expected)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=st.lists(st.tuples(st.integers(0, 100_000), st.integers(1, 6000)), min_size=1, max_size=12),
    single=st.lists(st.integers(0, 5), min_size=1, max_size=60),
)
def test_plio_masks(tmp_path, runs, single):
    row = np.concatenate([np.repeat([value for value, _ in runs], [count for _, count in runs]), single])
    pixels = np.stack([row, row[::-1]]).astype("i4")
    write(tmp_path / "f.fits", pixels, compression_type="PLIO_1", tile_shape=(1, row.size))
    check_plane(plane_of(tmp_path / "f.fits"), pixels)


@pytest.mark.parametrize("algorithm", ["RICE_1", "HCOMPRESS_1", "PLIO_1", "GZIP_2"])
def test_damaged_streams_do_no_harm(algorithm, tmp_path):
    """Decoders given rubbish give numbers or say so; none reads or writes beyond its memory."""
    from armillary.images.fits import codecs

    options = {"compression_type": algorithm, "tile_shape": (33, 20)}
    write(tmp_path / "f.fits", counts("i2"), **options)
    image = plane_of(tmp_path / "f.fits")._image
    pieces = image._table().compressed
    whole = image.file.source.read(int(pieces.start[0]), int(pieces.length[0]))
    decode = {
        "RICE_1": lambda data: codecs.decode_rice(data, 660, 2, 32),
        "HCOMPRESS_1": lambda data: codecs.decode_hcompress(data, 660),
        "PLIO_1": lambda data: codecs.decode_plio(data, 660),
        "GZIP_2": lambda data: codecs.decode_gzip(data, 660, floats=None, shuffled=True),
    }[algorithm]
    assert decode(whole).shape == (660,)
    generator = np.random.default_rng(0)
    for _ in range(2000):
        data = bytearray(whole[: int(generator.integers(0, len(whole) + 1))])
        for at in generator.integers(0, max(1, len(data)), 3 if data else 0):
            data[int(at)] = int(generator.integers(0, 256))
        with contextlib.suppress(codecs.TileError):
            assert decode(bytes(data)).shape == (660,)


def test_a_band_is_decoded_once(tmp_path, monkeypatch):
    """Neighbouring windows of a row-tiled image decode no tile twice."""
    from armillary.images.fits import tiledecode

    pixels = counts("i2", (64, 400))
    write(tmp_path / "f.fits", pixels, compression_type="RICE_1", tile_shape=(1, 400))
    plane = plane_of(tmp_path / "f.fits")
    decoded = []
    decode = tiledecode.decode_tile
    monkeypatch.setattr(tiledecode, "decode_tile", lambda *a: decoded.append(a[2]) or decode(*a))
    for x in range(0, 400, 100):
        np.testing.assert_array_equal(plane.window(Window(8, 40, x, x + 100)), pixels[8:40, x : x + 100])
    assert sorted(decoded) == list(range(8, 40))


def test_sample_decodes_little(tmp_path, monkeypatch):
    from armillary.images.fits import tiledecode

    pixels = counts("i2", (64, 40))
    write(tmp_path / "f.fits", pixels, compression_type="RICE_1", tile_shape=(1, 40))
    plane = plane_of(tmp_path / "f.fits")
    decoded = []
    decode = tiledecode.decode_tile
    monkeypatch.setattr(tiledecode, "decode_tile", lambda *a: decoded.append(a[2]) or decode(*a))
    assert plane.sample(2) is None
    np.testing.assert_array_equal(plane.sample(16), pixels[::-1][::16, ::16])
    assert len(decoded) == 4


def test_header_is_that_of_the_image(tmp_path):
    header = fits.Header()
    header["OBJECT"] = "M 13"
    write(tmp_path / "f.fits", sky(), header, compression_type="RICE_1", tile_shape=(10, 10))
    read = fits.Header.fromstring(plane_of(tmp_path / "f.fits").header_text(), sep="\n")
    assert (read["BITPIX"], read["NAXIS1"], read["NAXIS2"], read["OBJECT"]) == (-32, 53, 70, "M 13")
    assert not [key for key in read if key.startswith(("ZTILE", "TFORM", "ZCMP"))]


def rewrite(path, old, new):
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new.ljust(len(old))))
    cache.decoded.clear()


def test_unknown_algorithm(tmp_path):
    write(tmp_path / "f.fits", counts("i2"), compression_type="RICE_1", tile_shape=(10, 10))
    rewrite(tmp_path / "f.fits", b"'RICE_1  '", b"'MAGIC_9 '")
    with pytest.raises(UnsupportedFileError, match="MAGIC_9"):
        open_image(tmp_path / "f.fits")


def test_damaged_tile(tmp_path):
    write(tmp_path / "f.fits", counts("i2"), compression_type="GZIP_1", tile_shape=(10, 53))
    raw = (tmp_path / "f.fits").read_bytes()
    at = raw.index(b"\x1f\x8b", 5760)
    (tmp_path / "f.fits").write_bytes(raw[: at + 20] + bytes(30) + raw[at + 50 :])
    with pytest.raises(CorruptFileError, match="tile 0"):
        plane_of(tmp_path / "f.fits").window(Window(0, 1, 0, 53))


def test_more_tiles_than_rows(tmp_path):
    write(tmp_path / "f.fits", counts("i2"), compression_type="RICE_1", tile_shape=(10, 53))
    rewrite(tmp_path / "f.fits", b"ZNAXIS2 =                   70", b"ZNAXIS2 =            700000000")
    with pytest.raises(CorruptFileError, match="fewer rows"):
        open_image(tmp_path / "f.fits")


def test_truncated(tmp_path):
    """Tiles that the file lacks are NaN."""
    pixels = counts("i2")
    write(tmp_path / "f.fits", pixels, compression_type="GZIP_1", tile_shape=(10, 53))
    raw = (tmp_path / "f.fits").read_bytes()
    last = raw.rindex(b"\x1f\x8b\x08")
    (tmp_path / "f.fits").write_bytes(raw[: last + 5])
    expected = pixels.astype("f4")
    expected[60:] = np.nan
    plane = plane_of(tmp_path / "f.fits")
    assert any("truncated" in note for note in plane.words.notes)
    check_plane(plane, expected)
