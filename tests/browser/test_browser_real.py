"""Every real file with pixels is seen in the browser, without a word of complaint."""

from __future__ import annotations

import json
from functools import partial
from urllib.request import urlopen

import numpy as np
import pytest
from conftest_browser import BARE, GROUND, serve

pytestmark = [pytest.mark.browser, pytest.mark.real_data, pytest.mark.xdist_group("browser")]

FLAT = {"P-SDSS9-r"}
"""A MOC: 1 wherever there is a survey."""


def layers(address):
    with urlopen(f"{address}api/holdings") as answer:
        tree = json.load(answer)
    maps = [entry for group in tree["map_groups"] for entry in group["maps"]]
    return [layer["layer_id"] for entry in maps for band in entry["bands"] for layer in band["layers"]]


def test_every_layer_is_seen(real_data, viewer):
    with serve(real_data) as address:
        page = viewer(address).open(**BARE)
        page.page.locator("ar-layer-tree").get_by_text("Reading headers").wait_for(state="detached")
        names = layers(address)
        assert len(names) > 10
        for name in names:
            page.wait_query(layer=name)
            page.rest()
            page.press("0")
            page.eventually(partial(_seen, page, 1 if name in FLAT else 2))
            page.press("n")
        page.wait_query(layer=names[0])


def _seen(page, colours):
    """A tenth of the map is sky, in so many colours or more."""
    picture = page.picture()
    covered = (picture != GROUND).any(axis=2)
    assert covered.mean() > 0.1
    assert len(np.unique(picture[covered][::37], axis=0)) >= colours
