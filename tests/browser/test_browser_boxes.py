"""Boxes on the map, and the pixels in them taken home."""

from __future__ import annotations

import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from conftest_browser import BARE, Frame, decode
from conftest_files import car_wcs, field_values, smooth_sky, steps, tan_wcs

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BRASS = (224, 166, 74)


def start_drawing(page):
    page.page.get_by_role("button", name="Draw a box").click()
    page.page.get_by_text("Drag from corner to corner").wait_for()


def draw(page, frame, a, b):
    """From the middle of one pixel to that of another."""
    start_drawing(page)
    drag(page, frame.screen(*a), frame.screen(*b))
    page.eventually(lambda: _says_boxes(page))


def _says_boxes(page):
    assert page.query.get("boxes")


def drag(page, start, end):
    box = page.box
    page.drag((box["x"] + start[0], box["y"] + start[1]), (end[0] - start[0], end[1] - start[1]))


def numbers(text):
    return [float(word) for word in text.split(",")[1:]]


def download(page, tmp_path, word):
    button = page.page.get_by_role("link", name=f"Download {word}")
    page.page.locator("ar-cutout-form").get_by_text(" px · about ").wait_for()
    with page.page.expect_download() as event:
        button.click()
    path = tmp_path / event.value.suggested_filename
    event.value.save_as(path)
    return path


def near_brass(page, frame, x, y, reach=4):
    """Whether the accent's colour is drawn around a pixel."""
    sx, sy = (round(v) for v in frame.screen(x, y))
    part = page.picture()[max(0, sy - reach) : sy + reach + 1, max(0, sx - reach) : sx + reach + 1]
    assert (np.abs(part - BRASS).max(axis=2) < 30).any()


def test_a_box_on_an_all_sky_map_is_a_range_and_its_fits_the_pixels(viewer, tmp_path):
    page = viewer().open(layer="allsky", x=600, y=180, scale=0.5, **BARE)
    page.press("r")
    frame = Frame(page, 600, 180, 0.5)
    draw(page, frame, (590, 170), (609, 184))
    kind, *_ = page.query["boxes"].split(",")
    wcs = car_wcs(720, 360, growing=False)
    ra, dec = wcs.pixel_to_world_values([609.5, 589.5], [169.5, 184.5])
    assert kind == "r"
    assert numbers(page.query["boxes"]) == pytest.approx([ra[0] % 360, ra[1] % 360, dec[0], dec[1]], abs=1e-6)
    assert ra[0] % 360 > ra[1] % 360, "it lies across RA 0"
    path = download(page, tmp_path, "FITS")
    data = smooth_sky(wcs, 720, 360)
    with fits.open(path) as found:
        np.testing.assert_array_equal(found[0].data, data[170:185, 590:610])
        assert found[0].data.dtype == np.dtype(">f4")
        assert found[0].header["BUNIT"] == "uK"
        sky = WCS(found[0].header).pixel_to_world_values(3, 4)
    np.testing.assert_allclose(np.mod(sky, 360), np.mod(wcs.pixel_to_world_values(593, 174), 360), atol=1e-9)


def test_a_box_on_a_turned_image_is_the_polygon_of_its_corners(viewer, tmp_path):
    page = viewer().open(layer="fine", x=200, y=200, scale=0.5, **BARE)
    page.press("r")
    frame = Frame(page, 200, 200, 0.5)
    draw(page, frame, (180, 190), (219, 214))
    assert page.query["boxes"].startswith("p,")
    corners = np.reshape(numbers(page.query["boxes"]), (4, 2))
    x, y = [179.5, 219.5, 219.5, 179.5], [189.5, 189.5, 214.5, 214.5]
    np.testing.assert_allclose(corners, np.transpose(tan_wcs(1.0, 25.0, 400).pixel_to_world_values(x, y)), atol=2e-7)
    page.eventually(lambda: near_brass(page, frame, 199.5, 189.5))
    page.eventually(lambda: near_brass(page, frame, 219.5, 200))
    with fits.open(download(page, tmp_path, "FITS")) as found:
        np.testing.assert_array_equal(found[0].data, field_values(400)[190:215, 180:220])


def test_without_a_sky_a_box_is_its_pixels(viewer, tmp_path):
    page = viewer().open(layer="steps", x=32, y=32, scale=0.125, **BARE)
    page.press("r")
    draw(page, Frame(page, 32, 32, 0.125), (10, 40), (30, 22))
    assert page.query["boxes"] == "x,steps,10,22,31,41"
    with fits.open(download(page, tmp_path, "FITS")) as found:
        np.testing.assert_array_equal(found[0].data, steps()[22:41, 10:31])


