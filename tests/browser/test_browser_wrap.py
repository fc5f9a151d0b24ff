"""Full-sky maps: no seam at the wrap, right ascension to the left, panning without end."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from conftest_browser import BARE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SKY = {"cmap": "gray", "stretch": "linear", "min": -150, "max": 150, **BARE}
SEAM_RA = 300.0
"""The files have RA 120 in their middle."""


def reads(viewer, sx, sy, low, high):
    """Wait until the readout shows an RA between two, in degrees, at a place of the map."""
    viewer.point(sx, sy)
    found = viewer.readout.locator(".ra b")
    found.filter(has_text=re.compile(r"\d\d[h:]")).wait_for()

    def between():
        hours, minutes, seconds = map(float, re.findall(r"[\d.]+", found.inner_text())[:3])
        assert low < 15 * (hours + minutes / 60 + seconds / 3600) < high

    viewer.eventually(between)


@pytest.mark.parametrize("layer", ["allsky", "mirrored"])
@pytest.mark.parametrize("fov", [100, 20])
def test_no_seam_where_the_map_wraps(viewer, layer, fov):
    page = viewer().open(layer=layer, ra=SEAM_RA, dec=10, fov=fov, **SKY)

    def smooth():
        rows = page.picture()[200:400].astype(float)
        assert (rows.std(axis=(0, 1)) > 1).all()
        assert not (rows == (5, 7, 10)).all(axis=2).any()
        steps = np.abs(np.diff(rows.mean(axis=(0, 2))))
        middle = steps.size // 2
        across = steps[middle - 20 : middle + 20].max()
        usual = np.sort(steps)[-60:].mean()
        assert across <= 1.5 * usual + 0.3

    page.eventually(smooth)


@pytest.mark.parametrize("layer", ["allsky", "mirrored"])
def test_right_ascension_grows_to_the_left(viewer, layer):
    page = viewer().open(layer=layer, ra=40, dec=0, fov=40, **SKY)
    box = page.box
    reads(page, 20, box["height"] / 2, 50, 61)
    reads(page, box["width"] - 20, box["height"] / 2, 19, 30)


def test_both_files_show_the_same_sky(viewer):
    one, other = (viewer().open(layer=layer, ra=10, dec=20, fov=60, **SKY) for layer in ("allsky", "mirrored"))
    for page in (one, other):
        reads(page, page.box["width"] / 2, page.box["height"] / 2, 9, 11)
    one.eventually(lambda: _close(one.picture(), other.picture()))


def _close(a, b):
    assert np.abs(a - b).max() <= 3


def test_panning_has_no_end(viewer):
    page = viewer().open(layer="allsky", ra=SEAM_RA, dec=0, fov=300, **SKY)
    first = page.picture()
    box = page.box
    y = box["y"] + box["height"] / 2
    turned = 0.0
    before = SEAM_RA
    # Dragging to the right shows more of the left: larger right ascension, round and round.
    for _ in range(4):
        page.drag((box["x"] + 100, y), (box["width"] * 0.6, 0))
        page.eventually(partial(_turned, page, before))
        turned += (page.number("ra") - before) % 360
        before = page.number("ra")
    assert turned > 540
    page.open(layer="allsky", ra=before, dec=0, fov=300, **SKY)
    last = page.still()
    assert not (last == (5, 7, 10)).all(axis=2).all(axis=0).any(), "a column without sky"
    assert first.shape == last.shape


def _turned(page, before):
    """By most of what was dragged, 180°: the address may tell of a place on the way."""
    assert 140 < (page.number("ra") - before) % 360 < 220


def drawn_words(page):
    """Record what is written on the canvas."""
    page.page.add_init_script(
        """window.written = [];
        const write = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
          if (this.canvas.className === "sky-overlay") window.written.push(text);
          return write.call(this, text, ...rest);
        };
        const clear = CanvasRenderingContext2D.prototype.clearRect;
        CanvasRenderingContext2D.prototype.clearRect = function (...rest) {
          if (this.canvas.className === "sky-overlay") window.written.length = 0;
          return clear.call(this, ...rest);
        };"""
    )


def test_both_conventions_of_longitude(viewer):
    page = viewer()
    drawn_words(page)
    page.open(layer="allsky", ra=0, dec=0, fov=90, grid=1)
    labels = "[...new Set(window.written)].filter((text) => /°$/.test(text))"
    page.eventually(lambda: _has(page.page.evaluate(labels), "340°", "20°", "0°"))
    page.page.locator("ar-view-menu").get_by_role("button").first.click()
    page.page.get_by_role("menuitemradio", name="−180° to 180°").click()
    page.eventually(lambda: _has(page.page.evaluate(labels), "−20°", "20°"))
    assert "340°" not in page.page.evaluate(labels)
    page.wait_query(lon="180")
    page.page.get_by_role("menuitemcheckbox", name="Right ascension in hours").click()
    page.eventually(lambda: _has(page.page.evaluate("[...new Set(window.written)]"), "22h", "2h"))


def _has(words, *wanted):
    assert set(wanted) <= {word.removeprefix("+") for word in words}
