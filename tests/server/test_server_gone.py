"""Work whose client goes away, and work that is cancelled for another reason."""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import Any

import pytest

from armillary.server.asgi import ClientGoneError, unless_gone
from armillary.server.work import Workers


class FakeClient:
    """A client that goes away when it is told to."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


async def slow(told: list[str]) -> str:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        told.append("cancelled")
        raise
    return "done"


def test_the_work_of_a_client_that_goes_is_cancelled() -> None:
    async def steps() -> list[str]:
        client, told = FakeClient(), list[str]()
        task = asyncio.ensure_future(unless_gone(client.receive, slow(told)))
        await asyncio.sleep(0)
        client.leaves.set()
        with pytest.raises(ClientGoneError):
            await task
        return told

    assert asyncio.run(steps()) == ["cancelled"]


def test_who_goes_once_the_work_is_done_stops_nothing_else() -> None:
    async def steps() -> tuple[str, int]:
        client = FakeClient()

        async def quick() -> str:
            client.leaves.set()
            return "done"

        async def both() -> tuple[str, int]:
            found = await unless_gone(client.receive, quick())
            for _ in range(5):
                await asyncio.sleep(0)
            task = asyncio.current_task()
            assert task is not None
            return found, task.cancelling()

        return await asyncio.ensure_future(both())

    assert asyncio.run(steps()) == ("done", 0)


def test_a_cancellation_from_outside_stays_one() -> None:
    async def steps() -> list[str]:
        client, told = FakeClient(), list[str]()
        task = asyncio.ensure_future(unless_gone(client.receive, slow(told)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return told

    assert asyncio.run(steps()) == ["cancelled"]


def test_a_time_limit_about_it_is_still_a_time_limit() -> None:
    async def steps() -> None:
        client = FakeClient()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await unless_gone(client.receive, slow([]))

    asyncio.run(steps())


def test_errors_of_the_work_are_its_own() -> None:
    async def broken() -> str:
        raise ValueError("broken")

    async def steps() -> None:
        with pytest.raises(ValueError, match="broken"):
            await unless_gone(FakeClient().receive, broken())

    asyncio.run(steps())


@pytest.mark.parametrize("key", [None, "shared"])
def test_work_that_nobody_waits_for_is_not_started(key: str | None) -> None:
    async def steps() -> list[str]:
        workers, done, go = Workers(1, 10), list[str](), threading.Event()
        first = asyncio.ensure_future(workers.run(None, lambda: go.wait(30)))
        second = asyncio.ensure_future(workers.run(key, lambda: done.append("second")))
        third = asyncio.ensure_future(workers.run(None, lambda: done.append("third")))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.wait([second])
        go.set()
        await asyncio.gather(first, third)
        assert second.cancelled()
        assert not workers.waiting
        workers.close()
        return done

    assert asyncio.run(steps()) == ["third"]


def test_work_without_a_key_is_done_for_each() -> None:
    async def steps() -> list[int]:
        workers, places = Workers(2, 10), itertools.count()
        found = await asyncio.gather(*(workers.run(None, lambda: next(places)) for _ in range(3)))
        workers.close()
        return found

    assert sorted(asyncio.run(steps())) == [0, 1, 2]
