"""Membership, distances, areas and borders of regions against astropy and healpy."""

from __future__ import annotations

import math

import healpy
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import assume, given
from hypothesis import strategies as st

from armillary.errors import LimitError, ParameterError
from armillary.sky.frames import to_angles, to_vectors
from armillary.sky.regions import Circle, Polygon, Range, parse_pos
from armillary.sky.regions_base import angle

NSIDE = 32
SPHERE = 4 * math.pi * math.degrees(1) ** 2
VECTORS = np.stack(healpy.pix2vec(NSIDE, np.arange(healpy.nside2npix(NSIDE))), axis=-1)
LONGITUDES = st.floats(-400, 800)
LATITUDES = st.floats(-90, 90)
REGIONS = [
    "CIRCLE 10 20 30",
    "CIRCLE 359.9 0 5",
    "CIRCLE 40 90 20",
    "CIRCLE 40 -89 100",
    "CIRCLE 0 0 179",
    "RANGE 10 40 -20 30",
    "RANGE 340 20 60 90",
    "RANGE 20 340 -90 -10",
    "RANGE -Inf +Inf 30 +Inf",
    "RANGE 0 270 -Inf +Inf",
    "RANGE 100 330 -30 60",
    "POLYGON 0 0 30 0 30 30 0 30",
    "POLYGON 0 30 30 30 30 0 0 0",
    "POLYGON 350 -20 20 -10 10 20 0 0 340 15",
    "POLYGON 0 60 90 60 180 60 270 60",
    "POLYGON 0 -60 120 -75 240 -50",
    "POLYGON 0 0 80 10 160 -10 240 10 320 -10",
    "POLYGON 10 -80 20 -80 20 80 10 80",
]


def inside_by_winding(corners: np.ndarray, point: np.ndarray) -> bool:
    """Whether the border turns once about a point, for polygons within a hemisphere about it."""
    ahead = np.roll(corners, -1, axis=0)
    one, two = np.cross(point, corners), np.cross(point, ahead)
    turns = np.arctan2(np.cross(one, two) @ point, (one * two).sum(axis=1))
    return abs(turns.sum()) > math.pi


@pytest.mark.parametrize("text", REGIONS)
def test_the_share_of_the_sky_inside_is_the_area(text: str) -> None:
    region = parse_pos(text)
    share = region.contains(VECTORS).mean() * SPHERE
    border = sum(arc.length for arc in region.arcs()) * math.degrees(1)
    pixel = healpy.nside2resol(NSIDE) * math.degrees(1)
    assert share == pytest.approx(region.area_deg2, abs=0.6 * border * pixel + 2 * pixel**2)


@pytest.mark.parametrize("text", REGIONS)
def test_clearance_has_the_side_and_is_never_more_than_the_distance_to_the_border(text: str) -> None:
    region = parse_pos(text)
    clearance = region.clearance(VECTORS)
    assert ((clearance >= 0) == region.contains(VECTORS))[np.abs(clearance) > 1e-9].all()
    border = np.concatenate([arc.at(np.linspace(0, 1, 2000)) for arc in region.arcs()])
    nearest = 2 * np.arcsin(np.sqrt(np.clip(1 - (VECTORS @ border.T).max(axis=1), 0, 2) / 2))
    assert (np.abs(clearance) <= nearest + 1e-9).all()
    if not isinstance(region, Range):
        spacing = max(arc.length for arc in region.arcs()) / 2000
        np.testing.assert_allclose(np.abs(clearance), nearest, atol=spacing)


@pytest.mark.parametrize("text", REGIONS)
def test_the_cone_holds_the_region_and_the_centre(text: str) -> None:
    region = parse_pos(text)
    middle, radius = region.cone()
    border = np.concatenate([arc.at(np.linspace(0, 1, 500)) for arc in region.arcs()])
    inside = np.concatenate([border, VECTORS[region.contains(VECTORS)], region.centre()[None]])
    assert angle(inside, middle).max() <= radius + 1e-9
    assert radius <= math.pi


@pytest.mark.parametrize("text", REGIONS)
def test_the_border_lies_on_the_border_and_joins_up(text: str) -> None:
    region = parse_pos(text)
    for arc in region.arcs():
        points = arc.at(np.linspace(0, 1, 200))
        assert np.abs(region.clearance(points)).max() < 1e-9
        assert region.contains(points).all()
        assert angle(points[1:], points[:-1]).sum() == pytest.approx(arc.length, rel=1e-3)


