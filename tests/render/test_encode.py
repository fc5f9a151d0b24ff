"""Encoders, with Pillow as the reader and matplotlib as the painter."""

from __future__ import annotations

import io
import tracemalloc

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from armillary.errors import LimitError, ParameterError
from armillary.images.raster import Raster
from armillary.render import EXTENSIONS, ImageOptions, Stretch, check_size, encode, make_style, paint, q16
from armillary.render.style import Style

STYLE = make_style(vmin=-2, vmax=2, cmap="viridis")


def field(rows=64, columns=80):
    y, x = np.mgrid[:rows, :columns]
    return (2.2 * np.sin(x / 17) * np.cos(y / 23)).astype(np.float32)


def gappy():
    pixels = field()
    pixels[:10, :16], pixels[40, 40:48], pixels[50, 16:24] = np.nan, np.inf, -np.inf
    return pixels


def opened(body) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def painted(pixels, style: Style):
    """Colours by matplotlib."""
    norm = mpl.colors.Normalize(style.vmin, style.vmax, clip=True)
    return mpl.colormaps[style.cmap](norm(pixels.astype(np.float64)), bytes=True)[..., :3].astype(int)


def test_f32_is_raw():
    pixels = gappy()
    encoded = encode(Raster(pixels, "1"), "f32")
    assert np.array_equal(np.frombuffer(encoded.body, "<f4").reshape(pixels.shape), pixels, equal_nan=True)
    assert (encoded.media_type, encoded.compressible) == ("application/octet-stream", True)


def test_q16_is_q16():
    raster = Raster(gappy(), "1", noise=0.1)
    encoded = encode(raster, "q16")
    assert encoded.body == q16.encode(raster)
    assert (encoded.media_type, encoded.compressible) == ("application/octet-stream", True)


def test_png_is_a_palette_with_colours_of_matplotlib():
    pixels = gappy()
    encoded = encode(Raster(pixels, "1"), "png", STYLE)
    image = opened(encoded.body)
    assert (image.mode, image.size) == ("P", (80, 64))
    assert (encoded.media_type, encoded.compressible) == ("image/png", False)
    rgba = np.asarray(image.convert("RGBA")).astype(int)
    valid = np.isfinite(pixels)
    assert np.array_equal(rgba[..., 3] == 255, valid)
    assert np.array_equal(rgba[..., 3] == 0, ~valid)
    # 255 colours stand for 256: at most one entry of the map away.
    assert np.abs(rgba[valid][:, :3] - painted(pixels, STYLE)[valid]).max() <= 6


def test_webp_is_near_and_transparent():
    pixels = gappy()
    encoded = encode(Raster(pixels, "1"), "webp", STYLE, options=ImageOptions(quality=95))
    rgba = np.asarray(opened(encoded.body).convert("RGBA")).astype(int)
    valid = np.isfinite(pixels)
    assert encoded.media_type == "image/webp"
    assert np.array_equal(rgba[..., 3] > 0, valid)
    assert np.abs(rgba[valid][:, :3] - painted(pixels, STYLE)[valid]).mean() < 4


@pytest.mark.parametrize("cmap", ["viridis", "gray", "gray_r"])
@pytest.mark.parametrize("quality", [85, 95])
def test_jpeg_is_near(cmap, quality):
    style = make_style(vmin=-2, vmax=2, cmap=cmap)
    encoded = encode(Raster(field(), "1"), "jpg", style, options=ImageOptions(quality=quality))
    rgb = np.asarray(opened(encoded.body).convert("RGB")).astype(int)
    assert encoded.media_type == "image/jpeg"
    assert np.abs(rgb - painted(field(), style)).mean() < (6 if quality == 85 else 2)


@pytest.mark.parametrize(("cmap", "mode"), [("gray", "L"), ("binary", "L"), ("viridis", "RGB")])
def test_jpeg_of_a_grey_map_has_one_channel(cmap, mode):
    assert opened(encode(Raster(field(), "1"), "jpg", make_style(vmin=0, vmax=1, cmap=cmap)).body).mode == mode


@pytest.mark.parametrize("cmap", ["viridis", "gray"])
@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255), (200, 30, 40)])
def test_jpeg_paints_the_background(cmap, background):
    pixels = field()
    pixels[:32] = np.nan
    options = ImageOptions(quality=100, background=background)
    body = encode(Raster(pixels, "1"), "jpg", make_style(vmin=-2, vmax=2, cmap=cmap), options=options).body
    rgb = np.asarray(opened(body).convert("RGB")).astype(int)
    assert np.abs(rgb[:24] - background).max() <= 3


@pytest.mark.parametrize("stretch", [s for s in Stretch if s is not Stretch.HISTEQ])
@pytest.mark.parametrize("invert", [False, True])
def test_painting_follows_the_formulas(stretch, invert):
    random = np.random.default_rng(1)
    pixels = np.concatenate((random.uniform(-12, 25, 5000), [-3.0, 17.0])).astype(np.float32).reshape(-1, 2)
    style = Style(-3.0, 17.0, stretch, "gray", gamma=1.7, invert=invert)
    t = np.clip((pixels.astype(np.float64) + 3) / 20, 0, 1)
    curve = {
        "linear": lambda: t,
        "sqrt": lambda: np.sqrt(t),
        "log": lambda: np.log(1 + 1000 * t) / np.log(1001),
        "asinh": lambda: np.arcsinh(10 * t) / np.arcsinh(10),
        "power": lambda: (1000**t - 1) / 999,
    }[stretch]() ** (1 / 1.7)
    index = np.minimum(256 * (1 - curve if invert else curve), 255).astype(int)
    expected = mpl.colormaps["gray"](index, bytes=True)[..., 0].astype(int)
    grey = paint.grey(pixels, style, None, 0).astype(int)
    assert np.abs(grey - expected).max() <= (2 if stretch in {Stretch.LOG, Stretch.SQRT} else 1)
    assert (grey != expected).mean() < 0.01
    assert np.array_equal(paint.rgba(pixels, style, None, (0, 0, 0, 0))[..., 1], grey)


