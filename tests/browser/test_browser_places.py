"""Where the pointer is, what lies there, and going to a place."""

from __future__ import annotations

import re

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from conftest_browser import BARE, Frame, Held
from conftest_files import field_values, tan_wcs

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def figures(text):
    return [float(word) for word in re.findall(r"[+-]?[\d.]+", text.replace("−", "-").replace("\u2009", ""))]


def shown(page, cell):
    return page.readout.locator(f".{cell} b").first.inner_text()


@pytest.mark.parametrize(("x", "y"), [(200, 180), (171, 233), (222, 205)])
def test_the_pixel_under_the_pointer(viewer, x, y):
    page = viewer().open(layer="fine", x=200, y=200, scale=0.2, **BARE)
    frame = Frame(page, 200, 200, 0.2)
    page.point(*frame.screen(x, y))
    page.readout.get_by_text("exact", exact=True).wait_for()
    page.readout.locator(".ra b").filter(has_text=re.compile(r"\d")).wait_for()
    assert figures(shown(page, "value")) == [field_values(400)[y, x]]
    assert figures(shown(page, "xy")) == pytest.approx([x, y], abs=0.11)
    wcs = tan_wcs(1.0, 25.0, 400)
    # The middle of the screen's pixel, which is where the pointer is.
    sky = SkyCoord(*wcs.pixel_to_world_values(x, y), unit="deg")
    hours, minutes, seconds = figures(shown(page, "ra"))
    assert 15 * (hours + minutes / 60 + seconds / 3600) == pytest.approx(sky.ra.deg, abs=0.3 / 3600)
    degrees, minutes, seconds = figures(shown(page, "dec"))
    assert -(abs(degrees) + minutes / 60 + seconds / 3600) == pytest.approx(sky.dec.deg, abs=0.3 / 3600)
    assert figures(shown(page, "lb")) == pytest.approx([sky.galactic.l.deg, sky.galactic.b.deg], abs=2e-4)


def test_a_mean_says_so_at_once_and_gives_way_to_the_exact_value(viewer):
    page = viewer().open(layer="large")
    held = Held(page.page, "**/values?*")
    box = page.box
    page.point(box["width"] / 2, box["height"] / 2)
    page.readout.get_by_text(re.compile(r"mean of [248]²")).wait_for()
    mean = figures(shown(page, "value"))
    page.eventually(held.some)
    x, y = (int(np.rint(v)) for v in figures(shown(page, "xy")))
    held.let_go()
    page.readout.get_by_text("exact", exact=True).wait_for()
    exact = figures(shown(page, "value"))
    assert exact == [field_values(1536)[y, x]]
    assert exact != mean


def test_beside_the_image_there_is_no_value(viewer):
    page = viewer().open(layer="steps", x=0, y=0, scale=0.125, **BARE)
    page.point(20, 20)
    page.readout.get_by_text("NaN").wait_for()


TARGET = SkyCoord(83.83, -5.37, unit="deg")


@pytest.mark.parametrize(
    "text",
    [
        "83.83 -5.37",
        "83.83, −5.37",
        "05:35:19.2 -05:22:12",
        "5h35m19.2s -5d22m12s",
        "05 35 19.2 −05 22 12",
        f"l={TARGET.galactic.l.deg:.7f} b={TARGET.galactic.b.deg:.7f}",
        f"{TARGET.galactic.l.deg:.7f} {TARGET.galactic.b.deg:.7f} galactic",
        f"ecl {TARGET.barycentricmeanecliptic.lon.deg:.7f} {TARGET.barycentricmeanecliptic.lat.deg:.7f}",
    ],
)
def test_going_to_a_position_in_its_usual_forms(viewer, text):
    page = viewer().open(layer="fine", fov=0.02)
    page.go_to(text)

    def there():
        centre = SkyCoord(page.number("ra"), page.number("dec"), unit="deg")
        assert centre.separation(TARGET) < 0.2 * u.arcsec

    page.eventually(there)


def test_going_to_a_pixel(viewer):
    page = viewer().open(layer="steps", x=32, y=32, scale=0.02)
    page.go_to("px 11 43")
    page.wait_query(x="11", y="43")


@pytest.mark.parametrize(
    ("layer", "text", "words"),
    [
        ("fine", "83.83", "needs two numbers|two angles|example"),
        ("fine", "05 75 00 −05 22 12", "minutes|60"),
        ("fine", "10 95", "90"),
        ("fine", "M 42", "looks like a name.*not looked up here"),
        ("fine", "px 9999 3", "pixels run from 0 to 399"),
        ("fine", "263.83 5.37", "lies outside this layer"),
        ("fine", "90 -10", "lies outside this layer"),
        ("steps", "83.83 -5.37", "no celestial coordinates"),
    ],
)
def test_what_cannot_be_found_is_explained(viewer, layer, text, words):
    page = viewer().open(layer=layer)
    # Until the server says that there is no resolver names may be looked up.
    page.page.get_by_placeholder(re.compile("^(Position|Pixel):")).wait_for()
    page.go_to(text)
    page.page.locator("ar-search-field .hint.bad").get_by_text(re.compile(words)).wait_for()


def test_the_server_is_away_while_going_somewhere(viewer):
    page = viewer().open(layer="fine")
    page.page.route("**/api/**", lambda route: route.abort())
    page.go_to("83.83 -5.37")
    page.page.locator("ar-search-field .hint.bad").get_by_text("The server does not answer").wait_for()
    page.page.unroute("**/api/**")
    page.go_to("83.83 -5.37")
    page.eventually(lambda: _close(page.number("ra"), 83.83))


def _close(a, b):
    assert a == pytest.approx(b, abs=1e-4)
