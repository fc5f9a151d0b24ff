"""The two ways to an exact margin, by the pixels that touch and by cutting partitions up: the same rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import healpy
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.hats.pixels import Partitions
from armillary.catalogs.ingest.pieces import cells_of
from armillary.catalogs.margins.geometry import Borders
from armillary.catalogs.margins.nearness import near_borders
from armillary.sky.cells import on_faces, outlines
from armillary.sky.frames import to_vectors
from armillary.sky.healpix_arrays import split

TREES = {
    "faces": [(0, k) for k in range(12)],
    "order 2": [(2, k) for k in range(192)],
    "mixed": [(1, k) for k in range(47)] + [(4, (47 << 6) + k) for k in range(0, 64, 3)],
}


def crowd_at_borders(parts: Partitions, threshold_arcsec: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions within a few thresholds of the corners and along the sides of partitions."""
    rng = np.random.default_rng(11)
    lines = np.concatenate([healpy.boundaries(1 << p.order, p.index, step=5, nest=True).T for p in parts])
    vectors = np.repeat(lines, 6, axis=0)
    vectors = vectors + np.radians(threshold_arcsec / 3600) * rng.normal(size=vectors.shape)
    ra, dec = healpy.vec2ang(vectors, lonlat=True)
    return ra, dec


@pytest.mark.parametrize("threshold", [0.01, 5.0, 400.0])
@pytest.mark.parametrize("name", list(TREES))
def test_both_ways_find_the_same(name: str, threshold: float) -> None:
    parts = Partitions(TREES[name])
    ra, dec = crowd_at_borders(parts, threshold)
    cells = cells_of(ra, dec)
    order = np.argsort(cells, kind="stable")
    cells, ra, dec = cells[order], ra[order], dec[order]
    borders, found = Borders(parts, threshold), 0
    for place, pixel in enumerate(parts):
        low, high = np.searchsorted(cells, [pixel.start, pixel.stop])
        mine = cells[low:high], ra[low:high], dec[low:high]
        touching = borders.candidates(place, mine[0])
        assert touching is not None
        rows, margins = borders.near_ones(touching, *mine[1:])
        others = borders._select(place, *mine)
        assert np.array_equal(rows, others[0])
        assert np.array_equal(margins, others[1])
        found += len(rows)
    assert found > len(ra) // 4


def test_places_of_faces_are_those_of_outlines() -> None:
    for order in (0, 3, 29):
        pixels = np.random.default_rng(order).integers(0, 12 << (2 * order), 50)
        pixels[:12] = (np.arange(12) << (2 * order)) + ((1 << (2 * order)) - 1)
        face, x, y = split(pixels, order)
        corner = on_faces(face, x * 0.5**order, y * 0.5**order)
        assert np.allclose(corner.T, outlines(order, pixels)[:, 1], rtol=0, atol=1e-15)


@pytest.mark.parametrize("order", [0, 1, 6, 20])
def test_distance_to_a_border_is_that_of_its_nearest_place(order: int) -> None:
    """Places a little nearer than the threshold to a dense line along the border, and a little farther."""
    rng = np.random.default_rng(order)
    for pixel in rng.integers(0, 12 << (2 * order), 8).tolist():
        line = healpy.boundaries(1 << order, pixel, step=4096, nest=True).T
        vectors = line[rng.integers(0, len(line), 20)] + rng.normal(size=(20, 3)) * 0.1 / (1 << order)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        far = np.array([2 * np.arcsin(0.5 * np.linalg.norm(line - vector, axis=1).min()) for vector in vectors])
        slack = (2.0 / (1 << order) / 4096) ** 2 / np.maximum(far, 1e-12) + 1e-14
        for vector, away, more in zip(vectors, far, slack, strict=True):
            asked = vector[None], order, np.array([pixel])
            assert near_borders(*asked, away + 1e-14)[0]
            assert not near_borders(*asked, max(0.0, away - more))[0]


def test_a_small_margin_loads_nothing_slow(tmp_path: Path) -> None:
    """Each of them takes longer to load than a margin of many partitions."""
    rng = np.random.default_rng(2)
    table = pa.table({"id": np.arange(2000), "ra": rng.uniform(0, 360, 2000), "dec": rng.uniform(-80, 80, 2000)})
    pq.write_table(table, tmp_path / "a.parquet")
    program = (
        "import sys; from armillary.catalogs import import_catalog, make_margin; "
        f"import_catalog(input_paths=[{str(tmp_path / 'a.parquet')!r}], output_path={str(tmp_path)!r}, "
        "output_artifact_name='small', pixel_threshold=500); "
        f"made = make_margin(input_catalog_path={str(tmp_path / 'small')!r}, output_path={str(tmp_path)!r}, "
        "output_artifact_name='edge', margin_threshold=600); "
        "print(made.rows > 0, *sorted({'pandas', 'numba', 'astropy', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]


def test_no_place_is_nearer_than_nothing() -> None:
    nothing = np.empty(0)
    assert near_borders(to_vectors(nothing, nothing), 5, np.empty(0, np.int64), 0.1).tolist() == []
