"""The menu of a collection of hundreds of maps, and the field that finds things."""

from __future__ import annotations

import json
import re

import pytest
from conftest_browser import BARE, Held
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def page(viewer, collection):
    return viewer(collection)


def tree(page):
    return page.page.get_by_role("tree", name="Layers")


def item(page, name):
    return page.page.get_by_role("treeitem", name=re.compile(name))


def field(page):
    return page.page.get_by_label("Filter layers").first


def labels(page):
    return page.page.locator("ar-layer-tree .name").all_inner_texts()


def active(page):
    return page.page.locator("ar-layer-tree .active .name").inner_text()


def is_active(page, name):
    page.eventually(lambda: _same(active(page), name))


def _same(found, wanted):
    assert found == wanted


def test_hundreds_of_maps_are_drawn_only_where_they_are_seen(page):
    page.open(layer="day0-f090-I")
    field(page).and_(page.page.get_by_placeholder("Filter 721 layers")).wait_for()
    assert page.page.locator("ar-layer-tree .node").count() < 60
    tree(page).focus()
    page.press("End")
    is_active(page, "night coadd 59")
    item(page, "^night coadd 59").wait_for()
    assert page.page.locator("ar-layer-tree .node").count() < 60
    page.press("Home")
    is_active(page, "Day")


def test_search_shows_the_way_to_every_match_and_marks_its_words(page):
    page.open(layer="day0-f090-I")
    page.press("l")
    page.page.keyboard.type("night 32 f150 q")
    page.eventually(lambda: _same(labels(page), ["Q"]))
    found = item(page, "^Q")
    assert "Night › night coadd 32 › f150" in " ".join(found.inner_text().split())
    assert {word.lower() for word in found.locator("mark").all_inner_texts()} == {"q", "night", "32", "f150"}
    page.press("Enter")
    page.wait_query(layer="night32-f150-Q")


def test_search_reads_descriptions_too(page):
    page.open(layer="day0-f090-I")
    field(page).fill("polarised only 7 day")
    page.eventually(lambda: _same(set(labels(page)), {"Q"}))
    item(page, "^Q").first.get_by_text("Seen by night only · Polarised along the meridian").wait_for()
    field(page).press("Escape")
    page.eventually(lambda: _same(labels(page)[0], "Day"))


