"""Files as they are: changed, cut short, gone, strange; and their headers."""

from __future__ import annotations

import os
import re
import shutil

import numpy as np
import pytest
from conftest_browser import BARE, Held, serve
from conftest_files import SIDE, write
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FLAT = {"min": 0, "max": 256, "cmap": "gray", "stretch": "linear", "x": 32, "y": 32, "scale": 0.125, **BARE}


def flat(value):
    data = np.full((SIDE, SIDE), value, np.float32)
    data[0, 0] = 0
    return data


def replace(path, value):
    """As a program does that writes aside and renames."""
    aside = path.with_suffix(".new")
    write(aside, flat(value))
    os.replace(aside, path)


def shade(page, wanted):
    def check():
        picture = page.picture()
        assert abs(int(picture[picture.shape[0] // 2, picture.shape[1] // 2, 0]) - wanted) <= 1

    page.eventually(check)


@pytest.fixture
def one(tmp_path, viewer):
    """A file that may be changed, and a page that shows it."""
    path = tmp_path / "one.fits"
    write(path, flat(64.5))
    with serve(path) as address:
        page = viewer(address).open(layer="one", **FLAT)
        shade(page, 64)
        yield path, page


def test_a_file_replaced_on_disk_is_shown_anew(one):
    path, page = one
    page.expected += ["410", "503"]
    replace(path, 192.5)
    page.says("The file changed on disk")
    shade(page, 192)
    box = page.box
    page.point(box["width"] / 2, box["height"] / 2)
    page.readout.get_by_text("192.5").first.wait_for()


def test_a_file_that_vanishes_is_missed_in_words_and_welcomed_back(one):
    path, page = one
    page.expected += ["410", "503"]
    aside = path.with_suffix(".away")
    path.rename(aside)
    page.says("one.fits")
    shade(page, 64)  # what was shown stays
    shutil.copy(aside, path)
    page.eventually(lambda: _quiet(page), 30)
    replace(path, 128.5)
    shade(page, 128)


def _quiet(page):
    assert page.page.locator("ar-toasts .fault").count() == 0


def test_a_file_cut_short_shows_its_valid_part(one):
    path, page = one
    page.expected += ["410", "503"]
    with path.open("r+b") as file:
        file.truncate(2880 + 4 * SIDE * SIDE // 2)
    page.says("The file changed on disk")

    def halves():
        picture = page.picture()
        height, width = picture.shape[:2]
        assert tuple(picture[height // 2 - 100, width // 2]) == (5, 7, 10)
        assert abs(int(picture[height // 2 + 100, width // 2, 0]) - 64) <= 1

    page.eventually(halves)
    page.page.locator("ar-notes-panel").get_by_text(re.compile("truncated|cut short|incomplete|missing")).wait_for()


def test_what_does_not_open_is_listed_with_its_reason(viewer):
    page = viewer().open(layer="steps")
    listed = page.page.locator("ar-layers-panel details")
    listed.locator("summary", has_text="3 files could not be opened").click()
    for name in ("words.fits", "empty.fits", "table.fits"):
        entry = listed.locator("li", has_text=name)
        entry.wait_for()
        assert len(entry.locator("span").inner_text()) > 10


def test_an_image_without_sky_says_so(viewer):
    page = viewer().open(layer="steps")
    notes = page.page.locator("ar-notes-panel")
    notes.get_by_text("No celestial coordinates").wait_for()
    notes.get_by_text("pixels only", exact=True).wait_for()
    assert page.readout.locator(".ra").count() == 0


def test_an_image_of_nothing_opens_and_says_so(viewer):
    page = viewer().open(layer="nothing", **BARE)
    page.page.locator("main").get_by_text("Every pixel is NaN").wait_for()
    page.eventually(lambda: _ground(page.picture()))


def _ground(picture):
    assert (picture[:200] == (5, 7, 10)).all()
    assert (picture[-200:] == (5, 7, 10)).all()


def test_a_healpix_map_opens(viewer):
    page = viewer().open(layer="healpix", cmap="gray", stretch="linear", min=-1, max=1, **BARE)

    def bright_below():
        picture = page.picture()
        height, width = picture.shape[:2]
        top, bottom = (picture[int(height * share), width // 2, 0] for share in (0.42, 0.58))
        assert bottom > top + 10

    page.eventually(bright_below)


def test_every_header_is_there_and_can_be_searched(viewer):
    page = viewer().open(layer="extensions-SCI")
    page.press("h")
    panel = page.page.locator("ar-header-panel")
    choice = panel.get_by_label("HDU")
    choice.wait_for()
    names = [" ".join(name.split()) for name in choice.locator("option").all_inner_texts()]
    assert len(names) == 5
    for name, wanted in zip(names, ("HDU 0", "SCI", "ERR", "DQ", "CATALOG"), strict=True):
        assert wanted in name
    choice.select_option("2")
    panel.locator(".card", has_text="exposure of ERR").wait_for()
    field = panel.get_by_role("searchbox")
    field.fill("NAXIS")
    panel.get_by_text(re.compile(r"\b1\b.*\b3\b")).first.wait_for()
    assert panel.locator("mark").count() == 3
    field.fill("no such thing")
    page.eventually(lambda: _none(panel))
    choice.select_option("0")
    field.fill("Hypatia")
    panel.locator(".card.current", has_text="Hypatia").wait_for()
    page.page.locator("#map").focus()
    page.press("k")
    panel.wait_for(state="detached")
    page.press("h")
    expect(choice).to_have_value("1")  # opened again it shows the layer's own


def _none(panel):
    assert panel.locator("mark").count() == 0


def test_loading_is_seen(viewer):
    page = viewer()
    held = Held(page.page, "**/tiles/**")
    page.page.goto(f"{page.address}?layer=steps")
    bar = page.page.get_by_role("progressbar", name="Loading")
    page.eventually(held.some)
    bar.wait_for()
    assert page.page.locator("#map").get_attribute("aria-busy") == "true"
    held.let_go()
    page.rest()
    page.eventually(lambda: _no(bar))


def _no(locator):
    assert locator.count() == 0


def test_a_tile_that_fails_is_told_in_words(viewer):
    page = viewer()
    page.expected.append("404")
    error = {"error": {"code": "not_found", "message": "The dog ate this tile.", "detail": None}}
    page.page.route("**/tiles/**", lambda route: route.fulfill(status=404, json=error))
    page.page.goto(f"{page.address}?layer=steps")
    page.says("The dog ate this tile.")
    page.page.unroute("**/tiles/**")
    page.page.evaluate("dispatchEvent(new Event('online'))")
    page.page.get_by_role("treeitem", name="cube").click()
    page.wait_query(layer="cube")
    page.rest()
    page.eventually(lambda: _varies(page.picture()))


def _varies(picture):
    assert np.ptp(picture) > 100
