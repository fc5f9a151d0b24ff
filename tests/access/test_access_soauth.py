"""SOAuth: its tokens, cookies and refreshing, against a key pair and a server that the tests make."""

from __future__ import annotations

import asyncio
import threading
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from conftest_access import boxes, csrf, form_of, small_app, visit
from conftest_provider import APP_ID, USER_ID, soauth_server

from armillary.errors import ConfigurationError
from armillary.server import settings as table
from armillary.server.doors import outside, soauth_tokens
from armillary.server.settings import Settings

HOME = "http://127.0.0.1:8000"
FIVE = {"access_token", "refresh_token", "valid_access_token", "valid_refresh_token", "profile_data"}


@pytest.fixture
def server():
    with soauth_server() as made:
        yield made


def soauth_settings(server):
    return {
        "auth": "soauth",
        "soauth_base_url": HOME,
        "soauth_auth_url": server.url,
        "soauth_app_id": APP_ID,
        "soauth_client_secret": "client secret of tests",
        "soauth_public_key": server.public.decode(),
    }


@pytest.fixture
def app(tmp_path, server):
    return small_app(tmp_path, **soauth_settings(server))


def test_tilemakers_variables_say_the_same(server) -> None:
    given = {f"TILEMAKER_{name.upper()}": value for name, value in soauth_settings(server).items() if name != "auth"}
    given |= {"TILEMAKER_AUTH_TYPE": "soauth", "TILEMAKER_SOAUTH_KEY_PAIR_TYPE": "Ed25519"}
    given["TILEMAKER_SOAUTH_PUBLIC_KEY"] = server.public.decode().replace("\n", "\\n")
    found = table.combine({}, given, {}).settings
    for name, value in soauth_settings(server).items():
        assert getattr(found, name) == value.strip(), name
    assert found.grants == ()


def test_tilemakers_mock_is_everybody_with_its_grant() -> None:
    found = table.combine({}, {"TILEMAKER_AUTH_TYPE": "mock"}, {}).settings
    assert (found.auth, found.grants) == ("none", ("simonsobs",))
    assert table.combine({"grants": ["x"]}, {}, {}).settings.grants == ("x",)


def test_a_token_of_soauth_is_a_user_here(app, server) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        assert await boxes(client) == ["open"]
        token = server.access_token()
        assert await boxes(client, headers={"authorization": f"Bearer {token}"}) == ["open", "secret"]
        client.cookies.set("access_token", token)
        assert await boxes(client) == ["open", "secret"]
        said = (await client.get("/api/session")).json()
        assert (said["auth"], said["user"], said["logout"]) == (
            "soauth",
            {"name": "dora", "administrator": False},
            True,
        )
        server.grants = []
        client.cookies.set("access_token", server.access_token())
        assert await boxes(client) == ["open"]

    visit(app, steps)


def test_logging_in_goes_there_and_comes_back_with_its_cookies(app, server) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        sent = await client.get("/login", params={"next": "/?layer=a"})
        there = urlsplit(sent.headers["location"])
        assert f"{there.scheme}://{there.netloc}{there.path}" == f"{server.url}/login/{APP_ID}"
        assert parse_qs(there.query) == {"next": ["?layer=a"]}
        for path in ("/callback", "/auth/callback"):
            client.cookies.clear()
            server.redirect = f"{HOME}/?layer=a"
            back = await client.get(path, params={"code": "good", "state": "x"})
            assert (back.status_code, back.headers["location"]) == (303, "/?layer=a")
            lines = back.headers.get_list("set-cookie")
            assert {line.partition("=")[0] for line in lines} == FIVE
            closed = {line.partition("=")[0] for line in lines if "HttpOnly" in line}
            assert closed == {"access_token", "refresh_token"}
            assert all("SameSite=Lax" in line for line in lines)
            assert await boxes(client) == ["open", "secret"]

    visit(app, steps)


@pytest.mark.parametrize(
    "redirect", [None, "https://evil.example/", "//evil.example", "http://127.0.0.1:8000//evil.example", "x"]
)
def test_nobody_is_sent_elsewhere(app, server, redirect) -> None:
    server.redirect = redirect

    async def steps(client: httpx.AsyncClient) -> None:
        back = await client.get("/callback", params={"code": "good", "state": "x"})
        assert (back.status_code, back.headers["location"]) == (303, "/")

    visit(app, steps)


def test_a_code_that_is_none(app, server) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        for params in ({}, {"code": "bad"}):
            answer = await client.get("/callback", params=params)
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers
        server.down = True
        assert (await client.get("/callback", params={"code": "good"})).status_code == 503

    visit(app, steps)


def test_tokens_that_are_not_sound(app, server) -> None:
    with soauth_server() as stranger:
        foreign = stranger.access_token()
    good = server.access_token()
    head, body, mark = good.split(".")
    refresh = server.access_token(user_name=None)
    wrong = [
        foreign,
        f"{head}.{body}.{mark[:-4]}AAAA",
        f"{head}.{body}.",
        f"{head}.{body[:-2]}.{mark}",
        server.access_token("0680039d-0774-75f1-8000-000000000000"),
        refresh,
        "x",
        "a.b.c",
        "é",
    ]

    async def steps(client: httpx.AsyncClient) -> None:
        for token in wrong:
            client.cookies.clear()
            cookie = {"cookie": f"access_token={token}".encode("latin-1")}
            assert await boxes(client, headers=cookie) == ["open"]
            bearer = {"authorization": f"Bearer {token}".encode("latin-1")}
            assert (await client.get("/api/holdings", headers=bearer)).status_code == 401
        assert (await client.get("/api/holdings", auth=("dora", "x"))).status_code == 401

    visit(app, steps)


