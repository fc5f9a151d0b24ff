"""Margins against brute force: the great-circle distance of every row to the densified border of every partition."""

from __future__ import annotations

import healpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.catalogs.hats.pixels import Partitions, Pixel
from armillary.catalogs.ingest.pieces import cells_of
from armillary.catalogs.margins.geometry import Borders
from armillary.catalogs.margins.touching import WIDTH, neighbours, on_border, select_touching

Array = np.ndarray
ARCSEC = np.radians(1 / 3600)


def border(pixel: Pixel, step: int) -> Array:
    """Places along the border of a pixel by healpy, closed, shape (4 step + 1, 3)."""
    places = healpy.boundaries(1 << pixel.order, pixel.index, step=step, nest=True).T
    return np.concatenate([places, places[:1]])


def distances(vectors: Array, places: Array) -> Array:
    """Angle from each vector to the nearest place of a line of short segments."""
    out = np.full(len(vectors), 9.0)
    first, along = places[:-1], np.diff(places, axis=0)
    length = np.maximum((along * along).sum(axis=1), 1e-300)
    for k, vector in enumerate(vectors):
        part = np.clip(((vector - first) * along).sum(axis=1) / length, 0.0, 1.0)
        gap = first + part[:, None] * along - vector
        out[k] = 2.0 * np.arcsin(0.5 * min(2.0, np.sqrt((gap * gap).sum(axis=1).min())))
    return out


def found_by(parts: Partitions, ra: Array, dec: Array, threshold_arcsec: float) -> set[tuple[int, int]]:
    """Pairs (row, place of the margin it belongs to) as the kernels have them."""
    cells = cells_of(ra, dec)
    places = parts.places_of(cells)
    borders, pairs = Borders(parts, threshold_arcsec), set()
    for place in range(len(parts)):
        mine = np.flatnonzero(places == place)
        mine = mine[np.argsort(cells[mine], kind="stable")]
        rows, margins = borders.select(place, cells[mine], ra[mine], dec[mine])
        assert (np.diff(margins) >= 0).all()
        assert len({*zip(rows.tolist(), margins.tolist(), strict=True)}) == len(rows)
        pairs |= {*zip(mine[rows].tolist(), margins.tolist(), strict=True)}
    return pairs


def check(parts: Partitions, ra: Array, dec: Array, threshold_arcsec: float, step: int = 512) -> int:
    """Compare; rows on the very edge of a margin may be in it or not. How many are in one."""
    found = found_by(parts, ra, dec, threshold_arcsec)
    vectors = healpy.ang2vec(ra, dec, lonlat=True)
    places = parts.places_of(cells_of(ra, dec))
    threshold = threshold_arcsec * ARCSEC
    slack = 2e-15 + 1e-9 * threshold
    for place, pixel in enumerate(parts):
        far = distances(vectors, border(pixel, step))
        # A chord leaves a line that bends away by about an eighth of its length squared.
        bend = (2.0 / (1 << pixel.order) / step) ** 2
        sure = (far <= threshold - slack - bend) & (places >= 0) & (places != place)
        maybe = (far <= threshold + slack + bend) & (places >= 0) & (places != place)
        mine = {row for row, margin in found if margin == place}
        assert {*np.flatnonzero(sure).tolist()} <= mine <= {*np.flatnonzero(maybe).tolist()}, (pixel, threshold_arcsec)
    return len(found)


def near_borders(parts: Partitions, threshold_arcsec: float, rows: int, seed: int) -> tuple[Array, Array]:
    """Positions about the borders of partitions, up to twice the threshold away; a third about their corners."""
    rng = np.random.default_rng(seed)
    lines = [healpy.boundaries(1 << p.order, p.index, step=64, nest=True).T for p in parts]
    which = rng.integers(0, len(lines), rows)
    spot = np.where(rng.random(rows) < 0.33, 64 * rng.integers(0, 4, rows), rng.integers(0, 256, rows))
    vectors = np.array([lines[k][s] for k, s in zip(which, spot, strict=True)])
    away = rng.normal(size=(rows, 3))
    away -= (away * vectors).sum(axis=1, keepdims=True) * vectors
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    angle = np.minimum(rng.uniform(0, 2.0, rows) * threshold_arcsec * ARCSEC, np.pi)[:, None]
    ra, dec = healpy.vec2ang(np.cos(angle) * vectors + np.sin(angle) * away, lonlat=True)
    return ra, np.clip(dec, -90.0, 90.0)


def all_of(order: int) -> list[Pixel]:
    return [Pixel(order, k) for k in range(12 << (2 * order))]


def children(pixel: Pixel, order: int) -> list[Pixel]:
    shift = 2 * (order - pixel.order)
    return [Pixel(order, k) for k in range(pixel.index << shift, (pixel.index + 1) << shift)]


SPECIAL = {
    "faces": all_of(0),
    "order one": all_of(1),
    "north pole": [Pixel(3, (face + 1) * 64 - 1) for face in range(4)] + [Pixel(1, k) for k in range(16, 48)],
    "south pole": [Pixel(5, face << 10) for face in range(8, 12)] + [Pixel(2, 3), Pixel(0, 4), Pixel(0, 5)],
    "mixed": [*all_of(0)[1:], *children(Pixel(0, 0), 2)[1:], *children(Pixel(2, 0), 4)],
    "face corners": [Pixel(4, (face << 8) + k) for face in range(12) for k in (0, 85, 170, 255)],
    "two that meet at a corner": [Pixel(0, 0), Pixel(6, (6 << 12) - 1)],
    "right ascension 0": [Pixel(4, k) for k in range(4 << 8, (4 << 8) + 256, 5)] + all_of(0)[:4],
}


