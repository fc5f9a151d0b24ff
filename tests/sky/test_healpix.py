"""HEALPix indices against healpy."""

from __future__ import annotations

import healpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import UsageError
from armillary.sky import healpix

ORDERS = [0, 1, 2, 5, 10, 13, 20, 25, 29]


def sky(count=20000, seed=0):
    rng = np.random.default_rng(seed)
    lon = rng.uniform(-400, 800, count)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    # Near the poles, where 1 − |z| has few digits left.
    lat[: count // 4] = 90.0 - 10.0 ** rng.uniform(-9, 1, count // 4)
    lat[count // 4 : count // 2] = -90.0 + 10.0 ** rng.uniform(-9, 1, count // 4)
    return lon, lat


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("nested", [False, True])
def test_positions(order, nested):
    lon, lat = sky()
    pixels = healpix.pixels_of(1 << order, lon, lat, nested=nested)
    assert pixels.min() >= 0
    assert pixels.max() < 12 << (2 * order)
    theirs = healpy.ang2pix(1 << order, lon, lat, nest=nested, lonlat=True)
    # On the very edge of a pixel rounding decides: there ours must be a neighbour.
    differ = np.flatnonzero(pixels != theirs)
    assert len(differ) < 0.001 * len(lon) * (1 if order < 25 else 20)
    for k in differ[:20]:
        assert pixels[k] in healpy.get_all_neighbours(1 << order, theirs[k], nest=nested)


@pytest.mark.parametrize("nside", [1, 3, 5, 6, 12, 100, 1000, 12345])
def test_ring_of_any_nside(nside):
    lon, lat = sky(seed=2)
    pixels = healpix.pixels_of(nside, lon, lat)
    theirs = healpy.ang2pix(nside, lon, lat, lonlat=True)
    assert (pixels != theirs).mean() < 1e-3


@pytest.mark.parametrize("nside", [1, 2, 4, 8, 16, 64])
@pytest.mark.parametrize("nested", [False, True])
def test_centres_of_all_pixels(nside, nested):
    every = np.arange(12 * nside**2)
    lon, lat = healpy.pix2ang(nside, every, nest=nested, lonlat=True)
    np.testing.assert_array_equal(healpix.pixels_of(nside, lon, lat, nested=nested), every)


@pytest.mark.parametrize(("nside", "nested"), [(7, False), (16, False), (16, True), (1 << 15, False), (1 << 15, True)])
def test_grid_equals_points(nside, nested):
    lon, lat = np.linspace(-190.1, 400.3, 301), np.linspace(-90, 90, 173)
    pixels = healpix.pixels_of_grid(nside, lon, lat, nested=nested)
    one_by_one = healpix.pixels_of(nside, lon[None, :], lat[:, None], nested=nested)
    np.testing.assert_array_equal(pixels, one_by_one)


@pytest.mark.parametrize("order", ORDERS)
def test_orderings(order):
    nside = 1 << order
    total = 12 * nside**2
    rng = np.random.default_rng(order)
    pixels = np.arange(total) if total < 1e5 else np.concatenate([rng.integers(0, total, 20000), [0, total - 1]])
    np.testing.assert_array_equal(healpix.nest_to_ring(nside, pixels), healpy.nest2ring(nside, pixels))
    np.testing.assert_array_equal(healpix.ring_to_nest(nside, pixels), healpy.ring2nest(nside, pixels))


def test_not_a_position():
    bad = healpix.pixels_of(16, [np.nan, 10.0, np.inf, 0.0], [0.0, 90.1, 0.0, np.nan])
    assert bad.tolist() == [-1, -1, -1, -1]
    poles = healpix.pixels_of(16, [0.0, 359.9999999999999999, -1e-20], [90.0, -90.0, 0.0])
    assert (poles >= 0).all()


@given(order=st.integers(0, 29), place=st.floats(0, 1, exclude_max=True))
def test_uniq(order, place):
    index = int(place * (12 << (2 * order)))
    uniq = (4 << (2 * order)) + index
    orders, indices = healpix.cells_of_uniq([uniq])
    assert (orders[0], indices[0]) == (order, index)
    first, end = healpix.ranges_of_uniq([uniq])
    assert (int(first[0]), int(end[0])) == (index << 2 * (29 - order), (index + 1) << 2 * (29 - order))


def test_uniq_of_a_coarser_order_and_what_is_none():
    first, end = healpix.ranges_of_uniq([4 * 4**5 + 77, 4, 0, -5, 3], 3)
    assert first.tolist()[:2] == [77 >> 4, 0]
    assert (end - first).tolist() == [1, 64, 0, 0, 0]


def test_refused():
    for nside, nested in ((0, False), (1 << 30, False), (12, True)):
        with pytest.raises(UsageError):
            healpix.pixels_of(nside, 0.0, 0.0, nested=nested)
    with pytest.raises(UsageError):
        healpix.nest_to_ring(4, [192])
