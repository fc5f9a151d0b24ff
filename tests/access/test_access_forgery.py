"""Cookies that were tampered with, and requests that another site's page sends."""

from __future__ import annotations

import base64
import json
import stat

import httpx
import pytest
from conftest_access import PASSWORD, boxes, csrf, form_of, log_in, small_app, visit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.errors import ConfigurationError
from armillary.server.doors.signing import Signer, secret_of

WRITES = ("POST", "PUT", "PATCH", "DELETE")
OWN = "http://127.0.0.1:8000"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_no_changed_cookie_is_a_session(accounts, data) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        cookie = client.cookies["armillary-session-8000"]
        client.cookies.clear()
        place = data.draw(st.integers(0, len(cookie) - 1))
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
        kind = data.draw(st.sampled_from(["change", "cut", "insert", "swap"]))
        changed = {
            "change": cookie[:place] + data.draw(st.sampled_from(letters)) + cookie[place + 1 :],
            "cut": cookie[:place],
            "insert": cookie[:place] + data.draw(st.sampled_from(letters)) + cookie[place:],
            "swap": ".".join(reversed(cookie.split("."))),
        }[kind]
        expected = ["open", "secret"] if changed == cookie else ["open"]
        headers = {"cookie": f"armillary-session-8000={changed}"}
        assert await boxes(client, headers=headers) == expected

    visit(accounts, steps)


def test_forged_cookies_do_not_reach_the_database(accounts, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("armillary.accounts.sessions.Sessions.find", lambda self, secret: asked.append(secret))

    async def steps(client: httpx.AsyncClient) -> None:
        for value in ("", ".", "x.y", "x" * 4000, '"', "a=b", "x." + "A" * 32):
            assert await boxes(client, headers={"cookie": f"armillary-session-8000={value}"}) == ["open"]
        assert asked == []

    visit(accounts, steps)


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["session", "visit"]))
def test_only_what_was_signed_is_read(text: str, other: str, purpose: str) -> None:
    signer, stranger = Signer(b"s" * 32), Signer(b"t" * 32)
    signed = signer.sign(purpose, text)
    assert signer.read(purpose, signed) == text
    assert signer.read("csrf", signed) == ""
    assert stranger.read(purpose, signed) == ""
    assert signer.read(purpose, other) == ""
    assert signer.read(purpose, signed + "x") == ""


@given(st.binary(max_size=60))
def test_sealed_values_are_of_this_server_and_end(noise: bytes) -> None:
    now = [1000.0]
    signer = Signer(b"s" * 32, lambda: now[0])
    sealed = signer.seal("oidc", {"state": "x"}, 10)
    assert signer.open("oidc", sealed) == {"state": "x", "until": 1010}
    assert signer.open("other", sealed) is None
    assert signer.open("oidc", noise.decode("latin-1")) is None
    forged = base64.urlsafe_b64encode(json.dumps({"state": "y", "until": 9e9}).encode()).decode().rstrip("=")
    assert signer.open("oidc", f"{forged}.{sealed.rpartition('.')[2]}") is None
    now[0] = 1010.0
    assert signer.open("oidc", sealed) is None


def test_the_secret_is_kept_for_all_workers_and_for_nobody_else(tmp_path) -> None:
    database = tmp_path / "deep" / "accounts.sqlite"
    first = secret_of("", database)
    kept = database.with_name("accounts.sqlite.secret")
    assert len(first) >= 32
    assert secret_of("", database) == first
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(kept.parent.iterdir()) == [kept]
    assert secret_of("x" * 16, database) == b"x" * 16
    kept.write_bytes(b"short")
    with pytest.raises(ConfigurationError, match="damaged"):
        secret_of("", database)
    with pytest.raises(ConfigurationError, match="at least"):
        secret_of("hush", None)
    with pytest.raises(ConfigurationError, match="must be set"):
        secret_of("", None)


