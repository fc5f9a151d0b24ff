"""Regions and footprints: who meets whom, against brute force on dense samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.sky.footprint_index import FootprintIndex, cover_of
from armillary.sky.footprints import all_sky, merged, of_cells, of_polygon, of_ring
from armillary.sky.frames import to_angles, to_vectors
from armillary.sky.healpix import pixels_of
from armillary.sky.regions import Circle, Polygon, Range
from armillary.sky.regions_base import across


def box(ra, dec, size, *, turn=0.0, corners=4):
    """A regular polygon about a place, counter-clockwise on the sky; its circumscribed circle has ``size`` degrees."""
    centre = to_vectors(ra, dec)
    first, second = across(centre)
    angles = -(np.arange(corners) / corners * 2 * np.pi + turn)  # against the outward normal: seen from inside
    radius = math.radians(size)
    return math.cos(radius) * centre + math.sin(radius) * (
        np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * second
    )


def samples(corners, n=60):
    """Places all over a convex polygon, border and corners included."""
    centre = corners.mean(axis=0)
    parts = []
    for one, two in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        u, v = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
        u, v = u.ravel()[:, None], v.ravel()[:, None]
        parts.append(centre + u * ((1 - v) * one + v * two - centre))
    all_ = np.concatenate(parts)
    return all_ / np.linalg.norm(all_, axis=1, keepdims=True)


def certain(region, corners):
    """True, False, or None where samples cannot tell."""
    places = samples(corners)
    if region.contains(places).any():
        return True
    clearance = region.clearance(places)
    step = (
        np.radians(2.0)
        if np.ptp(corners) > 0.5
        else np.linalg.norm(corners - np.roll(corners, 1, 0), axis=1).max() / 25
    )
    return False if -clearance.max() > step else None


places = st.tuples(st.floats(0, 360), st.floats(-90, 90))
sizes = st.sampled_from([1e-4, 0.01, 1.0, 10.0, 40.0])


@st.composite
def regions(draw):
    ra, dec = draw(places)
    size = draw(sizes)
    kind = draw(st.sampled_from(["circle", "range", "polygon"]))
    if kind == "circle":
        return Circle(ra, dec, size)
    if kind == "range":
        width = draw(st.sampled_from([size, 3 * size, 200.0, 360.0]))
        return Range(ra, ra + width, max(-90.0, dec - size), min(90.0, dec + size))
    corners = box(ra, dec, size, turn=draw(st.floats(0, 6)), corners=draw(st.integers(3, 7)))
    return Polygon(np.stack(to_angles(corners), axis=-1))


@given(
    region=regions(),
    place=places,
    near=st.booleans(),
    away=st.floats(-2, 2),
    size=sizes,
    turn=st.floats(0, 6),
    corners=st.integers(3, 9),
)
@settings(max_examples=400, deadline=None)
def test_meeting_is_as_samples_have_it(region, place, near, away, size, turn, corners) -> None:
    if near:
        ra, dec = to_angles(region.cone()[0])
        reach = math.degrees(region.cone()[1]) + size
        place = float(ra) + away * reach, float(np.clip(dec + away * reach * 0.6, -90, 90))
    shape = box(*place, size, turn=turn, corners=corners)
    expected = certain(region, shape)
    if expected is not None:
        assert bool(FootprintIndex([of_polygon(shape)]).meeting(region)[0]) is expected


def test_sides_that_cross_without_any_corner_inside() -> None:
    """A cross of two long rectangles, and a bar across a ring of right ascensions."""
    tall = to_vectors([9.9, 10.1, 10.1, 9.9], [-5.0, -5.0, 5.0, 5.0])
    index = FootprintIndex([of_polygon(tall)])
    wide = Polygon(np.array([[5.0, -0.1], [15.0, -0.1], [15.0, 0.1], [5.0, 0.1]]))
    assert index.meeting(wide)[0]
    assert index.meeting(Range(5, 15, -0.1, 0.1))[0]
    assert index.meeting(Range(0, 360, -0.1, 0.1))[0]
    assert index.meeting(Range(350, 10, -0.1, 0.1))[0]
    assert not index.meeting(Range(10.2, 9.8, -0.1, 0.1))[0]
    assert not index.meeting(Circle(190.0, 0.0, 5.0))[0]


def test_a_region_within_a_polygon_and_around_it() -> None:
    shape = of_polygon(box(0.0, 89.0, 5.0))
    index = FootprintIndex([shape])
    for region in (Circle(0, 90, 0.001), Circle(0, 90, 60), Circle(0, 90, 0.0), Range(0, 360, 89.99, 90)):
        assert index.meeting(region)[0]
    assert not index.meeting(Circle(0, -90, 80))[0]
    assert index.meeting(Circle(0, -90, 179))[0]


def test_shapes_of_every_kind_and_their_rows() -> None:
    cells = of_cells(6, pixels_of(64, [40.0, 41.0], [30.0, 30.0], nested=True))
    footprints = [None, all_sky(), of_ring(-30, -20), cells, of_polygon(box(100, 0, 1))]
    index = FootprintIndex([*footprints, merged([footprints[4], of_polygon(box(200, 0, 1))])])
    assert index.meeting(Circle(40, 30, 0.1)).tolist() == [False, True, False, True, False, False]
    assert index.meeting(Circle(7, -25, 0.1)).tolist() == [False, True, True, False, False, False]
    assert index.meeting(Circle(200, 0, 0.1)).tolist() == [False, True, False, False, False, True]
    assert index.meeting(Range(0, 360, -90, 90)).tolist() == [False, True, True, True, True, True]
    assert index.holding(to_vectors([40.0, 7.0, 100.0], [30.0, -25.0, 0.0])).astype(int).tolist() == [
        [0, 0, 0],
        [1, 1, 1],
        [0, 1, 0],
        [1, 0, 0],
        [0, 0, 1],
        [0, 0, 1],
    ]


def test_an_empty_index() -> None:
    index = FootprintIndex([])
    assert index.meeting(Circle(0, 0, 1)).shape == (0,)
    assert index.covering(Circle(0, 0, 1)).shape == (0,)
    assert index.enclosed(Circle(0, 0, 1)).shape == (0,)


def test_covering_and_enclosed() -> None:
    index = FootprintIndex([of_polygon(box(10, 10, 2)), of_ring(0, 20), all_sky(), of_polygon(box(10, 10, 0.1)), None])
    assert index.covering(Circle(10, 10, 1)).tolist() == [True, True, True, False, False]
    assert index.enclosed(Circle(10, 10, 1)).tolist() == [False, False, False, True, False]
    assert index.enclosed(Range(0, 360, -5, 25)).tolist() == [True, True, False, True, False]
    assert index.enclosed(Range(0, 360, -90, 90)).tolist() == [True, True, True, True, False]
    assert index.enclosed(Range(0, 350, -5, 25)).tolist() == [True, False, False, True, False]
    cells = FootprintIndex([of_cells(6, pixels_of(64, [40.0], [30.0], nested=True))])
    assert cells.enclosed(Circle(40, 30, 5))[0]
    assert not cells.enclosed(Circle(40, 30, 0.01))[0]
    assert cells.covering(Circle(40, 30, 0.001))[0]


@given(regions(), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_a_cover_holds_its_region_and_little_more(region, seed) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(500, 3))
    centre, radius = region.cone()
    vectors[:250] = centre + vectors[:250] * math.tan(min(radius, 1.4)) * 0.4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cover = cover_of(region)
    pixels = pixels_of(1 << 29, *to_angles(vectors), nested=True)
    covered = ((cover[:, 0] <= pixels[:, None]) & (pixels[:, None] < cover[:, 1])).any(axis=1)
    inside = region.contains(vectors)
    assert covered[inside].all()
    far = region.clearance(vectors) < -max(0.1, 0.2 * radius)
    assert not covered[far].any()


@pytest.mark.parametrize("order", [0, 3, 7])
def test_cells_meet_what_lies_in_them(order) -> None:
    cell = pixels_of(1 << order, [123.0], [45.0], nested=True)
    index = FootprintIndex([of_cells(order, cell)])
    assert index.meeting(Circle(123, 45, 1e-5))[0]
    assert not index.meeting(Circle(303, -45, 1e-5))[0]
