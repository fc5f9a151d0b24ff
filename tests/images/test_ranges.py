"""Ranges suit what is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from armillary.images.plane import PlaneWords
from armillary.images.ranges import choose_range, round_up, without_blank_zeros

RNG = np.random.default_rng(11)
PLAIN = PlaneWords("plane.fits", 0)


def sky(background=1000.0, sigma=10.0, stars=0.02, size=400_000):
    values = RNG.normal(background, sigma, size)
    bright = RNG.random(size) < stars
    return (values + bright * RNG.pareto(1.0, size) * 20 * sigma).astype(np.float32)


def test_sky_from_below_the_background_to_the_stars():
    shown = choose_range(sky(), PLAIN)
    assert 960 < shown.vmin < 980
    assert 1200 < shown.vmax < 3000
    assert not shown.symmetric
    assert (shown.cmap, shown.stretch) == ("gray", "asinh")


def test_empty_sky_reaches_five_sigma():
    shown = choose_range(sky(stars=0.0), PLAIN)
    assert 1025 < shown.vmax < 1055
    assert shown.stretch == "linear"


def test_a_few_bright_stars_and_no_data_change_nothing():
    values = sky()
    before = choose_range(values, PLAIN)
    values[:20] = 1e9
    after = choose_range(values, PLAIN)
    assert after.vmin == pytest.approx(before.vmin, rel=1e-3)
    assert after.vmax == pytest.approx(before.vmax, rel=0.05)


def test_blank_zeros_change_nothing():
    values = sky()
    padded = np.concatenate([values, np.zeros(values.size // 10, np.float32)])
    assert choose_range(padded, PLAIN) == choose_range(values, PLAIN)


def test_background_subtracted_sky_is_no_signed_map():
    assert not choose_range(sky(background=0.0), PLAIN).symmetric


def test_signed_maps_are_symmetric_about_zero():
    shown = choose_range(RNG.normal(3.0, 100.0, 400_000).astype(np.float32), PLAIN)
    assert shown.symmetric
    assert shown.vmin == -shown.vmax
    assert shown.vmax == 260.0
    assert (shown.cmap, shown.stretch) == ("RdBu_r", "linear")


@pytest.mark.parametrize(
    ("words", "symmetric"),
    [
        (PLAIN, False),
        (PlaneWords("a", 0, units="uK_CMB"), True),
        (PlaneWords("a", 0, units="Jy/beam"), False),
        (PlaneWords("a", 0, stokes="Q"), True),
        (PlaneWords("a", 0, quantity="U"), True),
        (PlaneWords("a", 0, stokes="I"), False),
    ],
)
def test_units_and_stokes_tell_signed_maps(words, symmetric):
    values = RNG.normal(0.0, 100.0, 400_000) + (RNG.random(400_000) < 0.02) * RNG.uniform(0, 800, 400_000)
    assert choose_range(values.astype(np.float32), words).symmetric is symmetric


def test_masks_show_both_values():
    mask = (RNG.random(10_000) < 0.6).astype(np.float32)
    for share in (0.5, 0.01):
        values = mask if share > 0.1 else 1 - mask
        shown = choose_range(values, PLAIN, integers=True)
        assert (shown.vmin, shown.vmax) == (0.0, 1.0)


def test_nothing_to_show():
    shown = choose_range(np.empty(0, np.float32), PLAIN)
    assert (shown.vmin, shown.vmax) == (0.0, 1.0)


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0, 1e-40, 3e38, -3e38, 16777216.0])
def test_constant_planes_have_room_around_their_value(value):
    shown = choose_range(np.full(100, value, np.float32), PLAIN)
    assert np.float32(shown.vmin) < np.float32(value) < np.float32(shown.vmax)
    assert np.isfinite([shown.vmin, shown.vmax]).all()


@given(hnp.arrays(np.float32, st.integers(0, 60), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_any_values_give_a_range(values):
    shown = choose_range(values, PLAIN)
    assert np.isfinite([np.float32(shown.vmin), np.float32(shown.vmax)]).all()
    assert np.float32(shown.vmin) < np.float32(shown.vmax)
    assert not shown.symmetric or shown.vmin == -shown.vmax


def test_zeros_stay_where_they_are_few_or_all():
    values = np.array([0, 1, 2, 3] * 25, np.float32)
    assert without_blank_zeros(values, 0.3).size == 100
    assert without_blank_zeros(values, 0.2).size == 75
    assert without_blank_zeros(np.zeros(5, np.float32), 0.2).size == 5


@pytest.mark.parametrize(
    ("value", "rounded"), [(0, 0), (257.1, 260), (0.0123, 0.013), (100.0, 100), (1.0, 1), (9.91, 10)]
)
def test_round_up(value, rounded):
    assert round_up(value) == rounded