def test_a_token_ends_when_it_says_though_it_was_read_before(app, server) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        bearer = {"authorization": f"Bearer {server.access_token()}"}
        assert await boxes(client, headers=bearer) == ["open", "secret"]
        reader = app._door.tokens
        real = reader._now
        reader._now = lambda: real() + 301
        assert (await client.get("/api/holdings", headers=bearer)).status_code == 401
        old = {"authorization": f"Bearer {server.access_token(lifetime_s=-5)}"}
        assert (await client.get("/api/holdings", headers=old)).status_code == 401

    visit(app, steps)


@pytest.mark.parametrize("access", ["expired", "gone"])
def test_tokens_are_renewed_once_for_all_that_a_page_asks(app, server, access: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        cookies = "refresh_token=refresh-0"
        if access == "expired":
            cookies += f"; access_token={server.access_token(lifetime_s=-5)}"
        sent = {"cookie": cookies}
        answers = await asyncio.gather(*(client.get("/api/holdings", headers=sent) for _ in range(12)))
        assert server.exchanges == 1
        for answer in answers:
            assert len(answer.json()["boxes"]) == 2
            assert {line.partition("=")[0] for line in answer.headers.get_list("set-cookie")} == FIVE
        # One that comes late with the old cookies gets the same.
        assert len((await client.get("/api/holdings", headers=sent)).json()["boxes"]) == 2
        assert server.exchanges == 1
        client.cookies.clear()
        client.cookies.set("access_token", answers[0].cookies["access_token"])
        quiet = await client.get("/api/holdings")
        assert "set-cookie" not in quiet.headers

    visit(app, steps)


def test_a_refresh_token_that_is_over_leaves_the_anonymous_caller(app, server) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        sent = {"cookie": "refresh_token=refresh-9"}
        assert await boxes(client, headers=sent) == ["open"]
        server.down = True
        sent = {"cookie": "refresh_token=refresh-8"}
        assert await boxes(client, headers=sent) == ["open"]

    visit(app, steps)


def test_whoever_invents_refresh_tokens_keeps_neither_memory_nor_soauth_busy(app, server, monkeypatch) -> None:
    monkeypatch.setattr(soauth_tokens, "MOST_UNDER_WAY", 3)

    async def steps(client: httpx.AsyncClient) -> None:
        assert await boxes(client, headers={"cookie": "refresh_token=" + "x" * 5000}) == ["open"]
        assert (server.exchanges, len(app._door.server._renewed)) == (0, 0)
        many = [{"cookie": f"refresh_token=invented-{number}"} for number in range(12)]
        told = await asyncio.gather(*(client.get("/api/holdings", headers=sent) for sent in many))
        assert sorted({answer.status_code for answer in told}) == [200, 503]
        assert await boxes(client, headers={"cookie": "refresh_token=refresh-0"}) == ["open", "secret"]

    visit(app, steps)


def test_certificates_are_read_once_and_not_in_the_event_loop(app, server, monkeypatch) -> None:
    where = []
    real = httpx.create_ssl_context

    def noted(*given, **more):
        where.append(threading.current_thread() is threading.main_thread())
        return real(*given, **more)

    outside._trusted.cache_clear()
    monkeypatch.setattr(httpx, "create_ssl_context", noted)

    async def steps(client: httpx.AsyncClient) -> None:
        for number in range(3):
            await client.get("/api/holdings", headers={"cookie": f"refresh_token=invented-{number}"})

    visit(app, steps)
    assert where == [False]


def test_a_server_that_is_gone_disturbs_nobody_who_has_a_token(app, server) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        app._door.server._url = "http://127.0.0.1:9"
        client.cookies.set("access_token", server.access_token())
        assert await boxes(client) == ["open", "secret"]
        client.cookies.clear()
        assert await boxes(client, headers={"cookie": "refresh_token=refresh-0"}) == ["open"]
        page = await client.get("/callback", params={"code": "good"})
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")

    visit(app, steps)


@pytest.mark.parametrize("way", ["page", "program"])
def test_logging_out_tells_soauth_and_takes_the_cookies_away(app, server, way: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await client.get("/callback", params={"code": "good", "state": "x"})
        assert (await client.post("/api/session/logout")).status_code == 403
        if way == "page":
            answer = await client.post("/logout", data=form_of(await client.get("/logout")))
            assert answer.status_code == 303
        else:
            answer = await client.post("/api/session/logout", headers=await csrf(client))
            assert answer.json()["user"] is None
        assert server.expired == ["refresh-1"]
        assert not FIVE & set(client.cookies)
        assert answer.headers["clear-site-data"] == '"cache"'
        assert await boxes(client) == ["open"]

    visit(app, steps)


def test_a_mark_outlives_the_renewing_of_tokens(app, server) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await client.get("/callback", params={"code": "good", "state": "x"})
        mark = await csrf(client)
        client.cookies.delete("access_token")
        assert await boxes(client) == ["open", "secret"]
        assert (await client.post("/api/session/logout", headers=mark)).status_code == 200

    visit(app, steps)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"soauth_public_key": "x"}, "soauth_public_key"),
        ({"soauth_public_key": ""}, "soauth_public_key"),
        ({"soauth_app_id": "x"}, "soauth_app_id"),
        ({"soauth_auth_url": "identity.example"}, "soauth_auth_url"),
        ({"soauth_base_url": ""}, "soauth_base_url"),
        ({"soauth_client_secret": ""}, "soauth_client_secret"),
    ],
)
def test_settings_that_are_needed(tmp_path, server, changed, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        small_app(tmp_path, **(soauth_settings(server) | changed))


def test_user_ids_are_those_of_soauth(app, server) -> None:
    assert app._door.tokens.read(server.access_token()).subject == USER_ID.replace("-", "")
    assert Settings().soauth_key_pair_type == "Ed25519"
