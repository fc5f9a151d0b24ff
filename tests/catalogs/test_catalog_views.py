"""Views and choices against looking at every source."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import healpy
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.catalogs import covers
from armillary.catalogs.catalog import Catalog
from armillary.catalogs.choice import lowest, ranks_of
from armillary.catalogs.covers import cover, everything
from armillary.catalogs.table import MemoryTable
from armillary.catalogs.views import Cone, PixelWindow
from armillary.sky.cells import largest_radius, outlines
from armillary.sky.wcs import PlaneWcs

COUNT = 120_000


@cache
def catalog() -> Catalog:
    """Sources everywhere, crowded at both poles, at RA 0 and in a cluster; some twice, some nowhere."""
    rng = np.random.default_rng(12)
    ra = rng.uniform(0, 360, COUNT)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, COUNT)))
    dec[:2000], dec[2000:4000] = 90 - rng.exponential(0.3, 2000), -90 + rng.exponential(0.3, 2000)
    ra[4000:6000] = rng.normal(0, 0.2, 2000) % 360
    ra[6000:26_000], dec[6000:26_000] = rng.normal(150, 0.3, 20_000), rng.normal(2, 0.3, 20_000)
    ra[26_000:27_000], dec[26_000:27_000] = 10.0, 41.0
    dec[:3] = 90.0
    ra[-5:] = np.nan
    mag = rng.normal(18, 2, COUNT)
    mag[::17] = np.nan
    return Catalog(MemoryTable("sky", {"ra": pa.array(ra), "dec": pa.array(dec), "mag": pa.array(mag)}))


def wcs(kind: str, lon: float, lat: float, step: float, shape: tuple[int, int], frame: str = "RA") -> PlaneWcs:
    header = fits.Header()
    names = {"RA": ("RA--", "DEC-"), "GLON": ("GLON", "GLAT")}[frame]
    header["CTYPE1"], header["CTYPE2"] = f"{names[0]}-{kind}", f"{names[1]}-{kind}"
    header["CRVAL1"], header["CRVAL2"] = lon, lat
    header["CDELT1"], header["CDELT2"] = -step, step
    header["CRPIX1"], header["CRPIX2"] = (shape[1] + 1) / 2, (shape[0] + 1) / 2
    made = PlaneWcs.from_header_text(header.tostring(sep="\n"), shape)
    assert made is not None
    return made


@cache
def planes() -> dict[str, PlaneWcs]:
    return {
        "car": wcs("CAR", 0, 0, 0.5, (360, 720)),
        "car 180": wcs("CAR", 180, 0, 0.5, (360, 720)),
        "part of car": wcs("CAR", 150, 0, 0.1, (300, 400)),
        "galactic car": wcs("CAR", 0, 0, 0.5, (360, 720), "GLON"),
        "ait": wcs("AIT", 30, 0, 0.5, (360, 720)),
        "galactic ait": wcs("AIT", 0, 0, 0.5, (360, 720), "GLON"),
        "mol": wcs("MOL", 100, 0, 0.5, (360, 720)),
        "tan": wcs("TAN", 150, 2, 0.005, (500, 500)),
        "tan at the pole": wcs("TAN", 10, 89.9, 0.01, (500, 500)),
        "tan at the south pole": wcs("TAN", 200, -90, 0.01, (500, 500), "RA"),
        "sin": wcs("SIN", 10, -40, 0.2, (600, 600)),
        "zea": wcs("ZEA", 100, 90, 0.5, (720, 720)),
        "csc": wcs("CSC", 100, 0, 0.5, (720, 720)),
        "hpx": wcs("HPX", 0, 0, 0.5, (720, 720)),
        "stg": wcs("STG", 330, -70, 0.3, (700, 700)),
    }


@pytest.fixture(autouse=True)
def _judge_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few sources are tested one by one: otherwise cells would never be judged at this size."""
    monkeypatch.setattr(covers, "FEW_SOURCES", 200)