def test_workers_that_start_together_have_one_secret(tmp_path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as crew:
        found = list(crew.map(lambda _: secret_of("", tmp_path / "accounts.sqlite"), range(64)))
    assert len(set(found)) == 1


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("path", ["/api/session/logout", "/logout", "/api/holdings", "/api/layers/x", "/api/none", "/"])
def test_nothing_that_changes_something_is_done_without_its_mark(accounts, method: str, path: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        mark = await csrf(client)
        form = {"content-type": "application/x-www-form-urlencoded"}
        for headers in (
            {},
            {"x-armillary-csrf": ""},
            {"x-armillary-csrf": "x" * 32},
            mark | {"origin": "https://evil.example"},
            mark | {"origin": "null"},
            mark | {"origin": "http://127.0.0.1:9999"},
            mark | {"sec-fetch-site": "cross-site"},
            mark | {"sec-fetch-site": "same-site", "origin": OWN},
        ):
            answer = await client.request(method, path, headers=form | headers)
            assert answer.status_code in {403, 405}, headers
        assert await boxes(client) == ["open", "secret"]

    visit(accounts, steps)


@pytest.mark.parametrize("headers", [{}, {"origin": OWN}, {"origin": OWN, "sec-fetch-site": "same-origin"}])
def test_pages_of_ours_may(accounts, headers) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        answer = await client.post("/api/session/logout", headers=await csrf(client) | headers)
        assert answer.status_code == 200
        assert await boxes(client) == ["open"]

    visit(accounts, steps)


def test_behind_a_proxy_the_browser_vouches_for_the_origin(tmp_path, people) -> None:
    async def steps(client: httpx.AsyncClient) -> tuple[int, int]:
        body = {"name": "alice", "password": PASSWORD}
        there = await csrf(client) | {"origin": "https://maps.example:8443"}
        first = await client.post("/api/session/login", json=body, headers=there)
        second = await client.post("/api/session/login", json=body, headers=there | {"sec-fetch-site": "same-origin"})
        return first.status_code, second.status_code

    secure = "https://127.0.0.1:8000"
    assert visit(small_app(tmp_path), steps, base=secure) == (403, 200)
    assert visit(small_app(tmp_path, public_url="https://maps.example:8443"), steps, base=secure)[0] == 200


def test_a_mark_is_of_one_session(accounts) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        guest = await csrf(client)
        await log_in(client)
        mine = await csrf(client)
        assert mine != guest
        assert (await client.post("/api/session/logout", headers=guest)).status_code == 403
        async with httpx.AsyncClient(transport=client._transport, base_url=client.base_url) as other:
            await log_in(other, "boss")
            assert (await other.post("/api/session/logout", headers=mine)).status_code == 403
            assert (await other.post("/api/session/logout", headers=await csrf(other))).status_code == 200
        assert (await client.post("/api/session/logout", headers=mine)).status_code == 200

    visit(accounts, steps)


def test_nobody_is_logged_in_by_another_site(accounts) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        body = {"name": "alice", "password": PASSWORD}
        for headers in ({}, {"x-armillary-csrf": "A" * 32}):
            assert (await client.post("/api/session/login", json=body, headers=headers)).status_code == 403
        form = form_of(await client.get("/login"))
        client.cookies.clear()
        answer = await client.post("/login", data=form | body)
        assert answer.status_code == 403
        assert "try again" in answer.text
        again = await client.post("/login", data=form_of(answer) | body)
        assert again.status_code == 303

    visit(accounts, steps)


@pytest.mark.parametrize("mode", ["none", "token"])
def test_without_users_another_site_may_change_nothing_either(tmp_path, mode: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        headers = {"authorization": "Bearer hush", "origin": "https://evil.example"}
        assert (await client.post("/api/holdings", headers=headers)).status_code == 403
        assert (await client.post("/api/holdings", headers=headers | {"origin": OWN})).status_code == 405

    visit(small_app(tmp_path, auth=mode, token="hush"), steps)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 422),
        ("application/json", b"[]", 422),
        ("application/json", b'{"name": 5}', 422),
        ("application/json", b"[" * 8000, 422),
        ("application/json", b"\xff", 422),
        ("application/json", b'{"name": "\\ud800", "password": "x"}', 401),
        ("application/json", b"", 401),
        ("application/x-www-form-urlencoded", b"a" * 9000 + b"=b", 401),
        ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 100), 422),
        ("application/json", b" " * 20_000, 413),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("", b"name=alice", 415),
    ],
)
def test_bodies_that_are_none(accounts, kind: str, body: bytes, status: int) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        headers = await csrf(client) | ({"content-type": kind} if kind else {})
        answer = await client.post("/api/session/login", content=body, headers=headers)
        assert answer.status_code == status
        assert answer.json()["error"]["message"]

    visit(accounts, steps)
