"""What the demo's configuration offers: it is read without a warning, and its combinations are what they say."""

import csv

import numpy as np
import pytest
from astropy.io import fits

from armillary.demo.files import write_demo_files
from armillary.demo.holdings import demo_document, write_demo_holdings
from armillary.holdings.access import ANONYMOUS
from armillary.holdings.configuration import open_configuration, read_configuration
from armillary.images.pyramid import Pyramid
from armillary.sky.grid import Window

PART = Window(300, 500, 420, 580)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_demo_files(folder)
    write_demo_holdings(folder)
    return folder


@pytest.fixture(scope="module")
def holdings(folder):
    made = open_configuration(folder / "demo.json", lambda plane, identity: Pyramid(plane, identity=identity))
    made.run()
    yield made.holdings
    made.holdings.close()


def pixels(holdings, layer_id):
    return holdings.layer(layer_id, ANONYMOUS).pyramid().plane.window(PART)


def stored(folder, name, *index):
    data = fits.getdata(folder / name).astype(np.float64)
    return data[index][PART.y0 : PART.y1, PART.x0 : PART.x1]


def test_it_is_the_same_at_every_run_and_has_no_warnings(folder, tmp_path):
    again = write_demo_holdings(tmp_path)
    assert again.read_bytes() == (folder / "demo.json").read_bytes()
    assert read_configuration(folder / "demo.json").warnings == ()


def test_every_layer_is_ready_and_described(holdings):
    tree = holdings.tree(ANONYMOUS)
    layers = [
        layer for g in tree["map_groups"] for m in g["maps"] for b in m["bands"] for layer in b["layers"]
    ]  # fmt: skip
    assert {layer["status"] for layer in layers} == {"ready"}
    assert all(layer["description"] for layer in layers)
    assert holdings.problems == []
    for layer in layers:
        assert holdings.layer(layer["layer_id"], ANONYMOUS).pyramid().plane.wcs is not None


def test_combinations_are_what_they_say(folder, holdings):
    q, u = (stored(folder, "microwave.fits", k) for k in (1, 2))
    assert pixels(holdings, "microwave-P2") == pytest.approx(q**2 + u**2, rel=1e-5)
    g, r, i = (stored(folder, f"field_{band}.fits") for band in "gri")
    assert pixels(holdings, "field_mean") == pytest.approx((g + r + i) / 3, rel=1e-5, abs=1e-7, nan_ok=True)
    assert pixels(holdings, "field_g-i") == pytest.approx(g - i, rel=1e-5, abs=1e-7, nan_ok=True)


def test_the_catalog_is_on_the_field(folder, holdings):
    catalog, _ = holdings.source_group("stars", ANONYMOUS).file.current()
    with (folder / "stars.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert catalog.count == len(rows) > 1000
    assert catalog.ra.tolist() == [float(row["ra"]) for row in rows]
    box = next(box for box in holdings.boxes(ANONYMOUS) if box.box_id == "field")
    assert ((catalog.ra > box.bottom_right_ra) & (catalog.ra < box.top_left_ra)).all()
    assert ((catalog.dec > box.bottom_right_dec) & (catalog.dec < box.top_left_dec)).all()


def test_one_box_lies_across_ra_0():
    (box,) = [box for box in demo_document()["boxes"] if box["box_id"] == "equator"]
    assert box["bottom_right_ra"] > box["top_left_ra"]
