"""Layers one after another, and one over another."""

from __future__ import annotations

import re

import numpy as np
import pytest
from conftest_browser import BARE, Frame
from conftest_files import SIDE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FLAT = {"layer": "low", "min": 0, "max": 256, "cmap": "gray", "stretch": "linear", "x": 32, "y": 26, "scale": 0.125}


def middle(page):
    picture = page.picture()
    return tuple(int(c) for c in picture[picture.shape[0] // 2, picture.shape[1] // 2])


def is_colour(page, wanted, off=1):
    def check():
        found = middle(page)
        assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= off, found

    page.eventually(check)


def test_the_sky_stays_where_it_is_when_the_layer_changes(viewer):
    page = viewer().open(layer="fine", ra=83.82, dec=-5.41, fov=0.03)
    for name in ("coarse", "large", "fine"):
        page.page.get_by_role("treeitem", name=re.compile(f"^{name}")).click()
        page.wait_query(layer=name)
        page.rest()
        page.eventually(lambda: _there(page, 83.82, -5.41, 0.03))


def _there(page, ra, dec, fov):
    assert page.number("ra") == pytest.approx(ra, abs=2e-6)
    assert page.number("dec") == pytest.approx(dec, abs=2e-6)
    assert page.number("fov") == pytest.approx(fov, rel=2e-3)


def test_the_same_place_shows_the_same_pixel_again(viewer):
    page = viewer().open(layer="fine", x=180, y=210, scale=0.25, **BARE)
    before = page.still()
    for name in ("coarse", "fine"):
        page.page.get_by_role("treeitem", name=re.compile(f"^{name}")).click()
        page.wait_query(layer=name)
        page.rest()
    page.eventually(lambda: _alike(before, page.picture()))


def _alike(a, b):
    assert (np.abs(a - b).max(axis=2) > 4).mean() < 0.03


def compared(viewer):
    """Grey 64 under grey 192, half and half."""
    page = viewer()
    page.open(**{**FLAT, "layer": "high"}, **BARE)
    is_colour(page, (192, 192, 192))
    page.page.get_by_role("treeitem", name="low").click()
    page.wait_query(layer="low")
    # The style of a layer is its own.
    page.page.get_by_label("Lower end", exact=True).fill("0")
    page.page.get_by_label("Upper end", exact=True).fill("256")
    page.page.get_by_label("Upper end", exact=True).press("Enter")
    page.page.get_by_role("radio", name="gray", exact=True).click()
    page.page.get_by_role("radio", name="linear").click()
    page.page.get_by_label("Compare with").select_option("high")
    page.wait_query(compare="high", mode="opacity", mix="0.5")
    return page


def slide(page, label, value):
    page.page.get_by_label(label, exact=True).evaluate(
        "(field, value) => { field.value = value; field.dispatchEvent(new Event('input', { bubbles: true })); }",
        str(value),
    )


def test_opacity_blends_and_blinking_changes(viewer):
    page = compared(viewer)
    is_colour(page, (128, 128, 128))
    tiles = len(page.tiles)
    slide(page, "Opacity", 0.25)
    is_colour(page, (96, 96, 96))
    slide(page, "Opacity", 1)
    is_colour(page, (192, 192, 192))
    page.page.get_by_role("radio", name=re.compile("Blink")).click()
    is_colour(page, (192, 192, 192))
    page.press("b")
    is_colour(page, (64, 64, 64))
    page.press("b")
    is_colour(page, (192, 192, 192))
    page.page.get_by_role("button", name="Play", exact=True).first.click()
    is_colour(page, (64, 64, 64))
    is_colour(page, (192, 192, 192))
    assert len(page.tiles) == tiles


def test_swipe_shows_one_on_each_side(viewer):
    page = compared(viewer)
    page.page.get_by_role("radio", name=re.compile("Swipe")).click()
    page.wait_query(mode="swipe")
    frame = Frame(page, 32, 26, 0.125)

    def sides():
        row = page.picture()[int(frame.height / 2)]
        assert abs(row[100, 0] - 64) <= 1
        assert abs(row[-100, 0] - 192) <= 1

    page.eventually(sides)


def test_the_second_layer_is_equalised_too(viewer):
    page = viewer()
    look = {**FLAT, "layer": "signed", "stretch": "histeq", "min": -500, "max": 500}
    page.open(**look, **BARE)
    page.rest()
    page.eventually(lambda: _varied(page))
    alone = page.still()
    page.page.get_by_role("treeitem", name="steps").click()
    page.wait_query(layer="steps")
    page.page.get_by_label("Compare with").select_option("signed")
    page.wait_query(compare="signed")
    slide(page, "Opacity", 1)
    page.eventually(lambda: _alike(alone, page.picture()))


def _varied(page):
    picture = page.picture()
    assert np.unique(picture[..., 0]).size > 90
    assert picture.shape[0] > SIDE
