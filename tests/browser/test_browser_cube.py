"""Slices of a cube: by slider, by key, by themselves."""

from __future__ import annotations

import pytest
from conftest_browser import BARE
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LOOK = {"layer": "cube", "min": 0, "max": 100, "cmap": "gray", "stretch": "linear", "x": 32, "y": 32, **BARE}


def shade(page):
    picture = page.picture()
    return int(picture[picture.shape[0] // 2, picture.shape[1] // 2, 0])


def shows(page, slice_):
    """Slice k holds 10 + 20 k of a range from 0 to 100."""

    def check():
        assert abs(shade(page) - int(256 * (0.1 + 0.2 * slice_))) <= 1
        assert page.query.get("slice", "0") == str(slice_)

    page.eventually(check)


def test_the_slider_changes_slice_and_pixels(viewer):
    page = viewer().open(**LOOK)
    shows(page, 0)
    slider = page.page.get_by_label("FREQ")
    for k in (3, 1, 4):
        slider.evaluate(
            "(field, k) => { field.value = k; field.dispatchEvent(new Event('input', { bubbles: true })); }", str(k)
        )
        shows(page, k)
        page.page.locator("ar-cube-panel").get_by_text(f"{k + 1} of 5").wait_for()
    page.page.locator("ar-cube-panel").get_by_text("1.005×10⁹ Hz").wait_for()


def test_keys_step_and_wrap(viewer):
    page = viewer().open(**LOOK)
    shows(page, 0)
    page.press("<")
    shows(page, 4)
    page.press(">", ">")
    shows(page, 1)


def test_playing_goes_through_the_slices_and_stops(viewer):
    page = viewer().open(**LOOK)
    shows(page, 0)
    page.page.get_by_label("Slices per second").select_option("4")
    button = page.page.locator("ar-cube-panel").get_by_role("button", name="Play", exact=True)
    button.click()
    seen = set()

    def several():
        seen.add(shade(page))
        assert len(seen) >= 4

    page.eventually(several)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.rest()

    def agrees():
        assert abs(shade(page) - int(256 * (0.1 + 0.2 * int(page.query.get("slice", "0"))))) <= 1

    page.eventually(agrees)


def test_a_slice_of_the_address(viewer):
    shows(viewer().open(**LOOK, slice=2), 2)


def test_a_pointer_that_rests_has_the_exact_value_of_each_slice(viewer):
    page = viewer().open(**LOOK)
    page.point(page.box["width"] / 2, page.box["height"] / 2)
    for value in (10, 30, 50):
        expect(page.readout.locator(".value b")).to_have_text(f"{value}.0000")
        expect(page.readout.locator(".value .how")).to_have_text("exact")
        page.press(">")
