"""What is drawn of a HATS catalog in a view: exactly its sources where they are few, else how dense they lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import healpy
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from conftest_viewing import ROWS, named, open_sky, plane, within_cone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.catalogs.drawing import Wish
from armillary.catalogs.selection import Selection
from armillary.catalogs.viewing import gathering, points
from armillary.catalogs.viewing.catalog import SkyCatalog
from armillary.catalogs.viewing.partitions import PartitionFile
from armillary.catalogs.viewing.points import draw_of_sky
from armillary.catalogs.views import Cone, PixelWindow
from armillary.errors import LimitError, ParameterError

ALL = Wish(50_000)
WINDOWS = {
    "whole": ("CAR", 0, 0, 0.5, (360, 720), (-0.5, -0.5, 719.5, 359.5)),
    "over the seam": ("CAR", 0, 0, 0.5, (360, 720), (600, 100, 900, 250)),
    "clump": ("TAN", 83.6, -5.4, 0.02, (300, 300), (20, 30, 250, 280)),
    "little of it": ("TAN", 83.6, -5.4, 0.02, (300, 300), (140, 140, 152, 149)),
    "north": ("TAN", 10, 90, 0.01, (400, 400), (0, 0, 399, 399)),
    "south": ("SIN", 10, -89.9, 0.01, (400, 400), (100, 100, 330, 300)),
    "zero": ("TAN", 0, 0, 0.1, (300, 300), (0, 0, 299, 299)),
    "all of Mollweide": ("MOL", 100, 0, 0.5, (360, 720), (0, 0, 720, 360)),
    "beside the plane": ("TAN", 200, 10, 0.01, (100, 100), (500, 500, 600, 600)),
}


def window(name: str) -> PixelWindow:
    kind, lon, lat, step, shape, edges = WINDOWS[name]
    return PixelWindow(plane(kind, lon, lat, step, shape), *edges, key=name)


def in_window(table: pa.Table, view: PixelWindow) -> list[int]:
    """What the sources in a window are called, each projected by itself."""
    x, y = view.wcs.icrs_to_pixel(table["ra"].to_numpy(), table["dec"].to_numpy())
    return sorted(table["id"].to_numpy()[view.shows(x, y)].tolist())


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_shows_exactly_its_sources(any_sky: SkyCatalog, looked_at: pa.Table, name: str) -> None:
    view = window(name)
    found = draw_of_sky(any_sky, view, ALL)
    expected = in_window(looked_at, view)
    assert named(any_sky, found.rows) == expected
    assert found.total == len(expected)
    assert found.picture is None
    assert name == "beside the plane" or expected


def test_places_and_columns_are_those_of_the_rows(any_sky: SkyCatalog, looked_at: pa.Table) -> None:
    mag = any_sky.numeric_field("mag", "size")
    found = draw_of_sky(any_sky, window("clump"), Wish(50_000, columns={"size": mag}))
    taken = any_sky.take([any_sky.field("id")], found.rows)["id"].to_pylist()
    by_id = dict(zip(looked_at["id"].to_pylist(), range(ROWS), strict=True))
    rows = [by_id[entry] for entry in taken]
    assert len(rows) > 100
    for values, name in ((found.ra, "ra"), (found.dec, "dec"), (found.columns["size"], "mag")):
        expected = looked_at[name].cast(pa.float64()).to_numpy(zero_copy_only=False)[rows]
        np.testing.assert_array_equal(values, expected)
    assert np.isnan(found.columns["size"]).any()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.floats(0, 360), st.floats(-90, 90), st.floats(-4, 2).map(lambda power: 10.0**power)
)  # fmt: skip
def test_a_cone_shows_exactly_its_sources(
    opened: SkyCatalog, looked_at: pa.Table, ra: float, dec: float, radius: float
) -> None:
    found = draw_of_sky(opened, Cone(ra, dec, radius), ALL)
    assert named(opened, found.rows) == within_cone(looked_at, ra, dec, radius)


def test_of_many_a_choice_that_only_grows_on_zooming_in(any_sky: SkyCatalog) -> None:
    wide, near = window("whole"), PixelWindow(plane("CAR", 0, 0, 0.5, (360, 720)), 100, 100, 400, 250)
    some = draw_of_sky(any_sky, wide, Wish(500))
    assert (len(some.rows), some.total) == (500, ROWS)
    assert np.array_equal(some.rows, np.unique(some.rows))
    more = draw_of_sky(any_sky, near, Wish(500))
    inside = some.rows[near.holds(some.ra, some.dec)]
    assert len(inside) > 50
    assert np.isin(inside, more.rows).all()
    np.testing.assert_array_equal(draw_of_sky(any_sky, wide, Wish(500)).rows, some.rows)


def test_those_come_first_that_are_wanted_first(opened: SkyCatalog) -> None:
    mag = opened.numeric_field("mag", "size")
    wish = Wish(300, columns={"size": mag}, first=mag, smallest=True)
    first = draw_of_sky(opened, window("clump"), wish).columns["size"]
    chance = draw_of_sky(opened, window("clump"), Wish(300, columns={"size": mag})).columns["size"]
    assert np.nanmean(first) < np.nanmean(chance) - 1.0


@pytest.mark.parametrize("words", [("mag < 17", ""), ('band = "g"; mag >= 18', ""), ("", "é<"), ('band != "r"', "g")])
def test_filters_are_exact(opened: SkyCatalog, looked_at: pa.Table, words: tuple[str, str]) -> None:
    view = window("clump")
    found = draw_of_sky(opened, view, Wish(50_000, Selection(*words)))
    mag = looked_at["mag"].to_numpy(zero_copy_only=False)
    band = np.array(looked_at["band"].to_pylist())
    passing = {
        "mag < 17": mag < 17,
        'band = "g"; mag >= 18': (band == "g") & (mag >= 18),
        "": np.ones(ROWS, bool),
        'band != "r"': band != "r",
    }[words[0]]
    passing &= np.char.find(band, words[1]) >= 0
    expected = set(in_window(looked_at, view)) & set(looked_at["id"].to_numpy()[passing].tolist())
    assert named(opened, found.rows) == sorted(expected)
    assert found.total == len(expected) > 50


def test_a_filter_of_what_is_not_there_is_refused_before_anything_is_read(opened: SkyCatalog, monkeypatch: Any) -> None:
    monkeypatch.setattr(PartitionFile, "_batches", None)
    with pytest.raises(ParameterError, match="no column 'magg'"):
        draw_of_sky(opened, Cone(0, 0, 180), Wish(10, Selection("magg < 3")))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the catalog were a thousand times larger."""
    monkeypatch.setattr(gathering, "MOST_ROWS", 2000)


