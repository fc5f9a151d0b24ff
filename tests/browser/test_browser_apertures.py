"""Circles of the sky and what is measured in them, against sums by astropy."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from conftest_browser import BARE, Frame
from conftest_files import car_wcs, field_values, smooth_sky, tan_wcs
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BRASS = (224, 166, 74)


def circles(page):
    text = page.query.get("circles", "")
    return [[float(word) for word in one.split(":")[0].split(",")] for one in text.split("_") if one]


def start(page):
    page.eventually(lambda: _in_sky(page))
    page.page.get_by_role("button", name="Draw an aperture").click()
    page.page.get_by_text("Drag from the centre to the rim").wait_for()


def _in_sky(page):
    """Whether the page has written its address, and knew the sky by then: without it nothing is drawn."""
    assert {"ra", "min"} <= set(page.query)


def drag(page, begin, end):
    box = page.box
    page.drag((box["x"] + begin[0], box["y"] + begin[1]), (end[0] - begin[0], end[1] - begin[1]))


def drawn(page, count=1):
    def check():
        assert len(circles(page)) == count

    page.eventually(check)
    return circles(page)[-1]


def inside(wcs, shape, circle):
    ra, dec, radius = circle
    y, x = np.mgrid[: shape[0], : shape[1]]
    sky = SkyCoord(*wcs.pixel_to_world_values(x, y), unit="deg")
    return sky.separation(SkyCoord(ra, dec, unit="deg")) <= radius * u.deg


def shown(page):
    """The statistics in the panel, when they are at rest."""
    page.page.locator('ar-aperture-card dl[aria-busy="false"]').wait_for()
    words = page.page.locator("ar-aperture-card dt").all_inner_texts()
    values = page.page.locator("ar-aperture-card dd").all_inner_texts()
    return {word: number(value) for word, value in zip(words, values, strict=True)}


def number(text):
    plain = text.replace("\u2212", "-").replace("\u2009", "").replace("×10", "e")
    plain = plain.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(re.match(r"[-+.\de]+", plain)[0])


def agrees(page, values):
    def check():
        found = shown(page)
        wanted = {
            "Mean": values.mean(),
            "Std. deviation": values.std(),
            "Median": np.median(values),
            "Minimum": values.min(),
            "Maximum": values.max(),
            "Sum": values.sum(),
            "Pixels": values.size,
        }
        assert {word: found[word] for word in wanted} == pytest.approx(wanted, rel=2e-6)

    page.eventually(check)


def test_a_circle_is_drawn_and_measured(viewer):
    page = viewer().open(layer="fine", x=200, y=200, scale=0.5, **BARE)
    page.press("q")
    frame = Frame(page, 200, 200, 0.5)
    start(page)
    drag(page, frame.screen(190, 210), frame.screen(220.5, 210))
    ra, dec, radius = drawn(page)
    wcs = tan_wcs(1.0, 25.0, 400)
    np.testing.assert_allclose([ra, dec], wcs.pixel_to_world_values(190, 210), atol=2e-6)
    assert radius == pytest.approx(30.5 / 3600, rel=1e-4)
    values = field_values(400)[inside(wcs, (400, 400), (ra, dec, radius))].astype(float)
    agrees(page, values)
    assert page.page.locator("ar-aperture-card dd").first.inner_text().endswith(" adu")


def test_it_is_moved_resized_and_deleted(viewer):
    page = viewer().open(layer="fine", x=200, y=200, scale=0.5, **BARE)
    page.press("q")
    frame = Frame(page, 200, 200, 0.5)
    start(page)
    drag(page, frame.screen(190, 210), frame.screen(220, 210))
    first = drawn(page)
    page.eventually(lambda: _rim_at(page, frame, 220, 210))
    drag(page, frame.screen(195, 214), frame.screen(215, 184))
    page.eventually(lambda: _differ(page, first))
    wcs = tan_wcs(1.0, 25.0, 400)
    second = circles(page)[0]
    np.testing.assert_allclose(second[:2], wcs.pixel_to_world_values(210, 180), atol=3e-6)
    assert second[2] == first[2]
    page.eventually(lambda: _rim_at(page, frame, 210, 210))
    drag(page, frame.screen(210, 210), frame.screen(210, 230))
    page.eventually(lambda: _differ(page, second))
    third = circles(page)[0]
    assert third[:2] == second[:2]
    assert third[2] == pytest.approx(50 / 3600, rel=1e-2)
    agrees(page, field_values(400)[inside(wcs, (400, 400), third)].astype(float))
    page.page.get_by_role("button", name=re.compile("^Aperture 1")).first.focus()
    page.press("Delete")
    page.wait_query(circles=None)
    page.page.get_by_text("No aperture yet").wait_for()


def _rim_at(page, frame, x, y, reach=4):
    sx, sy = (round(v) for v in frame.screen(x, y))
    part = page.picture()[sy - reach : sy + reach + 1, sx - reach : sx + reach + 1]
    assert (np.abs(part - BRASS).max(axis=2) < 30).any()


def _differ(page, before):
    assert circles(page)[0] != before


@pytest.mark.parametrize(
    "circle",
    [(0.5, 4.0, 6.0), (200.0, 88.0, 5.0), (120.0, -90.0, 10.0), (299.5, 40.0, 8.0), (60.0, 10.0, 60.0)],
    ids=["ra 0", "near a pole", "pole", "seam", "large"],
)
def test_anywhere_on_the_sky(viewer, circle):
    page = viewer().open(layer="allsky", circles=",".join(map(str, circle)), **BARE)
    page.press("q")
    page.page.get_by_role("button", name=re.compile("^Aperture 1")).first.click()
    wcs = car_wcs(720, 360, growing=False)
    agrees(page, smooth_sky(wcs, 720, 360)[inside(wcs, (360, 720), circle)].astype(float))
    # Its rim is where the sky has it.
    rim = SkyCoord(*circle[:2], unit="deg").directional_offset_by([15, 100, 250] * u.deg, circle[2] * u.deg)
    page.press("0")
    page.rest()
    for x, y in np.transpose(wcs.world_to_pixel_values(rim.ra.deg, rim.dec.deg)):
        page.eventually(lambda x=x, y=y: _brass_at(page, (x + 0.5) % 720 - 0.5, y))


def _frame(page):
    wcs = car_wcs(720, 360, growing=False)
    box = page.box
    x, y = wcs.world_to_pixel_values(page.number("ra"), page.number("dec"))
    return Frame(page, float(x) % 720, float(y), 720 * 1.04 / box["width"])


def _brass_at(page, x, y):
    sx, sy = (round(v) for v in _frame(page).screen(x, y))
    part = page.picture()[max(0, sy - 5) : sy + 6, max(0, sx - 5) : sx + 6]
    assert part.size
    assert (np.abs(part - BRASS).max(axis=2) < 40).any()


def test_numbers_follow_the_layer(viewer):
    at = tan_wcs(1.0, 25.0, 400).pixel_to_world_values(200.3, 200.1)
    circle = (float(at[0]), float(at[1]), 40.3 / 3600)
    page = viewer().open(layer="fine", circles=",".join(map(repr, circle)))
    page.press("q")
    page.page.get_by_role("button", name=re.compile("^Aperture 1")).first.click()
    kept = circles(page)[0]
    agrees(page, field_values(400)[inside(tan_wcs(1.0, 25.0, 400), (400, 400), kept)].astype(float))
    page.page.locator("#map").focus()
    page.press("l")
    expect(page.page.get_by_label("Filter layers")).to_be_focused()
    page.page.keyboard.type("coarse")
    page.press("Enter")
    page.wait_query(layer="coarse")
    page.press("q")
    page.page.locator("#map").focus()
    page.press("q")
    agrees(page, field_values(300)[inside(tan_wcs(2.5, -40.0, 300), (300, 300), kept)].astype(float))


def test_a_click_and_typing_do_too(viewer):
    page = viewer().open(layer="allsky", ra=100, dec=20, fov=60, **BARE)
    page.press("q")
    start(page)
    box = page.box
    page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drawn(page)
    radius = page.page.get_by_label("Radius")
    radius.fill("90 arcmin")
    radius.press("Enter")
    page.eventually(lambda: _radius(page, 1.5))
    radius.fill("nothing")
    radius.press("Enter")
    page.page.get_by_text("A radius is an angle up to 90°").wait_for()
    centre = page.page.get_by_label("Centre")
    centre.fill("10h 00m 00s +30d 00m 00s")
    centre.press("Enter")
    page.eventually(lambda: _centre(page, 150, 30))
    row = page.page.get_by_role("button", name=re.compile("^Aperture 1")).first
    row.focus()
    page.press("ArrowUp", "ArrowUp")
    page.eventually(lambda: _above(page, 30))


def _radius(page, degrees):
    assert circles(page)[0][2] == pytest.approx(degrees)


def _centre(page, ra, dec):
    assert circles(page)[0][:2] == pytest.approx([ra, dec], abs=1e-6)


def _above(page, dec):
    assert dec < circles(page)[0][1] < dec + 1


def test_the_table_goes_home_as_csv(viewer, tmp_path):
    page = viewer().open(layer="allsky", circles="10.5,20,3_200,-40,5:=cmd()")
    page.press("q")
    page.page.get_by_text("mean").nth(1).wait_for()
    with page.page.expect_download() as event:
        page.page.get_by_role("button", name="CSV", exact=True).click()
    event.value.save_as(tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == ["Aperture 1", "'=cmd()"]
    wcs = car_wcs(720, 360, growing=False)
    for row, circle in zip(rows, [(10.5, 20, 3), (200, -40, 5)], strict=True):
        values = smooth_sky(wcs, 720, 360)[inside(wcs, (360, 720), circle)].astype(float)
        assert [float(row[name]) for name in ("ra_deg", "dec_deg", "radius_deg")] == list(circle)
        assert float(row["mean"]) == pytest.approx(values.mean(), rel=1e-12)
        assert float(row["sum"]) == pytest.approx(values.sum(), rel=1e-12)
        assert (row["layer"], row["units"], int(row["count"])) == ("allsky", "uK", values.size)


def test_without_a_sky_that_is_said(viewer):
    page = viewer().open(layer="steps")
    page.press("q")
    page.page.get_by_text("no circle of the sky to measure").wait_for()
    assert page.page.get_by_role("button", name="Draw an aperture").is_disabled()
