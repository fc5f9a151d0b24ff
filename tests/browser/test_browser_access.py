"""The token, the page's own origin, a lost graphics context, pictures to keep, fingers."""

from __future__ import annotations

import io
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from conftest_browser import BARE, GROUND, Frame, serve
from conftest_files import SIDE, steps
from PIL import Image

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LOOK = {"layer": "steps", "min": 0, "max": 256, "cmap": "gray", "stretch": "linear", "x": 32, "y": 32, **BARE}


def test_the_token_is_given_once_and_then_a_cookie_serves(sky, viewer):
    with serve(sky / "steps.fits", auth="token") as address:
        token = parse_qs(urlsplit(address).query)["token"][0]
        plain = address.partition("?")[0]
        stranger = viewer(plain)
        stranger.expected.append("401")
        stranger.page.goto(plain)
        stranger.page.get_by_text("token").first.wait_for()
        assert stranger.page.evaluate("fetch('api/holdings').then((answer) => answer.status)") == 401

        page = viewer(plain)
        page.page.goto(address)
        page.rest()
        assert token not in page.page.url
        page.open(**LOOK, scale=0.125)
        assert page.tiles
        assert not any(token in url for url in page.requests if "?token=" not in url)
        (cookie,) = page.page.context.cookies()
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert token not in cookie["value"]


def test_a_token_with_a_view_keeps_the_view(sky, viewer):
    with serve(sky / "steps.fits", auth="token") as address:
        page = viewer(address.partition("?")[0])
        page.page.goto(f"{address}&layer=steps&cmap=magma&invert=1")
        page.rest()
        page.wait_query(layer="steps", cmap="magma", invert="1", token=None)


def test_the_page_forbids_inline_scripts(viewer):
    """That nothing else is asked, and that nothing violates the policy, every page of these tests shows."""
    page = viewer()
    answer = page.page.goto(page.address)
    policy = answer.headers["content-security-policy"]
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    page.rest()
    page.expected.append("Content Security Policy")
    page.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.head.append(script);
        }"""
    )
    assert page.page.evaluate("window.ran") is None


def test_a_lost_graphics_context_comes_back(viewer):
    page = viewer().open(**LOOK, scale=0.125)
    before = page.still()
    asked = len(page.tiles)
    lose = """() => {
      const canvas = document.querySelector("armillary-app").shadowRoot.querySelector("canvas.sky-tiles");
      window.lost = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
      window.lost.loseContext();
    }"""
    page.page.evaluate(lose)
    page.expected.append("CONTEXT_LOST_WEBGL")
    page.press("i", "i")
    page.eventually(lambda: _blank(page.picture()))
    page.page.evaluate("window.lost.restoreContext()")
    page.eventually(lambda: _same(page.picture(), before))
    assert len(page.tiles) == asked


def _blank(picture):
    assert (picture == GROUND).all()


def _same(a, b):
    np.testing.assert_array_equal(a, b)


def saved(page, item):
    page.page.locator("ar-snapshot-menu").get_by_role("button").first.click()
    with page.page.expect_download() as waiting:
        page.page.get_by_role("menuitem", name=item).click()
    with open(waiting.value.path(), "rb") as file:
        return waiting.value.suggested_filename, np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB")).astype(
            int
        )


def test_a_picture_of_the_screen(viewer):
    page = viewer().open(**{**LOOK, "grid": 1, "scalebar": 1, "compass": 1, "minimap": 1}, scale=0.125)
    page.eventually(lambda: _varied(page.picture()))
    name, picture = saved(page, re.compile("Screen"))
    assert name == "steps-screen.png"
    screen = page.picture()
    assert picture.shape == screen.shape
    # The line that says so lies over the map.
    assert (np.abs(picture - screen).max(axis=2) > 2).mean() < 0.05


def _varied(picture):
    assert np.ptp(picture) > 200


def test_a_picture_at_native_resolution_is_the_files_own_pixels(viewer):
    page = viewer().open(**LOOK, scale=0.125)
    frame = Frame(page, 32, 32, 0.125)
    name, picture = saved(page, re.compile("Native"))
    assert name == "steps-native.png"
    half_x, half_y = frame.width / 2 * frame.scale, frame.height / 2 * frame.scale
    x0, x1 = max(0, round(np.floor(32 - half_x + 0.5))), min(SIDE, round(np.ceil(32 + half_x + 0.5)))
    y0, y1 = max(0, round(np.floor(32 - half_y + 0.5))), min(SIDE, round(np.ceil(32 + half_y + 0.5)))
    assert picture.shape[:2] == (y1 - y0, x1 - x0)
    values = steps()[y0:y1, x0:x1][::-1]
    valid = np.isfinite(values)
    assert np.abs(picture[..., 0] - np.floor(values))[valid].max() <= 1


@pytest.fixture
def touched(viewer):
    page = viewer(has_touch=True).open(**LOOK, scale=0.125)
    return page, page.page.context.new_cdp_session(page.page)


def touch(session, kind, *points):
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})


def middle(page):
    box = page.box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_finger_moves_the_map(touched):
    page, session = touched
    x, y = middle(page)
    touch(session, "touchStart", (x, y))
    for k in range(1, 11):
        touch(session, "touchMove", (x - 8 * k, y + 4 * k))
    # Held before it is lifted: no throw.
    page.page.wait_for_timeout(250)
    touch(session, "touchMove", (x - 80, y + 40))
    touch(session, "touchEnd")

    def moved():
        # The first step of 8 and 4 pixels tells a drag from a tap.
        assert page.number("x") == pytest.approx(32 + 72 * 0.125, abs=0.3)
        assert page.number("y") == pytest.approx(32 + 36 * 0.125, abs=0.3)

    page.eventually(moved)
    assert page.page.evaluate("[scrollX, scrollY, visualViewport.scale]") == [0, 0, 1]


def test_two_fingers_zoom_about_their_middle(touched):
    page, session = touched
    x, y = middle(page)
    touch(session, "touchStart", (x - 40, y), (x + 40, y))
    for k in range(1, 11):
        touch(session, "touchMove", (x - 40 - 4 * k, y), (x + 40 + 4 * k, y))
    touch(session, "touchEnd")

    def zoomed():
        assert page.number("scale") == pytest.approx(0.125 / 2, rel=0.12)
        assert page.number("x") == pytest.approx(32, abs=1)

    page.eventually(zoomed)
    assert page.page.evaluate("visualViewport.scale") == 1
