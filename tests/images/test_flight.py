"""Computed once, left means not started, errors shared and not kept."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from armillary.images.flight import SingleFlight


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def gate(executor):
    """Keeps the only thread of the executor busy until it is set."""
    gate = threading.Event()
    executor.submit(gate.wait)
    yield gate
    gate.set()


def test_many_waiters_one_computation(executor, gate):
    flight, calls = SingleFlight(executor), []
    waiters = [flight.submit("key", lambda: calls.append(1) or "result") for _ in range(50)]
    assert len(flight) == 1
    gate.set()
    assert {waiter.result(10) for waiter in waiters} == {"result"}
    assert calls == [1]
    assert len(flight) == 0


def test_many_threads_one_computation():
    flight, calls, release, started = SingleFlight(), [], threading.Event(), threading.Barrier(21)

    def compute():
        calls.append(1)
        release.wait(10)
        return 5

    def ask(_):
        started.wait(10)
        return flight.run("key", compute)

    with ThreadPoolExecutor(20) as pool:
        results = [pool.submit(ask, k) for k in range(20)]
        started.wait(10)
        release.set()
        assert [result.result(10) for result in results] == [5] * 20
    assert 1 <= len(calls) <= 20
    assert len(flight) == 0


def test_those_who_come_while_it_runs_share_it():
    flight, calls, running, release = SingleFlight(), [], threading.Event(), threading.Event()

    def compute():
        calls.append(1)
        running.set()
        release.wait(10)

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(flight.run, "key", compute)
        assert running.wait(10)
        others = [pool.submit(flight.run, "key", compute) for _ in range(8)]
        while sum(len(f.waiters) for f in flight._flights.values()) < 9:
            pass
        release.set()
        for future in [first, *others]:
            future.result(10)
    assert calls == [1]


def test_different_keys_are_different(executor):
    flight = SingleFlight(executor)
    assert [flight.submit(k, lambda k=k: k * k).result(10) for k in range(5)] == [0, 1, 4, 9, 16]


def test_when_all_leave_it_is_not_started(executor, gate):
    flight, calls = SingleFlight(executor), []
    waiters = [flight.submit("key", lambda: calls.append(1)) for _ in range(3)]
    assert all(waiter.cancel() for waiter in waiters)
    assert len(flight) == 0
    gate.set()
    executor.submit(int).result(10)
    assert calls == []
    with pytest.raises(CancelledError):
        waiters[0].result(0)


def test_when_one_leaves_the_others_get_it(executor, gate):
    flight = SingleFlight(executor)
    first, second = (flight.submit("key", lambda: 7) for _ in range(2))
    first.cancel()
    gate.set()
    assert second.result(10) == 7
    assert first.cancelled()


def test_after_leaving_one_may_ask_again(executor, gate):
    flight = SingleFlight(executor)
    flight.submit("key", lambda: 1).cancel()
    again = flight.submit("key", lambda: 2)
    gate.set()
    assert again.result(10) == 2


def test_leaving_what_runs_does_no_harm(executor):
    flight, running, release = SingleFlight(executor), threading.Event(), threading.Event()
    waiter = flight.submit("key", lambda: running.set() or release.wait(10))
    assert running.wait(10)
    assert waiter.cancel()
    joined = flight.submit("key", lambda: "not this")
    release.set()
    assert joined.result(10) is True


def test_errors_are_shared_and_not_kept(executor, gate):
    flight = SingleFlight(executor)
    waiters = [flight.submit("key", lambda: 1 / 0) for _ in range(3)]
    gate.set()
    for waiter in waiters:
        with pytest.raises(ZeroDivisionError):
            waiter.result(10)
    assert flight.submit("key", lambda: "well").result(10) == "well"


def test_errors_in_the_thread_of_the_caller():
    flight = SingleFlight()
    with pytest.raises(ZeroDivisionError):
        flight.run("key", lambda: 1 / 0)
    assert flight.run("key", lambda: 3) == 3


def test_cancelled_tasks_of_asyncio_leave(executor, gate):
    flight, calls = SingleFlight(executor), []

    async def ask():
        await asyncio.wrap_future(flight.submit("key", lambda: calls.append(1)))

    async def main():
        task = asyncio.create_task(ask())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert len(flight) == 0
    gate.set()
    executor.submit(int).result(10)
    assert calls == []


def test_an_executor_that_is_gone_leaves_nothing_behind():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    flight = SingleFlight(executor)
    with pytest.raises(RuntimeError):
        flight.submit("key", int)
    assert len(flight) == 0
