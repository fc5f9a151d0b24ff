"""Outlines of planes against astropy: whose pixels lie in them, whose do not; at poles, across RA 0, all around."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from armillary.sky.footprint_index import FootprintIndex
from armillary.sky.footprints import MOST_CORNERS, all_sky, merged
from armillary.sky.frames import GALACTIC, ICRS, to_vectors
from armillary.sky.plane_footprints import footprint_of_cells, footprint_of_pixels, footprint_of_plane
from armillary.sky.regions import Circle, parse_pos
from armillary.sky.wcs import PlaneWcs


def header(projection, ra, dec, scale, shape, *, turn=0.0, frame=("RA--", "DEC-"), flip=1, **more):
    cards = fits.Header()
    cards["CTYPE1"], cards["CTYPE2"] = f"{frame[0]}-{projection}", f"{frame[1]}-{projection}"
    cards["CRVAL1"], cards["CRVAL2"] = ra, dec
    cards["CRPIX1"], cards["CRPIX2"] = (shape[1] + 1) / 2, (shape[0] + 1) / 2
    sine, cosine = math.sin(math.radians(turn)), math.cos(math.radians(turn))
    cards["CD1_1"], cards["CD1_2"] = -flip * scale * cosine, scale * sine
    cards["CD2_1"], cards["CD2_2"] = flip * scale * sine, scale * cosine
    if frame[0].startswith("RA"):
        cards["RADESYS"] = "ICRS"
    cards.update(more)
    return cards


def plane(cards, shape) -> PlaneWcs:
    text = "\n".join(str(card) for card in cards.cards)
    found = PlaneWcs.from_header_text(text, shape)
    assert found is not None
    return found


SHAPE = (60, 90)
PLANES = {
    "small": header("TAN", 150.0, 2.0, 0.001, SHAPE),
    "turned": header("TAN", 150.0, -40.0, 0.01, SHAPE, turn=33.0),
    "mirrored": header("TAN", 150.0, -40.0, 0.01, SHAPE, flip=-1),
    "across RA 0": header("TAN", 0.1, 10.0, 0.02, SHAPE),
    "at the north pole": header("TAN", 20.0, 90.0, 0.05, SHAPE),
    "near the south pole": header("TAN", 20.0, -89.3, 0.05, SHAPE, turn=10.0),
    "wide": header("TAN", 77.0, 30.0, 0.9, SHAPE),
    "sine": header("SIN", 77.0, 30.0, 0.5, SHAPE),
    "equal area": header("ZEA", 77.0, -60.0, 1.0, SHAPE),
    "plate carree": header("CAR", 30.0, 0.0, 0.5, SHAPE),
    "plate carree, north": header("CAR", 30.0, 0.0, 0.5, SHAPE, CRPIX2=-60.0),
    "mercator": header("MER", 300.0, 0.0, 0.7, SHAPE),
    "galactic": header("TAN", 120.0, 5.0, 0.1, SHAPE, frame=("GLON", "GLAT")),
    "galactic, plate carree": header("CAR", 120.0, 0.0, 0.5, SHAPE, frame=("GLON", "GLAT")),
    "one pixel": header("TAN", 10.0, 10.0, 0.01, (1, 1)),
    "a line": header("TAN", 10.0, 10.0, 0.01, (1, 500)),
}


def places(cards, x, y):
    """ICRS vectors by astropy."""
    found = WCS(cards).pixel_to_world(x, y).icrs
    return to_vectors(found.ra.deg, found.dec.deg)


@pytest.mark.parametrize("name", PLANES)
def test_pixels_lie_in_the_outline_and_their_surroundings_do_not(name) -> None:
    cards = PLANES[name]
    ny, nx = shape = {"one pixel": (1, 1), "a line": (1, 500)}.get(name, SHAPE)
    footprint = footprint_of_plane(plane(cards, shape))
    assert footprint is not None
    (corners,) = footprint.polygons
    assert 4 <= len(corners) <= MOST_CORNERS
    index = FootprintIndex([footprint])
    x, y = np.meshgrid(np.linspace(-0.4, nx - 0.6, 23), np.linspace(-0.4, ny - 0.6, 17))
    inside = index.holding(places(cards, x.ravel(), y.ravel()))[0]
    assert inside.all()
    margin = 0.6 + 2e-4 * max(shape)
    around = np.linspace(-0.5, 1.5, 9)
    x = np.concatenate([around * nx, around * nx, np.full(9, -margin), np.full(9, nx - 1 + margin)])
    y = np.concatenate([np.full(9, -margin), np.full(9, ny - 1 + margin), around * ny, around * ny])
    outer = places(cards, x, y)
    outer = outer[np.isfinite(outer[:, 0])]
    assert not index.holding(outer)[0].any()


@pytest.mark.parametrize("name", PLANES)
def test_the_circle_holds_it_and_the_text_is_its_corners_against_the_clock(name) -> None:
    cards = PLANES[name]
    shape = {"one pixel": (1, 1), "a line": (1, 500)}.get(name, SHAPE)
    footprint = footprint_of_plane(plane(cards, shape))
    (corners,) = footprint.polygons
    apart = np.arccos(np.clip(corners @ footprint.centre, -1, 1))
    assert apart.max() <= footprint.radius_rad + 1e-7
    words = footprint.words.split()
    assert words[0] == "POLYGON"
    numbers = np.array(words[1:], float).reshape(-1, 2)
    sky = SkyCoord(numbers[:, 0], numbers[:, 1], unit="deg")
    np.testing.assert_allclose(sky.cartesian.xyz.value.T, corners, atol=1e-10)
    # Position angles of the corners about the middle, from north through east, go up once around.
    middle = SkyCoord(*np.degrees([math.atan2(*footprint.centre[1::-1]), math.asin(footprint.centre[2])]), unit="deg")
    angles = middle.position_angle(sky).deg
    steps = np.diff(np.append(angles, angles[0])) % 360.0
    assert steps.sum() == pytest.approx(360.0)
    assert parse_pos(footprint.words).area_deg2 == pytest.approx(area_of(cards, shape), rel=2e-2)


def area_of(cards, shape) -> float:
    """Square degrees, by the areas of pixels (astropy's corners of each)."""
    ny, nx = shape
    x, y = np.meshgrid(np.linspace(-0.5, nx - 0.5, 200), np.linspace(-0.5, ny - 0.5, 200))
    v = places(cards, x, y)
    one, two = v[1:, :-1] - v[:-1, :-1], v[:-1, 1:] - v[:-1, :-1]
    return float(np.linalg.norm(np.cross(one, two), axis=-1).sum() * math.degrees(1) ** 2)


WHOLE = {
    "plate carree": (header("CAR", 0.0, 0.0, 1.0, (180, 360)), (180, 360)),
    "galactic": (header("CAR", 0.0, 0.0, 1.0, (180, 360), frame=("GLON", "GLAT")), (180, 360)),
    "one column twice": (header("CAR", 266.0, 0.0, 1.0, (180, 361)), (180, 361)),
    "aitoff": (header("AIT", 0.0, 0.0, 1.0, (180, 360)), (180, 360)),
    "mollweide": (header("MOL", 0.0, 0.0, 1.0, (180, 360), frame=("GLON", "GLAT")), (180, 360)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_maps_of_the_whole_sky(name) -> None:
    footprint = footprint_of_plane(plane(*WHOLE[name]))
    assert np.array_equal(footprint.cells, all_sky().cells)
    assert parse_pos(footprint.words).area_deg2 == pytest.approx(41252.96, rel=1e-6)


def test_rings_of_declination() -> None:
    """As maps of the southern sky from Chile: all right ascensions, from -62 to 22."""
    cards = header("CAR", 0.0, 0.0, 1.0, (84, 360), CRPIX2=62.5)
    footprint = footprint_of_plane(plane(cards, (84, 360)))
    assert footprint.words == "RANGE 0 360 -62 22"
    assert footprint.rings == ((-62.0, 22.0),)
    index = FootprintIndex([footprint])
    assert index.meeting(Circle(123.0, 23.0, 1.001))[0]
    assert not index.meeting(Circle(123.0, 23.0, 0.999))[0]
    cap = header("CAR", 0.0, 0.0, 1.0, (60, 360), CRPIX2=-29.5)
    assert footprint_of_plane(plane(cap, (60, 360))).words == "CIRCLE 0 90 60"


def test_a_ring_that_is_not_of_declination_is_found_by_its_pixels() -> None:
    cards = header("CAR", 0.0, 0.0, 1.0, (20, 360), frame=("GLON", "GLAT"))
    footprint = footprint_of_plane(plane(cards, (20, 360)))
    index = FootprintIndex([footprint])
    lon = np.arange(0.0, 360.0, 7.0)
    for latitude, shown in ((0.0, True), (9.5, True), (-9.5, True), (11.5, False), (-11.5, False), (60.0, False)):
        sky = SkyCoord(lon, np.full(len(lon), latitude), frame="galactic", unit="deg").icrs
        assert (index.holding(to_vectors(sky.ra.deg, sky.dec.deg))[0] == shown).all(), latitude
    assert parse_pos(footprint.words).contains(to_vectors(sky.ra.deg, sky.dec.deg)).any()


def test_more_than_half_of_the_sky_without_the_rest() -> None:
    """300° of longitude: the smaller side of its outline would be the rest of the sky."""
    cards = header("CAR", 100.0, 0.0, 1.0, (160, 300))
    footprint = footprint_of_plane(plane(cards, (160, 300)))
    index = FootprintIndex([footprint])
    ra, dec = np.meshgrid(np.arange(0.0, 360.0, 5.0), np.arange(-85.0, 86.0, 5.0))
    away = np.abs((ra - 100.0 + 180.0) % 360.0 - 180.0)
    holding = index.holding(to_vectors(ra.ravel(), dec.ravel()))[0].reshape(ra.shape)
    assert holding[(away < 149.0) & (np.abs(dec) < 79.0)].all()
    assert not holding[(away > 153.0) & (np.abs(dec) < 75.0)].any()
    assert not holding[np.abs(dec) > 83.0].any()


def test_a_projection_with_corners_without_sky() -> None:
    """Half of an all-sky Aitoff map: the outline of its pixels has no sky at its corners."""
    cards = header("AIT", 0.0, 0.0, 1.0, (160, 160), CRPIX1=160.0)
    footprint = footprint_of_plane(plane(cards, (160, 160)))
    index = FootprintIndex([footprint])
    ra, dec = np.meshgrid(np.arange(3.0, 360.0, 6.0), np.arange(-84.0, 85.0, 6.0))
    x, y = WCS(cards).world_to_pixel(SkyCoord(ra, dec, unit="deg"))
    holding = index.holding(to_vectors(ra.ravel(), dec.ravel()))[0].reshape(ra.shape)
    with np.errstate(invalid="ignore"):
        well_inside = (x > 3) & (x < 156) & (y > 3) & (y < 156)
        well_outside = ~((x > -4) & (x < 163) & (y > -4) & (y < 163))
    assert holding[well_inside].all()
    assert not holding[well_outside].any()


def test_distorted_pixels_are_followed() -> None:
    cards = header("TAN-SIP", 150.0, 2.0, 0.001, (400, 600))
    cards["CTYPE1"], cards["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    cards["A_ORDER"], cards["B_ORDER"] = 2, 2
    cards["A_2_0"], cards["A_0_2"], cards["B_2_0"], cards["B_1_1"] = 3e-5, -2e-5, 4e-5, 1e-5
    footprint = footprint_of_plane(plane(cards, (400, 600)))
    index = FootprintIndex([footprint])
    x = np.linspace(0.0, 599.0, 101)
    for y, shown in ((0.3, True), (398.7, True), (-1.3, False), (400.3, False)):
        sky = WCS(cards).all_pix2world(np.stack([x, np.full_like(x, y)], axis=-1), 0)
        holding = index.holding(to_vectors(sky[:, 0], sky[:, 1]))[0]
        assert (holding[1:-1] == shown).all(), y
    assert len(footprint.polygons[0]) > 8


def test_several_pieces_are_one_text_about_them_all() -> None:
    parts = [footprint_of_plane(plane(header("TAN", 0.2 + dx, 89.0 + dy, 0.005, SHAPE), SHAPE))
             for dx, dy in ((0, 0), (90, 0), (180, 0), (270, 0.2))]  # fmt: skip
    whole = merged(parts)
    assert len(whole.polygons) == 4
    region = parse_pos(whole.words)
    for part in parts:
        (corners,) = part.polygons
        assert (region.clearance(corners) > -1e-9).all()
    assert region.area_deg2 < 2.5 * math.pi
    assert merged([parts[0], parts[0]]) is parts[0]
    assert merged([]) is None


def test_pieces_on_opposite_sides_of_the_sky() -> None:
    parts = [footprint_of_plane(plane(header("TAN", ra, 10.0, 0.01, SHAPE), SHAPE)) for ra in (10.0, 190.0)]
    whole = merged(parts)
    region = parse_pos(whole.words)
    assert all(region.contains(part.polygons[0]).all() for part in parts)
    index = FootprintIndex([whole])
    assert not index.meeting(Circle(100.0, 10.0, 20.0))[0]
    assert index.meeting(Circle(190.0, 10.0, 0.1))[0]


def test_many_corners_are_made_fewer_outward() -> None:
    angles = np.arange(0, 360, 2.5)
    parts = [
        footprint_of_plane(plane(header("TAN", 10 + 3 * math.cos(a), 3 * math.sin(a), 0.001, (9, 9)), (9, 9)))
        for a in np.radians(angles)
    ]
    whole = merged(parts)
    words = whole.words.split()
    assert words[0] == "POLYGON"
    assert len(words) == 1 + 2 * MOST_CORNERS
    region = parse_pos(whole.words)
    assert all((region.clearance(part.polygons[0]) > -1e-9).all() for part in parts)
    assert region.area_deg2 == pytest.approx(9 * math.pi, rel=0.02)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_healpix_pixels_lie_where_healpy_has_them(frame, nested) -> None:
    healpy = pytest.importorskip("healpy")
    nside = 64
    chosen = healpy.query_disc(nside, healpy.ang2vec(200.0, 35.0, lonlat=True), math.radians(7.0), nest=nested)
    footprint = footprint_of_pixels(nside, chosen, {"icrs": ICRS, "galactic": GALACTIC}[frame], nested=nested)
    index = FootprintIndex([footprint])
    lon, lat = healpy.pix2ang(nside, chosen, nest=nested, lonlat=True)
    sky = SkyCoord(lon, lat, frame=frame, unit="deg").icrs
    assert index.holding(to_vectors(sky.ra.deg, sky.dec.deg))[0].all()
    middle = SkyCoord(200.0, 35.0, frame=frame, unit="deg")
    ring = middle.directional_offset_by(np.arange(0, 360, 10) * units.deg, 9.0 * units.deg).icrs
    assert not index.holding(to_vectors(ring.ra.deg, ring.dec.deg))[0].any()
    assert parse_pos(footprint.words).contains(to_vectors(sky.ra.deg, sky.dec.deg)).all()
    assert math.degrees(footprint.radius_rad) == pytest.approx(7.5, abs=1.0)


def test_pixels_of_the_whole_sky_and_none() -> None:
    assert np.array_equal(footprint_of_cells(1, np.arange(48), GALACTIC).cells, all_sky().cells)
    assert footprint_of_pixels(4, np.array([-1, 10_000]), ICRS, nested=True) is None
