"""Protection by a token: where it counts, and what becomes of it."""

from __future__ import annotations

import asyncio
import logging

import pytest
from conftest_server import in_process, make_app

TOKEN = "correct-horse"


@pytest.fixture
def protected(folder):
    return make_app(folder, auth="token", token=TOKEN)


def test_without_the_token_nothing_but_health_is_told(protected) -> None:
    async def steps() -> None:
        async with in_process(protected) as client:
            assert (await client.get("/healthz")).status_code == 200
            for url in ("/api/holdings", "/api/layers/tan/tiles/0/0/0.f32", "/openapi.json", "/docs", "/assets/x.js"):
                answer = await client.get(url)
                assert answer.status_code == 401
                assert answer.json()["error"]["code"] == "unauthorized"
                assert answer.headers["www-authenticate"] == "Bearer"
            page = await client.get("/")
            assert page.status_code == 401
            assert page.headers["content-type"].startswith("text/html")

    asyncio.run(steps())


def test_the_token_in_the_address_becomes_a_cookie(protected) -> None:
    async def steps() -> None:
        async with in_process(protected) as client:
            answer = await client.get(f"/?token={TOKEN}&layer=tan&z=3")
            assert answer.status_code == 303
            assert answer.headers["location"] == "/?layer=tan&z=3"
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("armillary-token-8000=")
            assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
            assert TOKEN not in cookie
            assert "Secure" not in cookie
            assert (await client.get("/api/holdings")).status_code == 200
            assert (await client.get("/api/layers/tan/tiles/0/0/0.f32")).status_code == 200

    asyncio.run(steps())


def test_over_https_the_cookie_stays_there(protected) -> None:
    async def steps() -> None:
        async with in_process(protected, base="https://127.0.0.1:8000") as client:
            answer = await client.get(f"/?token={TOKEN}")
            assert answer.headers["set-cookie"].endswith("; Secure")
            assert (await client.get("/api/holdings")).status_code == 200

    asyncio.run(steps())


@pytest.mark.parametrize("offered", ["", "wrong", TOKEN + "x", TOKEN[:-1], "é" * 5])
def test_a_wrong_token_opens_nothing(protected, offered: str) -> None:
    async def steps() -> None:
        async with in_process(protected) as client:
            assert (await client.get("/", params={"token": offered})).status_code == 401
            bearer = {"authorization": f"Bearer {offered}".encode()}
            assert (await client.get("/api/holdings", headers=bearer)).status_code == 401
            cookie = {"cookie": f"armillary-token-8000={offered}".encode()}
            assert (await client.get("/api/holdings", headers=cookie)).status_code == 401

    asyncio.run(steps())


def test_programs_bear_the_token(protected) -> None:
    async def steps() -> None:
        async with in_process(protected, headers={"authorization": f"Bearer {TOKEN}"}) as client:
            assert (await client.get("/api/holdings")).status_code == 200
            assert (await client.get("/api/session")).json()["auth"] == "token"

    asyncio.run(steps())


def test_a_cookie_of_another_server_does_no_harm(protected) -> None:
    async def steps() -> None:
        headers = {"cookie": 'armillary-token-8001=x; broken"; a=b', "authorization": f"Bearer {TOKEN}"}
        async with in_process(protected, headers=headers) as client:
            assert (await client.get("/api/holdings")).status_code == 200

    asyncio.run(steps())


def test_no_log_line_holds_the_token(protected, caplog) -> None:
    caplog.set_level(logging.DEBUG)

    async def steps() -> None:
        async with in_process(protected) as client:
            await client.get(f"/?token={TOKEN}")
            await client.get("/api/holdings", headers={"authorization": f"Bearer {TOKEN}"})

    asyncio.run(steps())
    assert "GET /api/holdings 200" in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("armillary")]
    assert ours
    assert not any(TOKEN in line for line in ours)
