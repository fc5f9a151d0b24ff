"""Statistics against numpy and astropy."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.visualization import ZScaleInterval
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from armillary.errors import ParameterError
from armillary.images.counting import quantiles
from armillary.images.plane import Linear
from armillary.images.pyramid import Pyramid
from armillary.images.sampling import Sample, grid_step, patch_windows, take_sample
from armillary.images.statistics import PERCENTS, covered_box
from armillary.images.store import OverviewStore
from armillary.images.subject import Subject
from armillary.images.zscale import zscale
from armillary.sky.grid import Window
from armillary.testing.memory_planes import MappedPlane, MemoryPlane

KINDS = [MappedPlane, MemoryPlane]


def make(plane):
    return Pyramid(plane, store=OverviewStore())


def mixed(shape=(300, 411), seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_cauchy(shape).astype(">f4")
    values[rng.random(shape) < 0.2] = np.nan
    values[0, :3] = [np.inf, -np.inf, 0.0]
    return values


@given(
    hnp.arrays(np.float32, st.integers(1, 300), elements=st.floats(-(2.0**100), 2.0**100, width=32)),
    st.lists(st.floats(0, 100), min_size=1, max_size=9),
)
def test_quantiles_are_those_of_numpy(values, q):
    expected = np.percentile(values.astype(float), q)
    np.testing.assert_allclose(quantiles(values, np.array(q)), expected, rtol=1e-12, atol=1e-12 * np.abs(values).max())


def test_quantiles_of_signed_zeros_and_tiny_numbers():
    values = np.array([-0.0, 0.0, 1e-45, -1e-45, 1e38, -1e38], np.float32)
    np.testing.assert_array_equal(quantiles(values, np.linspace(0, 100, 6)), np.sort(values).astype(float))


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_histogram_is_that_of_numpy(kind, exact):
    plane = kind(mixed(), band_rows=13)
    valid = plane.stored[np.isfinite(plane.stored)].astype(float)
    got = make(plane).histogram(77, exact=exact, vmin=-3.0, vmax=2.0)
    counts, edges = np.histogram(valid, 77, (-3.0, 2.0))
    np.testing.assert_array_equal(got.counts, counts)
    np.testing.assert_array_equal(got.edges, edges)
    assert (got.below, got.above) == ((valid < -3).sum(), (valid > 2).sum())
    assert got.nan == plane.stored.size - valid.size
    assert got.total == plane.stored.size == got.counts.sum() + got.nan + got.below + got.above
    assert (got.minimum, got.maximum) == (valid.min(), valid.max())
    assert got.mean == pytest.approx(valid.mean(), rel=1e-9)
    assert got.std == pytest.approx(valid.std(), rel=1e-9)
    np.testing.assert_allclose(list(got.percentiles.values()), np.percentile(valid, PERCENTS), rtol=1e-12)
    assert list(got.percentiles) == [f"{q:g}" for q in PERCENTS]
    assert (got.exact, got.version) == (exact, "v1")


@pytest.mark.parametrize("dtype", [">u1", ">i2", ">i4", ">i8", ">f8"])
def test_exact_statistics_of_every_type(dtype):
    rng = np.random.default_rng(1)
    plane = MappedPlane(rng.integers(0, 200, (211, 305)).astype(dtype), Linear(0.1, -7.0, 13))
    values = -7.0 + 0.1 * plane.stored.astype(float)
    if plane.stored.dtype.kind != "f":
        values[plane.stored == 13] = np.nan
    valid = values[np.isfinite(values)].astype(np.float32).astype(float)
    pyramid = make(plane)
    got = pyramid.histogram(50, exact=True)
    np.testing.assert_array_equal(got.counts, np.histogram(valid, 50)[0])
    q = [0, 3, 33.3, 100]
    np.testing.assert_allclose(pyramid.percentiles(q, exact=True), np.percentile(valid, q), rtol=1e-12)
    assert got.std == pytest.approx(valid.std(), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_exact_looks_at_every_pixel_and_a_sample_at_fewer(kind):
    values = np.zeros((1500, 2000), ">f4")
    values[777, 1234] = 5.0
    values[:, :100] = np.nan
    pyramid = make(kind(values, band_rows=64))
    exact, sampled = pyramid.histogram(16, exact=True), pyramid.histogram(16)
    assert exact.maximum == 5.0
    assert exact.total == 3_000_000
    assert exact.nan == 150_000
    assert 200_000 < sampled.total < 1_100_000
    assert 0.01 < sampled.nan / sampled.total < 0.1


def test_exact_passes_are_kept():
    plane = MemoryPlane(mixed(), band_rows=50)
    pyramid = make(plane)
    pyramid.histogram(16, exact=True)
    read = len(plane.bands)
    pyramid.histogram(16, exact=True)
    pyramid.percentiles([50.0, 99.5], exact=True)
    assert len(plane.bands) == read


def test_nothing_and_one_thing():
    nothing = make(MappedPlane(np.full((9, 9), np.nan, ">f4")))
    got = nothing.histogram(4)
    assert (got.nan, got.total, got.counts.sum(), got.mean, got.zscale) == (81, 81, 0, None, None)
    assert set(got.percentiles.values()) == {None}
    assert np.isnan(nothing.percentiles([50.0])).all()
    one = make(MappedPlane(np.full((9, 9), 7.0, ">f4"))).histogram(4, exact=True)
    assert (one.mean, one.std, one.counts.sum(), one.below, one.above) == (7.0, 0.0, 81, 0, 0)
    assert one.edges[0] < 7.0 < one.edges[-1]
    assert one.zscale == (7.0, 7.0)


@pytest.mark.parametrize(
    ("bins", "vmin", "vmax"),
    [
        (0, None, None),
        (65537, None, None),
        (4, 2.0, 1.0),
        (4, 1.0, 1.0),
        (4, np.nan, 1.0),
        (4, 0.0, np.inf),
        (4, -1e300, 0),
    ],
)
def test_bad_histograms(bins, vmin, vmax):
    with pytest.raises(ParameterError):
        make(MappedPlane(np.zeros((9, 9), ">f4"))).histogram(bins, vmin=vmin, vmax=vmax)


@pytest.mark.parametrize("q", [[], [-1.0], [101.0], [np.nan], [50.0] * 2000])
def test_bad_percentiles(q):
    with pytest.raises(ParameterError):
        make(MappedPlane(np.zeros((9, 9), ">f4"))).percentiles(q)


@pytest.mark.parametrize("bins", [1, 65536])
def test_one_limit_beyond_all_values(bins):
    pyramid = make(MappedPlane(np.arange(100, dtype=">f4").reshape(10, 10)))
    low = pyramid.histogram(bins, vmin=500.0)
    assert (low.below, low.above, low.edges[0]) == (100, 0, 500.0)
    high = pyramid.histogram(bins, vmax=-500.0)
    assert (high.below, high.above, high.edges[-1]) == (0, 100, -500.0)


@given(
    st.integers(5, 3000),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["normal", "stars", "integers", "constant", "line"]),
)
def test_zscale_is_that_of_astropy(size, seed, kind):
    rng = np.random.default_rng(seed)
    values = {
        "normal": lambda: rng.normal(100, 5, size),
        "stars": lambda: rng.normal(100, 5, size) + (rng.random(size) < 0.1) * rng.pareto(0.7, size) * 30,
        "integers": lambda: rng.integers(0, 4, size),
        "constant": lambda: np.full(size, 3.0),
        "line": lambda: np.arange(size) * 1.0,
    }[kind]().astype(np.float32)
    expected = ZScaleInterval().get_limits(values)
    span = float(values.max() - values.min()) or 1.0
    np.testing.assert_allclose(zscale(values), expected, atol=1e-3 * span)


def test_grid_steps_are_primes_and_few_pixels_remain():
    for shape in ((1, 1), (1000, 1000), (1001, 1000), (10320, 43200), (10**6, 10**6), (1, 10**9), (10**8, 10)):
        step = grid_step(shape)
        assert step == 1 or all(step % k for k in range(2, step))
        assert (-(-shape[0] // step)) * (-(-shape[1] // step)) <= 1_100_000


@given(st.integers(1, 20000), st.integers(1, 20000), st.integers(1, 300))
def test_patches_lie_inside(ny, nx, band_rows):
    windows = patch_windows((ny, nx), min(band_rows, ny))
    assert windows
    for window in windows:
        assert 0 <= window.y0 < window.y1 <= ny
        assert 0 <= window.x0 < window.x1 <= nx
    assert sum(window.shape[0] * window.shape[1] for window in windows) <= 1_200_000


def test_samples_are_top_down_grids():
    stored = (np.arange(1500)[:, None] * 2000.0 + np.arange(2000)).astype(">f8")
    sample = take_sample(Subject(MappedPlane(stored), OverviewStore()))
    assert sample.step == 2
    np.testing.assert_array_equal(sample.pixels, stored[::-1][::2, ::2].astype(np.float32))


class SamplingPlane(MemoryPlane):
    """Samples cheaply, as compressed tiles allow."""

    def sample(self, step):
        return np.where(np.ones(self.shape), 1e300, 0)[::step, ::step].astype(np.float32)


def test_what_readers_sample_is_used():
    with np.errstate(over="ignore"):
        pyramid = make(SamplingPlane(np.zeros((1500, 2000), ">f4")))
        assert pyramid.coverage() is None
        assert not pyramid.plane.bands


def test_coverage_is_the_box_of_the_data_a_little_wider():
    values = np.full((1800, 2500), np.nan, ">f4")
    values[300:701, 40:1903] = 1.0
    box = make(MappedPlane(values)).coverage()
    step = grid_step(values.shape)
    assert 0 <= 300 - box.y0 < 2 * step
    assert 0 <= box.y1 - 701 < 2 * step
    assert 0 <= 40 - box.x0 < 2 * step
    assert 0 <= box.x1 - 1903 < 2 * step


@pytest.mark.parametrize(("border", "trimmed"), [(30, True), (3, False)])
def test_many_zeros_are_no_coverage(border, trimmed):
    values = np.zeros((100, 100), ">f4")
    values[border:-border, border:-border] = np.random.default_rng(0).normal(size=(100 - 2 * border,) * 2)
    box = make(MappedPlane(values)).coverage()
    assert box == (Window(30, 70, 30, 70) if trimmed else Window(0, 100, 0, 100))


def test_coverage_of_zeros_alone():
    assert make(MappedPlane(np.zeros((10, 20), ">f4"))).coverage() == Window(0, 10, 0, 20)


def test_coverage_of_patches_is_everything():
    pixels = np.array([[np.nan, 1.0]], np.float32)
    assert covered_box(Sample(pixels, 0), (30, 40)) == Window(0, 30, 0, 40)