def choose(*given: Any, **words: Any) -> SimpleNamespace:
    """A choice by its rows, ascending, and of how many it is."""
    rows, _, total = lowest(*given, **words)
    return SimpleNamespace(rows=np.sort(rows), total=total)


def rows_in(view: Cone | PixelWindow) -> np.ndarray:
    found = cover(catalog(), view)
    places = np.concatenate([covers.places_of(found.starts, found.stops), found.loose])
    assert len(np.unique(places)) == len(places) == found.total
    return np.sort(catalog().index.rows[places]).astype(int)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 9, 29])
def test_outlines_of_cells_as_healpy_draws_them(order: int) -> None:
    total = 12 * 4**order
    cells = np.unique(np.arange(400) * (total // 400) + np.arange(400) % max(1, min(total // 400, 7)))
    cells = np.append(cells[cells < total], total - 1)
    found = outlines(order, cells)
    x, y, z = healpy.pix2vec(1 << order, cells, nest=True)
    np.testing.assert_allclose(found[:, 0], np.stack([x, y, z], -1), atol=1e-14)
    corners = healpy.boundaries(1 << order, cells, step=2, nest=True).transpose(0, 2, 1)
    for points, expected in zip(found[:, 1:], corners, strict=True):
        distance = np.linalg.norm(points[:, None] - expected[None], axis=-1).min(axis=1)
        assert distance.max() < 1e-7 / (1 << order) + 1e-14
    assert largest_radius(order) == pytest.approx(healpy.max_pixrad(1 << order), rel=1e-6)


def test_the_index_is_that_of_healpy() -> None:
    index = catalog().index
    assert len(index) == COUNT - 5
    rows = index.rows.astype(int)
    expected = healpy.ang2pix(1 << 29, catalog().ra[rows], catalog().dec[rows], nest=True, lonlat=True)
    assert (index.cells[:-1] <= index.cells[1:]).all()
    assert (index.cells == expected).mean() > 0.9999
    assert sorted(rows.tolist()) == list(range(COUNT - 5))


@pytest.mark.parametrize("name", planes())
@settings(max_examples=40)
@given(data=st.data())
def test_a_window_holds_what_lies_in_it(name: str, data: st.DataObject) -> None:
    plane = planes()[name]
    ny, nx = plane.shape
    x0 = data.draw(st.floats(-0.6 * nx, 1.5 * nx), "x0")
    y0 = data.draw(st.floats(-0.6 * ny, 1.2 * ny), "y0")
    size = data.draw(st.floats(-1, 3.5).map(lambda power: 10**power), "size")
    view = PixelWindow(plane, x0, y0, x0 + size, y0 + 0.6 * size)
    x, y = plane.icrs_to_pixel(catalog().ra, catalog().dec)
    inside = np.zeros(COUNT, bool)
    period = plane.wrap_period_px
    with np.errstate(invalid="ignore"):
        for turn in range(-9, 10) if period else [0]:
            inside |= (x + turn * (period or 0) >= x0) & (x + turn * (period or 0) <= x0 + size)
        inside &= (y >= y0) & (y <= y0 + 0.6 * size)
    np.testing.assert_array_equal(rows_in(view), np.flatnonzero(inside))


@settings(max_examples=60)
@given(st.floats(-10, 370), st.floats(-90, 90), st.floats(-7, 2.25).map(lambda power: 10**power))
def test_a_cone_holds_what_is_near(ra: float, dec: float, radius: float) -> None:
    away = SkyCoord(catalog().ra, catalog().dec, unit="deg").separation(SkyCoord(ra, dec, unit="deg")).deg
    found = rows_in(Cone(ra, dec, radius))
    sure = np.flatnonzero(away < radius - 1e-9)
    assert set(sure) <= set(found.tolist()) <= set(np.flatnonzero(away <= radius + 1e-9))


def test_a_cone_of_no_radius_holds_what_is_there() -> None:
    assert len(rows_in(Cone(10.0, 41.0, 0.0))) == 1000
    assert len(rows_in(Cone(10.0, 41.0, 180.0))) == COUNT - 5


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(planes())), st.floats(0, 1), st.floats(0, 1), st.integers(1, 3000),
    st.sampled_from(["", "largest", "smallest"]), st.booleans(),
)  # fmt: skip
def test_what_is_shown_stays_shown_on_zooming_in(
    name: str, u: float, v: float, limit: int, first: str, filtered: bool
) -> None:
    plane = planes()[name]
    ny, nx = plane.shape
    column = catalog().field("mag") if first else None
    wanted = (np.arange(COUNT) % 3 == 0).astype(np.uint8) if filtered else None
    shown: set[int] | None = None
    width, x, y = float(nx), 0.0, 0.0
    for _ in range(6):
        view = PixelWindow(plane, x, y, x + width, y + width * ny / nx)
        found = choose(catalog(), cover(catalog(), view), limit, wanted, column, smallest=first == "smallest")
        inside = set(rows_in(view).tolist())
        if wanted is not None:
            inside &= set(np.flatnonzero(wanted).tolist())
        now = set(found.rows.tolist())
        assert found.total == len(inside)
        assert len(now) == min(limit, found.total)
        assert now <= inside
        assert shown is None or shown & inside <= now
        shown = now
        x, y, width = x + u * width / 2, y + v * width * ny / nx / 2, width / 2


