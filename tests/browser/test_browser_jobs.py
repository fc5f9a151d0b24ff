"""The panel of jobs, before a server of jobs that does what the test says."""

from __future__ import annotations

import re

import numpy as np
import pytest
from conftest_browser import BARE
from conftest_files import tan_wcs
from conftest_panel import FakeJobs, result
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CSV = "name,ra,dec\n" + "".join(f"star {k},{60 + k / 1000},25\n" for k in range(20))


@pytest.fixture
def desk(viewer):
    """Opens a page whose jobs are a fake's; at the end nothing of it waits."""
    made = []

    def make(owner=None, *, jobs=(), **options):
        page = viewer(**options)
        fake = FakeJobs(page.page, owner)
        made.append(fake)
        for job in jobs:
            fake.add(**job)
        page.open(layer="fine", x=200, y=200, scale=0.25, **BARE)
        return page, fake

    yield make
    for fake in made:
        fake.close()


def row(page, name):
    return page.page.locator("ar-job-row", has_text=name)


def pick(page, name):
    row(page, name).locator(".pick").click()
    return row(page, name)


def panel(page):
    return page.page.locator("ar-jobs-panel")


def open_form(page, word):
    page.press("j")
    panel(page).get_by_role("button", name=word, exact=True).click()


def kept_in_browser(page):
    entries = page.page.evaluate("Object.entries(localStorage)")
    return [value for key, value in entries if key.startswith("armillary.jobs")]


def start(page):
    button = panel(page).locator("button.main")
    page.eventually(lambda: _enabled(button))
    button.click()


def _enabled(button):
    assert button.is_enabled()


def wait_for(page, check):
    def same():
        assert check()

    page.eventually(same)


def test_the_shown_region_becomes_a_job_that_is_watched_to_its_end(desk):
    page, fake = desk()
    open_form(page, "Region")
    panel(page).get_by_text(re.compile(r"px · about")).wait_for()
    start(page)
    waiting = row(page, "Waiting")
    waiting.wait_for()
    fields = dict(fake.posts[0])
    assert [name for name, _ in fake.posts[0]] == ["ID", "POS", "RESPONSEFORMAT", "RUNID", "PHASE"]
    assert (fields["ID"], fields["RESPONSEFORMAT"], fields["PHASE"]) == ("fine", "fits", "RUN")
    kind, *numbers = fields["POS"].split()
    box = page.box
    across, along = box["width"] * 0.125, box["height"] * 0.125
    x0, x1 = np.add(np.floor([200.5 - across, 200.5 + across]), [-0.5, 0.5])
    y0, y1 = np.add(np.floor([200.5 - along, 200.5 + along]), [-0.5, 0.5])
    corners = tan_wcs(1.0, 25.0, 400).pixel_to_world_values([x0, x1, x1, x0], [y0, y0, y1, y1])
    assert kind == "POLYGON"
    np.testing.assert_allclose(np.reshape(np.array(numbers, float), (4, 2)).T, corners, atol=3e-7)
    # The new job has the keyboard and is open.
    inside = "document.activeElement.shadowRoot?.querySelector('ar-jobs-panel') != null"
    wait_for(page, lambda: page.page.evaluate(inside))
    expect(waiting.locator(".pick")).to_have_attribute("aria-expanded", "true")
    page.page.locator("ar-side-rail").get_by_role("button", name="Jobs: 1 running").wait_for()
    (job_id,) = fake.jobs
    fake.change(job_id, phase="EXECUTING", progress={"done": 0, "total": 4}, started="2025-11-29T08:00:01.000Z")
    row(page, "Running").wait_for()
    fake.change(job_id, progress={"done": 3, "total": 4})
    bar = panel(page).get_by_role("progressbar")
    wait_for(page, lambda: fake.settle() or bar.get_attribute("aria-valuenow") == "3")
    row(page, "3 of 4").wait_for()
    fake.change(job_id, phase="COMPLETED", results=[result("fine.fits", 321_000)], ended="2025-11-29T08:00:05.000Z")
    row(page, "Done").get_by_text("321 kB").first.wait_for()
    expect(panel(page).get_by_role("progressbar")).to_have_count(0)
    link = row(page, "Done").get_by_role("link", name="Download fine.fits").first
    assert link.get_attribute("href").endswith(f"/vo/soda/async/{job_id}/results/fine")
    asked = len(page.requests)
    page.page.wait_for_timeout(1500)
    assert [url for url in page.requests[asked:] if job_id in url] == [], "what has ended is not asked for"


