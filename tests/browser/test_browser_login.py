"""Logging in, out, and in again without losing the view."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest_browser import serve
from conftest_collection import write_collection

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NAME, PASSWORD = "hypatia", "a long enough password"


@pytest.fixture(scope="module")
def guarded(sky, tmp_path_factory):
    """Address of a server with one user; the maps of the night need a grant."""
    folder = tmp_path_factory.mktemp("guarded")
    database = str(folder / "accounts.sqlite")
    config = folder / "settings.toml"
    config.write_text(f'accounts_database = "{database}"\n', encoding="utf-8")
    users = [sys.executable, "-m", "armillary", "users"]
    for words in (["add", NAME, "--password-stdin"], ["grant", NAME, "team"]):
        subprocess.run([*users, *words, "--config", str(config)], input=f"{PASSWORD}\n", text=True, check=True)
    holdings = write_collection(folder, sky, night="team")
    with serve(holdings, command="serve", auth="accounts", accounts_database=database) as found:
        yield found


@pytest.fixture(scope="module")
def closed(sky, tmp_path_factory):
    """Address of a server that shows nothing to everybody."""
    folder = tmp_path_factory.mktemp("closed")
    holdings = write_collection(folder, sky, day="team", night="team")
    with serve(holdings, command="serve", auth="accounts", accounts_database=str(folder / "a.sqlite")) as found:
        yield found


def log_in(page):
    page.page.wait_for_url("**/login?*")  # the page that is left has a field of that name, too
    page.page.get_by_label("Name").fill(NAME)
    page.page.get_by_label("Password").fill(PASSWORD)
    page.page.get_by_role("button", name="Log in").click()


def top(page, name):
    return page.page.locator("ar-account-menu").get_by_role("button", name=name)


def test_logging_in_leads_back_to_the_view_and_out_again(viewer, guarded):
    page = viewer(guarded).open(layer="day0-f090-Q", boxes="r,350,10,-5,5")
    page.page.get_by_placeholder("Filter 361 layers").first.wait_for()
    top(page, "Log in").click()
    page.page.wait_for_url("**/login?*")
    back = parse_qs(urlsplit(page.page.url).query)["next"][0]
    assert "layer=day0-f090-Q" in back
    log_in(page)
    page.rest()
    page.page.get_by_placeholder("Filter 721 layers").first.wait_for()
    assert page.query["layer"] == "day0-f090-Q"
    assert page.query["boxes"] == "r,350,10,-5,5"
    top(page, f"Logged in as {NAME}").click()
    page.page.get_by_role("menuitem", name="Log out").click()
    page.page.get_by_placeholder("Filter 361 layers").first.wait_for()
    top(page, "Log in").wait_for()


def test_a_layer_that_needs_a_login_offers_it(viewer, guarded):
    page = viewer(guarded)
    page.expected.append("night0-f090-I")
    page.page.goto(f"{guarded}?layer=night0-f090-I")
    page.page.get_by_role("heading", name="This layer does not open").wait_for()
    page.page.locator(".empty").get_by_role("button", name="Log in").click()
    log_in(page)
    page.rest()
    page.wait_query(layer="night0-f090-I")


def test_a_login_that_ends_is_renewed_without_losing_the_view(viewer, guarded):
    page = viewer(guarded).open(layer="day0-f090-I")
    top(page, "Log in").click()
    log_in(page)
    page.rest()
    page.page.get_by_placeholder("Filter 721 layers").first.fill("night2-f090-I")
    page.page.get_by_role("treeitem").first.click()
    page.wait_query(layer="night2-f090-I")
    page.rest()
    page.expected += ["/api/layers/night2", "/api/layers/night3"]
    page.page.context.clear_cookies()
    page.page.get_by_label("Filter layers").first.fill("night3-f090-I")
    page.page.get_by_role("treeitem").first.click()
    dialog = page.page.get_by_role("dialog", name="Your login has ended")
    dialog.get_by_text(f"{NAME} is no longer logged in.").wait_for()
    dialog.get_by_role("button", name="Log in again").click()
    log_in(page)
    page.rest()
    page.wait_query(layer="night2-f090-I")
    top(page, f"Logged in as {NAME}").wait_for()


def test_where_nothing_is_for_everybody_the_login_is_offered(viewer, closed):
    page = viewer(closed)
    page.page.goto(closed)
    page.page.get_by_role("heading", name="Nothing here is for everybody").wait_for()
    page.page.locator(".empty").get_by_role("button", name="Log in").click()
    page.page.wait_for_url("**/login?*")


def test_without_users_there_is_no_login(viewer):
    page = viewer().open(layer="steps")
    assert page.page.locator("ar-account-menu").get_by_role("button").count() == 0