def test_the_keyboard_walks_the_tree(page):
    page.open(layer="day0-f090-I")
    tree(page).focus()
    is_active(page, "I")
    page.press("ArrowDown", "Enter")
    page.wait_query(layer="day0-f090-Q")
    page.press("ArrowLeft")
    is_active(page, "f090")
    page.press("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    is_active(page, "Day")
    page.press("ArrowRight")
    # Letters look for a row; two of one kind walk on.
    page.page.keyboard.type("sums")
    is_active(page, "sums")
    page.page.wait_for_timeout(800)
    page.page.keyboard.type("d")
    is_active(page, "Day")
    page.press("Escape")
    page.eventually(lambda: _focused(field(page)))
    assert page.query["layer"] == "day0-f090-Q"


def _focused(element):
    assert element.evaluate("(element) => element.matches(':focus')")


def test_letters_are_the_pages_keys_after_a_click(page):
    page.open(layer="day0-f090-I")
    item(page, "^Q").first.click()
    page.wait_query(layer="day0-f090-Q")
    page.press("i")
    page.wait_query(invert="1")


def test_open_branches_are_remembered(page):
    page.open(layer="day0-f090-I")
    item(page, "^day coadd 1").first.click()
    page.eventually(lambda: _same(labels(page).count("f090"), 2))
    page.press("ArrowDown")
    page.page.keyboard.type("night")
    is_active(page, "Night")
    page.press("ArrowLeft")
    page.page.reload()
    page.rest()
    page.eventually(lambda: _same(labels(page).count("f090"), 2))
    tree(page).focus()
    page.press("End")
    is_active(page, "Night")


def test_what_is_not_there_is_grey_and_says_so(page):
    page.open(layer="day0-f090-I")
    field(page).fill("coadd 3 U day f090")
    gone = page.page.locator("ar-layer-tree .off").first
    gone.get_by_text("Not available now.").wait_for()
    assert gone.get_attribute("aria-disabled") == "true"
    gone.click(force=True)
    page.says("Not available now.")
    assert page.query["layer"] == "day0-f090-I"
    assert "gone.fits" not in page.page.content()


def test_back_and_forward_through_layers(page):
    page.open(layer="day0-f090-I", **BARE)
    for name in ("day1-f090-Q", "night2-f150-I"):
        field(page).fill(name)
        item(page, ".").first.click()
        page.wait_query(layer=name)
        page.rest()
    page.page.go_back()
    page.wait_query(layer="day1-f090-Q")
    page.rest()
    page.page.go_back()
    page.wait_query(layer="day0-f090-I")
    page.rest()
    page.page.go_forward()
    page.wait_query(layer="day1-f090-Q")
    page.rest()
    page.page.locator("#map").focus()
    page.press("Backspace")
    page.wait_query(layer="day0-f090-I")


def test_without_a_layer_the_first_that_can_be_shown_is(page):
    page.open()
    page.wait_query(layer="day0-f090-I")


def test_combinations_look_and_work_as_any_layer(page):
    page.open(layer="twice")
    page.eventually(lambda: _has_range(page))
    automatic = page.number("max")
    page.page.get_by_role("button", name="99.8 %").click()
    page.eventually(lambda: _has_another_range(page, automatic))
    both = page.number("max")
    page.open(layer="day0-f090-I")
    page.page.get_by_role("button", name="99.8 %").click()
    page.eventually(lambda: _is(page.number("max"), both / 2))


def _has_range(page):
    assert page.number("max") > 0


def _has_another_range(page, before):
    assert page.number("max") != before


def _is(found, wanted):
    assert found == pytest.approx(wanted, rel=1e-3)


# --- the field on top ---


def search(page):
    return page.page.get_by_role("combobox", name="Go to a position or a name")


def resolves(page, answers):
    """A resolver that knows the names of ``answers``, and a server that says it has one."""
    asked = []

    def answer(route):
        name = route.request.url.split("name=")[1]
        asked.append(name)
        found = answers.get(name)
        if found is None:
            body = {"error": {"code": "name_unknown", "message": f"{name} is not known.", "detail": {}}}
            route.fulfill(status=404, json=body)
        elif isinstance(found, str):
            body = {"error": {"code": "resolver_unreachable", "message": found, "detail": {}}}
            route.fulfill(status=503, json=body)
        else:
            route.fulfill(json={"name": name, "found_by": "SIMBAD", "type": "HII", "ra": found[0], "dec": found[1]})

    page.page.route("**/api/resolve?*", answer)
    page.page.route("**/api/session", lambda route: route.fulfill(json=_with_resolver(route.fetch().text())))
    page.expected += ["/api/resolve"]
    return asked


def _with_resolver(text):
    return {**json.loads(text), "resolver": True}


def test_a_name_is_looked_up(page):
    asked = resolves(page, {"M42": (83.8, -5.4), "M1": "The name service does not answer"})
    page.open(layer="day0-f090-I", fov=20, ra=10, dec=10)
    page.go_to("M42")
    page.says("M42, HII: found by SIMBAD.")
    page.eventually(lambda: _at(page, 83.8, -5.4))
    page.go_to("M1")
    page.page.locator("ar-search-field .hint.bad").get_by_text("Names cannot be looked up now").wait_for()
    page.go_to("X99")
    page.page.locator("ar-search-field .hint.bad").get_by_text("No catalogue of names knows “X99”").wait_for()
    assert asked == ["M42", "M1", "X99"]


def _at(page, ra, dec):
    assert page.number("ra") == pytest.approx(ra, abs=0.01)
    assert page.number("dec") == pytest.approx(dec, abs=0.01)


def test_a_slow_look_up_can_be_stopped(page):
    resolves(page, {})
    page.open(layer="day0-f090-I")
    Held(page.page, "**/api/resolve?*")
    page.go_to("M42")
    page.page.get_by_text("Looking up “M42”…").wait_for()
    page.press("Escape")
    page.page.get_by_text("Looking up “M42”…").wait_for(state="hidden")
    assert search(page).input_value() == "M42"


def test_without_a_resolver_that_is_said(page):
    page.open(layer="day0-f090-I")
    page.page.get_by_placeholder(re.compile("^Position:")).wait_for()  # until the server says so names may be looked up
    page.go_to("M42")
    page.page.locator("ar-search-field .hint.bad").get_by_text("names are not looked up here").wait_for()
    assert not any("/api/resolve" in url for url in page.requests)


def test_suggestions_lead_to_layers_and_boxes(page):
    page.open(layer="day0-f090-I")
    search(page).fill("night 32 f150")
    options = page.page.locator("ar-search-field [role=option]")
    options.first.wait_for()
    assert search(page).get_attribute("aria-expanded") == "true"
    assert options.count() == 3
    search(page).press("ArrowDown")
    search(page).press("ArrowDown")
    expect(search(page)).to_have_attribute("aria-activedescendant", "option-1")
    search(page).press("Enter")
    page.wait_query(layer="night32-f150-Q")
    search(page).fill("across")
    options.filter(has_text="Across").click()
    page.page.get_by_role("heading", name="Boxes").wait_for()
    page.eventually(lambda: _at(page, 0, -5))