@pytest.mark.parametrize(("word", "kind", "count"), [("Range", "RANGE", 4), ("Circle", "CIRCLE", 3)])
def test_shapes_and_formats_of_the_shown_region(desk, word, kind, count):
    page, fake = desk()
    open_form(page, "Region")
    panel(page).get_by_role("radio", name=word).click()
    panel(page).get_by_role("radio", name="PNG").click()
    panel(page).get_by_label("Name").fill("  My   field ")
    start(page)
    row(page, "My field").wait_for()
    fields = dict(fake.posts[0])
    assert fields["POS"].split()[0] == kind
    assert len(fields["POS"].split()) == count + 1
    assert fields["RESPONSEFORMAT"] == "png"
    assert float(fields["vmax"]) > float(fields["vmin"])


def test_boxes_and_other_layers(desk):
    page, fake = desk()
    page.open(layer="allsky", boxes="r,350,10,-5,5:Across")
    open_form(page, "Region")
    panel(page).get_by_label("Region", exact=True).select_option(label="Across")
    panel(page).get_by_role("button", name="Other layers too").click()
    panel(page).get_by_label("Filter layers").fill("mirr")
    panel(page).get_by_role("checkbox").click()
    panel(page).get_by_text("2 files · about").wait_for()
    start(page)
    row(page, "Waiting").wait_for()
    assert [value for name, value in fake.posts[0] if name == "ID"] == ["allsky", "mirrored"]
    assert dict(fake.posts[0])["POS"] == "RANGE 350 10 -5 5"


def test_a_box_without_pixels_says_so_before_it_is_sent(desk):
    page, fake = desk()
    page.expected = ["422 "]
    page.open(layer="fine", boxes="r,200,201,5,6:Elsewhere")
    open_form(page, "Region")
    panel(page).get_by_label("Region", exact=True).select_option(label="Elsewhere")
    panel(page).get_by_text("This layer has no pixel there.").wait_for()
    assert panel(page).locator("button.main").is_disabled()
    assert fake.posts == []


def test_without_a_sky_there_is_a_way_on(desk):
    page, _ = desk()
    page.open(layer="steps")
    open_form(page, "Region")
    panel(page).get_by_text("no celestial coordinates").wait_for()
    panel(page).get_by_role("button", name="Boxes").click()
    page.page.locator("ar-boxes-panel").get_by_role("button", name="Draw a box").wait_for()