def density_by_healpy(table: pa.Table, view: PixelWindow, order: int, nx: int, ny: int) -> np.ndarray:
    """Of the pixel of that order, or of the first of up to four larger ones that holds sixteen sources."""
    places = table["ra"].to_numpy(), table["dec"].to_numpy()
    x = view.x0 + (np.arange(nx) + 0.5) * (view.x1 - view.x0) / nx
    y = view.y0 + (np.arange(ny) + 0.5) * (view.y1 - view.y0) / ny
    ra, dec = view.wcs.pixel_to_icrs(*np.meshgrid(x, y))
    known = np.isfinite(ra)
    out = np.zeros((ny, nx))
    settled = np.zeros(int(known.sum()), bool)
    density = np.zeros(len(settled))
    for nside in (1 << order >> step for step in range(3) if order >= step):
        counts = np.bincount(healpy.ang2pix(nside, *places, nest=True, lonlat=True), minlength=12 * nside**2)
        here = counts[healpy.ang2pix(nside, ra[known], dec[known], nest=True, lonlat=True)]
        density[~settled] = here[~settled] / healpy.nside2pixarea(nside, degrees=True)
        settled |= here >= 16
    out[known] = density
    return out


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("name", ["whole", "all of Mollweide", "over the seam"])
def test_far_out_the_density_is_that_of_the_sources(opened: SkyCatalog, looked_at: pa.Table, name: str) -> None:
    view = window(name)
    found = draw_of_sky(opened, view, ALL)
    assert len(found.rows) == len(found.ra) == 0
    assert found.total == pytest.approx(len(in_window(looked_at, view)), rel=0.03)
    picture = found.picture
    assert picture is not None
    ny, nx = picture.grades.shape
    assert max(nx, ny) == 480
    expected = density_by_healpy(looked_at, view, picture.order, nx, ny)
    assert ((picture.grades > 0) == (expected > 0)).all()
    full = expected > 0
    share = np.clip(np.log(expected[full] / picture.low) / np.log(picture.high / picture.low), 0, 1)
    np.testing.assert_array_equal(picture.grades[full], 1 + np.rint(254 * share))
    assert len(np.unique(picture.grades)) > 5
    if name == "all of Mollweide":
        assert (picture.grades[0, 0], picture.grades[-1, -1]) == (0, 0)