@pytest.mark.parametrize("text", REGIONS)
def test_the_words_say_the_same_region(text: str) -> None:
    region = parse_pos(text)
    again = parse_pos(region.words)
    assert again.words == region.words
    assert np.array_equal(again.contains(VECTORS), region.contains(VECTORS))


@given(LONGITUDES, LATITUDES, st.floats(0, 180), LONGITUDES, LATITUDES)
def test_circles_hold_what_is_within_the_separation(ra, dec, radius, lon, lat) -> None:
    apart = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(lon * u.deg, lat * u.deg)).deg
    assume(abs(apart - radius) > 1e-9)
    circle = Circle(ra, dec, radius)
    assert bool(circle.contains(to_vectors(lon, lat))) == (apart < radius)
    assert circle.clearance(to_vectors(lon, lat)) == pytest.approx(math.radians(radius - apart), abs=1e-12)


@given(st.floats(0, 360), st.floats(-90, 90), st.floats(1e-7, 1e-3), st.floats(0, 360))
def test_tiny_circles_are_exact(ra, dec, radius, direction) -> None:
    lon, lat, way = np.radians([ra, dec, direction])
    centre = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    for factor in (0.999, 1.001):
        # By vectors: an arcsine next to a pole would lose half of the digits.
        apart = math.radians(radius * factor)
        place = math.cos(apart) * centre + math.sin(apart) * (math.cos(way) * north + math.sin(way) * east)
        assert bool(Circle(ra, dec, radius).contains(place)) == (factor < 1), factor


@given(LONGITUDES, st.floats(0, 400), LATITUDES, LATITUDES, st.floats(0, 360), LATITUDES)
def test_ranges_hold_what_lies_eastward_of_the_first_meridian(ra, width, dec1, dec2, lon, lat) -> None:
    low, high = sorted((dec1, dec2))
    region = Range(ra, ra + width, low, high)
    east = (lon - ra) % 360
    assume(min(abs(lat - low), abs(lat - high)) > 1e-9)
    assume(width >= 360 or min(abs(east - width), east, 360 - east) * math.cos(math.radians(lat)) > 1e-9)
    assert bool(region.contains(to_vectors(lon, lat))) == (low < lat < high and (width >= 360 or east < width))


def test_both_borders_of_a_range_belong_to_it() -> None:
    ra, dec = np.meshgrid(np.arange(0.0, 360.0), np.arange(-90.0, 91.0))
    found = parse_pos("RANGE 350 10 -5 5").contains(to_vectors(ra, dec))
    wanted = ((ra >= 350) | (ra <= 10)) & (np.abs(dec) <= 5)
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("width", ["0 360", "-180 180", "10 370", "-Inf +Inf", "0 +Inf", "-Inf 360", "0 1e5"])
def test_the_whole_circle_has_no_meridians(width: str) -> None:
    region = parse_pos(f"RANGE {width} -90 90")
    assert region.contains(VECTORS).all()
    assert region.arcs() == []
    assert region.area_deg2 == pytest.approx(SPHERE)


def test_poles_belong_to_every_range_that_reaches_them() -> None:
    assert parse_pos("RANGE 10 20 0 90").contains(to_vectors(200.0, 90.0))
    assert not parse_pos("RANGE 10 20 0 89").contains(to_vectors(15.0, 90.0))


@given(st.data())
def test_convex_polygons_hold_what_healpy_finds(data) -> None:
    count = data.draw(st.integers(3, 12))
    ra, dec = data.draw(st.floats(0, 360)), data.draw(LATITUDES)
    radius = data.draw(st.floats(3, 80))
    turns = np.sort(data.draw(st.lists(st.integers(0, 359), min_size=count, max_size=count, unique=True)))
    assume(np.diff(np.append(turns, turns[0] + 360)).max() < 175)
    corners = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(turns * u.deg, radius * u.deg)
    points = to_vectors(corners.ra.deg, corners.dec.deg)
    polygon = Polygon(np.stack([corners.ra.deg, corners.dec.deg], axis=-1))
    found = set(np.flatnonzero(polygon.contains(VECTORS)).tolist())
    wanted = set(healpy.query_polygon(NSIDE, points).tolist())
    doubtful = set(np.flatnonzero(np.abs(polygon.clearance(VECTORS)) < 1e-9).tolist())
    assert found ^ wanted <= doubtful


