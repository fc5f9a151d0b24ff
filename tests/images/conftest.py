"""A plain oracle for pyramids."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from armillary.images.crew import Crew
from armillary.images.store import OverviewStore
from armillary.sky.grid import TileKey


def values_of(plane):
    """Float64 values, row 0 at the top, NaN where there is no data."""
    values = plane.linear.zero + plane.linear.scale * plane.stored.astype(np.float64)
    if plane.linear.blank is not None and plane.stored.dtype.kind in "iu":
        values[plane.stored == plane.linear.blank] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values[::-1]


def level_of(values, factor):
    """Means of the valid pixels of squares of a top-down array, in extended precision."""
    ny, nx = values.shape
    rows, columns = -(-ny // factor), -(-nx // factor)
    padded = np.full((rows * factor, columns * factor), np.nan)
    padded[:ny, :nx] = values
    squares = padded.reshape(rows, factor, columns, factor).astype(np.longdouble)
    sums, counts = np.nansum(squares, axis=(1, 3)), np.isfinite(squares).sum(axis=(1, 3))
    return np.where(counts, sums / np.maximum(counts, 1), np.nan).astype(float)


def tile_of(values, grid, key):
    """A tile as float64, NaN where there is no data."""
    level, size = level_of(values, grid.factor(key.level)), grid.tile_size
    tile = np.full((size, size), np.nan)
    part = level[key.row * size : (key.row + 1) * size, key.col * size : (key.col + 1) * size]
    tile[: part.shape[0], : part.shape[1]] = part
    return tile


def keys_of(grid):
    """Every tile address of a grid."""
    return [
        TileKey(level, row, col)
        for level in range(grid.levels)
        for row in range(grid.tiles(level)[0])
        for col in range(grid.tiles(level)[1])
    ]


@pytest.fixture(scope="session")
def oracle():
    return SimpleNamespace(values=values_of, level=level_of, tile=tile_of, keys=keys_of)


@pytest.fixture
def store():
    return OverviewStore(64 << 20)


@pytest.fixture
def crew():
    crew = Crew()
    yield crew
    crew.close()