def test_pictures_have_the_colours_of_the_screen(viewer, tmp_path):
    page = viewer().open(layer="steps", min=0, max=256, cmap="gray", stretch="linear", boxes="x,steps,0,0,10,8")
    page.press("r")
    page.page.get_by_role("button", name=re.compile("^Box 1")).first.click()
    page.page.get_by_role("radio", name="PNG").click()
    picture = decode(download(page, tmp_path, "PNG").read_bytes())
    assert picture.shape[:2] == (8, 10)
    np.testing.assert_allclose(picture[::-1, :, 0], np.floor(steps()[:8, :10]), atol=1)


def test_handles_resize_and_move_and_escape_takes_back(viewer):
    page = viewer().open(layer="allsky", x=600, y=180, scale=0.5, **BARE)
    page.press("r")
    frame = Frame(page, 600, 180, 0.5)
    draw(page, frame, (590, 170), (609, 184))
    before = page.query["boxes"]
    page.eventually(lambda: _handle_at(page, frame, 609.5, 184.5))
    # The corner to the west and north, ten pixels out.
    drag(page, frame.screen(609.5, 184.5), frame.screen(619.5, 194.5))
    page.eventually(lambda: _differs(page, before))
    first = numbers(before)
    assert numbers(page.query["boxes"]) == pytest.approx([first[0] - 5, first[1], first[2], first[3] + 5], abs=0.02)
    second = numbers(page.query["boxes"])
    text = page.query["boxes"]
    page.eventually(lambda: _handle_at(page, frame, 619.5, 194.5))
    drag(page, frame.screen(604.5, 182), frame.screen(584.5, 182))
    page.eventually(lambda: _differs(page, text))
    off = np.subtract(numbers(page.query["boxes"]), [second[0] + 10, second[1] + 10, *second[2:]])
    np.testing.assert_allclose((off + 180) % 360 - 180, 0, atol=0.02)
    text = page.query["boxes"]
    page.eventually(lambda: _handle_at(page, frame, 599.5, 194.5))
    box = page.box
    sx, sy = frame.screen(584.5, 182)
    page.page.mouse.move(box["x"] + sx, box["y"] + sy)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + sx + 60, box["y"] + sy, steps=4)
    page.press("Escape")
    page.page.mouse.up()
    page.page.wait_for_timeout(400)
    assert page.query["boxes"] == text


def _handle_at(page, frame, x, y):
    """Whether a square of the accent's colour is there, and not only a line of it."""
    sx, sy = (round(v) for v in frame.screen(x, y))
    part = page.picture()[sy - 4 : sy + 5, sx - 4 : sx + 5]
    assert (np.abs(part - BRASS).max(axis=2) < 30).mean() > 0.6


def _differs(page, before):
    assert page.query.get("boxes") != before


def test_numbers_names_keys_and_deleting(viewer):
    page = viewer().open(layer="allsky", boxes="r,350,10,-5,5")
    page.press("r")
    row = page.page.get_by_role("button", name=re.compile("^Box 1")).first
    row.click()
    page.page.get_by_label("eastward to").fill("30")
    page.page.get_by_label("eastward to").press("Enter")
    page.wait_query(boxes="r,350,30,-5,5")
    page.page.get_by_label("Dec from").fill("what")
    page.page.get_by_label("Dec from").press("Enter")
    page.page.get_by_text("is no number").wait_for()
    page.page.locator("ar-box-editor").get_by_label("Name").fill("Deep & wide")
    page.page.locator("ar-box-editor").get_by_label("Name").press("Enter")
    page.wait_query(boxes="r,350,30,-5,5:Deep%20%26%20wide")
    row = page.page.get_by_role("button", name=re.compile("^Deep & wide")).first
    row.focus()
    page.press("Shift+ArrowUp")
    page.eventually(lambda: _moved_up(page))
    assert page.query["layer"] == "allsky"
    page.press("Delete")
    page.wait_query(boxes=None)
    page.page.get_by_text("No box yet").wait_for()


def _moved_up(page):
    _says_boxes(page)
    low, high = numbers(page.query["boxes"].split(":")[0])[2:]
    assert low > -4.5
    assert high - low == pytest.approx(10)