def test_a_choice_is_the_same_at_every_call_and_whatever_the_order_of_equal_cells() -> None:
    one = choose(catalog(), everything(catalog()), 5000)
    table = {name: pa.array(getattr(catalog(), name)) for name in ("ra", "dec")}
    again = Catalog(MemoryTable("sky", table))
    np.testing.assert_array_equal(choose(again, everything(again), 5000).rows, one.rows)
    np.testing.assert_array_equal(np.sort(ranks_of(again)), np.sort(ranks_of(catalog())))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_a_choice_is_even_over_the_sky(order: int) -> None:
    """As many as there are cells: each cell that has sources has one of them, or nearly all have."""
    pixels = healpy.ang2pix(1 << order, catalog().ra[:-5], catalog().dec[:-5], lonlat=True)
    occupied = np.unique(pixels)
    found = choose(catalog(), everything(catalog()), len(occupied)).rows
    chosen = healpy.ang2pix(1 << order, catalog().ra[found], catalog().dec[found], lonlat=True)
    np.testing.assert_array_equal(np.sort(chosen), occupied)


def test_the_first_of_each_cell_is_the_one_of_the_largest_value() -> None:
    field = catalog().field("mag")
    values = catalog().values(field)
    pixels = healpy.ang2pix(8, catalog().ra[:-5], catalog().dec[:-5], lonlat=True)
    found = choose(catalog(), everything(catalog()), 768, None, field).rows
    for row in found:
        same = values[:-5][pixels == pixels[row]]
        assert values[row] == np.nanmax(same)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_catalogs(count: int) -> None:
    made = Catalog(MemoryTable("t", {"ra": pa.array([1.0, 2.0][:count]), "dec": pa.array([3.0, 4.0][:count])}))
    for view in (Cone(1.5, 3.5, 3.0), PixelWindow(planes()["car"], 0, 0, 720, 360)):
        found = choose(made, cover(made, view), 10)
        assert found.rows.tolist() == list(range(count))
        assert found.total == count


def test_a_window_without_sky_is_empty() -> None:
    assert rows_in(PixelWindow(planes()["ait"], -500, -500, -400, -400)).tolist() == []
    assert rows_in(PixelWindow(planes()["ait"], 0, 0, 20, 20)).tolist() == []


def test_a_tiny_map_in_a_huge_window() -> None:
    assert len(rows_in(PixelWindow(planes()["ait"], -1e9, -1e9, 1e9, 1e9))) == COUNT - 5
    assert len(rows_in(PixelWindow(planes()["car"], -1e9, -1e9, 1e9, 1e9))) == COUNT - 5
