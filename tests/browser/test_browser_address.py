"""The address holds the whole view: there, back, and whatever else somebody types."""

from __future__ import annotations

import numpy as np
import pytest
from conftest_browser import back_twice

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FULL = {
    "layer": "fine",
    "ra": "83.81",
    "dec": "-5.395",
    "fov": "0.07",
    "min": "-250",
    "max": "600",
    "stretch": "asinh",
    "cmap": "magma",
    "gamma": "1.4",
    "invert": "1",
    "compare": "coarse",
    "mode": "opacity",
    "mix": "0.3",
    "frame": "galactic",
    "grid": "0",
    "mirror": "1",
}


def same(found, wanted):
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        if name in {"ra", "dec", "fov"}:
            assert float(found[name]) == pytest.approx(float(value), rel=2e-6)
        else:
            assert found[name] == value, name


def test_an_address_brings_the_same_view_back(viewer):
    page = viewer()
    # The second layer comes once it is known where it lies under the first.
    with page.page.expect_response("**/coarse/tiles/**"):
        page.open(**FULL)
    page.rest()
    page.eventually(lambda: same(page.query, FULL))
    page.eventually(lambda: _still(page))
    first = page.picture()
    again = viewer().open(page.page.url.partition("?")[2])
    again.eventually(lambda: _alike(first, again.picture()))
    same(again.query, FULL)


def _alike(a, b, most=0.002):
    assert a.shape == b.shape
    assert (np.abs(a - b).max(axis=2) > 4).mean() < most


def _still(page):
    before = page.picture()
    page.page.wait_for_timeout(400)  # the second layer comes after the first
    assert _alike(before, page.picture()) is None


def test_the_state_made_by_hand_survives_a_reload(viewer):
    page = viewer().open(layer="cube")
    page.press("t", ".", "i", ">", ">", "+")
    page.wait_query(layer="cube", slice="2", stretch="sqrt", invert="1")
    page.rest()
    page.eventually(lambda: _stays(page))
    query, picture = page.query, page.still()
    page.page.reload()
    page.rest()
    page.eventually(lambda: _alike(picture, page.picture()))
    assert page.query == query


def _stays(page):
    before = page.query
    page.page.wait_for_timeout(400)  # longer than the address waits for quiet
    assert page.query == before


def test_back_and_forward(viewer):
    page = viewer().open(layer="fine", cmap="gray")
    page.press("i")
    page.wait_query(layer="fine", invert="1")
    page.page.get_by_role("treeitem", name="coarse").click()
    page.wait_query(layer="coarse", invert=None)
    page.rest()
    page.page.go_back()
    page.wait_query(layer="fine", invert="1")
    page.rest()
    page.page.go_back()
    page.wait_query(layer="fine", invert=None)
    page.eventually(lambda: _pressed(page, "false"))
    page.page.go_forward()
    page.wait_query(layer="fine", invert="1")
    page.eventually(lambda: _pressed(page, "true"))
    page.page.go_forward()
    page.wait_query(layer="coarse")
    page.rest()


def _pressed(page, wanted):
    assert page.page.get_by_role("button", name="Invert").get_attribute("aria-pressed") == wanted


def test_an_answer_that_comes_late_brings_back_no_address_that_has_been_left(viewer):
    page = viewer().open(layer="fine", ra=83.83, dec=-5.37, fov=0.01)
    # Until the page writes it the address is as it was opened; before there is a sky it names a pixel.
    page.eventually(lambda: _names(page.query, "min", "ra"))
    page.eventually(lambda: _stays(page))
    places = [page.query]
    for text in ("83.831 -5.371", "83.832 -5.372"):
        page.go_to(text)
        page.eventually(lambda: _not_in(page.query, places))
        page.eventually(lambda: _stays(page))
        places.append(page.query)
    held = back_twice(page)
    page.eventually(lambda: _stays(page))
    held.answer_newest()
    held.let_go()
    page.page.wait_for_timeout(400)
    page.rest()
    assert page.query == places[0]
    page.page.go_forward()
    page.eventually(lambda: _equal(page.query, places[1]))


def _names(query, *names):
    assert set(names) <= set(query)


def _not_in(one, several):
    assert one not in several


@pytest.mark.parametrize(
    "junk",
    [
        "ra=abc&dec=1e999&fov=-3&min=9&max=1&stretch=wobbly&gamma=0&cmap=%22%3E%3Cscript%3E&slice=-1,x&mode=x&mix=NaN",
        "x=Infinity&y=&scale=0&min=NaN&max=NaN&compare=&frame=terrestrial&lon=7&grid=perhaps&mirror=2&%00=%ff&=&&",
    ],
)
def test_junk_is_ignored(viewer, junk):
    plain = viewer().open(layer="steps")
    page = viewer().open(f"layer=steps&{junk}")
    page.eventually(lambda: _alike(plain.picture(), page.picture()))
    plain.eventually(lambda: _in(plain, "x"))
    page.eventually(lambda: _equal(page.query, plain.query))


def _in(page, name):
    assert name in page.query


def _equal(a, b):
    assert a == b


def test_a_layer_that_is_not_there_says_so(viewer):
    page = viewer()
    page.expected.append("404")
    page.page.goto(f"{page.address}?layer=no_such")
    page.page.get_by_role("alert").get_by_text("There is no layer “no_such” here.").wait_for()
    page.page.get_by_role("treeitem", name="steps").click()
    page.rest()


def test_an_unknown_colour_map_is_grey_and_does_no_harm(viewer):
    page = viewer().open(layer="steps", cmap="no_such_map")
    page.eventually(lambda: _grey(page.picture()))


def _grey(picture):
    middle = picture[200:500, 100:500]
    assert (np.ptp(middle, axis=2) <= 6).all()
    assert np.ptp(middle) > 200


def test_a_move_taken_back_before_it_is_drawn_leaves_the_address_as_it_was(viewer):
    page = viewer()
    page.page.add_init_script(
        "window.requestAnimationFrame = (act) => setTimeout(() => act(performance.now()), window.slow ? 900 : 16)"
    )
    page.open(layer="steps", x=32, y=32, scale=0.125)
    page.wait_query(x="32", scale="0.125")
    page.page.wait_for_timeout(400)  # what the opening writes is behind us
    page.page.evaluate("window.slow = true")
    page.press("+", "g", "-")  # "g" writes at once
    page.wait_query(grid="0")
    page.page.wait_for_timeout(1500)  # frames are late, and then the address
    assert page.number("scale") == pytest.approx(0.125)