@given(st.data())
def test_star_shaped_polygons_hold_what_their_border_turns_about(data) -> None:
    count = data.draw(st.integers(3, 40))
    ra, dec = data.draw(st.floats(0, 360)), data.draw(LATITUDES)
    size = 10 ** data.draw(st.floats(-5, 1.5))
    seed = data.draw(st.integers(0, 1 << 30))
    random = np.random.default_rng(seed)
    turns = (np.arange(count) + random.uniform(0.05, 0.95, count)) * 360 / count
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    corners = centre.directional_offset_by(turns * u.deg, size * random.uniform(0.2, 1, count) * u.deg)
    polygon = Polygon(np.stack([corners.ra.deg, corners.dec.deg], axis=-1))
    points = to_vectors(corners.ra.deg, corners.dec.deg)
    tried = centre.directional_offset_by(random.uniform(0, 360, 60) * u.deg, size * random.uniform(0, 1.3, 60) * u.deg)
    vectors = to_vectors(tried.ra.deg, tried.dec.deg)
    clear = np.abs(polygon.clearance(vectors)) > 1e-11
    wanted = np.array([inside_by_winding(points, vector) for vector in vectors])
    assert np.array_equal(polygon.contains(vectors)[clear], wanted[clear])


def test_a_polygon_of_a_thousand_corners() -> None:
    turns = np.arange(1000) * 0.36
    radii = np.where(np.arange(1000) % 2, 20.0, 25.0)
    corners = SkyCoord(80 * u.deg, 85 * u.deg).directional_offset_by(turns * u.deg, radii * u.deg)
    polygon = Polygon(np.stack([corners.ra.deg, corners.dec.deg], axis=-1))
    apart = np.degrees(angle(VECTORS, to_vectors(80.0, 85.0)))
    found = polygon.contains(VECTORS)
    assert found[apart < 19.9].all()
    assert not found[apart > 25].any()
    assert 0 < found[(apart > 20.5) & (apart < 24.5)].mean() < 1


def test_the_area_of_a_tiny_polygon_keeps_its_digits() -> None:
    side = 1 / 3600
    square = Polygon(np.array([[10, 0], [10 + side, 0], [10 + side, side], [10, side]]))
    assert square.area_deg2 == pytest.approx(side * side, rel=1e-6)


def test_the_order_of_the_corners_does_not_matter() -> None:
    corners = np.array([[350, -20], [20, -10], [10, 20], [0, 0], [340, 15]])
    one, two = Polygon(corners), Polygon(corners[::-1])
    assert np.array_equal(one.contains(VECTORS), two.contains(VECTORS))
    assert one.area_deg2 == pytest.approx(two.area_deg2)
    assert one.area_deg2 < SPHERE / 2


def test_half_the_sky() -> None:
    region = parse_pos("POLYGON 0 0 120 0 240 0")
    assert region.area_deg2 == pytest.approx(SPHERE / 2)
    assert region.contains(VECTORS).mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("corner", [0, 1, 2])
def test_positions_that_are_not_finite_lie_nowhere(corner: int) -> None:
    vectors = np.full((4, 3), np.nan)
    vectors[1:] = np.eye(3)
    text = ["CIRCLE 0 0 180", "RANGE 0 360 -90 90", "POLYGON 0 -80 120 -80 240 -80"][corner]
    assert not parse_pos(text).contains(vectors)[0]
    assert np.isnan(parse_pos(text).clearance(vectors)[0])


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ("0 0 10 10", "at least 3 corners"),
        ("0 0 10 0 10 10 0", "odd"),
        ("0 0 10 10 10 0 0 10", "sides 1 and 3 of the polygon cross"),
        ("0 0 10 0 20 0", "cross or touch"),
        ("0 0 0 0 10 10", "corners 1 and 2 of the polygon are the same"),
        ("0 0 10 0 10 10 0 0", "joined to the first by itself"),
        ("0 90 50 90 10 10", "the same"),
        ("0 0 180 0 10 10", "opposite"),
        ("0 0 10 0 5 0 5 10", "cross or touch"),
        ("0 0 10 0 10 10 5 0", "cross or touch"),
        ("0 0 360 0 10 10", "the same"),
        ("0 0 10 0 10 91", "-90 to 90"),
        ("0 0 10 0 10 Inf", "not a number"),
    ],
)
def test_polygons_that_are_none_are_refused(corners: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        parse_pos(f"POLYGON {corners}")


def test_too_many_corners_are_refused_with_the_bound() -> None:
    turns = np.arange(100_001) * 0.003
    with pytest.raises(LimitError, match="at most 100000 corners"):
        Polygon(np.stack([turns, np.full(100_001, 45.0)], axis=-1))


def test_angles_come_back() -> None:
    ra, dec = to_angles(parse_pos("CIRCLE -10 20 1").centre())
    assert (float(ra), float(dec)) == pytest.approx((350, 20))