def test_a_list_of_positions(desk):
    page, fake = desk()
    open_form(page, "List")
    assert panel(page).locator("button.main").is_disabled()
    panel(page).get_by_label("Table of positions").set_input_files(
        {"name": "stars.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    )
    panel(page).get_by_text("CSV · 20 rows").wait_for()
    panel(page).get_by_label("Radius around each").fill("nothing")
    panel(page).get_by_text("A radius is an angle").wait_for()
    assert panel(page).locator("button.main").is_disabled()
    panel(page).get_by_label("Radius around each").fill("0.5")
    panel(page).get_by_label("Unit of the radius").select_option("′")
    panel(page).get_by_role("radio", name="tar").click()
    panel(page).get_by_text("20 files · about").wait_for()
    start(page)
    row(page, "stars.csv").wait_for()
    fields = dict(fake.posts[0])
    assert float(fields.pop("RADIUS")) == pytest.approx(0.5 / 60)
    assert fields.pop("RUNID") == "stars.csv, fine.fits"
    assert fields == {
        "ID": "fine",
        "PACKAGE": "tar",
        "RESPONSEFORMAT": "fits",
        "PHASE": "RUN",
        "UPLOAD": "stars.csv,param:positions",
        "positions": CSV,
    }


def test_a_table_is_dropped_onto_the_form(desk):
    page, _ = desk()
    open_form(page, "List")
    page.page.evaluate(
        """text => {
            const app = document.querySelector("armillary-app").shadowRoot;
            const form = app.querySelector("ar-jobs-panel").shadowRoot.querySelector("ar-job-list-form").shadowRoot;
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.csv"));
            for (const kind of ["dragover", "drop"])
                form.querySelector("form").dispatchEvent(
                    new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        CSV,
    )
    panel(page).get_by_text("dropped.csv").first.wait_for()
    panel(page).get_by_text("CSV · 20 rows").wait_for()


def test_what_the_server_refuses_is_said_in_place_and_nothing_is_lost(desk):
    page, fake = desk()
    page.expected = ["400 "]
    fake.refusal = (400, "UsageError: RADIUS: is in degrees, above 0 and up to 180")
    open_form(page, "List")
    panel(page).get_by_label("Table of positions").set_input_files(
        {"name": "stars.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    )
    start(page)
    alert = panel(page).get_by_role("alert")
    alert.get_by_text("RADIUS: is in degrees, above 0 and up to 180").wait_for()
    panel(page).get_by_text("stars.csv").first.wait_for()
    fake.refusal = None
    start(page)
    row(page, "stars.csv").wait_for()
    expect(alert).to_have_count(0)


def test_abort_start_delete_and_run_again(desk):
    page, fake = desk("hypatia", jobs=[{"phase": "PENDING"}, {"phase": "EXECUTING"}])
    page.press("j")
    page.page.get_by_role("button", name="Start Job number 1").click()
    row(page, "Job number 1").get_by_text("Waiting").wait_for()
    page.page.get_by_role("button", name="Stop Job number 2").click()
    row(page, "Job number 2").get_by_text("Stopped").wait_for()
    page.page.get_by_role("button", name="Run Job number 2 again").click()
    wait_for(page, lambda: len(fake.posts) == 1)
    assert fake.posts[0] == [
        ("ID", "fine"),
        ("POS", "CIRCLE 60 25 0.01"),
        ("RUNID", "Job number 2"),
        ("PHASE", "RUN"),
    ]
    wait_for(page, lambda: row(page, "Job number 2").count() == 2)
    first = row(page, "Job number 1").locator(".pick")
    first.focus()
    page.press("Delete")
    row(page, "Job number 1").get_by_text("Delete this job for good?").wait_for()
    page.press("Escape")
    assert "job-0001-secret" in fake.jobs
    page.press("Delete", "Enter")
    wait_for(page, lambda: "job-0001-secret" not in fake.jobs)
    wait_for(page, lambda: row(page, "Job number 1").count() == 0)
    # The keyboard stays in the list.
    focused = "document.activeElement.shadowRoot?.activeElement?.shadowRoot?.activeElement?.localName"
    wait_for(page, lambda: page.page.evaluate(focused) == "ar-job-row")


def test_what_fails_to_be_done_is_said_at_the_job(desk):
    page, fake = desk("hypatia", jobs=[{"phase": "EXECUTING"}])
    page.expected = ["503 "]
    page.press("j")
    job = pick(page, "Job number 1")
    fake.refusal = (503, "ServiceUnavailable: the database of jobs does not answer")
    job.get_by_role("button", name="Stop", exact=True).click()
    job.get_by_role("alert").get_by_text("The database of jobs does not answer").wait_for()


def test_errors_and_empty_results_are_told_apart(desk):
    page, _ = desk(
        "hypatia",
        jobs=[
            {"phase": "ERROR", "error": {"message": "The disk of results is full.", "type": "transient"}},
            {"phase": "COMPLETED", "results": [result("a.txt", 60, empty=True)]},
        ],
    )
    page.press("j")
    failed = pick(page, "Job number 1")
    failed.get_by_text("The disk of results is full. It may succeed later: run it again.").wait_for()
    empty = pick(page, "Job number 2")
    empty.get_by_text("Empty: no pixel there").wait_for()
    assert empty.get_by_role("link", name="empty").get_attribute("href").endswith("/results/a")
    assert empty.get_by_role("link", name=re.compile("Download")).count() == 0


def test_thousands_of_results_are_shortened(desk):
    results = [result(f"star-{k:05d}.fits", 5760) for k in range(5000)]
    package = {**result("cutouts.zip", 29_000_000, kind="application/zip"), "id": "package"}
    page, _ = desk("hypatia", jobs=[{"phase": "COMPLETED", "results": [*results, package]}])
    page.press("j")
    job = pick(page, "Job number 1")
    job.get_by_text("and 4\u2009995 more in the package").wait_for()
    lines = job.get_by_role("list", name="Results").locator("li")
    expect(lines).to_have_count(6)
    job.get_by_role("button", name="Show 45").click()
    expect(lines).to_have_count(51)
    download = job.get_by_role("link", name="Download all, 29 MB")
    assert download.get_attribute("href").endswith("/results/package")
    with page.page.expect_download() as event:
        download.click()
    assert event.value.suggested_filename == "cutouts.zip"


def test_long_names_of_files_stay_within_the_panel(desk):
    name = f"{'exposure-of-a-long-night-' * 4}1.fits"
    page, _ = desk("hypatia", jobs=[{"phase": "COMPLETED", "results": [result(name)]}])
    page.press("j")
    job = pick(page, "Job number 1")
    job.get_by_text(name).wait_for()
    outer = job.bounding_box()
    for inner in (*job.get_by_role("button").all(), *job.get_by_role("link").all()):
        box = inner.bounding_box()
        assert box["x"] + box["width"] <= outer["x"] + outer["width"] + 0.5


def test_jobs_without_an_owner_come_back_and_leave_when_they_are_gone(desk):
    page, fake = desk()
    open_form(page, "Region")
    panel(page).get_by_label("Name").fill("Mine")
    start(page)
    row(page, "Mine").wait_for()
    (job_id,) = fake.jobs
    fake.change(job_id, phase="COMPLETED", results=[result("fine.fits")])
    row(page, "Done").wait_for()
    page.open(layer="coarse")
    page.press("j")
    row(page, "Mine").get_by_text("Done").wait_for()
    page.expected = ["404 "]
    fake.remove(job_id)
    page.page.goto(f"{page.address}?layer=coarse")
    page.says("1 job is no longer there and left the list.")
    page.rest()
    page.press("j")
    panel(page).get_by_text("No job yet.").wait_for()
    wait_for(page, lambda: kept_in_browser(page) == ["[]"])


def test_jobs_of_a_user_are_not_kept_in_the_browser(desk):
    page, _ = desk("hypatia")
    open_form(page, "Region")
    start(page)
    row(page, "Waiting").wait_for()
    assert kept_in_browser(page) == []


def test_only_few_requests_wait_and_every_job_is_followed(desk):
    page, fake = desk("hypatia", jobs=[{"phase": "QUEUED"}] * 7)
    page.press("j")
    wait_for(page, lambda: row(page, "Waiting").count() == 7)
    for job_id in fake.jobs:
        fake.change(job_id, phase="COMPLETED", results=[result("a.fits")])

    def done():
        fake.settle()
        return row(page, "Done").count() == 7

    wait_for(page, done)
    assert 1 <= fake.most_waiting <= 2


def test_the_end_is_said_where_the_panel_is_closed(desk):
    page, fake = desk("hypatia", jobs=[{"phase": "EXECUTING"}])
    page.press("j")
    row(page, "Running").wait_for()
    page.press("l")
    page.page.keyboard.press("Escape")
    page.page.locator("ar-side-rail").get_by_role("button", name="Jobs: 1 running").wait_for()
    wait_for(page, lambda: fake.waiting)
    fake.change("job-0001-secret", phase="COMPLETED", results=[result("a.fits")])
    page.says("“Job number 1” is done.")
    page.page.locator("ar-side-rail").get_by_role("button", name="Jobs", exact=True).wait_for()


def test_while_the_server_does_not_answer_the_list_stays(desk):
    page, fake = desk("hypatia", jobs=[{"phase": "EXECUTING"}])
    page.expected = ["503 "]
    page.press("j")
    row(page, "Running").wait_for()
    fake.down = True
    fake.settle()
    fake.jobs["job-0001-secret"]["progress"] = {"done": 1, "total": 2}
    wait_for(page, lambda: any(text.startswith("503 ") for text in page.complaints) or fake.settle())
    panel(page).get_by_text("The database of jobs does not answer").wait_for()
    assert row(page, "Job number 1").count() == 1
    fake.down = False
    wait_for(page, lambda: fake.settle() or row(page, "1 of 2").count() == 1)
    wait_for(page, lambda: panel(page).get_by_text("does not answer").count() == 0)


def test_older_jobs_on_demand(desk):
    page, _ = desk("hypatia", jobs=[{"phase": "ABORTED"}] * 58)
    page.press("j")
    wait_for(page, lambda: row(page, "Stopped").count() == 50)
    asked = {url for url in page.requests if "-secret" in url}
    assert len(asked) < 40, "what is not seen is not asked for"
    panel(page).get_by_role("button", name="Older jobs").click()
    wait_for(page, lambda: row(page, "Stopped").count() == 58)
    expect(panel(page).get_by_role("button", name="Older jobs")).to_have_count(0)


def test_arrows_go_from_job_to_job_and_leave_the_map_alone(desk):
    page, _ = desk("hypatia", jobs=[{"phase": "ABORTED"}] * 3)
    page.press("j")
    wait_for(page, lambda: row(page, "Stopped").count() == 3)
    row(page, "Job number 3").locator(".pick").focus()
    page.press("ArrowDown", "Enter")
    expect(row(page, "Job number 2").locator(".pick")).to_have_attribute("aria-expanded", "true")
    assert page.number("x") == pytest.approx(200) if "x" in page.query else True


def test_on_a_narrow_screen_it_is_a_sheet(desk):
    page, _ = desk("hypatia", jobs=[{"phase": "EXECUTING"}], width=420, height=800)
    page.page.get_by_role("button", name=re.compile("^Jobs")).click()
    row(page, "Running").wait_for()
    panel(page).get_by_role("button", name="Region", exact=True).click()
    panel(page).get_by_label("Name").wait_for()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 420
    box = panel(page).bounding_box()
    assert box["width"] <= 420
    assert box["y"] > 300
