"""``WAIT`` of UWS 1.1: event-driven, for thousands at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_jobs import CIRCLE, ID_OF_NONE, JOBS, JSON, finish, id_of, job_app, post
from conftest_server import in_process

from armillary.jobs.model import Progress
from armillary.server.job_room import MANY_WAIT
from armillary.server.vo import uws

ONE = {"ID": "tan", "CIRCLE": CIRCLE}
LONG = 600
"""Seconds that no test takes: whatever waits so long and returns was woken."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Any]:
    with job_app(tmp_path_factory.mktemp("waiting"), queue=5000) as app:
        yield app


def run(app: Any, steps: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        async with in_process(app, headers=JSON, timeout=LONG) as client:
            try:
                return await steps(client)
            finally:
                await app.services.jobs().waiter.close()

    return asyncio.run(whole())


async def begun(client: httpx.AsyncClient, app: Any, **query: Any) -> list[asyncio.Task[httpx.Response]]:
    """Tasks that wait for jobs, once they do."""
    waiter = app.services.jobs().waiter
    tasks = [asyncio.ensure_future(client.get(job, params=query["params"])) for job in query["jobs"]]
    while sum(map(len, waiter._waiting.values())) < len(tasks):
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in tasks)
    return tasks


@pytest.mark.parametrize("change", ["RUN", "ABORT"])
def test_a_change_of_phase_ends_the_wait(shared: Any, change: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE)
        (task,) = await begun(client, shared, jobs=[job], params={"WAIT": LONG})
        await client.post(f"{job}/phase", data={"PHASE": change})
        answer = await task
        assert answer.json()["phase"] == {"RUN": "QUEUED", "ABORT": "ABORTED"}[change]

    run(shared, steps)


def test_progress_is_no_change_of_phase(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE | {"PHASE": "RUN"})
        store = shared.services.jobs().store
        claim = store.claim("test", id_of(job))
        (task,) = await begun(client, shared, jobs=[job], params={"WAIT": LONG, "PHASE": "EXECUTING"})
        store.beat(claim, Progress(1, 2))
        await asyncio.sleep(0.2)
        assert not task.done()
        store.finish(claim, [])
        assert (await task).json()["phase"] == "COMPLETED"

    run(shared, steps)


def test_what_is_done_is_not_waited_for(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE | {"PHASE": "RUN"})
        finish(shared, id_of(job), {})
        for query in ({"WAIT": LONG}, {"WAIT": -1}, {"WAIT": LONG, "PHASE": "COMPLETED"}):
            assert (await client.get(job, params=query)).json()["phase"] == "COMPLETED"

    run(shared, steps)


@pytest.mark.parametrize("phase", ["QUEUED", "EXECUTING", "COMPLETED", "HELD", "ARCHIVED"])
def test_another_phase_than_that_of_the_job_is_not_waited_in(shared: Any, phase: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE)
        answer = await client.get(job, params={"WAIT": LONG, "PHASE": phase})
        assert answer.json()["phase"] == "PENDING"

    run(shared, steps)


@pytest.mark.parametrize("query", [{"WAIT": 1}, {"WAIT": -1}, {"wait": "1", "phase": "PENDING"}])
def test_the_wait_ends(shared: Any, query: dict[str, Any], monkeypatch) -> None:
    monkeypatch.setattr(uws, "LONGEST_WAIT_S", 1)

    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE)
        begin = time.monotonic()
        assert (await client.get(job, params=query)).json()["phase"] == "PENDING"
        assert time.monotonic() - begin >= 0.99

    run(shared, steps)


@pytest.mark.parametrize("query", [{"WAIT": "x"}, {"WAIT": ""}, {"WAIT": "-2"}, {"WAIT": "1.5"}, {"WAIT": "9" * 30},
                                   {"WAIT": ["1", "2"]}, {"WAIT": "1", "PHASE": "x"}])  # fmt: skip
def test_waits_that_make_no_sense(shared: Any, query: dict[str, Any]) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE)
        assert (await client.get(job, params=query)).status_code == 400
        assert (await client.get(job, params={"WAIT": "0"})).status_code == 200

    run(shared, steps)


def test_who_waits_for_a_job_that_is_deleted(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE)
        (task,) = await begun(client, shared, jobs=[job], params={"WAIT": LONG})
        await client.delete(job)
        assert (await task).status_code == 404
        assert (await client.get(f"{JOBS}/{ID_OF_NONE}", params={"WAIT": LONG})).status_code == 404

    run(shared, steps)


def test_a_change_wakes_those_who_wait_for_it_and_nobody_else(shared: Any) -> None:
    """Two thousand, without a thread for any of them."""

    async def steps(client: httpx.AsyncClient) -> None:
        one, other = [await post(client, ONE) for _ in range(2)]
        threads = threading.active_count()
        tasks = await begun(client, shared, jobs=[one, other] * 1000, params={"WAIT": LONG})
        assert threading.active_count() <= threads + 8
        await client.post(f"{one}/phase", data={"PHASE": "RUN"})
        answers = await asyncio.gather(*tasks[::2])
        assert {answer.json()["phase"] for answer in answers} == {"QUEUED"}
        assert not any(task.done() for task in tasks[1::2])
        await client.post(f"{other}/phase", data={"PHASE": "ABORT"})
        answers = await asyncio.gather(*tasks[1::2])
        assert {answer.json()["phase"] for answer in answers} == {"ABORTED"}

    run(shared, steps)


def test_who_goes_away_waits_no_more(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE)
        gone = asyncio.Event()
        first = True
        sent: list[Any] = []

        async def receive() -> Any:
            nonlocal first
            if first:
                first = False
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        path = f"{JOBS}/{id_of(job)}"
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"WAIT=600",
            "headers": [(b"host", b"127.0.0.1:8000")], "client": ("127.0.0.1", 1), "scheme": "http", "root_path": "",
            "http_version": "1.1", "server": ("127.0.0.1", 8000),
        }  # fmt: skip
        task = asyncio.ensure_future(shared(scope, receive, send))
        waiter = shared.services.jobs().waiter
        while not waiter._waiting:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
        gone.set()
        await task
        assert not waiter._waiting

    run(shared, steps)


def test_the_crew_lets_requests_go_first(tmp_path: Path) -> None:
    with job_app(tmp_path) as app:
        runner, workers = app.services.jobs().runner, app.services.job_workers
        assert not runner._others_first()
        workers.waiting = MANY_WAIT
        assert runner._others_first()
