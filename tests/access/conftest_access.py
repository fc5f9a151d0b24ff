"""A server with users, asked in this process, and browsers that remember its cookies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_server import in_process

from armillary.accounts import passwords
from armillary.accounts.database import Database
from armillary.accounts.people import People
from armillary.holdings.tree import Box, Holdings
from armillary.server.app import Application, make_application
from armillary.server.settings import Settings

PASSWORD = "correct horse battery"
FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')


@pytest.fixture
def cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "TIME_COST", 1)
    monkeypatch.setattr(passwords, "MEMORY_KIB", 8)
    passwords.hasher.cache_clear()
    passwords._nobody.cache_clear()
    yield
    passwords.hasher.cache_clear()
    passwords._nobody.cache_clear()


def small_holdings() -> Holdings:
    """A box for everybody and one that needs a grant: enough to see what a caller may see."""
    made = Holdings("small")
    made.put_box(Box("open", "Open", 2.0, 1.0, 1.0, 0.0))
    made.put_box(Box("secret", "Secret", 2.0, 1.0, 1.0, 0.0, grant="simonsobs"))
    return made


def small_app(tmp_path: Path, **settings: Any) -> Application:
    chosen = {"auth": "accounts", "accounts_database": str(tmp_path / "accounts.sqlite"), "viewer": False}
    return make_application(small_holdings(), Settings(**(chosen | settings)))


@pytest.fixture
def people(tmp_path, cheap_hashes):
    database = Database(str(tmp_path / "accounts.sqlite"))
    made = People(database)
    made.add("alice", PASSWORD)
    made.grant("alice", "simonsobs")
    made.add("boss", PASSWORD, administrator=True)
    yield made
    database.close()


@pytest.fixture
def accounts(tmp_path, people) -> Application:
    return small_app(tmp_path)


def visit(app: Any, steps: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]], **more: Any) -> Any:
    """Run ``steps`` with a browser of its own."""

    async def whole() -> Any:
        async with in_process(app, **more) as client:
            return await steps(client)

    return asyncio.run(whole())


async def boxes(client: httpx.AsyncClient, **more: Any) -> list[str]:
    """What the caller sees."""
    answer = await client.get("/api/holdings", **more)
    assert answer.status_code == 200, answer.text
    return [box["box_id"] for box in answer.json()["boxes"]]


async def csrf(client: httpx.AsyncClient, root: str = "") -> dict[str, str]:
    """The header that requests need which change something."""
    return {"x-armillary-csrf": (await client.get(f"{root}/api/session")).json()["csrf"]}


async def log_in(
    client: httpx.AsyncClient, name: str = "alice", password: str = PASSWORD, root: str = ""
) -> httpx.Response:
    body = {"name": name, "password": password}
    return await client.post(f"{root}/api/session/login", json=body, headers=await csrf(client, root))


def form_of(page: httpx.Response) -> dict[str, str]:
    """The fields of a page's form as a browser would send them."""
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "style=" not in page.text
    return dict(FIELD.findall(page.text))


def session_cookie(answer: httpx.Response) -> str:
    lines = [line for line in answer.headers.get_list("set-cookie") if line.startswith("armillary-session-")]
    assert len(lines) == 1
    return lines[0]
