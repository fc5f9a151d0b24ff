"""Which pixels become partitions: against a slow look at every pixel, and against ``hats`` itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.catalogs.hats.pixels import Partitions, Pixel
from armillary.catalogs.ingest.alignment import Counts, align

HISTOGRAMS = st.integers(0, 3).flatmap(
    lambda order: st.tuples(
        st.just(order),
        st.lists(
            st.tuples(st.integers(0, 12 * 4**order - 1), st.integers(1, 40)),
            min_size=1,
            max_size=40,
            unique_by=lambda x: x[0],
        ),
        st.integers(1, 120),
        st.integers(0, order),
        st.booleans(),
    )
)


def counts_of(pairs: list[tuple[int, int]]) -> Counts:
    pixels, counts = np.array(sorted(pairs), np.int64).T
    return Counts(pixels, counts)


def expected(counts: dict[int, int], order: int, threshold: int, lowest: int) -> set[Pixel]:
    """The largest pixels that hold no more than the threshold, found pixel by pixel."""
    found = set()
    for pixel in counts:
        for k in range(lowest, order + 1):
            shift = 2 * (order - k)
            total = sum(n for p, n in counts.items() if p >> shift == pixel >> shift)
            if total <= threshold or k == order:
                found.add(Pixel(k, pixel >> shift))
                break
    return found


@given(HISTOGRAMS)
def test_the_largest_pixels_that_fit(given_: tuple[int, list[tuple[int, int]], int, int, bool]) -> None:
    order, pairs, threshold, lowest, _ = given_
    counts = dict(pairs)
    found = align(counts_of(pairs), order, threshold, lowest_order=lowest, drop_empty_siblings=False)
    highest = max(pixel.order for pixel in found)
    if all(n <= threshold for n in counts.values()):
        assert set(found) == expected(counts, order, threshold, lowest)
    assert {pixel for pixel in found if pixel.order < highest} <= expected(counts, order, threshold, lowest)


@given(HISTOGRAMS)
def test_everything_lies_in_one_partition(given_: tuple[int, list[tuple[int, int]], int, int, bool]) -> None:
    order, pairs, threshold, lowest, drop = given_
    found = Partitions(align(counts_of(pairs), order, threshold, lowest_order=lowest, drop_empty_siblings=drop))
    cells = np.array([pixel for pixel, _ in pairs], np.int64) << (2 * (29 - order))
    places = found.places_of(cells)
    assert (places >= 0).all()
    assert set(places.tolist()) == set(range(len(found)))
    totals = np.bincount(places, [n for _, n in pairs])
    largest = found.order == found.highest_order
    assert (totals[~largest] <= threshold).all()


@given(HISTOGRAMS)
def test_as_hats_aligns(given_: tuple[int, list[tuple[int, int]], int, int, bool]) -> None:
    statistics = pytest.importorskip("hats.pixel_math.partition_stats")
    order, pairs, threshold, lowest, drop = given_
    threshold = max(threshold, *(n for _, n in pairs))  # above it hats refuses
    histogram = np.zeros(12 * 4**order, np.int64)
    for pixel, count in pairs:
        histogram[pixel] = count
    theirs = statistics.generate_alignment(
        histogram,
        highest_order=order,
        lowest_order=lowest,
        threshold=threshold,
        drop_empty_siblings=drop,
        use_lower_order=True,
    )
    ours = align(counts_of(pairs), order, threshold, lowest_order=lowest, drop_empty_siblings=drop)
    assert set(ours) == {Pixel(int(entry[0]), int(entry[1])) for entry in theirs if entry is not None}


@given(st.lists(st.lists(st.integers(0, 50), max_size=30), max_size=5))
def test_counts_add_up(parts: list[list[int]]) -> None:
    total = Counts.total([Counts.of(np.array(sorted(part), np.int64), 0) for part in parts])
    whole = sorted(value for part in parts for value in part)
    assert np.repeat(total.pixels, total.counts).tolist() == whole
    coarse = total.coarser()
    assert np.repeat(coarse.pixels, coarse.counts).tolist() == [value >> 2 for value in whole]
