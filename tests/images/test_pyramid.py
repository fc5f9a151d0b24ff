"""Every way to a pixel agrees with a plain oracle, in every type and shape."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.errors import LimitError, NotFoundError, ParameterError, UnreadableFileError, VersionGoneError
from armillary.images import overviews
from armillary.images.plane import Linear
from armillary.images.pyramid import Pyramid
from armillary.images.store import OverviewStore
from armillary.sky.grid import TileKey, Window
from armillary.testing.memory_planes import MappedPlane, MemoryPlane

TYPES = (">u1", ">i2", ">i4", ">i8", ">f4", ">f8")


def numbers(rng, shape, dtype, *, bad=True):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        stored = rng.normal(3.0, 100.0, shape).astype(dtype)
        if bad:
            stored[rng.random(shape) < 0.3] = np.nan
            stored[rng.random(shape) < 0.02] = np.inf
            stored[rng.random(shape) < 0.02] = -np.inf
        return stored
    low, high = (0, 256) if dtype.kind == "u" else (-1000, 1000)
    return rng.integers(low, high, shape).astype(dtype)


def make(plane, **rest):
    return Pyramid(plane, tile_size=64, store=OverviewStore(64 << 20), **rest)


@pytest.fixture
def low_overviews(monkeypatch):
    """Overviews from a factor of 4 on, so that small planes have some."""
    monkeypatch.setattr(overviews, "MAPPED_FACTOR", 4)
    monkeypatch.setattr(overviews, "DECODED_FACTOR", 2)


def assert_tile(raster, expected, values):
    assert raster.pixels.dtype == np.float32
    assert raster.pixels.flags.c_contiguous
    reach = np.nanmax(np.abs(values), initial=1e-30)
    np.testing.assert_allclose(raster.pixels, expected, rtol=3e-7, atol=3e-7 * reach)


@pytest.mark.usefixtures("low_overviews")
@pytest.mark.parametrize("kind", [MappedPlane, MemoryPlane])
@pytest.mark.parametrize("dtype", TYPES)
def test_tiles_of_every_type_are_means(oracle, kind, dtype):
    rng = np.random.default_rng(5)
    linear = Linear(0.5, -3.0, 17) if np.dtype(dtype).kind in "iu" else Linear()
    plane = kind(numbers(rng, (300, 517), dtype), linear, band_rows=7)
    pyramid = make(plane)
    values = oracle.values(plane)
    for key in oracle.keys(pyramid.grid):
        raster = pyramid.tile(key)
        assert_tile(raster, oracle.tile(values, pyramid.grid, key), values)
        assert raster.version == "v1"
        assert not raster.preview


@pytest.mark.usefixtures("low_overviews")
@settings(max_examples=60)
@given(
    ny=st.integers(1, 300),
    nx=st.integers(1, 300),
    dtype=st.sampled_from(TYPES),
    seed=st.integers(0, 2**32 - 1),
    band_rows=st.integers(1, 40),
    empty=st.floats(0.0, 1.0),
    mapped=st.booleans(),
)
def test_shapes_bands_and_holes(oracle, ny, nx, dtype, seed, band_rows, empty, mapped):
    rng = np.random.default_rng(seed)
    stored = numbers(rng, (ny, nx), dtype)
    blank = None if stored.dtype.kind == "f" else 100
    hole = rng.random((-(-ny // 32), -(-nx // 32))) < empty
    stored[np.kron(hole, np.ones((32, 32), bool))[:ny, :nx]] = np.nan if blank is None else blank
    plane = (MappedPlane if mapped else MemoryPlane)(stored, Linear(blank=blank), band_rows=band_rows)
    pyramid = make(plane)
    values = oracle.values(plane)
    keys = oracle.keys(pyramid.grid)
    for key in [keys[0], keys[len(keys) // 2], keys[-1]]:
        assert_tile(pyramid.tile(key), oracle.tile(values, pyramid.grid, key), values)


@pytest.mark.parametrize("kind", [MappedPlane, MemoryPlane])
def test_default_factors_reach_the_overview(oracle, kind):
    rng = np.random.default_rng(2)
    plane = kind(numbers(rng, (2100, 3900), ">f4"), band_rows=100)
    pyramid = make(plane)
    assert pyramid.grid.factor(0) == 64
    values = oracle.values(plane)
    for key in (TileKey(0, 0, 0), TileKey(1, 1, 1), TileKey(2, 2, 3), TileKey(3, 3, 1)):
        assert_tile(pyramid.tile(key), oracle.tile(values, pyramid.grid, key), values)
    assert pyramid.progress() == 1.0


def test_overview_decodes_each_band_once(oracle, monkeypatch):
    monkeypatch.setattr("armillary.images.pixels.DECODE_BYTES", 8 * 600 * 40)
    rng = np.random.default_rng(2)
    plane = MemoryPlane(numbers(rng, (1000, 600), ">f4"), band_rows=13)
    pyramid = make(plane)
    values = oracle.values(plane)
    for key in (TileKey(0, 0, 0), TileKey(1, 0, 0), TileKey(1, 1, 1)):
        assert pyramid.grid.factor(key.level) >= 8
        assert_tile(pyramid.tile(key), oracle.tile(values, pyramid.grid, key), values)
    assert sorted(plane.bands) == list(range(-(-1000 // 13)))


def test_a_row_of_tiles_decodes_its_rows_once(oracle, monkeypatch):
    monkeypatch.setattr("armillary.images.tiles.STRIP_BYTES", 1 << 16)
    monkeypatch.setattr("armillary.images.tiles.SUMS_BYTES", 16 * 400 * 10)
    plane = MemoryPlane(numbers(np.random.default_rng(2), (700, 1500), ">f4"), band_rows=1)
    pyramid = make(plane)
    values = oracle.values(plane)
    level = pyramid.grid.levels - 3
    assert pyramid.grid.factor(level) == 4
    for row in range(3):
        plane.bands.clear()
        for col in range(6):
            key = TileKey(level, row, col)
            assert_tile(pyramid.tile(key), oracle.tile(values, pyramid.grid, key), values)
        top = 700 - row * 256
        assert sorted(plane.bands) == list(range(max(0, top - 256), top))


def test_rows_apart_in_memory(oracle):
    cube = numbers(np.random.default_rng(2), (300, 3, 200), ">i2")
    plane = MappedPlane(cube[:, 1], Linear(blank=5))
    plane.stored = cube[:, 1]
    assert not plane.mapped().stored.flags.c_contiguous
    pyramid = make(plane)
    values = oracle.values(plane)
    for key in oracle.keys(pyramid.grid):
        assert_tile(pyramid.tile(key), oracle.tile(values, pyramid.grid, key), values)


@pytest.mark.parametrize("kind", [MappedPlane, MemoryPlane])
def test_means_are_accurate_on_a_large_pedestal(oracle, kind):
    rng = np.random.default_rng(2)
    plane = kind((1e7 + rng.normal(0, 1, (512, 512))).astype(">f8"))
    pyramid = make(plane)
    np.testing.assert_array_equal(
        pyramid.tile(TileKey(0, 0, 0)).pixels, oracle.level(oracle.values(plane), 8).astype(np.float32)
    )


def test_what_float32_cannot_hold_is_no_data():
    plane = MappedPlane(np.array([[1e300, 1.0], [-1e300, 2.0]], ">f8"))
    pixels = make(plane).tile(TileKey(0, 0, 0)).pixels
    np.testing.assert_array_equal(pixels[:2, :2], [[np.nan, 2.0], [np.nan, 1.0]])
    assert make(plane).value(0, 0) == 1e300


def test_no_data_at_all():
    pyramid = make(MappedPlane(np.full((100, 100), np.nan, ">f4")))
    assert np.isnan(pyramid.tile(TileKey(0, 0, 0)).pixels).all()
    assert pyramid.tile(TileKey(0, 0, 0)).noise == 0.0
    assert pyramid.coverage() is None
    shown = pyramid.display_range()
    assert (shown.vmin, shown.vmax) == (0.0, 1.0)


def test_blank_outside_the_type_is_ignored():
    plane = MappedPlane(np.array([[0, 255]], ">u1"), Linear(blank=-1))
    np.testing.assert_array_equal(make(plane).tile(TileKey(0, 0, 0)).pixels[0, :2], [0, 255])


@pytest.mark.parametrize("kind", [MappedPlane, MemoryPlane])
@pytest.mark.parametrize("dtype", TYPES)
def test_region(oracle, kind, dtype):
    plane = kind(numbers(np.random.default_rng(3), (90, 130), dtype), Linear(2.0, 1.0), band_rows=11)
    raster = make(plane).region(Window(20, 200, -5, 70), 10_000)
    np.testing.assert_array_equal(raster.pixels, oracle.values(plane)[0:70, 0:70].astype(np.float32))


def test_native_numbers_are_not_taken_for_big_endian_ones():
    plane = MappedPlane(np.arange(6, dtype="<i4").reshape(2, 3))
    np.testing.assert_array_equal(make(plane).tile(TileKey(0, 0, 0)).pixels[:2, :3], [[3, 4, 5], [0, 1, 2]])


def test_region_is_bounded():
    pyramid = make(MappedPlane(np.zeros((90, 130), ">f4")))
    with pytest.raises(LimitError):
        pyramid.region(Window(0, 90, 0, 130), 90 * 130 - 1)
    with pytest.raises(ParameterError):
        pyramid.region(Window(90, 100, 0, 5), 100)


def test_unknown_tiles():
    pyramid = make(MappedPlane(np.zeros((90, 130), ">f4")))
    for key in (TileKey(-1, 0, 0), TileKey(9, 0, 0), TileKey(0, 1, 0), TileKey(1, 0, -1)):
        with pytest.raises(NotFoundError):
            pyramid.tile(key)


@pytest.mark.parametrize("kind", [MappedPlane, MemoryPlane])
def test_value(kind):
    stored = np.array([[1, 2, 3], [4, -9, 6]])
    pyramid = make(kind(stored.astype(">i4"), Linear(blank=-9)))
    assert pyramid.value(0, 0) == 1
    assert isinstance(pyramid.value(0, 0), int)
    assert pyramid.value(2.49, 1.2) == 6
    assert pyramid.value(-0.5, -0.5) == 1
    assert pyramid.value(0.5, 0) == 2
    assert pyramid.value(1, 1) is None
    for x, y in ((2.5, 0), (0, 1.5), (-0.51, 0), (np.nan, 0), (np.inf, 0), (1e300, 0)):
        assert pyramid.value(x, y) is None


@pytest.mark.parametrize("kind", [MappedPlane, MemoryPlane])
def test_value_of_floats(kind):
    pyramid = make(kind(np.array([[0.1, np.nan, np.inf, -np.inf]], ">f4")))
    assert pyramid.value(0, 0) == float(np.float32(0.1))
    assert [pyramid.value(x, 0) for x in (1, 2, 3)] == [None] * 3


def test_value_of_large_integers_is_exact():
    stored = np.array([[2**62 + 1, -(2**63)]], ">i8")
    unsigned = make(MappedPlane(stored, Linear(zero=float(2**63))))
    assert unsigned.value(0, 0) == 2**62 + 1 + 2**63
    assert unsigned.value(1, 0) == 0


def test_quantum_of_integers():
    stored = np.arange(12, dtype=">i2").reshape(3, 4)
    raster = make(MappedPlane(stored, Linear(0.25, 5.0))).tile(TileKey(0, 0, 0))
    assert (raster.quantum, raster.zero) == (0.25, 5.0)
    np.testing.assert_array_equal(raster.pixels[0, :4], 5.0 + 0.25 * np.arange(8, 12))
    assert make(MemoryPlane(stored)).tile(TileKey(0, 0, 0)).quantum == 1.0
    assert make(MappedPlane((stored.astype(int) << 26).astype(">i4"))).tile(TileKey(0, 0, 0)).quantum == 0.0
    assert make(MappedPlane(stored.astype(">f4"))).tile(TileKey(0, 0, 0)).quantum == 0.0


def test_only_full_resolution_has_a_quantum():
    pyramid = make(MappedPlane(np.zeros((100, 100), ">i2")))
    assert pyramid.tile(TileKey(0, 0, 0)).quantum == 0.0
    assert pyramid.tile(TileKey(1, 0, 0)).quantum == 1.0


@pytest.mark.parametrize("sigma", [1e-3, 1.0, 50.0])
def test_noise(sigma):
    rng = np.random.default_rng(1)
    stored = (np.linspace(0, 100 * sigma, 512) + rng.normal(0, sigma, (512, 512))).astype(">f4")
    stored[100:200] = 0.0
    stored[:, 50:60] = np.nan
    pyramid = Pyramid(MappedPlane(stored), store=OverviewStore())
    assert pyramid.tile(TileKey(0, 0, 0)).noise == pytest.approx(sigma, rel=0.1)


@pytest.mark.usefixtures("low_overviews")
def test_previews_of_mapped_planes_are_pixels_of_their_squares(oracle):
    rng = np.random.default_rng(4)
    plane = MappedPlane(rng.normal(size=(700, 1001)).astype(">f4"))
    pyramid = make(plane)
    values = oracle.values(plane).astype(np.float32)
    raster = pyramid.tile(TileKey(1, 0, 1), preview=True)
    factor = pyramid.grid.factor(1)
    assert raster.preview
    rows, columns = np.nonzero(np.isfinite(raster.pixels))
    assert rows.max() == 63
    assert columns.max() == -(-1001 // factor) - 64 - 1
    for r, c in zip(rows[::97], columns[::97], strict=True):
        square = values[r * factor : (r + 1) * factor, (c + 64) * factor : (c + 65) * factor]
        assert raster.pixels[r, c] in square


def test_previews_from_a_sample_of_a_large_plane():
    rows, columns = np.mgrid[0:2400, 0:2000]
    pyramid = make(MappedPlane((rows[::-1] * 10000.0 + columns).astype(">f4")))
    raster = pyramid.tile(TileKey(0, 0, 0), preview=True)
    factor = pyramid.grid.factor(0)
    assert raster.preview
    shown = raster.pixels[: -(-2400 // factor), : -(-2000 // factor)]
    top, left = np.divmod(shown, 10000)
    r, c = np.mgrid[0 : shown.shape[0], 0 : shown.shape[1]]
    assert np.abs(top - np.minimum((r + 0.5) * factor, 2399)).max() <= factor / 2 + 3
    assert np.abs(left - np.minimum((c + 0.5) * factor, 1999)).max() <= factor / 2 + 3
    assert np.isnan(raster.pixels[shown.shape[0] :]).all()


def test_previews_become_means_when_these_are_at_hand(oracle):
    plane = MappedPlane(np.random.default_rng(4).normal(size=(2100, 2100)).astype(">f4"))
    pyramid = make(plane)
    assert pyramid.progress() == 0.0
    assert pyramid.tile(TileKey(0, 0, 0), preview=True).preview
    pyramid.tile(TileKey(0, 0, 0))
    raster = pyramid.tile(TileKey(0, 0, 0), preview=True)
    assert not raster.preview
    values = oracle.values(plane)
    assert_tile(raster, oracle.tile(values, pyramid.grid, TileKey(0, 0, 0)), values)


def test_previews_of_small_decoded_planes_show_the_sample():
    pyramid = make(MemoryPlane(np.full((2100, 2100), 7.0, ">f4"), band_rows=50))
    first = pyramid.tile(TileKey(2, 0, 0), preview=True)
    assert first.preview
    assert (first.pixels == 7.0).any()


def test_coverage_of_a_decoded_plane_is_that_of_its_data():
    data = np.zeros((2100, 2100), ">f4")
    data[100:700, 300:900] = 5.0
    covered = make(MemoryPlane(data, band_rows=50)).coverage()
    assert covered is not None
    for found, true in zip((covered.y0, covered.y1, covered.x0, covered.x1), (100, 700, 300, 900), strict=True):
        assert abs(found - true) <= 6


def test_previews_of_decoded_planes_show_what_is_there(monkeypatch):
    monkeypatch.setattr("armillary.images.sampling.DECODED_WHOLE_PIXELS", 0)
    plane = MemoryPlane(np.full((2100, 2100), 7.0, ">f4"), band_rows=50)
    pyramid = make(plane)
    nothing = pyramid.tile(TileKey(2, 0, 0), preview=True)
    assert nothing.preview
    assert np.isnan(nothing.pixels).all()
    pyramid.tile(TileKey(0, 0, 0))
    for level in (4, 5):
        finer = pyramid.tile(TileKey(level, 0, 0), preview=True)
        assert finer.preview
        np.testing.assert_array_equal(finer.pixels, 7.0)
    assert not pyramid.tile(TileKey(6, 0, 0), preview=True).preview


@pytest.mark.parametrize("kind", [MappedPlane, MemoryPlane])
def test_a_new_version_gives_new_pixels(kind):
    plane = kind(np.full((1100, 1100), 1.0, ">f4"))
    pyramid = make(plane)
    for key in (TileKey(0, 0, 0), TileKey(pyramid.grid.levels - 1, 0, 0)):
        pyramid.tile(key)
    assert pyramid.display_range().vmin < 1.0
    plane.replace(np.full((1100, 1100), 2.0, ">f4"))
    for preview in (False, True):
        for key in (TileKey(0, 0, 0), TileKey(pyramid.grid.levels - 1, 0, 0)):
            raster = pyramid.tile(key, preview=preview)
            assert raster.version == "v2" == pyramid.version
            assert set(np.unique(raster.pixels[~np.isnan(raster.pixels)])) <= {2.0}
    assert pyramid.value(3, 3) == 2.0
    assert pyramid.display_range().vmin > 1.0
    assert pyramid.histogram(8).mean == 2.0


@pytest.mark.parametrize("kind", [MappedPlane, MemoryPlane])
def test_another_shape_is_gone(kind):
    plane = kind(np.zeros((100, 100), ">f4"))
    pyramid = make(plane)
    plane.replace(np.zeros((50, 100), ">f4"))
    for call in (lambda: pyramid.tile(TileKey(0, 0, 0)), lambda: pyramid.value(1, 1), pyramid.display_range):
        with pytest.raises(VersionGoneError):
            call()


class RestlessPlane(MemoryPlane):
    """Changes at every one of the first reads."""

    changes = 2

    def window(self, window):
        values = super().window(window)
        if self.changes:
            self.changes -= 1
            self.replace(self.stored + 1)
        return values


def test_pixels_of_a_file_that_changes_are_read_again():
    plane = RestlessPlane(np.zeros((64, 64), ">f4"))
    raster = make(plane).tile(TileKey(0, 0, 0))
    assert raster.version == "v3"
    assert (raster.pixels == 2.0).all()


def test_a_file_that_keeps_changing_is_given_up():
    plane = RestlessPlane(np.zeros((64, 64), ">f4"))
    plane.changes = 1000
    with pytest.raises(VersionGoneError):
        make(plane).tile(TileKey(0, 0, 0))


class BrokenPlane(MemoryPlane):
    broken = True

    def window(self, window):
        if self.broken:
            raise UnreadableFileError("memory.fits", "it is gone.")
        return super().window(window)


@pytest.mark.parametrize("level", [0, 1, -1])
def test_errors_of_the_reader_pass_and_are_not_kept(level):
    plane = BrokenPlane(np.ones((1100, 1100), ">f4"))
    pyramid = make(plane)
    key = TileKey(level % pyramid.grid.levels, 0, 0)
    for _ in range(2):
        with pytest.raises(UnreadableFileError):
            pyramid.tile(key)
        with pytest.raises(UnreadableFileError):
            pyramid.histogram(5, exact=True)
    plane.broken = False
    assert pyramid.tile(key).pixels[0, 0] == 1.0
    assert pyramid.histogram(5, exact=True).mean == 1.0


class AtomicPlane(MappedPlane):
    """Every pixel is the number of the version, and both change in one step."""

    number = 1

    @property
    def stored(self):
        return np.full((600, 600), float(self.number), ">f4")

    @stored.setter
    def stored(self, stored):
        pass


@pytest.mark.usefixtures("low_overviews")
def test_many_threads_see_one_version_each():
    plane = AtomicPlane(np.ones((600, 600), ">f4"))
    pyramid = make(plane)
    stop = threading.Event()
    wrong = []

    def look():
        while not stop.is_set():
            for key in (TileKey(0, 0, 0), TileKey(1, 0, 1), TileKey(3, 2, 2), TileKey(pyramid.grid.levels - 1, 1, 1)):
                try:
                    raster = pyramid.tile(key)
                except VersionGoneError:
                    continue
                found = np.unique(raster.pixels[~np.isnan(raster.pixels)])
                if found.tolist() != [float(raster.version[1:])]:
                    wrong.append((key, raster.version, found))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 40):
        plane.number = number
        stop.wait(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_identity_shares_what_was_derived():
    store = OverviewStore()
    plane = MemoryPlane(np.ones((1100, 1100), ">f4"))
    first = Pyramid(plane, tile_size=64, store=store, identity="a")
    first.tile(TileKey(0, 0, 0))
    read = len(plane.bands)
    Pyramid(plane, tile_size=64, store=store, identity="a").tile(TileKey(0, 0, 0))
    assert len(plane.bands) == read
    Pyramid(plane, tile_size=64, store=store, identity="b").tile(TileKey(0, 0, 0))
    assert len(plane.bands) == 2 * read


def test_what_was_derived_goes_with_the_pyramid():
    store = OverviewStore()
    pyramid = Pyramid(MappedPlane(np.ones((300, 300), ">f4")), tile_size=64, store=store)
    pyramid.display_range()
    assert store.nbytes > 0
    del pyramid
    assert store.nbytes == 0


def test_prepare_builds_in_the_background(crew, store):
    plane = MappedPlane(np.ones((2100, 2100), ">f4"))
    pyramid = Pyramid(plane, tile_size=64, store=store, crew=crew)
    assert pyramid.progress() == 0.0
    pyramid.prepare()
    done = threading.Event()
    crew.submit(done.set)
    assert done.wait(60)
    pyramid.tile(TileKey(0, 0, 0))
    assert pyramid.progress() == 1.0


def test_small_planes_need_no_overview():
    pyramid = make(MappedPlane(np.ones((20, 2000), ">f4")))
    assert make(MappedPlane(np.ones((20, 60), ">f4"))).progress() == 1.0
    assert pyramid.grid.factor(0) == 32
    assert pyramid.progress() == 0.0


def test_warm_up_leaves_nothing_behind():
    from armillary.images.store import shared_store
    from armillary.images.warm import warm_up

    before = shared_store().nbytes
    warm_up()
    assert shared_store().nbytes == before


def test_nothing_heavy_is_imported_with_the_pyramid():
    code = "import sys, armillary.images.pyramid; print('numba' in sys.modules, 'astropy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
