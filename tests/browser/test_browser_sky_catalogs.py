"""A HATS catalog over the map: its density far out, its sources near, the same panel, card and table as others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest_browser import BARE, GROUND, Frame, _viewers
from conftest_catalogs import catalogs_server, write_catalogs
from playwright.sync_api import expect

from armillary.catalogs import import_catalog
from armillary.catalogs.viewing import gathering
from armillary.holdings.sky_folders import is_sky_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROWS = 60_000
CLUMP = (120.0, 0.0)
FIELD = (20.0, 40.0)
SHOWN = {**BARE, "cmap": "gray", "min": 0, "max": 100, "catalogs": "sky*sky*circle*11"}


def sky_table() -> pa.Table:
    """Half of them all over the sky but its far south, half about one place."""
    rng = np.random.default_rng(31)
    ra, dec = rng.uniform(0, 360, ROWS), np.degrees(np.arcsin(rng.uniform(-0.7, 1, ROWS)))
    many = ROWS // 2
    ra[:many], dec[:many] = CLUMP[0] + rng.normal(0, 8, many), CLUMP[1] + rng.normal(0, 8, many)
    return pa.table({"name": [f"S {k}" for k in range(ROWS)], "ra": ra, "dec": dec, "mag": rng.normal(18, 2, ROWS)})


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = write_catalogs(tmp_path_factory.mktemp("skies"))
    pq.write_table(sky_table(), folder.parent / "sky-in.parquet")
    import_catalog(
        input_paths=[folder.parent / "sky-in.parquet"],
        output_path=folder,
        output_artifact_name="sky",
        pixel_threshold=4000,
        highest_healpix_order=7,
    )
    assert is_sky_folder(str(folder / "sky"))
    with pytest.MonkeyPatch.context() as patch, catalogs_server(folder) as address:
        # As if it were a hundred times larger.
        patch.setattr(gathering, "MOST_ROWS", 30_000)
        yield address


@pytest.fixture
def look(chromium, where):
    yield from _viewers(chromium, where)


def panel(page):
    return page.page.locator("ar-catalogs-panel")


def says(page, words):
    page.press("k")
    panel(page).get_by_text(words).first.wait_for()
    page.rest()


def status(page):
    return panel(page).get_by_role("status").first.inner_text()


def bluer(picture):
    """How far the picture is from the bare ground, in the colour of the catalog."""
    return picture[..., 2] - picture[..., 0] - (GROUND[2] - GROUND[0])


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_far_out_its_density_is_graded(look, scheme):
    page = look(color_scheme=scheme).open(layer="allsky", ra=120, dec=0, fov=360, **SHOWN)
    says(page, "as density")
    assert " ".join(status(page).split()).startswith("About 60 000 here, as density")
    assert panel(page).get_by_text("/ deg²").is_visible()
    frame = Frame(page, page.box["width"] / 2, page.box["height"] / 2, 1.0)
    picture = page.still()
    scale = 360 / page.box["width"]
    middle_x, middle_y = frame.width / 2, frame.height / 2

    def patch(ra, dec):
        """Mean of the brightness, and how blue it is, about a place of the sky."""
        sx, sy = middle_x - (ra - 120) / scale, middle_y - dec / scale
        part = picture[round(sy) - 6 : round(sy) + 7, round(sx) - 6 : round(sx) + 7]
        return part.sum(axis=2).mean(), bluer(part).mean()

    clump, field, beside, empty = patch(120, 0), patch(0, 40), patch(105, 5), patch(40, -75)
    assert clump[0] > beside[0] + 30 > field[0] + 40
    assert field[0] > empty[0] + 10
    assert field[1] > 5
    assert empty[1] < 2


def test_near_its_sources_are_symbols_with_cards_and_a_table(look):
    page = look().open(layer="allsky", ra=FIELD[0], dec=FIELD[1], fov=10, **SHOWN)
    says(page, "in view")
    table = sky_table()
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    index = int(np.hypot(ra - FIELD[0], dec - FIELD[1]).argmin())
    per_px = page.number("fov") / page.box["width"]
    sx = page.box["width"] / 2 - (ra[index] - page.number("ra")) / per_px
    sy = page.box["height"] / 2 - (dec[index] - page.number("dec")) / per_px
    page.page.mouse.click(page.box["x"] + sx, page.box["y"] + sy)
    page.page.locator("ar-source-card").get_by_role("heading", name=f"S {index}", exact=True).wait_for()
    page.eventually(lambda: _has_source(page))
    row = int(page.query["source"].partition("*")[2])
    answer = page.page.request.get(f"{page.address}api/sources/sky/rows/{row}").json()
    assert answer["values"]["name"] == f"S {index}"
    panel(page).get_by_role("button", name="Table").click()
    page.page.locator("ar-source-grid").get_by_role("row").nth(3).wait_for()
    expect(page.page.locator("ar-source-table .count")).to_have_text(re.compile(r"^\s*60\s000\s+rows\s*$"))


def _has_source(page):
    assert "source" in page.query


def test_zooming_in_never_shows_nothing(look):
    """From the density over density with sources to sources alone: at no step is the sky bare."""
    page = look().open(layer="allsky", ra=FIELD[0], dec=FIELD[1], fov=300, **SHOWN)
    says(page, "as density")
    box = page.box
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    seen = []
    for _ in range(30):
        page.page.mouse.wheel(0, -200)
        page.page.wait_for_timeout(80)
        picture = page.picture()
        height, width = picture.shape[:2]
        middle = picture[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
        assert bluer(middle).max() > 15, page.query
        seen.append(status(page).split(" ")[0] == "About")
    panel(page).get_by_text("in view").first.wait_for()
    page.rest()
    assert seen[0]
    assert not status(page).startswith("About")
    asked = [url for url in page.requests if "/sky/points" in url and "limit=20000" in url]
    assert len(asked) > 2
    assert all("crowd=" in url for url in asked)