def test_absolute_values():
    pixels = np.array([[-1.5, 1.5, 0.0, np.nan]], np.float32)
    style = make_style(vmin=0, vmax=2, absolute=True)
    assert paint.grey(pixels, style, None, 7).tolist() == [[191, 191, 0, 7]]


@given(
    st.lists(st.floats(width=32), min_size=1, max_size=30),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
)
def test_any_value_in_any_range_has_a_colour(values, a, b):
    low, high = min(a, b), max(a, b)
    if low == high:
        return
    pixels = np.array([values], np.float32)
    grey = paint.grey(pixels, make_style(vmin=low, vmax=high), None, 123)[0].astype(int)
    finite = np.isfinite(pixels[0])
    assert np.all(grey[~finite] == 123)
    assert np.all(grey[finite & (pixels[0] <= low)] == 0)
    assert np.all(grey[finite & (pixels[0] >= high)] == 255)
    ranked = grey[finite][np.argsort(pixels[0][finite])]
    assert np.all(np.diff(ranked) >= 0)


def test_histeq_spreads_the_colours():
    class Counts:
        counts, edges = np.histogram(field(), 500)

    style = make_style(vmin=-2.2, vmax=2.2, stretch="histeq")
    grey = paint.grey(field(), style, Counts(), 0)
    spread = np.histogram(grey, 8, (0, 256))[0]
    assert spread.max() < 1.2 * spread.min()


@pytest.mark.parametrize("ext", ["gif", "", "PNG", "png ", "x" * 1000])
def test_unknown_encodings(ext):
    with pytest.raises(ParameterError, match=r"^ext: .*f32, q16, png, jpg, webp") as caught:
        encode(Raster(field(), "1"), ext, STYLE)
    assert len(caught.value.message) < 120


@pytest.mark.parametrize("ext", ["png", "jpg", "webp"])
def test_images_need_a_style(ext):
    with pytest.raises(ParameterError, match=r"^style: "):
        encode(Raster(field(), "1"), ext)


@pytest.mark.parametrize("ext", ["png", "jpg", "webp"])
def test_histeq_needs_a_histogram(ext):
    with pytest.raises(ParameterError, match=r"^stretch: "):
        encode(Raster(field(), "1"), ext, make_style(vmin=0, vmax=1, stretch="histeq"))


@pytest.mark.parametrize("ext", ["png", "jpg", "webp"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (7, 13)])
def test_odd_shapes(ext, shape):
    image = opened(encode(Raster(np.ones(shape, np.float32), "1"), ext, STYLE).body)
    assert image.size == shape[::-1]


@pytest.mark.parametrize(
    ("ext", "shape"), [("webp", (1, 16384)), ("webp", (16384, 1)), ("jpg", (1, 65536)), ("jpg", (65536, 1))]
)
def test_formats_have_largest_sides(ext, shape):
    with pytest.raises(LimitError, match="choose a smaller region, or png"):
        encode(Raster(np.zeros(shape, np.float32), "1"), ext, STYLE)


def test_png_has_longer_sides():
    assert opened(encode(Raster(np.zeros((1, 70_000), np.float32), "1"), "png", STYLE).body).size == (70_000, 1)


@pytest.mark.parametrize(("ext", "rows"), [("png", 8193), ("jpg", 8193), ("webp", 2049)])
def test_images_have_a_largest_number_of_pixels(ext, rows):
    pixels = np.broadcast_to(np.float32(1), (rows, 8192))
    with pytest.raises(LimitError, match="choose a smaller region"):
        encode(Raster(pixels, "1"), ext, STYLE)


@pytest.mark.parametrize("ext", ["png", "jpg", "webp"])
def test_no_pixels_no_image(ext):
    with pytest.raises(ParameterError, match="holds no pixels"):
        encode(Raster(np.zeros((0, 4), np.float32), "1"), ext, STYLE)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_quality_is_bounded(quality):
    with pytest.raises(ParameterError, match=r"^quality: "):
        ImageOptions(quality=quality)


def test_a_large_png_needs_two_bytes_a_pixel_at_most():
    raster = Raster(np.zeros((2000, 2000), np.float32), "1")
    encode(raster, "png", STYLE)
    tracemalloc.start()
    encode(raster, "png", STYLE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Indices, and room for a result that does not compress.
    assert peak < 2.2 * raster.pixels.size


def test_the_list_of_extensions_is_complete():
    for ext in EXTENSIONS:
        assert encode(Raster(field(), "1"), ext, STYLE).body


@pytest.mark.parametrize("ext", EXTENSIONS)
def test_sizes_can_be_checked_beforehand(ext):
    check_size(ext, (512, 512))
    if ext in {"png", "jpg", "webp"}:
        with pytest.raises(LimitError):
            check_size(ext, (10**9, 10**9))