@pytest.mark.usefixtures("few")
def test_grades_mean_the_same_in_every_window(opened: SkyCatalog) -> None:
    pictures = [draw_of_sky(opened, window(name), ALL).picture for name in ("whole", "over the seam", "clump")]
    assert len({(picture.low, picture.high) for picture in pictures if picture}) == 1
    assert all(pictures)


@pytest.mark.usefixtures("few")
def test_far_out_no_row_is_read(opened: SkyCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PartitionFile, "__init__", None)
    assert draw_of_sky(opened, window("whole"), ALL).picture is not None


@pytest.mark.usefixtures("few")
def test_without_a_sky_map_the_partitions_tell_the_density(old_folder: Path, looked_at: pa.Table) -> None:
    sky = open_sky(old_folder)
    found = draw_of_sky(sky, window("whole"), ALL)
    assert found.total == ROWS
    assert found.picture is not None
    # The crowded partitions are small ones: the clump is the brightest, the empty sky far below it.
    ra, dec = window("whole").wcs.pixel_to_icrs(*np.meshgrid(np.arange(480) * 1.5 + 0.25, np.arange(240) * 1.5 + 0.25))
    places = SkyCoord(ra, dec, unit="deg")
    near = places.separation(SkyCoord(83.6, -5.4, unit="deg")).deg < 1.5
    far = (places.separation(SkyCoord(83.6, -5.4, unit="deg")).deg > 30) & (np.abs(dec) < 60)
    grades = found.picture.grades.astype(float)
    assert grades[near].min() > grades[far].max()
    assert (grades > 0).all()


@pytest.mark.usefixtures("few")
def test_a_filter_far_out_is_refused_in_words(opened: SkyCatalog) -> None:
    with pytest.raises(LimitError, match=r"About 12,000 sources are here, .* at most 2,000: look at a smaller part"):
        draw_of_sky(opened, window("whole"), Wish(100, Selection("mag < 12")))


@pytest.mark.usefixtures("few")
def test_a_wide_cone_gives_a_sample(opened: SkyCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "SAMPLED_PARTITIONS", 3)
    mag = opened.numeric_field("mag", "size")
    found = draw_of_sky(opened, Cone(0, 0, 180), Wish(200, columns={"size": mag}))
    assert len(found.rows) == 200
    assert found.total == ROWS
    assert np.nanmean(found.columns["size"]) == pytest.approx(18, abs=1)


def test_a_crowd_is_a_picture_with_few_sources(opened: SkyCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "FEW", 40)
    crowded = draw_of_sky(opened, window("clump"), replace(ALL, crowd=100))
    assert (len(crowded.rows), crowded.picture is not None) == (40, True)
    every = draw_of_sky(opened, window("clump"), ALL)
    assert crowded.total == every.total
    assert np.isin(crowded.rows, every.rows).all()
    assert draw_of_sky(opened, window("clump"), replace(ALL, crowd=50_000)).picture is None


def test_only_the_row_groups_that_a_view_needs_are_read(
    sky_folder: Path, looked_at: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[str, int, str]] = []
    column = PartitionFile.column

    def counted(self: PartitionFile, group: int, name: str, *piece: int) -> Any:
        read.append((self.name, group, name))
        return column(self, group, name, *piece)

    monkeypatch.setattr(PartitionFile, "column", counted)
    sky = open_sky(sky_folder)
    view = window("little of it")
    found = draw_of_sky(sky, view, ALL)
    assert named(sky, found.rows) == in_window(looked_at, view)
    groups = {(name, group) for name, group, _ in read}
    every = sum(len(sky.partition(number).groups) for number in range(len(sky.partitions)))
    assert 1 <= len(groups) <= 4 < every
    assert {name for *_, name in read} == {"ra", "dec"}
    before = len(read)
    draw_of_sky(sky, view, ALL)
    assert len(read) == before
