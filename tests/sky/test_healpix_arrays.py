"""NESTED indices by numpy: the same numbers as the compiled loops, and as healpy."""

from __future__ import annotations

import healpy
import numpy as np
import pytest

from armillary.sky import healpix_kernels
from armillary.sky.healpix import _parts, pixels_of
from armillary.sky.healpix_arrays import BLOCK_ROWS, nested_points

Array = np.ndarray


def special() -> tuple[Array, Array]:
    """Poles, faces' corners and sides, the ends of the numbers, and what is no place."""
    lon = np.array(
        [
            0.0,
            -0.0,
            45.0,
            90.0,
            135.0,
            180.0,
            270.0,
            359.9999999999999,
            np.nextafter(360, 0),
            360.0,
            725.0,
            -1e-13,
            np.nan,
            np.inf,
        ]
    )
    edge = np.degrees(np.arcsin(2.0 / 3.0))
    lat = [0.0, 90.0, 91.0, edge, np.nextafter(edge, 90.0), 89.9999999, 1e-300, np.nan, np.inf]
    grid = np.meshgrid(lon, np.array([*lat, *(-value for value in lat)]))
    return grid[0].ravel(), grid[1].ravel()


def random(near_pole: bool) -> tuple[Array, Array]:
    rng = np.random.default_rng(5)
    count = 2 * BLOCK_ROWS + 7
    away = 10.0 ** rng.uniform(-12, 1.9, count)
    lat = np.where(rng.random(count) < 0.5, 90.0 - away, away - 90.0)
    return rng.uniform(-400, 800, count), lat if near_pole else np.degrees(np.arcsin(rng.uniform(-1, 1, count)))


PLACES = {"special": special(), "random": random(near_pole=False), "poles": random(near_pole=True)}


@pytest.mark.parametrize("order", [0, 1, 5, 10, 28, 29])
@pytest.mark.parametrize("name", list(PLACES))
def test_same_numbers_as_the_compiled_loops(name: str, order: int) -> None:
    z, lat, t = _parts(*PLACES[name])
    made, compiled = np.empty(len(z), np.int64), np.empty(len(z), np.int64)
    nested_points(order, z, lat, t, made)
    healpix_kernels.points(1 << order, True, z, np.cos(lat), t, compiled)  # noqa: FBT003 - kernels take no words
    assert np.array_equal(made, compiled)
    assert (made < 0).any() == (name == "special")


def test_same_pixels_as_healpy() -> None:
    lon, lat = PLACES["random"]
    made = np.empty(len(lon), np.int64)
    nested_points(12, *_parts(lon, lat), made)
    assert np.array_equal(made, healpy.ang2pix(1 << 12, lon, lat, nest=True, lonlat=True))
    assert np.array_equal(made, pixels_of(1 << 12, lon, lat, nested=True))
