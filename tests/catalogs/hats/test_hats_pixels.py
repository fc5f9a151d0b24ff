"""Pixels, partitions, names on disk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.catalogs.hats import names
from armillary.catalogs.hats.pixels import Partitions, Pixel
from armillary.errors import UsageError

PIXELS = st.integers(0, 12).flatmap(lambda k: st.builds(Pixel, st.just(k), st.integers(0, 12 * 4**k - 1)))


def without_overlaps(pixels: list[Pixel]) -> list[Pixel]:
    kept: list[Pixel] = []
    for pixel in pixels:
        if all(pixel.stop <= other.start or other.stop <= pixel.start for other in kept):
            kept.append(pixel)
    return kept


@given(st.lists(PIXELS, max_size=20), st.lists(st.integers(0, 12 * 4**29 - 1), max_size=20))
def test_partitions_know_where_an_index_lies(pixels: list[Pixel], cells: list[int]) -> None:
    parts = Partitions(without_overlaps(pixels))
    cells = [*cells, *(p.start for p in pixels), *(p.stop - 1 for p in pixels)]
    places = parts.places_of(np.array(cells, np.int64))
    for cell, place in zip(cells, places.tolist(), strict=True):
        expected = [k for k, pixel in enumerate(parts) if pixel.start <= cell < pixel.stop]
        assert [place] == (expected or [-1])


@given(st.lists(PIXELS, max_size=20), st.lists(PIXELS, max_size=5))
def test_partitions_that_meet_ranges(pixels: list[Pixel], ranges: list[Pixel]) -> None:
    parts = Partitions(without_overlaps(pixels))
    found = parts.within(np.array([r.start for r in ranges], np.int64), np.array([r.stop for r in ranges], np.int64))
    expected = [k for k, p in enumerate(parts) if any(r.start < p.stop and p.start < r.stop for r in ranges)]
    assert found.tolist() == expected


@given(st.lists(PIXELS, max_size=20))
def test_partitions_hold_what_was_given(pixels: list[Pixel]) -> None:
    kept = without_overlaps(pixels)
    parts = Partitions(kept)
    assert sorted(parts) == sorted(set(kept))
    assert all(pixel in parts for pixel in kept)
    assert Pixel(13, 0) not in parts
    assert "text" not in parts
    assert parts.fraction == pytest.approx(sum(1 / (12 * 4**p.order) for p in kept))


def test_pixels_that_overlap_are_refused() -> None:
    with pytest.raises(UsageError, match="overlap"):
        Partitions([(0, 1), (3, 1 << 6)])


@given(PIXELS)
def test_paths_name_their_pixel(pixel: Pixel) -> None:
    assert names.pixel_of(names.file_of(pixel)) == pixel
    assert names.pixel_of(names.file_of(pixel, "/") + "part0.parquet") == pixel
    assert f"Dir={pixel.index // 10_000 * 10_000}/" in names.file_of(pixel)


@pytest.mark.parametrize(
    "path", ["Norder=0/Dir=0/Npix=12.parquet", "Norder=30/Dir=0/Npix=1.parquet", "a.parquet"], ids=range(3)
)
def test_other_paths_name_none(path: str) -> None:
    assert names.pixel_of(path) is None