@pytest.mark.parametrize("threshold", [5.0, 600.0, 30_000.0], ids=["5", "600", "30000"])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_partitions(name: str, threshold: float) -> None:
    parts = Partitions(SPECIAL[name])
    ra, dec = near_borders(parts, threshold, 250, len(name))
    assert check(parts, ra, dec, threshold) > 20


@pytest.mark.parametrize("threshold", [0.001, 0.05], ids=["1 mas", "50 mas"])
@pytest.mark.parametrize(
    "pixel", [Pixel(8, 17), Pixel(8, 4 << 16), Pixel(8, (1 << 16) - 1), Pixel(10, 9 << 20)], ids=range(4)
)
def test_milliarcseconds(pixel: Pixel, threshold: float) -> None:
    around = neighbours(pixel.order, np.array([pixel.index]))[0]
    parts = Partitions({pixel, *(Pixel(pixel.order, int(k)) for k in around)})
    ra, dec = near_borders(parts, threshold, 120, 3)
    assert check(parts, ra, dec, threshold, step=4096) > 20


def test_thresholds_larger_than_partitions() -> None:
    parts = Partitions(children(Pixel(2, 77), 5))
    ra, dec = near_borders(parts, 40_000.0, 120, 5)
    assert check(parts, ra, dec, 40_000.0, step=64) > 100


def test_the_whole_sky_is_within_half_a_circle() -> None:
    parts = Partitions([Pixel(0, 0), Pixel(0, 10), Pixel(3, 300)])
    ra, dec = near_borders(parts, 200_000.0, 60, 7)
    inside = int((parts.places_of(cells_of(ra, dec)) >= 0).sum())
    assert len(found_by(parts, ra, dec, 180.0 * 3600.0)) == 2 * inside


@st.composite
def mixed_partitions(draw: st.DrawFn) -> Partitions:
    """A tree of pixels, some of its leaves left out."""
    pixels = [Pixel(0, k) for k in draw(st.sets(st.integers(0, 11), min_size=1, max_size=4))]
    for _ in range(draw(st.integers(0, 6))):
        pixel = pixels.pop(draw(st.integers(0, len(pixels) - 1)))
        pixels += children(pixel, pixel.order + draw(st.integers(1, 2)))
    kept = draw(st.lists(st.integers(0, len(pixels) - 1), min_size=1, max_size=12, unique=True))
    return Partitions([pixels[k] for k in kept])


@settings(max_examples=25)
@given(mixed_partitions(), st.floats(-3.0, 5.3), st.integers(0, 1000))
def test_random_partitions_and_thresholds(parts: Partitions, power: float, seed: int) -> None:
    threshold = 10.0**power
    ra, dec = near_borders(parts, threshold, 40, seed)
    check(parts, ra, dec, threshold, step=1024)


@given(st.integers(0, 12), st.integers(0, 1 << 30))
def test_neighbours_are_those_of_healpy(order: int, number: int) -> None:
    pixel = number % (12 << (2 * order))
    theirs = healpy.get_all_neighbours(1 << order, pixel, nest=True)
    if order > 0:
        assert {*neighbours(order, np.array([pixel]))[0].tolist()} == {*theirs.tolist()} - {-1}


@given(st.integers(0, 11), st.sampled_from([13, 20, 27, 29]))
def test_neighbours_of_the_smallest_pixels_too(face: int, order: int) -> None:
    last = (1 << (2 * order)) - 1
    for inside in (0, last, last // 3, last // 3 * 2, 5, last - 9):
        pixel = (face << (2 * order)) + inside
        theirs = healpy.get_all_neighbours(1 << order, pixel, nest=True)
        assert {*neighbours(order, np.array([pixel]))[0].tolist()} == {*theirs.tolist()} - {-1}


@given(st.integers(0, 4))
def test_pixels_on_the_border_of_a_pixel(depth: int) -> None:
    side = 1 << depth
    x, y, _ = healpy.pix2xyf(side, np.arange(side * side), nest=True)
    expected = (x == 0) | (x == side - 1) | (y == 0) | (y == side - 1)
    assert (on_border(np.arange(side * side), depth) == expected).all()


@settings(max_examples=25)
@given(mixed_partitions(), st.floats(0.3, 1.0), st.integers(0, 3), st.integers(0, 1000))
def test_pixels_that_touch_hold_more_than_the_exact_margin(
    parts: Partitions, part: float, deeper: int, seed: int
) -> None:
    order = parts.highest_order + deeper
    threshold = part * WIDTH / (1 << order) / ARCSEC
    ra, dec = near_borders(parts, threshold, 200, seed)
    cells = cells_of(ra, dec)
    places = parts.places_of(cells)
    touching = set()
    for place in range(len(parts)):
        mine = np.flatnonzero(places == place)
        mine = mine[np.argsort(cells[mine], kind="stable")]
        rows, margins = select_touching(parts, place, cells[mine], order)
        touching |= {*zip(mine[rows].tolist(), margins.tolist(), strict=True)}
    assert found_by(parts, ra, dec, threshold) <= touching
    pixels = cells >> (2 * (29 - order))
    for row, place in touching:
        around = healpy.get_all_neighbours(1 << order, int(pixels[row]), nest=True)
        starts = around[around >= 0] << (2 * (29 - order))
        assert place in parts.places_of(starts).tolist()
