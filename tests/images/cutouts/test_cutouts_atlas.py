"""The quick way to the pixels of a region equals the long one: windows, masks, on every kind of projection."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.images.cutouts import atlas as atlas_module
from armillary.images.cutouts.atlas import Atlas, atlas_of
from armillary.images.cutouts.masks import inside_region, plainly_inside
from armillary.images.cutouts.windows import _Search, cut_region, wrap_period
from armillary.images.files import open_image
from armillary.sky.grid import Window
from armillary.sky.regions import Region, parse_pos
from armillary.sky.wcs import PlaneWcs


def header(code: str, nx: int, ny: int, scale: float, ra: float = 40.0, dec: float = 10.0, **more: object) -> str:
    cards = {
        "CTYPE1": f"'RA---{code}'", "CTYPE2": f"'DEC--{code}'", "CRVAL1": ra, "CRVAL2": dec, "CRPIX1": nx / 2 + 0.3,
        "CRPIX2": ny / 2 + 0.7, "CD1_1": -scale, "CD1_2": scale / 9, "CD2_1": scale / 9, "CD2_2": scale,
    } | more  # fmt: skip
    return "\n".join(f"{key:8}= {value}".ljust(80) for key, value in cards.items())


SIP = {"A_ORDER": 3, "B_ORDER": 3, "A_2_0": 3e-6, "A_0_3": 2e-9, "A_1_1": -3e-6, "B_0_2": 5e-6, "B_2_1": -4e-9}
STRAIGHT = {"CD1_2": 0.0, "CD2_1": 0.0}
PLANES = {
    "TAN": (header("TAN", 900, 700, 0.0003), (700, 900)),
    "a wide TAN": (header("TAN", 500, 400, 0.2), (400, 500)),
    "TAN-SIP": (header("TAN-SIP", 900, 700, 0.0003, **SIP), (700, 900)),
    "TPV": (header("TPV", 600, 600, 0.0005, PV1_1=1.001, PV1_4=0.3, PV2_1=0.999, PV2_6=-0.2), (600, 600)),
    "CAR around the sky": (header("CAR", 720, 360, 0.5, 0.0, 0.0, **STRAIGHT), (360, 720)),
    "a piece of CAR": (header("CAR", 500, 300, 0.01, 359.0, 0.0, **STRAIGHT), (300, 500)),
    "AIT": (header("AIT", 400, 210, 1.0), (210, 400)),
    "ZEA at the pole": (header("ZEA", 500, 500, 0.05, 20.0, 90.0), (500, 500)),
    "SIN at the limb": (header("SIN", 300, 300, 0.4, 20.0, -60.0), (300, 300)),
    "HPX": (header("HPX", 400, 300, 1.0, 0.0, 0.0), (300, 400)),
    "a few pixels": (header("TAN", 7, 5, 1.0), (5, 7)),
}


def plane(name: str) -> PlaneWcs:
    text, shape = PLANES[name]
    wcs = PlaneWcs.from_header_text(text, shape)
    assert wcs is not None
    return wcs


def region_at(random: np.random.Generator, ra: float, dec: float, size: float) -> str:
    kind = random.integers(4)
    low, high = max(-90.0, dec - size), min(90.0, dec + size / 2)
    if kind == 0:
        return f"CIRCLE {ra} {dec} {min(size, 170)}"
    if kind == 1:
        return f"RANGE {ra - size} {ra + size / 2} {low} {high}"
    count = 5 if kind == 2 else 300
    turns = (np.arange(count) + random.uniform(0, 0.8, count)) * 360 / count
    reach = min(size, 80) * random.uniform(0.3 if kind == 2 else 0.9, 1, count)
    corners = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(turns * u.deg, reach * u.deg)
    return "POLYGON " + " ".join(f"{a} {d}" for a, d in zip(corners.ra.deg, corners.dec.deg, strict=True))


def compare(wcs: PlaneWcs, region: Region, label: str) -> bool:
    """Whether the quick way was gone; fails where it differs."""
    period = wrap_period(wcs)
    low = 0
    if period is not None:
        middle = wcs.vectors_to_pixel(region.centre())
        low = round(float(middle[0])) - period // 2 if np.isfinite(middle[0]) else 0
    atlas = atlas_of(wcs, period)
    found = atlas.search(region, low)
    slow = _Search(atlas, region, low).run()
    if found is not None:
        assert found.box == slow, label
    if slow is None:
        return found is not None
    x0, y0, x1, y1 = slow
    window = Window(y0, y1, x0, x1)
    plain = plainly_inside(wcs, region, window)
    assert np.array_equal(inside_region(wcs, region, y0, y1, x0, x1), plain), label
    if found is not None and found.inside is not None:
        assert np.array_equal(found.inside, plain), label
    part = Window(y0 + (y1 - y0) // 3, y1, x0 + (x1 - x0) // 4, x1)
    if part.shape[0] and part.shape[1]:
        got = inside_region(wcs, region, part.y0, part.y1, part.x0, part.x1)
        assert np.array_equal(got, plain[part.y0 - y0 :, part.x0 - x0 :]), label
    return found is not None


@pytest.mark.parametrize("name", PLANES)
def test_regions_of_every_kind_and_size(name: str) -> None:
    random = np.random.default_rng(3)
    wcs = plane(name)
    ny, nx = wcs.shape
    size = wcs.pixel_scale_deg * max(nx, ny)
    quick = 0
    for _ in range(30):
        ra, dec = wcs.pixel_to_icrs(random.uniform(-5, nx + 5), random.uniform(-5, ny + 5))
        if np.isfinite(ra):
            text = region_at(random, float(ra), float(dec), min(120, size * 10 ** random.uniform(-2.5, 0)))
            quick += compare(wcs, parse_pos(text), text)
    assert quick > 2 or name in {"SIN at the limb", "HPX"}


@settings(max_examples=60)
@given(
    st.sampled_from(["TAN", "TAN-SIP", "ZEA at the pole", "CAR around the sky"]),
    st.floats(0, 360), st.floats(-90, 90), st.floats(1e-4, 30),
)  # fmt: skip
def test_circles_anywhere(name: str, ra: float, dec: float, radius: float) -> None:
    text = f"CIRCLE {ra} {dec} {radius}"
    compare(plane(name), parse_pos(text), text)


@settings(max_examples=40)
@given(st.sampled_from(["TAN", "TAN-SIP"]), st.integers(0, 899), st.integers(0, 699), st.integers(1, 60))
def test_borders_through_the_centres_of_pixels(name: str, x: int, y: int, away: int) -> None:
    """Pixels on the border belong to the region on both ways: doubts are settled by the projection."""
    wcs = plane(name)
    one, two = wcs.pixel_to_vectors([x, x + away], [y, y])
    ra, dec = (float(value) for value in wcs.pixel_to_icrs(x, y))
    radius = math.degrees(2 * math.asin(float(np.linalg.norm(one - two)) / 2))
    text = f"CIRCLE {ra!r} {dec!r} {radius!r}"
    compare(wcs, parse_pos(text), text)
    lower, higher = (float(value) for value in wcs.pixel_to_icrs([x, x], [y, y + away])[1])
    text = f"RANGE {ra - radius!r} {ra + radius!r} {min(lower, higher)!r} {max(lower, higher)!r}"
    compare(wcs, parse_pos(text), text)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name", ["u_gal.fits", "1904-66_AIT.fits", "m13_rice.fits",
             "wmap_temperature_analysis_mask_r9_7yr_v4_udgraded32.fits", "HSC-0908120-056-small.fits"]
)  # fmt: skip
def test_real_planes(real_data: Path, name: str) -> None:
    random = np.random.default_rng(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wcs = open_image(real_data / name).stacks[0].plane().wcs
    ny, nx = wcs.shape
    size = wcs.pixel_scale_deg * max(nx, ny)
    quick = 0
    for _ in range(12):
        ra, dec = wcs.pixel_to_icrs(random.uniform(0, nx), random.uniform(0, ny))
        if np.isfinite(ra):
            text = region_at(random, float(ra), float(dec), min(150, size * 10 ** random.uniform(-3, -0.3)))
            quick += compare(wcs, parse_pos(text), text)
    assert quick > 3


def test_too_many_doubts_or_blocks_take_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    wcs = plane("TAN")
    ra, dec = (float(value) for value in wcs.pixel_to_icrs(450, 350))
    region = parse_pos(f"CIRCLE {ra} {dec} 0.03")
    wanted = cut_region(wcs, region)
    for name, value in (("MOST_DOUBTS", 0), ("MOST_BLOCKS", 10)):
        monkeypatch.setattr(atlas_module, name, value)
        found = cut_region(wcs, region)
        assert found.window == wanted.window
        window = found.window
        mask = inside_region(wcs, region, window.y0, window.y1, window.x0, window.x1)
        assert np.array_equal(mask, wanted.inside)


def test_large_windows_are_masked_by_the_part(monkeypatch: pytest.MonkeyPatch) -> None:
    wcs = plane("TAN")
    ra, dec = (float(value) for value in wcs.pixel_to_icrs(450, 350))
    region = parse_pos(f"CIRCLE {ra} {dec} 0.08")
    wanted = cut_region(wcs, region)
    monkeypatch.setattr(atlas_module, "MASK_PIXELS", 100)
    found = cut_region(wcs, region)
    assert found.inside is None
    assert found == wanted


def test_atlases_of_the_last_planes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atlas_module, "KEPT", 2)
    planes = [plane("TAN") for _ in range(4)]
    made = [atlas_of(wcs, None) for wcs in planes]
    assert atlas_of(planes[3], None) is made[3]
    assert atlas_of(planes[0], None) is not made[0]
    assert isinstance(made[0], Atlas)
