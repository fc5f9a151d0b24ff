"""Colours of pixels on the screen, computed from the file's values with matplotlib's tables."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from conftest_browser import BARE, GROUND, Frame
from conftest_files import HOLE, SIDE, signed, steps
from matplotlib import colormaps

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LOOK = {"layer": "steps", "min": 0, "max": 256, "x": 32, "y": 26, "scale": 0.125, **BARE}
CURVES = {
    "linear": lambda t: t,
    "sqrt": np.sqrt,
    "log": lambda t: np.log1p(1000 * t) / np.log1p(1000),
    "asinh": lambda t: np.arcsinh(10 * t) / np.arcsinh(10),
    "power": lambda t: (1000**t - 1) / 999,
}


def places(value, *, vmin=0.0, vmax=256.0, stretch="linear", gamma=1.0, invert=False):
    """Where values stand in the colour map, 0 to 256."""
    s = CURVES[stretch](np.clip((value - vmin) / (vmax - vmin), 0, 1)) ** (1 / gamma)
    return 256 * (1 - s if invert else s)


def expected(cmap, place):
    """Colours of places, shape (..., 3)."""
    table = np.rint(255 * colormaps[cmap](np.arange(256))[:, :3]).astype(int)
    return table[np.nan_to_num(np.clip(place, 0, 255)).astype(int)]


def check(viewer, values, frame, cmap, **style):
    """Every pixel in view has its colour, or that of nothing.

    What the style says may be functions: they are asked anew with each picture.
    """
    rows, columns = values.shape
    reach_x, reach_y = frame.width / 2 * frame.scale - 1, frame.height / 2 * frame.scale - 1
    y, x = np.mgrid[:rows, :columns]
    near = (np.abs(x - frame.x) <= reach_x) & (np.abs(y - frame.y) <= reach_y)

    def colours():
        where = places(values, **{name: value() if callable(value) else value for name, value in style.items()})
        fraction = where % 1
        between = ~((fraction > 0.05) & (fraction < 0.95)) & (where > 0) & (where < 256)
        seen = near & ~between
        assert seen.sum() > 1000
        want = np.where(np.isnan(values)[..., None], GROUND, expected(cmap, where))[seen]
        sx, sy = frame.screen(x[seen], y[seen])
        found = viewer.picture()[np.floor(sy).astype(int), np.floor(sx).astype(int)]
        off = np.abs(found - want).max(axis=1) > 1
        assert not off.any(), (x[seen][off][:3], y[seen][off][:3], found[off][:3], want[off][:3])

    viewer.eventually(colours)


@pytest.mark.parametrize(
    ("cmap", "style", "query"),
    [
        ("viridis", {}, {}),
        ("gray", {"stretch": "sqrt"}, {}),
        ("magma", {"stretch": "asinh", "invert": True}, {"invert": 1}),
        ("RdBu_r", {"gamma": 2.2}, {"gamma": 2.2}),
        ("inferno", {"stretch": "log", "vmin": 32.0, "vmax": 200.0}, {"min": 32, "max": 200}),
    ],
    ids=["linear", "sqrt", "asinh inverted", "gamma", "log of a part"],
)
@pytest.mark.parametrize("render", ["gl", "server"])
def test_every_pixel_has_the_colour_of_its_value(viewer, cmap, style, query, render):
    page = viewer().open(**{**LOOK, "cmap": cmap, "stretch": style.get("stretch", "linear"), **query, "render": render})
    check(page, steps(), Frame(page, 32, 26, 0.125), cmap, **style)


def test_without_webgl_the_server_draws_the_colours(plain_viewer):
    page = plain_viewer().open(**LOOK, cmap="viridis", stretch="sqrt")
    assert page.page.evaluate("document.createElement('canvas').getContext('webgl2') === null")
    check(page, steps(), Frame(page, 32, 26, 0.125), "viridis", stretch="sqrt")
    assert all(".webp" in url for url in page.tiles)


def test_magnified_pixels_are_blocks_with_hard_edges(viewer):
    page = viewer().open(**LOOK, cmap="gray", stretch="linear")
    frame = Frame(page, 32, 26, 0.125)
    check(page, steps(), frame, "gray")
    picture = page.picture()
    _, sy = frame.screen(32, 15)
    left = round(frame.screen(0, 0)[0] - 4)
    first = max(0, -(left // 8) + 1)
    for x in range(first, first + 40):
        block = picture[int(sy), left + 8 * x : left + 8 * x + 8]
        assert (block == block[0]).all(), x


@pytest.mark.parametrize("render", ["gl", "server"])
def test_equalised_colours_cover_as_many_pixels(viewer, render):
    values = signed()
    order = np.sort(values, axis=None)
    look = {**LOOK, "layer": "signed", "min": float(order[0]), "max": float(order[-1]), "stretch": "histeq"}
    page = viewer().open(**look, cmap="gray", render=render)
    frame = Frame(page, 32, 26, 0.125)
    half_x, half_y = frame.width / 16 - 1, frame.height / 16 - 1
    share = np.searchsorted(order, values) / values.size

    def shares():
        picture = page.picture()
        off = [
            abs(frame.colour(picture, x, y)[0] / 255 - share[y, x])
            for y, x in itertools.product(range(SIDE), range(SIDE))
            if abs(x - 32) < half_x and abs(y - 26) < half_y
        ]
        assert len(off) > 1000
        assert np.max(off) < 0.03

    page.eventually(shares)


@pytest.mark.parametrize("render", ["gl", "server"])
def test_absolute_values_equalised(viewer, render):
    values = np.abs(signed())
    order = np.sort(values, axis=None)
    look = {**LOOK, "layer": "signed", "min": 0, "max": float(order[-1]), "stretch": "histeq", "abs": 1}
    page = viewer().open(**look, cmap="gray", render=render)
    frame = Frame(page, 32, 26, 0.125)
    share = np.searchsorted(order, values) / values.size

    def shares():
        picture = page.picture()
        for x, y in ((10, 20), (11, 20), (30, 30), (31, 30), (50, 20), (51, 21)):
            assert abs(frame.colour(picture, x, y)[0] / 255 - share[y, x]) < 0.03

    page.eventually(shares)


def test_a_hole_shows_the_ground(viewer):
    page = viewer().open(**LOOK, cmap="gray_r", stretch="linear")
    frame = Frame(page, 32, 26, 0.125)
    rows, columns = HOLE

    def hole():
        picture = page.picture()
        for y, x in itertools.product(range(rows.start, rows.stop), range(columns.start, columns.stop)):
            assert frame.colour(picture, x, y) == GROUND

    page.eventually(hole)


def test_style_changes_without_a_tile(viewer):
    page = viewer().open(**LOOK, cmap="gray", stretch="linear")
    frame = Frame(page, 32, 26, 0.125)
    check(page, steps(), frame, "gray")
    before = len(page.tiles)
    assert before > 0
    panel = page.page.locator("ar-display-panel")
    panel.get_by_label("Upper end", exact=True).fill("128")
    panel.get_by_label("Upper end", exact=True).press("Enter")
    check(page, steps(), frame, "gray", vmax=128.0)
    panel.get_by_role("radio", name="sqrt").click()
    check(page, steps(), frame, "gray", vmax=128.0, stretch="sqrt")
    panel.get_by_role("radio", name="viridis").click()
    check(page, steps(), frame, "viridis", vmax=128.0, stretch="sqrt")
    panel.get_by_role("button", name="Invert").click()
    check(page, steps(), frame, "viridis", vmax=128.0, stretch="sqrt", invert=True)
    slide(panel.get_by_label("Gamma"), 0.3)
    gamma = float(f"{10**0.3:.3g}")
    check(page, steps(), frame, "viridis", vmax=128.0, stretch="sqrt", invert=True, gamma=gamma)
    assert len(page.tiles) == before


def slide(field, value):
    field.evaluate(
        "(field, value) => { field.value = value; field.dispatchEvent(new Event('input', { bubbles: true })); }",
        str(value),
    )


def test_dragging_the_histogram_changes_the_map_without_a_tile(viewer):
    page = viewer().open(**LOOK, cmap="gray", stretch="linear")
    frame = Frame(page, 32, 26, 0.125)
    check(page, steps(), frame, "gray")
    before = len(page.tiles)
    plot = page.page.locator("ar-histogram .box").bounding_box()
    edge = page.page.locator('ar-histogram [data-edge="high"]')
    page.page.locator("ar-range-panel .plot:not(.busy)").wait_for()
    at = edge.bounding_box()
    page.drag((at["x"] + at["width"] / 2, plot["y"] + 40), (-40, 0))
    page.eventually(lambda: _less(page.number("max"), 250))
    assert page.number("min") == 0
    check(page, steps(), frame, "gray", vmax=lambda: page.number("max"))
    high = page.number("max")
    page.drag((plot["x"] + plot["width"] / 2, plot["y"] + 70), (20, 0))
    page.eventually(lambda: _less(high, page.number("max")))
    check(page, steps(), frame, "gray", vmin=lambda: page.number("min"), vmax=lambda: page.number("max"))
    assert page.number("min") > 0
    assert len(page.tiles) == before


def _less(a, b):
    assert a < b
