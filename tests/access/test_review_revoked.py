"""Results of jobs once their owner may see less; who pays for jobs that nobody's name stands behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_gate import Callers, make_server, whole, write_files
from conftest_jobs import JOBS, finish, id_of
from conftest_server import in_process

from armillary.accounts.people import People
from armillary.server.doors import lookups
from armillary.server.vo.jobs import owner_of


@pytest.fixture
def world(tmp_path: Path, monkeypatch) -> Iterator[tuple[Any, Callers]]:
    # No answer about a user is kept: what is revoked is revoked at once.
    monkeypatch.setattr(lookups, "FRESH_S", -1.0)
    write_files(tmp_path)
    callers = Callers(tmp_path / "accounts.sqlite")
    app = make_server(tmp_path, whole(), auth="accounts", accounts_database=callers.path)
    yield app, callers
    app.services.close()
    callers.database.close()


async def done(app: Any, client: httpx.AsyncClient, *ids: str) -> str:
    mark = {"x-armillary-csrf": (await client.get("/api/session")).json()["csrf"]}
    answer = await client.post(JOBS, data={"ID": list(ids), "PHASE": "RUN"}, headers=mark)
    assert answer.status_code == 303, answer.text
    job = str(answer.headers["location"])
    finish(app, id_of(job), {"cutout-1": b"secret"})
    return job


async def told(client: httpx.AsyncClient, address: str) -> tuple[int, str]:
    answer = await client.get(address)
    return answer.status_code, answer.text


@pytest.mark.parametrize("hidden", ["hidden", "ivo://armillary.local/data?hidden", "map-seen/cube"])
def test_results_of_what_may_not_be_seen_any_more(world: tuple[Any, Callers], hidden: str) -> None:
    """Also those of a map that is there still, without the layer."""
    app, callers = world

    async def steps() -> None:
        async with in_process(app, headers=callers.headers(app, "wrong")) as client:
            secret = await done(app, client, "seen", hidden)
            plain = await done(app, client, "seen")
            assert await told(client, f"{secret}/results/cutout-1") == (200, "secret")
            People(callers.database).revoke("wrong", "g-layer")
            missing = await told(client, f"{secret}/results/missing")
            assert missing[0] == 404
            assert await told(client, f"{secret}/results/cutout-1") == missing
            assert (await client.head(f"{secret}/results/cutout-1")).status_code == 404
            assert await told(client, f"{plain}/results/cutout-1") == (200, "secret")
            People(callers.database).grant("wrong", "g-layer")
            assert await told(client, f"{secret}/results/cutout-1") == (200, "secret")

    asyncio.run(steps())


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), ("::ffff:192.0.2.1", "192.0.2.1")],
    ids=["network", "mapped"],
)
def test_a_subscriber_of_ipv6_is_one_payer(one: str, other: str) -> None:
    """Each has more addresses than there could be quotas."""

    def payer(address: str) -> str:
        from starlette.requests import Request

        scope = {"type": "http", "headers": [], "client": (address, 1)}
        return owner_of(Request(scope)).payer

    assert payer(one) == payer(other) != payer("2001:db8:1:3::1")
