"""The keyboard reaches everything, and leaves those alone who type."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def near(page, name, wanted, rel=1e-3):
    def check():
        assert page.number(name) == pytest.approx(wanted, rel=rel)

    page.eventually(check)


def wait_changed(page, name, old):
    def check():
        assert page.query.get(name) != old

    page.eventually(check)
    return page.query.get(name)


def test_zoom_fit_and_arrows(viewer):
    page = viewer().open(layer="steps", x=32, y=32, scale=0.125)
    near(page, "scale", 0.125)
    page.press("+")
    near(page, "scale", 0.125 / 1.5)
    page.press("-")
    near(page, "scale", 0.125)
    page.press("0")
    box = page.box
    near(page, "scale", 64 * 1.04 / min(box["width"], box["height"]))
    near(page, "x", 31.5)
    page.press("+", "+", "+")
    scale = 64 * 1.04 / min(box["width"], box["height"]) / 1.5**3
    near(page, "scale", scale)
    page.press("ArrowRight")
    near(page, "x", 31.5 + 120 * scale)
    page.press("ArrowLeft", "ArrowLeft")
    near(page, "x", 31.5 - 120 * scale)
    page.press("ArrowUp")
    near(page, "y", 31.5 + 120 * scale)
    page.press("ArrowDown", "ArrowDown")
    near(page, "y", 31.5 - 120 * scale)


def test_one_to_one(viewer):
    page = viewer().open(layer="large")
    page.press("1")
    near(page, "fov", page.box["width"] * 0.5 / 3600)


def test_display_keys(viewer):
    page = viewer().open(layer="steps", min=10, max=20, grid=0)
    page.wait_query(min="10", max="20")
    page.press("i")
    page.wait_query(invert="1")
    page.press("i")
    page.wait_query(invert=None)
    page.press("g")
    page.wait_query(grid=None)
    page.press("g")
    page.wait_query(grid="0")
    page.press("a")
    wait_changed(page, "max", "20")
    page.press("m")
    page.wait_query(mirror="1")
    page.press("e")
    page.wait_query(frame="galactic")
    page.press("x")
    page.wait_query(reticle="1")


def test_layers_and_blinking(viewer):
    page = viewer().open(layer="fine")
    page.press("n")
    first = wait_changed(page, "layer", "fine")
    page.rest()
    page.press("p")
    page.wait_query(layer="fine")
    page.rest()
    page.press("b")
    page.wait_query(compare=first, mode="blink", mix="1")
    page.press("b")
    page.wait_query(mix="0")
    page.press("b")
    page.wait_query(mix="1")


def test_swiping_with_nothing_compared_yet(viewer):
    page = viewer().open(layer="fine")
    page.press("w")
    page.rest()
    page.wait_query(mode="swipe")
    page.press("w")
    page.wait_query(mode="opacity")


def test_panels_and_full_screen(viewer):
    page = viewer().open(layer="steps")
    left, right, top = (page.page.locator(name) for name in ("aside.left", "aside.right", "ar-top-bar"))
    page.press("[")
    left.wait_for(state="hidden")
    page.press("[")
    left.wait_for()
    page.press("]")
    right.wait_for(state="hidden")
    page.press("]")
    right.wait_for()
    page.press("f")
    top.wait_for(state="hidden")
    page.eventually(lambda: _wide(page))
    page.press("f")
    top.wait_for()


def _wide(page):
    assert page.box["width"] == page.page.viewport_size["width"]


def test_help_lists_every_key_and_closes(viewer):
    page = viewer().open(layer="steps")
    page.press("?")
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_text("Fit the data into the window").wait_for()
    assert dialog.locator("kbd").count() >= 30
    before = page.query
    page.press("i", "n", "m")
    page.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.query.get("invert") == before.get("invert")
    page.press("?")
    dialog.wait_for()
    page.press("?")
    dialog.wait_for(state="hidden")


def test_keys_do_nothing_while_somebody_types(viewer):
    page = viewer().open(layer="steps")
    page.eventually(lambda: _settled(page))
    before = page.query
    page.press("/")
    field = page.page.get_by_label("Go to a position")
    page.eventually(lambda: _focused(field))
    page.page.keyboard.type("iagbfnpm0+?")
    assert field.input_value() == "iagbfnpm0+?"
    page.press("Escape")
    end = page.page.get_by_label("Upper end", exact=True)
    end.focus()
    page.page.keyboard.type("ign")
    page.press("Escape")
    page.page.get_by_label("Filter layers").first.focus()
    page.page.keyboard.type("imf")
    page.page.locator("ar-layer-tree").get_by_text("No layer matches").wait_for()
    page.page.wait_for_timeout(300)  # the address waits 250 ms for quiet
    assert {name: page.query.get(name) for name in ("layer", "invert", "mirror", "compare", "grid")} == {
        name: before.get(name) for name in ("layer", "invert", "mirror", "compare", "grid")
    }
    assert page.page.get_by_role("dialog").count() == 0


def _settled(page):
    assert "x" in page.query


def _focused(field):
    assert field.evaluate("(element) => element.matches(':focus')")


def test_focus_is_always_seen(viewer):
    """Tab goes through the page; whatever has the focus shows it by an outline or a ring."""
    page = viewer().open(layer="steps")
    seen = set()
    for _ in range(40):
        page.press("Tab")
        name, shown = page.page.evaluate(
            """() => {
              let at = document.activeElement;
              while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
              if (!at || at === document.body) return ["", true];
              const around = [at, at.closest("form"), at.closest("label")].filter(Boolean);
              const outlined = (s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1;
              const shown = around.map((e) => getComputedStyle(e)).some((s) => outlined(s) || s.boxShadow !== "none");
              return [at.getAttribute("aria-label") || at.title || at.textContent.trim() || at.tagName, shown];
            }"""
        )
        assert shown, name
        seen.add(name)
    assert len(seen) > 20
