"""Catalogs over the map: symbols where the sources are, cards, the table, the address."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from conftest_browser import BARE, Frame, _viewers, back_twice, serve
from conftest_catalogs import COUNT, MANY, WCS, catalogs_server, field_table, pixels, write_catalogs
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SKY = (86, 180, 233)
STARS = "stars*sky*circle*11"
PLAIN = {**BARE, "cmap": "gray", "min": 0, "max": 100}


@pytest.fixture(scope="module")
def where(tmp_path_factory) -> Iterator[str]:
    with catalogs_server(write_catalogs(tmp_path_factory.mktemp("catalogs"))) as address:
        yield address


@pytest.fixture
def look(chromium, where):
    yield from _viewers(chromium, where)


@pytest.fixture(scope="module")
def table():
    return field_table()


def coloured(picture, colour=SKY):
    """Where a picture shows a colour, also where it is mixed with the dark rim of symbols."""
    wanted = np.array(colour) / np.linalg.norm(colour)
    strength = picture @ wanted
    aside = np.linalg.norm(picture - strength[..., None] * wanted, axis=2)
    return (strength > 0.4 * np.linalg.norm(colour)) & (aside < 0.12 * strength)


def around(mask, sx, sy, reach=12):
    """Middle of the pixels that are set near a place, and how many."""
    x0, y0 = max(0, round(sx) - reach), max(0, round(sy) - reach)
    rows, cols = np.nonzero(mask[y0 : y0 + 2 * reach, x0 : x0 + 2 * reach])
    if not rows.size:
        return None, 0
    return (cols.mean() + 0.5 + x0, rows.mean() + 0.5 + y0), rows.size


def panel(page):
    return page.page.locator("ar-catalogs-panel")


def shows(page, words):
    page.press("k")
    panel(page).get_by_text(words).first.wait_for()
    page.rest()


def rows_of(page):
    """Texts of the rows that are drawn, cells without padding."""
    return page.page.locator("ar-source-grid").evaluate(
        """(grid) => [...grid.shadowRoot.querySelectorAll(".body .row:not(.wait)")].map((row) =>
          [Number(row.ariaRowIndex) - 2, [...row.children].map((cell) => cell.textContent.trim())])
          .sort((a, b) => a[0] - b[0])"""
    )


def first_rows(page, count):
    return [cells for at, cells in rows_of(page) if at < count]


def plain_number(text):
    return float(text.replace("−", "-"))


def test_symbols_lie_on_the_pixels_of_their_stars(look):
    page = look().open(layer="field", x=199.5, y=199.5, scale=0.8, catalogs=STARS, **PLAIN)
    shows(page, "in view")
    frame = Frame(page, 199.5, 199.5, 0.8)
    mask = coloured(page.still())
    inside = 0
    for x, y in pixels():
        sx, sy = frame.screen(x, y)
        if not (14 < sx < frame.width - 14 and 14 < sy < frame.height - 14):
            continue
        inside += 1
        middle, size = around(mask, sx, sy)
        assert size > 12
        assert middle == pytest.approx((sx, sy), abs=0.8)
    assert inside > 200


def test_symbols_move_with_the_map_in_the_same_frame(look):
    page = look().open(layer="field", x=199.5, y=199.5, scale=0.8, catalogs=STARS, **PLAIN)
    shows(page, "in view")
    asked = len([url for url in page.requests if "/points" in url])
    box = page.box
    page.page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 320, box["y"] + 312, steps=4)
    x, y = pixels()[np.hypot(*(pixels() - 199.5).T).argmin()]

    def moved():
        centre = WCS.world_to_pixel_values(page.number("ra"), page.number("dec"))
        assert np.hypot(*(np.array(centre) - 199.5)) > 10
        sx, sy = Frame(page, *centre, 0.8).screen(x, y)
        middle, _ = around(coloured(page.picture()), sx, sy)
        assert middle == pytest.approx((sx, sy), abs=0.8)

    page.eventually(moved)
    page.page.mouse.up()
    page.page.wait_for_timeout(400)
    assert len([url for url in page.requests if "/points" in url]) == asked, "a complete answer serves short moves"


def test_copies_on_a_map_that_wraps(look):
    page = look().open(layer="allsky", ra=120, dec=0, fov=500, catalogs="seam*sky*square*13", **PLAIN)
    shows(page, "2 in view")
    width = page.box["width"]
    scale = 360 / 500 * width
    # Right ascension grows to the left; every copy that lies in the view has its symbol.
    mask = coloured(page.still())
    height = page.box["height"]
    for ra, dec in ((300.2, 10), (120, -20)):
        at = width / 2 - (ra - 120) / 360 * scale
        copies = [at + k * scale for k in range(-3, 4) if 10 < at + k * scale < width - 10]
        assert copies
        for sx in copies:
            assert around(mask, sx, height / 2 - dec / 360 * scale)[1] > 12
    assert len([at for at in (width / 2 - 180 / 360 * scale, width / 2 + 180 / 360 * scale) if 0 < at < width]) == 2


def test_rows_without_a_place_are_counted_and_listed(look):
    page = look().open(layer="allsky", catalogs="seam*sky*square*13", **PLAIN)
    shows(page, "3 rows are in the table only")
    panel(page).locator(".skipped", has_text="1 beyond the sphere").wait_for()
    panel(page).get_by_role("button", name="Table").click()
    page.eventually(
        lambda: _equal([row[1] for row in first_rows(page, 5)], ["seam", "middle", "lost", "beyond", "nowhere"])
    )
    page.page.locator("ar-source-grid .row", has_text="lost").click()
    page.says("no position")


def _equal(a, b):
    assert a == b


def card(page):
    return page.page.locator("ar-source-card .card")


def test_a_click_opens_the_card_with_every_column(look, table):
    page = look().open(layer="field", x=199.5, y=199.5, scale=0.8, catalogs=STARS, **PLAIN)
    shows(page, "in view")
    k = int(np.hypot(*(pixels() - 150).T).argmin())
    sx, sy = Frame(page, 199.5, 199.5, 0.8).screen(*pixels()[k])
    box = page.box
    page.page.mouse.click(box["x"] + sx + 2, box["y"] + sy + 1)
    card(page).get_by_text(table["name"][k], exact=True).first.wait_for()
    card(page).locator("dd").first.wait_for()
    names = card(page).locator("dt").all_inner_texts()
    values = [text.replace("−", "-") for text in card(page).locator("dd").all_inner_texts()]
    assert names == table.colnames
    for name, text in zip(names, values, strict=True):
        wanted = table[name][k]
        if np.ma.is_masked(wanted):
            assert text == "–"
        elif isinstance(wanted, str):
            assert text == wanted
        elif name == "source_id":
            assert int(text) == int(wanted)
        else:
            assert float(text) == float(wanted)
    where = SkyCoord(table["ra"][k], table["dec"][k], unit="deg")
    assert where.ra.to_string("hour", sep=":", precision=1, pad=True)[:8].replace(":", "") in "".join(
        c for c in card(page).locator(".where").inner_text() if c.isdigit()
    )
    for link in card(page).locator(".links a").all():
        assert link.get_attribute("target") == "_blank"
        assert link.get_attribute("rel") == "noopener noreferrer"
    page.wait_query(source=f"stars*{k}")
    page.press("Escape")
    card(page).wait_for(state="hidden")
    page.wait_query(source=None)


def test_the_card_stands_in_the_map_and_follows_it(look):
    k = int(np.hypot(*(pixels() - (60, 200)).T).argmin())
    page = look().open(layer="field", x=199.5, y=199.5, scale=0.8, catalogs=STARS, source=f"stars*{k}", **PLAIN)
    card(page).locator("dd").first.wait_for()
    sx, _ = Frame(page, 199.5, 199.5, 0.8).screen(*pixels()[k])
    box = page.box

    def beside(sx):
        now = card(page).bounding_box()
        assert sx + 10 < now["x"] - box["x"] < sx + 40
        assert now["x"] + now["width"] <= box["x"] + box["width"]
        assert box["y"] <= now["y"]
        assert now["y"] + now["height"] <= box["y"] + box["height"]

    page.eventually(lambda: beside(sx))
    before = card(page).bounding_box()["x"]
    page.drag((box["x"] + 40, box["y"] + 40), (60, 10))

    def followed():
        centre = WCS.world_to_pixel_values(page.number("ra"), page.number("dec"))
        beside(Frame(page, *centre, 0.8).screen(*pixels()[k])[0])
        assert card(page).bounding_box()["x"] > before + 30

    page.eventually(followed)


def test_sources_on_top_of_each_other_are_gone_through(look):
    page = look().open(layer="allsky", ra=120, dec=0, fov=60, catalogs="pair*sky*circle*12", **PLAIN)
    shows(page, "2 in view")
    box = page.box
    page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    card(page).get_by_label("2 sources at this place").wait_for()
    name = card(page).locator("h3")
    expect(name).to_have_text(re.compile("^(first|second)$"))  # not yet the number of its row
    seen = {name.inner_text()}
    card(page).get_by_role("button", name="Next source here").click()
    page.eventually(lambda: _equal(seen | {name.inner_text()}, {"first", "second"}))


def test_the_pointer_over_a_symbol_shows_that_it_can_be_pressed(look):
    page = look().open(layer="field", x=199.5, y=199.5, scale=0.8, catalogs=STARS, **PLAIN)
    shows(page, "in view")
    sx, sy = Frame(page, 199.5, 199.5, 0.8).screen(*pixels()[int(np.hypot(*(pixels() - 180).T).argmin())])
    plain = page.still()
    page.point(sx, sy)
    cursor = "document.querySelector('armillary-app').shadowRoot.querySelector('#map').style.cursor"
    page.eventually(lambda: _equal(page.page.evaluate(cursor), "pointer"))
    near = np.s_[round(sy) - 14 : round(sy) + 14, round(sx) - 14 : round(sx) + 14]
    page.eventually(lambda: _differ(page.picture()[near], plain[near]))


def _differ(a, b):
    assert (a != b).any()


def open_table(page):
    shows(page, "in view")
    panel(page).get_by_role("button", name="Table").click()
    page.page.locator("ar-source-grid .body .row:not(.wait)").first.wait_for()
    page.rest()
    page.still()  # the map is lower at once, what is drawn on it follows in a later frame


@pytest.fixture
def tabled(look):
    page = look().open(layer="field", x=199.5, y=199.5, scale=0.8, catalogs=STARS, **PLAIN)
    open_table(page)
    return page


def names(page, count=6):
    return [row[2] for row in first_rows(page, count)]


def test_the_table_sorts_as_astropy_does(tabled, table):
    header = tabled.page.locator("ar-source-grid").get_by_role("columnheader", name="flux")
    header.get_by_role("button").click()
    order = np.argsort(np.asarray(table["flux"]))
    tabled.eventually(lambda: _equal(names(tabled), list(table["name"][order[:6]])))
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").click()
    tabled.eventually(lambda: _equal(names(tabled), list(table["name"][order[::-1][:6]])))
    assert header.get_attribute("aria-sort") == "descending"
    header.get_by_role("button").click()
    tabled.eventually(lambda: _equal(names(tabled), list(table["name"][:6])))


def test_the_filter_holds_for_the_table_and_the_symbols(tabled, table):
    tabled.page.get_by_label("Filter rows and symbols").fill("mag < 10.5; flux > 1")
    tabled.press("Enter")
    wanted = np.nonzero((table["mag"].filled(99) < 10.5) & (table["flux"] > 1))[0]
    assert 3 < wanted.size < 60
    tabled.page.locator("ar-source-table .count", has_text=f"{wanted.size} of {COUNT} rows").wait_for()
    tabled.eventually(lambda: _equal(names(tabled), list(table["name"][wanted[:6]])))
    box = tabled.box
    x, y = pixels()[wanted].T
    sx, sy = (199.5 - x) / 0.8 * -1 + box["width"] / 2, (199.5 - y) / 0.8 + box["height"] / 2
    inside = ((sx >= 0) & (sx <= box["width"]) & (sy >= 0) & (sy <= box["height"])).sum()
    panel(tabled).get_by_text(f"{inside} in view").wait_for()


def test_a_filter_that_makes_no_sense_is_explained(tabled):
    tabled.expected.append("422")
    tabled.page.get_by_label("Filter rows and symbols").fill("brightness < 3")
    tabled.press("Enter")
    tabled.page.locator("ar-source-table .wrong", has_text="brightness").wait_for()
    tabled.page.get_by_label("Filter rows and symbols").fill("")
    tabled.press("Enter")
    tabled.page.locator("ar-source-table .wrong").wait_for(state="hidden")
    tabled.page.locator("ar-source-table .count", has_text=f"{COUNT} rows").wait_for()


def test_search_finds_text(tabled, table):
    tabled.page.get_by_label("Search in the text columns").fill("ngc 12")
    wanted = [name for name in table["name"] if "ngc 12" in name.lower()]
    tabled.page.locator("ar-source-table .count", has_text=f"{len(wanted)} of {COUNT} rows").wait_for()
    tabled.eventually(lambda: _equal(names(tabled), wanted[:6]))


def test_only_in_view_follows_the_map(tabled):
    tabled.page.get_by_role("button", name="Only in view").click()
    tabled.press("Escape")
    tabled.page.locator("#map").focus()
    for _ in range(4):
        tabled.press("+")

    def same():
        shown = panel(tabled).locator(".status b").inner_text()
        count = tabled.page.locator("ar-source-table .count").inner_text()
        assert 0 < int(shown) < 60
        assert count.startswith(f"{shown} of")

    tabled.eventually(same)


def test_a_click_in_the_table_centres_the_map(tabled, table):
    tabled.page.locator("ar-source-grid .row", has_text=table["name"][2]).click()

    def there():
        at = SkyCoord(tabled.number("ra"), tabled.number("dec"), unit="deg")
        wanted = SkyCoord(table["ra"][2], table["dec"][2], unit="deg")
        assert at.separation(wanted).arcsec < 0.2

    tabled.eventually(there)
    tabled.wait_query(source="stars*2")
    card(tabled).get_by_text(table["name"][2], exact=True).first.wait_for()


def test_the_table_is_gone_through_by_keyboard(tabled, table):
    grid = tabled.page.locator("ar-source-grid").get_by_role("grid")
    grid.focus()
    tabled.press("Control+End")
    tabled.eventually(lambda: _equal([cells[2] for _, cells in rows_of(tabled)][-1:], [table["name"][-1]]))
    assert grid.get_attribute("aria-rowcount") == str(COUNT + 1)
    tabled.press("ArrowUp", "Enter")
    tabled.wait_query(source=f"stars*{COUNT - 2}")
    tabled.press("Control+Home")
    tabled.eventually(lambda: _equal([cells[2] for _, cells in rows_of(tabled)][:1], [table["name"][0]]))


def test_selecting_a_symbol_scrolls_to_its_row(tabled):
    k = max(range(COUNT), key=lambda k: k if np.abs(pixels()[k] - 199.5).max() < 70 else -1)
    assert k > 100
    sx, sy = Frame(tabled, 199.5, 199.5, 0.8).screen(*pixels()[k])
    box = tabled.box
    tabled.page.mouse.click(box["x"] + sx, box["y"] + sy)
    tabled.page.locator("ar-source-grid .row.chosen").wait_for()
    chosen = tabled.page.locator("ar-source-grid .row.chosen .place")
    assert chosen.inner_text() == str(k + 1)
    assert chosen.is_visible()


def test_the_map_keeps_its_centre_beside_the_table(look):
    page = look().open(layer="field", x=180, y=210, scale=0.5, catalogs=STARS, **PLAIN)
    shows(page, "in view")
    page.eventually(lambda: _some(page.query.get("ra")))
    before, tall = page.query, page.box["height"]
    open_table(page)
    assert page.box["height"] < tall - 100
    assert page.number("ra") == pytest.approx(float(before["ra"]), abs=1e-5)
    assert page.number("dec") == pytest.approx(float(before["dec"]), abs=1e-5)
    grip = page.page.get_by_role("separator", name="Height of the table")
    grip.focus()
    lower = page.box["height"]
    page.press("ArrowUp")
    page.eventually(lambda: _equal(page.box["height"], lower - 24))


def test_the_rows_can_be_taken_away_as_csv(tabled, table):
    tabled.page.get_by_label("Filter rows and symbols").fill("mag > 18")
    tabled.press("Enter")
    tabled.page.locator("ar-source-table .count", has_text="of").wait_for()
    with tabled.page.expect_download() as caught:
        tabled.page.get_by_role("link", name="CSV").click()
    with open(caught.value.path(), newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(io.StringIO(file.read())))
    wanted = table[table["mag"].filled(0) > 18]
    assert [row["name"] for row in found] == list(wanted["name"])
    assert [int(row["source_id"]) for row in found] == [int(value) for value in wanted["source_id"]]


def _some(found):
    assert found


def test_a_large_catalog_sends_a_screenful(look):
    page = look()
    sizes = {}

    def finished(request):
        if "/points" in request.url:
            sizes[request.url] = request.sizes()["responseBodySize"]

    page.page.on("requestfinished", finished)
    page.open(layer="allsky", catalogs="many*sky*circle*6", ra=120, dec=0, fov=360, **PLAIN)
    shows(page, "zoom in for all")
    words = panel(page).locator(".status").inner_text().replace("\u2009", "")
    assert f"20000 of {MANY} shown" in words
    page.eventually(lambda: _equal(len(sizes), 1))
    (whole,) = sizes
    assert sizes.pop(whole) < 20_000 * 36 + 2000
    page.open(layer="allsky", catalogs="many*sky*circle*6", ra=120, dec=0, fov=12, **PLAIN)
    shows(page, "in view")
    page.eventually(lambda: _some(sizes))
    assert sum(sizes.values()) < 100_000, sizes
    panel(page).get_by_role("button", name="Table").click()
    page.page.locator("ar-source-table .count", has_text="rows").wait_for()
    grid = page.page.locator("ar-source-grid").get_by_role("grid")
    grid.focus()
    page.press("Control+End")
    page.eventually(lambda: _equal([cells[-1] for _, cells in rows_of(page)][-1:], [str(MANY - 1)]))
    asked = [url for url in page.requests if "/rows?" in url]
    assert len(asked) <= 4
    assert all(int(parse_qs(urlsplit(url).query)["count"][0]) <= 1000 for url in asked)


def test_catalogs_are_switched_on_and_back_brings_them_back(look):
    page = look().open(layer="field", **PLAIN)
    page.press("k")
    switch = panel(page).get_by_role("switch", name="Stars")
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    panel(page).get_by_text("240 in view").wait_for()
    panel(page).get_by_role("radio", name="diamond").click()
    panel(page).get_by_role("radio", name="vermilion").click()
    page.wait_query(catalogs="stars*vermilion*diamond*11")
    page.page.go_back()
    page.wait_query(catalogs="stars*sky*diamond*11")
    page.eventually(lambda: _equal(panel(page).get_by_role("radio", name="sky").get_attribute("aria-checked"), "true"))
    page.page.go_back()
    page.page.go_back()
    page.wait_query(catalogs=None)
    page.eventually(lambda: _equal(switch.get_attribute("aria-checked"), "false"))
    page.page.go_forward()
    page.eventually(lambda: _equal(switch.get_attribute("aria-checked"), "true"))


def test_going_back_twice_at_once_leaves_no_catalog_of_the_entry_between(look):
    page = look().open(layer="field", **PLAIN)
    page.press("k")
    # Only an entry that names a place of the sky asks the server where that is.
    page.eventually(lambda: _some(page.query.get("ra")))
    switch = panel(page).get_by_role("switch", name="Stars")
    switch.click()
    panel(page).get_by_role("radio", name="diamond").click()
    page.wait_query(catalogs="stars*sky*diamond*11")
    held = back_twice(page)
    page.eventually(lambda: _equal(switch.get_attribute("aria-checked"), "false"))
    held.answer_newest()
    held.let_go()
    page.page.wait_for_timeout(400)  # longer than the address waits for quiet
    assert switch.get_attribute("aria-checked") == "false"
    assert "catalogs" not in page.query


def test_sizes_and_colours_by_columns(look, table):
    page = look().open(layer="field", x=199.5, y=199.5, scale=0.8, catalogs="stars*sky*circle*11*mag", **PLAIN)
    shows(page, "in view")
    frame = Frame(page, 199.5, 199.5, 0.8)
    centre = np.abs(pixels() - 199.5).max(axis=1) < 150
    mag = table["mag"].filled(99)
    bright, faint = (np.nonzero(centre & chosen)[0] for chosen in (mag < 9, (mag > 19) & (mag < 30)))

    def extent(mask, k):
        return around(mask, *frame.screen(*pixels()[k]), reach=13)[1]

    def larger():
        mask = coloured(page.picture())
        assert min(extent(mask, k) for k in bright) > 1.5 * max(extent(mask, k) for k in faint)

    page.eventually(larger)
    panel(page).get_by_label("Colour by column").select_option("mag")
    panel(page).get_by_label("Colour map").select_option("magma")
    page.wait_query(catalogs="stars*sky*circle*11*mag*mag*magma")
    page.eventually(lambda: _gone(coloured(page.picture()).sum()))


def _gone(count):
    assert count < 40


def test_an_unreadable_catalog_says_so_and_the_others_stay(look):
    page = look()
    page.expected.extend(["503", "404"])
    page.open(layer="field", catalogs=STARS, **PLAIN)
    shows(page, "in view")
    panel(page).get_by_role("switch", name="Gone").click()
    panel(page).get_by_role("alert").wait_for()
    assert panel(page).get_by_role("button", name="Try again").is_visible()
    panel(page).get_by_text("240 in view").wait_for()


def test_without_a_sky_there_is_a_word_and_the_table(look):
    page = look().open(layer="plain", catalogs=STARS)
    shows(page, "no celestial coordinates")
    panel(page).get_by_role("button", name="Table").click()
    page.eventually(lambda: _equal(len(first_rows(page, 5)), 5))


def test_a_place_of_the_map_has_a_card_too(look):
    page = look().open(layer="field", x=199.5, y=199.5, scale=0.8, **PLAIN)
    frame = Frame(page, 199.5, 199.5, 0.8)
    k = int(np.hypot(*(pixels() - 199.5).T).argmin())
    x, y = np.rint(pixels()[k])
    sx, sy = frame.screen(x, y)
    box = page.box
    page.page.mouse.click(box["x"] + sx, box["y"] + sy, button="right")
    found = page.page.locator("ar-position-card .card")
    found.get_by_text("100", exact=False).first.wait_for()
    page.eventually(lambda: _contains(found.locator(".value").inner_text(), "100.000"))
    link = found.get_by_role("link", name="SIMBAD").get_attribute("href")
    ra, dec = (float(part) for part in parse_qs(urlsplit(link).query)["Coord"][0].split())
    wanted = SkyCoord(*WCS.pixel_to_world_values(x, y), unit="deg")
    assert SkyCoord(ra, dec, unit="deg").separation(wanted).arcsec < 1
    page.press("Escape")
    found.wait_for(state="hidden")


def _contains(text, part):
    assert part in text


def test_a_row_is_copied(look, table):
    page = look(permissions=["clipboard-read", "clipboard-write"])
    page.open(layer="field", catalogs=STARS, source="stars*7", **PLAIN)
    card(page).locator("dd").first.wait_for()
    card(page).get_by_role("button", name="JSON").click()
    page.says("copied as JSON")
    found = json.loads(page.page.evaluate("navigator.clipboard.readText()"))
    assert found["name"] == table["name"][7]
    assert found["source_id"] == str(int(table["source_id"][7]))
    assert found["flux"] == float(table["flux"][7])


def test_names_stand_beside_few_symbols(look, table):
    page = look()
    page.page.add_init_script(
        """window.written = [];
        const write = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
          window.written.push(text);
          return write.call(this, text, ...rest);
        };"""
    )
    k = int(np.hypot(*(pixels() - 199.5).T).argmin())
    page.open(layer="field", x=pixels()[k][0], y=pixels()[k][1], scale=0.08, catalogs=STARS, **PLAIN)
    page.eventually(partial(_written, page, table["name"][k]))


def _written(page, name):
    assert name in page.page.evaluate("window.written")


@pytest.fixture
def changing(chromium, tmp_path):
    """A page maker and a file of a catalog that the test changes; it alone has to do with that server."""
    folder = write_catalogs(tmp_path)
    with catalogs_server(folder) as address:
        for make in _viewers(chromium, address):
            yield make, folder / "pair.csv"


def test_a_file_that_changes_is_shown_as_it_is_now(changing):
    make, file = changing
    page = make().open(layer="allsky", ra=120, dec=0, fov=60, catalogs="pair*sky*circle*12", source="pair*0", **PLAIN)
    page.expected.append("410")
    shows(page, "2 in view")
    panel(page).get_by_role("button", name="Table").click()
    page.eventually(lambda: _equal([row[1] for row in first_rows(page, 5)], ["first", "second", "third"]))
    card(page).locator("h3", has_text="first").wait_for()
    file.write_text("name,ra,dec\nanew,121,0\nmoved,119,0\nthere,122,1\nlast,118,-1\n")
    # The table asks with the version that it knows, and learns that this is gone.
    page.page.locator("ar-source-grid").get_by_role("columnheader", name="dec").get_by_role("button").click()
    page.eventually(lambda: _equal([row[1] for row in first_rows(page, 5)], ["last", "anew", "moved", "there"]))
    panel(page).get_by_text("4 in view").wait_for()
    card(page).locator("h3", has_text="anew").wait_for()


def test_a_catalog_that_is_not_here_says_so_and_can_be_switched_off(look):
    page = look().open(layer="field", catalogs=f"nowhere*sky*circle*11,{STARS}", **PLAIN)
    page.expected.append("404")
    shows(page, "in view")
    panel(page).locator(".fault", has_text="nowhere").wait_for()
    panel(page).get_by_role("switch", name="nowhere").click()
    panel(page).locator(".fault").wait_for(state="detached")
    page.wait_query(catalogs=STARS)
    page.rest()


def test_a_long_press_opens_the_card_of_the_place_and_leaves_it_open(look):
    page = look(has_touch=True).open(layer="field", x=199.5, y=199.5, scale=0.8, **PLAIN)
    session = page.page.context.new_cdp_session(page.page)
    box = page.box
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    place = page.page.locator("ar-position-card .card")
    place.wait_for()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    place.locator(".value", has_text="0").wait_for()
    page.page.wait_for_timeout(500)
    assert place.is_visible()
    page.page.touchscreen.tap(at["x"] - 60, at["y"] - 60)
    place.wait_for(state="detached")


@pytest.fixture
def alone(chromium, tmp_path):
    (tmp_path / "few.csv").write_text("name,ra,dec\na,10,10\nb,200,-40\n")
    with serve(tmp_path / "few.csv") as address:
        yield from _viewers(chromium, address)


def test_a_catalog_alone_is_there_at_once(alone):
    page = alone().open()
    panel(page).get_by_text("2 in view").wait_for()
    assert page.page.locator(".hollow").count() == 0
    page.eventually(lambda: _equal(page.query.get("catalogs", "").partition("*")[0], "few"))
    panel(page).get_by_role("switch").click()
    page.page.locator(".hollow", has_text="switch on a catalog").wait_for()
