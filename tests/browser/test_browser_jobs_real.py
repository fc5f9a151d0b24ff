"""The panel of jobs before the server itself: jobs are made, run by its workers, and their results opened."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from conftest_browser import BARE, serve
from conftest_collection import write_collection
from conftest_files import field_values, tan_wcs

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NAME, PASSWORD = "hypatia", "a long enough password"
FINE = tan_wcs(1.0, 25.0, 400)
SLOW_S = 60_000


@pytest.fixture(scope="module")
def working(sky, tmp_path_factory):
    """Address of a server with a place of its own for jobs."""
    folder = tmp_path_factory.mktemp("jobs")
    with serve(sky, jobs_database=str(folder / "jobs.sqlite"), jobs_workers=1) as found:
        yield found


def row(page, name):
    return page.page.locator("ar-job-row", has_text=name)


def panel(page):
    return page.page.locator("ar-jobs-panel")


def open_form(page, word):
    page.press("j")
    panel(page).get_by_role("button", name=word, exact=True).click()


def start(page, name):
    panel(page).get_by_label("Name").fill(name)
    button = panel(page).locator("button.main:enabled")
    button.wait_for()
    button.click()
    row(page, name).wait_for()


def ended(page, name, word="Done"):
    row(page, name).locator(".word", has_text=word).wait_for(timeout=SLOW_S)
    return row(page, name)


def download(page, link, folder):
    with page.page.expect_download() as event:
        link.click()
    path = folder / event.value.suggested_filename
    event.value.save_as(path)
    return path


def test_the_shown_region_comes_home_bit_by_bit(viewer, working, tmp_path):
    page = viewer(working).open(layer="fine", x=200, y=200, scale=0.1, **BARE)
    open_form(page, "Region")
    said = panel(page).get_by_text(re.compile(r"px · about"))
    said.wait_for()
    nx, ny = (int(word) for word in re.findall(r"\d+", said.inner_text())[:2])
    start(page, "Middle")
    job = ended(page, "Middle")
    path = download(page, job.get_by_role("link", name=re.compile("^Download fine")).first, tmp_path)
    with fits.open(path) as found:
        data, header = found[0].data, found[0].header
        assert data.shape == (ny, nx)
        ra, dec = WCS(header).pixel_to_world_values(0, 0)
        x, y = np.rint(FINE.world_to_pixel_values(ra, dec)).astype(int)
        np.testing.assert_array_equal(data, field_values(400)[y : y + ny, x : x + nx])
        assert abs(x + nx / 2 - 200.5) <= 1
        assert abs(y + ny / 2 - 200.5) <= 1


def test_positions_of_a_table_come_in_one_package(viewer, working, tmp_path):
    x, y = np.meshgrid(np.linspace(40, 360, 5), np.linspace(50, 350, 4))
    ra, dec = FINE.pixel_to_world_values(x.ravel(), y.ravel())
    ra[3] += 40
    lines = [f"star {k},{a:.9f},{d:.9f}" for k, (a, d) in enumerate(zip(ra, dec, strict=True))]
    text = "\n".join(["name,ra,dec", *lines])
    page = viewer(working).open(layer="fine", **BARE)
    open_form(page, "List")
    panel(page).get_by_label("Table of positions").set_input_files(
        {"name": "stars.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    panel(page).get_by_label("Radius around each").fill("10")
    start(page, "Twenty")
    job = ended(page, "Twenty")
    job.get_by_text("20 files, 1 empty").wait_for()
    job.get_by_text("and 15 more in the package").wait_for()
    path = download(page, job.get_by_role("link", name=re.compile("Download all")), tmp_path)
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        names = [name for name in package.namelist() if name.endswith(".fits")]
        assert len(names) == 19
        for name in names:
            with fits.open(io.BytesIO(package.read(name))) as found:
                assert found[0].data.shape in {(20, 20), (21, 21), (20, 21), (21, 20)}
        assert any("star" in name for name in names)


def test_a_job_is_stopped_and_deleted(viewer, working):
    corner = FINE.pixel_to_world_values(200, 200)
    rows = [f"{corner[0] + k * 1e-7:.9f},{corner[1]:.9f}" for k in range(20_000)]
    text = "\n".join(["ra,dec", *rows])
    page = viewer(working).open(layer="fine", **BARE)
    open_form(page, "List")
    panel(page).get_by_label("Table of positions").set_input_files(
        {"name": "many.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    start(page, "Long one")
    job = row(page, "Long one")
    job.get_by_text("of 20\u2009001").wait_for(timeout=SLOW_S)
    page.eventually(lambda: _moves(panel(page).get_by_role("progressbar")))
    job.get_by_role("button", name="Stop", exact=True).click()
    ended(page, "Long one", "Stopped")
    job.get_by_role("button", name="Delete", exact=True).click()
    job.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    job.wait_for(state="hidden")
    page.open(layer="fine")
    page.press("j")
    panel(page).get_by_text("No job yet.").wait_for()


def _moves(bar):
    assert int(bar.get_attribute("aria-valuenow") or "0") > 0


def test_what_is_wrong_with_a_table_is_said_in_the_form(viewer, working):
    page = viewer(working)
    page.expected = ["400 ", "422 "]
    page.open(layer="fine", **BARE)
    open_form(page, "List")
    panel(page).get_by_label("Table of positions").set_input_files(
        {"name": "nothing.csv", "mimeType": "text/csv", "buffer": b"name,colour\na,1\nb,2\n"}
    )
    panel(page).locator("button.main:enabled").click()
    alert = panel(page).get_by_role("alert")
    alert.wait_for()
    assert re.search(r"nothing\.csv: .*name, colour", alert.inner_text())
    assert "Error" not in alert.inner_text()


def test_a_region_without_pixels_ends_empty(viewer, working):
    page = viewer(working).open(layer="fine", **BARE)
    page.press("j")
    made = page.page.evaluate(
        """async () => {
            const form = new FormData();
            const fields = {ID: "fine", POS: "CIRCLE 200 5 0.1", RUNID: "Void", PHASE: "RUN"};
            for (const [name, value] of Object.entries(fields)) form.append(name, value);
            const headers = {Accept: "application/json"};
            return (await fetch("vo/soda/async", {method: "POST", body: form, headers})).json();
        }"""
    )
    page.page.evaluate(
        """([key, id]) => {
            localStorage.setItem(key, JSON.stringify([{id, name: "Void", created: ""}]));
            window.dispatchEvent(new StorageEvent("storage", {key}));
        }""",
        ["armillary.jobs:/", made["job_id"]],
    )
    ended(page, "Void").get_by_text("Empty: no pixel there").wait_for()


def test_a_user_has_the_jobs_of_every_browser(viewer, sky, tmp_path_factory, tmp_path):
    folder = tmp_path_factory.mktemp("owners")
    settings = {"accounts_database": str(folder / "users.sqlite"), "jobs_database": str(folder / "jobs.sqlite")}
    config = folder / "settings.toml"
    config.write_text(f'accounts_database = "{settings["accounts_database"]}"\n', encoding="utf-8")
    words = [sys.executable, "-m", "armillary", "users", "add", NAME, "--password-stdin", "--config", str(config)]
    subprocess.run(words, input=f"{PASSWORD}\n", text=True, check=True)
    holdings = write_collection(folder, sky)
    with serve(holdings, command="serve", auth="accounts", **settings) as address:
        for turn in range(2):
            page = viewer(address).open(layer="day0-f090-I", **BARE)
            page.page.locator("ar-account-menu").get_by_role("button", name="Log in").click()
            page.page.wait_for_url("**/login?*")
            page.page.get_by_label("Name").fill(NAME)
            page.page.get_by_label("Password").fill(PASSWORD)
            page.page.get_by_role("button", name="Log in").click()
            page.rest()
            page.page.locator("ar-account-menu").get_by_role("button", name=f"Logged in as {NAME}").wait_for()
            if turn == 0:
                open_form(page, "Region")
                start(page, "Mine everywhere")
            else:
                page.press("j")
            job = ended(page, "Mine everywhere")
        # The second browser never made it, and may do everything with it.
        job.locator(".pick").click()
        path = download(page, job.get_by_role("link", name=re.compile("^Download")).first, tmp_path)
        with fits.open(path) as found:
            assert found[0].data.shape == (360, 720)
        job.get_by_role("button", name="Run again").click()
        page.eventually(lambda: _twice(page))
        # Whoever logs out leaves nothing behind.
        page.page.locator("ar-account-menu").get_by_role("button", name=f"Logged in as {NAME}").click()
        page.page.get_by_role("menuitem", name="Log out").click()
        page.page.locator("ar-account-menu").get_by_role("button", name="Log in").wait_for()
        page.press("j")
        panel(page).get_by_text("No job yet.").wait_for()


def _twice(page):
    assert row(page, "Mine everywhere").locator(".word", has_text="Done").count() == 2
