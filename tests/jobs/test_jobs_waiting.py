"""Waiting for jobs: by the bell, by slow looks when it is silent, for thousands at once."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from armillary.errors import NotFoundError, UnavailableError
from armillary.jobs.bells import LocalBell, PipeBell
from armillary.jobs.database import Database
from armillary.jobs.model import Phase, Progress
from armillary.jobs.sql_store import SqlJobStore
from armillary.jobs.waiting import Waiter
from armillary.testing.job_tools import NOON, RecordingBell, claimed, new_job

LONG_S = 120.0


class CountingStore:
    """A store that counts the looks, and can be made to fail."""

    def __init__(self, store) -> None:
        self._store = store
        self.looks: list[set[str]] = []
        self.broken = False

    def revisions(self, job_ids):
        self.looks.append(set(job_ids))
        if self.broken:
            raise UnavailableError("not now")
        return self._store.revisions(job_ids)

    def __getattr__(self, name):
        return getattr(self._store, name)


@pytest.fixture
def bell():
    made = LocalBell()
    yield made
    made.close()


@pytest.fixture
def store(tmp_path, bell):
    made = CountingStore(SqlJobStore(Database(str(tmp_path / "jobs.sqlite")), "one", bell))
    yield made
    made.close()


def waits(store, bell, body, look_s=LONG_S):
    """Run ``body(waiter)`` in an event loop."""

    async def run():
        waiter = Waiter(store, bell, look_s=look_s)
        try:
            return await asyncio.wait_for(body(waiter), LONG_S)
        finally:
            await waiter.close()

    return asyncio.run(run())


async def looked(store, count=1):
    """Wait for a number of looks."""
    while len(store.looks) < count:  # noqa: ASYNC110 - looks are made in a thread
        await asyncio.sleep(0.005)


def test_a_change_is_heard(store, bell) -> None:
    job = new_job(store, start=False)

    async def body(waiter):
        waiting = asyncio.create_task(waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.PENDING))
        await looked(store)
        await asyncio.to_thread(store.start, job.job_id)
        return await waiting

    assert waits(store, bell, body) == (Phase.QUEUED, 1)
    assert len(store.looks) <= 3


def test_only_what_is_waited_for_ends_the_wait(store, bell) -> None:
    """Progress is a new revision, but no new phase."""
    claim = claimed(store, new_job(store))
    revision = store.revision(claim.job.job_id)[1]

    async def body(waiter):
        by_phase = asyncio.create_task(waiter.wait_for_change(claim.job.job_id, LONG_S, phase=Phase.EXECUTING))
        by_revision = asyncio.create_task(waiter.wait_for_change(claim.job.job_id, LONG_S, revision=revision))
        await looked(store)
        await asyncio.to_thread(store.beat, claim, Progress(1, 2))
        first = await by_revision
        assert not by_phase.done()
        await asyncio.to_thread(store.finish, claim, [])
        return first, await by_phase

    assert waits(store, bell, body) == ((Phase.EXECUTING, revision + 1), (Phase.COMPLETED, revision + 2))


def test_what_changed_already_or_is_final_is_told_at_once(store, bell) -> None:
    job = new_job(store)

    async def body(waiter):
        early = await waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.PENDING)
        store.abort(job.job_id)
        return early, await waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.ABORTED)

    assert waits(store, bell, body) == ((Phase.QUEUED, 0), (Phase.ABORTED, 1))


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, 0.05])
def test_the_time_is_over(store, bell, timeout_s) -> None:
    job = new_job(store)

    async def body(waiter):
        return await waiter.wait_for_change(job.job_id, timeout_s, phase=Phase.QUEUED), waiter._waiting

    assert waits(store, bell, body) == (None, {})


def test_a_deleted_job_is_not_found(store, bell) -> None:
    job = new_job(store)

    async def body(waiter):
        with pytest.raises(NotFoundError):
            await waiter.wait_for_change("0" * 32, LONG_S, phase=Phase.QUEUED)
        waiting = asyncio.create_task(waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.QUEUED))
        await looked(store, 2)
        await asyncio.to_thread(store.delete, job.job_id)
        with pytest.raises(NotFoundError):
            await waiting

    waits(store, bell, body)


def test_lost_rings_are_made_good(store) -> None:
    """A bell that nobody hears costs some seconds, no more."""
    job = new_job(store)

    async def body(waiter):
        waiting = asyncio.create_task(waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.QUEUED))
        await looked(store)
        await asyncio.to_thread(store.abort, job.job_id)
        return await waiting

    assert waits(store, RecordingBell(), body, look_s=0.05)[0] is Phase.ABORTED


def test_a_database_that_fails_for_a_while_ends_no_wait(store, bell) -> None:
    job = new_job(store)
    store.broken = True

    async def body(waiter):
        waiting = asyncio.create_task(waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.QUEUED))
        await looked(store, 2)
        await asyncio.to_thread(store.abort, job.job_id)
        store.broken = False
        return await waiting

    assert waits(store, bell, body, look_s=0.05)[0] is Phase.ABORTED


def test_thousands_wait_with_few_looks(store, bell) -> None:
    """Nobody polls: looks are shared, and none is made while nothing happens."""
    jobs = [new_job(store) for _ in range(20)]

    async def body(waiter):
        crowd = [
            asyncio.create_task(waiter.wait_for_change(jobs[k % 20].job_id, LONG_S, phase=Phase.QUEUED))
            for k in range(3000)
        ]
        await looked(store)
        await asyncio.sleep(0.2)
        before = len(store.looks)
        threads = threading.active_count()
        await asyncio.sleep(0.3)
        assert len(store.looks) == before
        await asyncio.to_thread(lambda: [store.abort(job.job_id) for job in jobs])
        answers = await asyncio.gather(*crowd)
        assert threading.active_count() - threads <= 1
        return answers

    assert {phase for phase, _ in waits(store, bell, body)} == {Phase.ABORTED}
    assert len(store.looks) <= 30


def test_a_change_between_two_looks_is_not_lost(store, bell) -> None:
    """Whoever goes on waiting after a look that brought nothing hears the next ring."""
    claim = claimed(store, new_job(store))

    async def body(waiter):
        waiting = asyncio.create_task(waiter.wait_for_change(claim.job.job_id, LONG_S, phase=Phase.EXECUTING))
        for done in range(1, 60):
            await asyncio.to_thread(store.beat, claim, Progress(done, 60))
        await asyncio.to_thread(store.finish, claim, [])
        return await waiting

    assert waits(store, bell, body)[0] is Phase.COMPLETED


def test_who_leaves_is_forgotten(store, bell) -> None:
    job = new_job(store)

    async def body(waiter):
        waiting = asyncio.create_task(waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.QUEUED))
        await looked(store)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return waiter._waiting

    assert waits(store, bell, body) == {}


def test_closing_ends_every_wait(store, bell) -> None:
    job = new_job(store)

    async def body(waiter):
        waiting = asyncio.create_task(waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.QUEUED))
        await looked(store)
        await waiter.close()
        return await waiting

    assert waits(store, bell, body) is None


def test_it_is_used_in_one_loop_after_another(store, bell) -> None:
    waiter, job = Waiter(store, bell, look_s=LONG_S), new_job(store)

    async def use(known):
        return await waiter.wait_for_change(job.job_id, LONG_S, phase=known)

    assert asyncio.run(use(Phase.PENDING))[0] is Phase.QUEUED
    store.abort(job.job_id)
    assert asyncio.run(use(Phase.QUEUED))[0] is Phase.ABORTED

    async def end():
        await waiter.close()

    asyncio.run(end())


def test_another_process_changes_the_job(tmp_path) -> None:
    """Two stores of one file, each with a bell of its own."""
    file = str(tmp_path / "jobs.sqlite")
    bells = [PipeBell(tmp_path / "bells") for _ in range(2)]
    here, there = [CountingStore(SqlJobStore(Database(file), "one", bell)) for bell in bells]
    job = new_job(there, destruction=NOON + timedelta(days=1))

    async def body(waiter):
        waiting = asyncio.create_task(waiter.wait_for_change(job.job_id, LONG_S, phase=Phase.QUEUED))
        await looked(here)
        await asyncio.to_thread(there.abort, job.job_id)
        return await waiting

    assert waits(here, bells[0], body)[0] is Phase.ABORTED
    for end in (*bells, here, there):
        end.close()