def test_drawn_boxes_come_back(viewer):
    page = viewer().open(layer="allsky", boxes="r,350,10,-5,5:Kept")
    page.press("r")
    page.page.get_by_role("button", name="Hide Kept").click()
    page.wait_query(boxes=None)
    page.page.get_by_role("button", name="Show Kept").click()
    page.wait_query(boxes="r,350,10,-5,5:Kept")
    page.open(layer="fine")
    page.wait_query(boxes="r,350,10,-5,5:Kept")


def test_escape_ends_drawing_and_the_map_moves_again(viewer):
    page = viewer().open(layer="steps", x=32, y=32, scale=0.125, **BARE)
    page.press("r")
    start_drawing(page)
    page.press("Escape")
    page.page.get_by_text("Drag from corner to corner").wait_for(state="hidden")
    drag(page, (300, 300), (340, 300))
    page.eventually(lambda: _moved_to(page, 32 - 40 * 0.125))
    assert "boxes" not in page.query


def _moved_to(page, x):
    assert page.number("x") == pytest.approx(x, abs=1.5)


def test_boxes_of_the_collection(viewer, collection):
    page = viewer(collection).open(layer="day0-f090-I", **BARE)
    page.press("r")
    page.page.get_by_text("Of this collection").wait_for()
    page.page.get_by_text("Both sides of RA 0").wait_for()
    page.page.get_by_role("button", name="Go to Across").click()
    page.eventually(lambda: _looks_at(page, 0, -5))
    page.rest()
    frame = Frame(page, page.number("x") if "x" in page.query else _column(page), _row(page), _scale(page))
    page.page.mouse.move(5, 5)
    wcs = car_wcs(720, 360, growing=False)
    x, y = wcs.all_world2pix([[360.0, 10.0]], 0)[0]
    box = page.box
    sx, sy = frame.screen(float(x) % 720, float(y))

    def hovered():
        for off in (1, 0):
            page.page.mouse.move(box["x"] + sx + off, box["y"] + sy)
        near_brass(page, frame, float(x) % 720, float(y))

    page.eventually(hovered)
    # A click on its border selects it.
    page.page.mouse.click(box["x"] + sx, box["y"] + sy)
    page.page.locator("ar-cutout-form").get_by_text("80 × 60 px").wait_for()
    page.page.get_by_role("button", name="Hide all boxes").click()
    page.page.get_by_role("button", name="Show all boxes").wait_for()


def _looks_at(page, ra, dec):
    assert (page.number("ra") - ra + 180) % 360 - 180 == pytest.approx(0, abs=0.05)
    assert page.number("dec") == pytest.approx(dec, abs=0.05)


def _column(page):
    return (
        float(car_wcs(720, 360, growing=False).all_world2pix([[page.number("ra"), page.number("dec")]], 0)[0][0]) % 720
    )


def _row(page):
    return float(car_wcs(720, 360, growing=False).all_world2pix([[page.number("ra"), page.number("dec")]], 0)[0][1])


def _scale(page):
    return page.number("fov") / page.box["width"] / 0.5


def test_too_large_a_cutout_is_said_before(viewer):
    page = viewer().open(layer="allsky", boxes="r,350,10,-5,5")
    page.page.route(
        "**/cutout?*estimate=1*",
        lambda route: route.fulfill(
            json={"bytes": 9e9, "shape": [50000, 50000], "pixels": 2.5e9, "window": [0, 0, 1, 1], "limit": 4e8}
        ),
    )
    page.press("r")
    page.page.get_by_role("button", name=re.compile("^Box 1")).first.click()
    page.page.get_by_text("2500 Mpx are more than one cutout may have (400 Mpx).").wait_for()
    assert page.page.locator("ar-cutout-form a.btn").get_attribute("href") is None


def test_fingers_draw_too(viewer):
    page = viewer(has_touch=True).open(layer="steps", x=32, y=32, scale=0.125, **BARE)
    page.press("r")
    start_drawing(page)
    box = page.box
    frame = Frame(page, 32, 32, 0.125)
    points = [frame.screen(10, 40), frame.screen(20, 30), frame.screen(30, 22)]
    session = page.page.context.new_cdp_session(page.page)

    def touch(kind, *places):
        found = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": found})

    touch("touchStart", points[0])
    touch("touchMove", points[1])
    touch("touchMove", points[2])
    touch("touchEnd")
    page.wait_query(boxes="x,steps,10,22,31,41")
    assert page.number("x") == pytest.approx(32)
