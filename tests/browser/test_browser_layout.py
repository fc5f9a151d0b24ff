"""Readable in dark and light, nothing cut off or on top of each other, nothing that jumps."""

from __future__ import annotations

import itertools
import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SIZES = [(1280, 800), (1920, 1080), (800, 900)]
TEXTS = """() => {
  const found = [];
  const visit = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) visit(element.shadowRoot);
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      if (!own || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      if (element.matches("option, optgroup, style, script, :disabled") || element.closest(":disabled")) continue;
      const box = element.getBoundingClientRect();
      if (box.width < 2 || box.height < 2) continue;
      let at = element;
      const behind = [];
      while (at) {
        const { backgroundColor } = getComputedStyle(at);
        behind.push(backgroundColor);
        at = at.assignedSlot ?? at.parentElement ?? at.getRootNode().host;
      }
      found.push([element.textContent.trim().slice(0, 40), getComputedStyle(element).color, behind]);
    }
  };
  visit(document);
  return found;
}"""


def rgba(text):
    if text.startswith("color(srgb"):
        numbers = [float(n) for n in re.findall(r"[\d.]+", text.partition("srgb")[2])]
        red, green, blue = (255 * n for n in numbers[:3])
    else:
        numbers = [float(n) for n in re.findall(r"[\d.]+", text)]
        red, green, blue = numbers[:3]
    return (red, green, blue), numbers[3] if len(numbers) > 3 else 1.0


def over(colour, alpha, ground):
    return tuple(alpha * c + (1 - alpha) * g for c, g in zip(colour, ground, strict=True))


def luminance(colour):
    """Relative luminance of WCAG 2."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour, behind):
    ground = (255.0, 255.0, 255.0)
    for text in reversed(behind):
        ground = over(*rgba(text), ground)
    a, b = luminance(over(*rgba(colour), ground)), luminance(ground)
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_text_can_be_read(viewer, scheme):
    page = viewer(color_scheme=scheme).open(layer="fine", compare="coarse")
    box = page.box
    page.point(box["width"] / 2, box["height"] / 2)
    page.readout.get_by_text("exact", exact=True).wait_for()
    page.page.locator("ar-layers-panel summary").click()
    found = page.page.evaluate(TEXTS)
    page.press("h")
    page.page.locator("ar-header-panel .card").first.wait_for()
    found += page.page.evaluate(TEXTS)
    page.press("Escape", "j")
    page.page.locator("ar-jobs-panel").get_by_role("button", name="Region").click()
    page.page.locator("ar-jobs-panel").get_by_text("px · about").wait_for()
    found += page.page.evaluate(TEXTS)
    page.page.locator("#map").focus()
    page.press("?")
    page.page.get_by_role("dialog").wait_for()
    found += page.page.evaluate(TEXTS)
    assert len(found) > 100
    faint = {
        (text, round(contrast(colour, behind), 2)) for text, colour, behind in found if contrast(colour, behind) < 4.5
    }
    assert faint == set()


def test_the_theme_is_switched_and_remembered(viewer):
    page = viewer().open(layer="steps")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.page.evaluate(ground)
    page.press("d")
    page.eventually(lambda: _other(page.page.evaluate(ground), dark))
    light = page.page.evaluate(ground)
    page.page.reload()
    page.rest()
    page.eventually(lambda: _equal(page.page.evaluate(ground), light))


def _other(a, b):
    assert a != b


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("layer", ["fine", "steps"])
def test_nothing_is_cut_off_or_on_top_of_each_other(viewer, width, height, layer):
    page = viewer(width=width, height=height).open(layer=layer)
    box = page.box
    page.point(box["width"] / 2, box["height"] / 2)
    page.readout.get_by_text("exact", exact=True).wait_for()
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    for bar in ("ar-top-bar", "ar-foot-bar", "ar-side-rail"):
        outer = page.page.locator(bar).bounding_box()
        inner = boxes(page, bar)
        assert len(inner) >= 3
        for name, (left, top, right, bottom) in inner:
            assert left >= outer["x"] - 0.5, name
            assert right <= outer["x"] + outer["width"] + 0.5, name
            assert top >= outer["y"] - 0.5, name
            assert bottom <= outer["y"] + outer["height"] + 0.5, name
        for (one, a), (other, b) in itertools.combinations(inner, 2):
            across = min(a[2], b[2]) - max(a[0], b[0])
            down = min(a[3], b[3]) - max(a[1], b[1])
            assert across <= 1 or down <= 1, (one, other)


def boxes(page, bar):
    """What can be pressed or read in a bar: names and boxes of the outermost controls."""
    return [
        (name, box)
        for name, box in page.page.locator(bar).evaluate(
            """(bar) => {
              const found = [];
              const visit = (root) => {
                for (const element of root.querySelectorAll("button, input, kbd")) {
                  if (!element.checkVisibility({ visibilityProperty: true })) continue;
                  if (element.closest("[popover], .hint")) continue;
                  if (element.tagName === "KBD" && element.closest("button")) continue;
                  const { left, top, right, bottom } = element.getBoundingClientRect();
                  found.push([element.ariaLabel || element.title || element.tagName, [left, top, right, bottom]]);
                }
                for (const element of root.querySelectorAll("*")) if (element.shadowRoot) visit(element.shadowRoot);
              };
              visit(bar.shadowRoot);
              return found;
            }"""
        )
    ]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_footer_stands_still_while_the_pointer_moves(viewer, width, height):
    page = viewer(width=width, height=height).open(layer="fine")
    box = page.box
    seen = [boxes(page, "ar-foot-bar")]
    for share in (0.5, 0.31, 0.72):
        page.point(box["width"] * share, box["height"] * share)
        page.readout.get_by_text("exact", exact=True).wait_for()
        seen.append(boxes(page, "ar-foot-bar"))
    page.page.mouse.move(5, 5)
    page.eventually(lambda: _gone(page))
    seen.append(boxes(page, "ar-foot-bar"))
    assert all(one == seen[0] for one in seen)
    assert page.box == box


def _gone(page):
    assert page.readout.get_by_text("exact", exact=True).count() == 0


def test_on_a_narrow_screen_panels_are_sheets(viewer):
    page = viewer(width=420, height=860).open(layer="fine")
    whole = page.box
    assert whole["width"] == 420
    page.page.locator("ar-side-rail").get_by_role("button", name="Display").click()
    page.page.get_by_role("button", name="Auto").wait_for()
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.page.locator("ar-side-rail").get_by_role("button", name="Display").click()
    page.page.get_by_role("button", name="Auto").wait_for(state="hidden")
    page.eventually(lambda: _equal(page.box, whole))


def _equal(a, b):
    assert a == b
