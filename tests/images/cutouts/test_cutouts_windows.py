"""Windows and masks of regions against a look at every pixel, in every projection and on real files."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.errors import ParameterError
from armillary.images.cutouts.cells import look_up
from armillary.images.cutouts.masks import inside_region
from armillary.images.cutouts.windows import cut_pixels, cut_region, wrap_period
from armillary.images.files import open_image
from armillary.sky.regions import parse_pos
from armillary.sky.wcs import PlaneWcs

REAL = [
    "u_gal.fits",
    "HSC-0908120-056-small.fits",
    "1904-66_AIT.fits",
    "equatorial_3d.fits",
    "wmap_temperature_analysis_mask_r9_7yr_v4_udgraded32.fits",
    "m13_rice.fits",
    "reprojected_sdss_g.fits.bz2",
]
PARAMETERS = {
    "AZP": {1: 2.0, 2: 30.0}, "SZP": {1: 2.0, 2: 180.0, 3: 60.0}, "SIN": {1: 0.2, 2: 0.3}, "AIR": {1: 45.0},
    "CYP": {1: 1.0, 2: 0.7}, "CEA": {1: 0.8}, "BON": {1: 45.0},
    "COP": {1: 45.0, 2: 25.0}, "COE": {1: 45.0, 2: 25.0}, "COD": {1: 45.0, 2: 25.0}, "COO": {1: 45.0, 2: 25.0},
}  # fmt: skip
CODES = [*PARAMETERS, "TAN", "STG", "ARC", "ZEA", "CAR", "MER", "SFL", "PAR", "MOL", "AIT", "PCO", "TSC", "CSC", "QSC"]
CODES += ["HPX", "XPH"]


def cards(code: str, nx: int, ny: int, scale: float, crval=(83.0, 0.0), turn=0.0, **more) -> str:
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    values = {
        "CTYPE1": f"'RA---{code}'", "CTYPE2": f"'DEC--{code}'", "CRVAL1": crval[0], "CRVAL2": crval[1],
        "CRPIX1": nx / 2 + 0.5, "CRPIX2": ny / 2 + 0.5,
        "CD1_1": -scale * cosine, "CD1_2": scale * sine, "CD2_1": scale * sine, "CD2_2": scale * cosine,
    } | {f"PV2_{term}": value for term, value in PARAMETERS.get(code, {}).items()} | more  # fmt: skip
    return "\n".join(f"{name:8}= {value}".ljust(80) for name, value in values.items())


def plane(code: str, nx=150, ny=110, scale=2.5, **more) -> PlaneWcs:
    wcs = PlaneWcs.from_header_text(cards(code, nx, ny, scale, **more), (ny, nx))
    assert wcs is not None
    return wcs


def a_region(random: np.random.Generator, ra: float, dec: float, size: float) -> str:
    kind = random.integers(5)
    low, high = max(-90.0, dec - size / 2), min(90.0, dec + size / 2)
    if kind == 0:
        return f"CIRCLE {ra} {dec} {size}"
    if kind == 1:
        return f"RANGE {ra - size} {ra + size} {low} {high}"
    if kind == 2:
        return f"RANGE -Inf +Inf {low} {high}"
    if kind == 3:
        return f"CIRCLE {ra} {math.copysign(90, dec)} {min(180.0, 90 - abs(dec) + size / 10)}"
    turns = (np.arange(7) + random.uniform(0, 0.8, 7)) * 360 / 7
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    corners = centre.directional_offset_by(turns * u.deg, min(size, 85) * random.uniform(0.3, 1, 7) * u.deg)
    return "POLYGON " + " ".join(f"{a} {d}" for a, d in zip(corners.ra.deg, corners.dec.deg, strict=True))


def check(wcs: PlaneWcs, text: str) -> None:
    """The window and the mask hold what a look at every pixel finds, and no row or column too many."""
    ny, nx = wcs.shape
    region = parse_pos(text)
    wanted = region.contains(wcs.pixel_to_vectors(*np.meshgrid(np.arange(nx), np.arange(ny))))
    try:
        cut = cut_region(wcs, region)
    except ParameterError:
        assert not wanted.any(), text
        return
    window = cut.window
    if not wanted.any():
        assert cut.shape == (1, 1), text
        assert cut.region is None
        return
    columns = np.concatenate([np.arange(a, b) for a, b in cut.columns(window.x0, window.x1)])
    found = np.zeros_like(wanted)
    found[window.y0 : window.y1, columns] = True
    period = wrap_period(wcs)
    if period is not None and nx > period:
        found[:, period:] |= found[:, : nx - period]
    assert not (wanted & ~found).any(), (text, window)
    rows = np.flatnonzero(wanted.any(axis=1))
    assert (window.y0, window.y1) == (rows[0], rows[-1] + 1), text
    if period is None:
        filled = np.flatnonzero(wanted.any(axis=0))
        assert (window.x0, window.x1) == (filled[0], filled[-1] + 1), text
    mask = inside_region(wcs, region, window.y0, window.y1, window.x0, window.x1)
    assert np.array_equal(mask, wanted[window.y0 : window.y1, columns]), text


@pytest.mark.parametrize("code", CODES)
def test_every_projection_of_the_whole_sky(code: str) -> None:
    random = np.random.default_rng(5)
    wcs = plane(code)
    for _ in range(12):
        ra, dec = random.uniform(0, 360), math.degrees(math.asin(random.uniform(-1, 1)))
        check(wcs, a_region(random, ra, dec, 10 ** random.uniform(0, 1.9)))


@pytest.mark.parametrize("code", CODES)
def test_every_projection_of_a_field_turned_and_far_from_the_equator(code: str) -> None:
    random = np.random.default_rng(6)
    wcs = plane(code, 211, 97, 0.05, crval=(1.0, 88.0), turn=33.0)
    for _ in range(12):
        ra, dec = wcs.pixel_to_icrs(random.uniform(-20, 230), random.uniform(-20, 120))
        if np.isfinite(ra):
            check(wcs, a_region(random, float(ra), float(dec), 10 ** random.uniform(-2.5, 1)))


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_real_files(real_data, name: str) -> None:
    random = np.random.default_rng(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wcs = open_image(real_data / name).stacks[0].plane().wcs
    ny, nx = wcs.shape
    size = wcs.pixel_scale_deg * max(nx, ny)
    for _ in range(10):
        ra, dec = wcs.pixel_to_icrs(random.uniform(0, nx), random.uniform(0, ny))
        if np.isfinite(ra):
            check(wcs, a_region(random, float(ra), float(dec), min(170, size * 10 ** random.uniform(-3.5, 0.1))))


@settings(max_examples=60)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(0, 60), st.sampled_from(["CAR", "CEA", "MER"]))
def test_maps_that_go_around_the_sky(ra: float, dec: float, radius: float, code: str) -> None:
    wcs = PlaneWcs.from_header_text(cards(code, 144, 72, 2.5, crval=(0.0, 0.0)), (72, 144))
    assert wrap_period(wcs) == 144
    check(wcs, f"CIRCLE {ra} {dec} {radius}")


def test_a_region_across_the_seam_is_one_window() -> None:
    wcs = PlaneWcs.from_header_text(cards("CAR", 360, 180, 1.0, crval=(0.0, 0.0)), (180, 360))
    cut = cut_region(wcs, parse_pos("RANGE 175.1 184.9 -5 5"))
    assert (cut.window.x0, cut.window.x1) == (355, 365)
    assert cut.columns(cut.window.x0, cut.window.x1) == [(355, 360), (0, 5)]
    assert cut.shape == (10, 10)


def test_a_region_around_the_pole_is_every_column_once() -> None:
    wcs = PlaneWcs.from_header_text(cards("CAR", 361, 180, 1.0, crval=(0.0, 0.0)), (180, 361))
    cut = cut_region(wcs, parse_pos("CIRCLE 0 90 10"))
    assert (cut.window.x0, cut.window.x1, cut.period) == (0, 361, None)


def test_the_box_of_pixels_may_run_on_around_the_sky() -> None:
    wcs = PlaneWcs.from_header_text(cards("CAR", 361, 180, 1.0, crval=(0.0, 0.0)), (180, 361))
    cut = cut_pixels(wcs.shape, wcs, -5, -3, 5, 4)
    assert cut.columns(cut.window.x0, cut.window.x1) == [(355, 360), (0, 5)]
    assert (cut.window.y0, cut.window.y1) == (0, 4)
    whole = cut_pixels(wcs.shape, wcs, -5, 0, 5000, 4)
    assert (whole.window.x0, whole.window.x1) == (0, 361)


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (9, 5, 5, 9), (-9, 0, 0, 5), (100, 0, 120, 5), (0, 50, 5, 60)])
def test_an_empty_box_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ParameterError) as refused:
        cut_pixels((50, 100), None, *box)
    assert refused.value.detail["code"] == "region_outside"


def test_a_region_beside_the_plane_is_refused() -> None:
    with pytest.raises(ParameterError) as refused:
        cut_region(plane("TAN", 100, 100, 0.1, crval=(10.0, 10.0)), parse_pos("CIRCLE 40 10 1"))
    assert refused.value.detail == {"parameter": "POS", "code": "region_outside"}


def test_boxes_are_clipped_to_the_plane() -> None:
    window = cut_pixels((50, 100), None, -5, 40, 7, 1000).window
    assert (window.y0, window.y1, window.x0, window.x1) == (40, 50, 0, 7)


def test_a_region_without_pixel_centres_is_the_pixel_that_holds_its_centre() -> None:
    wcs = plane("TAN", 100, 100, 0.1, crval=(10.0, 10.0))
    ra, dec = wcs.pixel_to_icrs(31.3, 64.4)
    for text in (f"CIRCLE {ra} {dec} 0", f"CIRCLE {ra} {dec} 0.01", f"RANGE {ra} {ra} {dec} {dec}"):
        cut = cut_region(wcs, parse_pos(text))
        assert (cut.window.x0, cut.window.y0, cut.shape, cut.region) == (31, 64, (1, 1), None)


def test_a_small_region_in_a_large_plane_of_which_little_has_sky() -> None:
    wcs = plane("SIN", 20_000, 20_000, 1.0, crval=(40.0, 30.0))
    region = parse_pos("CIRCLE 40 30 3.2")
    cut = cut_region(wcs, region)
    box = np.arange(9_950, 10_050)
    inside = region.contains(wcs.pixel_to_vectors(*np.meshgrid(box, box)))
    columns = box[inside.any(axis=0)]
    assert (cut.window.x0, cut.window.x1) == (columns[0], columns[-1] + 1)


@pytest.mark.parametrize("code", CODES)
def test_the_circle_of_a_box_holds_its_pixels(code: str) -> None:
    wcs = plane(code, 300, 220, 1.2)
    x0, y0 = (part.ravel() for part in np.meshgrid(np.arange(0, 300, 20), np.arange(0, 220, 20)))
    cells = look_up(wcs, x0, x0 + 19, y0, y0 + 19)
    y, x = np.mgrid[:20, :20]
    vectors = wcs.pixel_to_vectors(x0[:, None, None] + x, y0[:, None, None] + y)
    apart = np.arccos(np.clip((vectors * cells.middle[:, None, None]).sum(axis=-1), -1, 1))
    reach = np.nan_to_num(apart.reshape(len(x0), -1)).max(axis=1)
    assert (reach <= cells.radius + 1e-7).all()
