"""Combinations of planes against numpy, and through the pyramid."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from armillary.errors import UnsupportedFileError
from armillary.images.combination import FUNCTIONS, CombinationPlane, combine, combined_stack, combined_words
from armillary.images.files import open_image
from armillary.images.plane import CubeAxis, Linear, PlaneStack, PlaneWords
from armillary.images.pyramid import Pyramid
from armillary.sky.grid import TileKey, Window
from armillary.testing.memory_planes import MappedPlane, MemoryPlane
from armillary.testing.planes import PlaneConformance

NUMPY = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "max": np.maximum, "min": np.minimum}


def oracle(function: str, first: np.ndarray, other: np.ndarray) -> np.ndarray:
    """By numpy, pixel by pixel; no data where an operand has none."""
    with np.errstate(all="ignore"):
        if function == "mean":
            made = ((first.astype(np.float64) + other.astype(np.float64)) / 2).astype(np.result_type(first, other))
        else:
            made = NUMPY[function](first, other)
        return np.where(np.isfinite(first) & np.isfinite(other) & np.isfinite(made), made, np.nan)


def noise(seed: int, shape=(90, 70)) -> np.ndarray:
    generator = np.random.default_rng(seed)
    data = generator.normal(1.0, 3.0, shape).astype(np.float32)
    data[generator.random(shape) < 0.05] = np.nan
    data[generator.random(shape) < 0.05] = 0.0
    return data


def header(shift: float = 0.0) -> fits.Header:
    made = fits.Header()
    made["CTYPE1"], made["CTYPE2"] = "RA---CAR", "DEC--CAR"
    made["CRPIX1"], made["CRPIX2"] = 35.0 + shift, 45.0
    made["CDELT1"], made["CDELT2"] = -1.0, 1.0
    made["BUNIT"] = "uK"
    return made


def written(folder, name: str, data: np.ndarray, shift: float = 0.0):
    path = folder / name
    fits.PrimaryHDU(data, header(shift)).writeto(path)
    return open_image(path).stacks[0].plane()


class Pair(PlaneConformance):
    function = "+"
    kinds: tuple[type, type] = (np.float32, np.float32)

    def make(self, folder):
        first, other = (noise(seed).astype(kind) for seed, kind in zip((1, 2), self.kinds, strict=True))
        planes = [written(folder, "a.fits", first), written(folder, "b.fits", other)]
        plane = CombinationPlane(self.function, planes, PlaneWords("a and b", 0))
        return plane, oracle(self.function, first, other)


class TestSum(Pair):
    pass


class TestRatioOfDoubles(Pair):
    function, kinds = "/", (np.float64, np.float64)


class TestMixedMean(Pair):
    function, kinds = "mean", (np.float32, np.float64)


class TestNested(PlaneConformance):
    """The ratio of a difference and integers."""

    def make(self, folder):
        a, b = noise(3), noise(4)
        c = np.random.default_rng(5).integers(-3, 4, a.shape).astype(np.int16)
        difference = CombinationPlane(
            "-", [written(folder, "a.fits", a), written(folder, "b.fits", b)], PlaneWords("d", 0)
        )
        plane = CombinationPlane("/", [difference, written(folder, "c.fits", c)], PlaneWords("r", 0))
        return plane, oracle("/", oracle("-", a, b), c.astype(np.float32))


class TestOfCompressed(PlaneConformance):
    """One operand is decoded by tiles, the other mapped."""

    def make(self, folder):
        a, b = noise(6), np.random.default_rng(7).integers(0, 100, (90, 70)).astype(np.int32)
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(b, header(), tile_shape=(16, 32))]).writeto(folder / "b.fz")
        compressed = open_image(folder / "b.fz").stacks[0].plane()
        plane = CombinationPlane("*", [written(folder, "a.fits", a), compressed], PlaneWords("p", 0))
        return plane, oracle("*", a.astype(np.float64), b.astype(np.float64))


floats = st.floats(width=32, allow_nan=True, allow_infinity=True)
images = arrays.arrays(np.float32, (4, 5), elements=floats)


@settings(deadline=None)
@given(st.sampled_from(FUNCTIONS), images, images)
def test_two_operands_are_numpys(function, first, other) -> None:
    with np.errstate(all="ignore"):
        expected = oracle(function, first, other)
    np.testing.assert_array_equal(combine(function, [first, other]), expected.astype(np.float32))


@pytest.mark.parametrize(
    ("function", "expected"), [("+", 9.0), ("-", -5.0), ("*", 24.0), ("/", 2 / 12), ("max", 4.0), ("min", 2.0)]
)
def test_several_operands_go_from_left_to_right(function, expected) -> None:
    made = combine(function, [np.full((1, 1), number) for number in (2.0, 3.0, 4.0)])
    assert made[0, 0] == pytest.approx(expected)


def test_the_mean_of_three_weighs_them_alike() -> None:
    assert combine("mean", [np.full((1, 1), number, np.float32) for number in (1.0, 2.0, 6.0)])[0, 0] == 3.0


def test_a_mean_does_not_overflow() -> None:
    large = np.full((1, 1), 3e38, np.float32)
    assert combine("mean", [large, large])[0, 0] == large[0, 0]


def test_the_operands_are_left_alone() -> None:
    data = np.array([[1.0, np.inf]], np.float32)
    combine("max", [data])
    np.testing.assert_array_equal(data, [[1.0, np.inf]])


def ratio(a: np.ndarray, b: np.ndarray) -> CombinationPlane:
    stored = [MappedPlane(part.astype(">f4"), words=PlaneWords("m.fits", 0)) for part in (a, b)]
    return CombinationPlane("/", stored, PlaneWords("ratio", 0))


def test_a_coarse_pixel_is_the_mean_of_combined_pixels_not_the_combination_of_means() -> None:
    a, b = np.abs(noise(8, (1024, 1100))) + 1, np.abs(noise(9, (1024, 1100))) + 0.5
    pyramid = Pyramid(ratio(a, b), tile_size=64)
    exact = oracle("/", a, b)[::-1]
    for level in range(pyramid.grid.levels):
        factor = pyramid.grid.factor(level)
        tile = pyramid.tile(TileKey(level, 0, 0)).pixels
        side = 64 * factor
        padded = np.full((side, side), np.nan)
        part = exact[:side, :side]
        padded[: part.shape[0], : part.shape[1]] = part
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            means = np.nanmean(padded.reshape(64, factor, 64, factor).transpose(0, 2, 1, 3).reshape(64, 64, -1), -1)
        np.testing.assert_allclose(tile, means.astype(np.float32), rtol=2e-6)


def test_values_histogram_and_range_are_of_the_combination() -> None:
    a, b = noise(10), noise(11)
    pyramid, expected = Pyramid(ratio(a, b)), oracle("/", a, b)
    valid = np.isfinite(expected)
    y, x = (int(place) for place in np.argwhere(valid)[5])
    assert pyramid.value(x, y) == pytest.approx(float(expected[y, x]))
    assert pyramid.value(*(int(place) for place in np.argwhere(~valid)[0][::-1])) is None
    counts = pyramid.histogram(64, exact=True)
    assert (sum(counts.counts), counts.nan) == (valid.sum(), (~valid).sum())
    assert counts.minimum == pytest.approx(float(np.nanmin(expected)))
    assert pyramid.display_range().vmin < pyramid.display_range().vmax


def test_the_version_changes_with_every_operand() -> None:
    planes = [MemoryPlane(np.ones((3, 3), np.float32)) for _ in range(3)]
    nested = CombinationPlane("+", planes[:2], PlaneWords("n", 0))
    plane = CombinationPlane("-", [nested, planes[2]], PlaneWords("p", 0))
    seen = {plane.version}
    for number, operand in enumerate(planes):
        operand.number += number + 1
        seen.add(plane.version)
    assert len(seen) == 4
    assert {len(version) for version in seen} == {24}


def test_a_pyramid_follows_a_changed_operand() -> None:
    planes = [MemoryPlane(np.full((8, 8), value, np.float32)) for value in (1.0, 2.0)]
    pyramid = Pyramid(CombinationPlane("+", planes, PlaneWords("p", 0)), tile_size=64)
    assert pyramid.tile(TileKey(0, 0, 0)).pixels[0, 0] == 3.0
    planes[1].replace(np.full((8, 8), 9.0, np.float32))
    assert pyramid.tile(TileKey(0, 0, 0)).pixels[0, 0] == 10.0


def test_shapes_must_be_equal() -> None:
    planes = [MemoryPlane(np.ones(shape, np.float32)) for shape in ((3, 4), (3, 5))]
    with pytest.raises(UnsupportedFileError, match=r"4 by 3 pixels .* 5 by 3 pixels"):
        CombinationPlane("+", planes, PlaneWords("p", 0))


def test_headers_are_those_of_all_files(tmp_path) -> None:
    planes = [written(tmp_path, f"{name}.fits", noise(1)) for name in "ab"]
    plane = CombinationPlane("+", [*planes, planes[0]], PlaneWords("p", 0))
    assert plane.header_text() == planes[0].header_text()
    assert plane.header_texts() == [(0, "", planes[0].header_text()), (1, "b.fits", planes[1].header_text())]


def test_the_sky_must_be_the_same(tmp_path) -> None:
    planes = [written(tmp_path, f"{shift}.fits", noise(1), shift) for shift in (0.0, 0.5)]
    plane = CombinationPlane("+", planes, PlaneWords("p", 0))
    for look in (lambda: plane.window(Window(0, 1, 0, 1)), lambda: plane.sample(1), lambda: plane.wcs):
        with pytest.raises(UnsupportedFileError, match="different places of the sky"):
            look()


def test_rounding_of_a_header_is_no_other_sky(tmp_path) -> None:
    planes = [written(tmp_path, f"{shift}.fits", noise(1), shift) for shift in (0.0, 1e-6)]
    plane = CombinationPlane("+", planes, PlaneWords("p", 0))
    assert plane.wcs is planes[0].wcs
    assert plane.wcs is not None


def stack(shape, axes=(), **words) -> PlaneStack:
    def make(index):
        return MemoryPlane(np.full(shape, float(sum(index)), np.float32))

    return PlaneStack(PlaneWords("m.fits", 0, **words), axes, make)


def test_slices_go_with_slices_and_an_image_with_all_of_them() -> None:
    cube, image = (stack((2, 2), (CubeAxis("FREQ", 3),)), stack((2, 2)))
    made = combined_stack("+", [cube, image, cube], "c")
    assert [axis.length for axis in made.axes] == [3]
    assert made.plane((2,)).window(Window(0, 1, 0, 1))[0, 0] == 4.0
    with pytest.raises(UnsupportedFileError, match="different numbers of planes"):
        combined_stack("+", [cube, stack((2, 2), (CubeAxis("FREQ", 4),))], "c")


@pytest.mark.parametrize(
    ("function", "units", "expected"),
    [("-", ("K", "K"), "K"), ("mean", ("K", "mK"), None), ("/", ("K", "K"), None), ("*", ("K", "K"), None)],
)
def test_units_stay_where_the_function_keeps_them(function, units, expected) -> None:
    words = [PlaneWords("m.fits", 0, units=unit) for unit in units]
    assert combined_words(function, words, "c").units == expected


def test_blank_integers_are_no_data() -> None:
    stored = np.array([[1, -1], [2, 3]], ">i2")
    planes = [MappedPlane(stored, Linear(blank=-1)), MappedPlane(stored)]
    made = CombinationPlane("+", planes, PlaneWords("p", 0)).window(Window(0, 2, 0, 2))
    np.testing.assert_array_equal(made, [[2, np.nan], [4, 6]])
    assert made.dtype == np.float32
