"""Compute the same thing once for everybody who asks for it at the same time, and not at all when nobody waits."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class _Flight:
    """One computation under way and the futures that wait for it."""

    def __init__(self) -> None:
        self.waiters: set[Waiter[Any]] = set()
        self.job: Future[None] | None = None


class Waiter(Future[T], Generic[T]):
    """A future of one caller. To cancel it is to leave: the computation goes on while somebody else waits.

    ``asyncio.wrap_future`` passes cancellation of a task on to it.
    """

    def __init__(self, leave: Callable[[Waiter[Any]], None]) -> None:
        super().__init__()
        self._leave = leave

    def cancel(self) -> bool:
        """Leave. The last one to leave takes back a computation that has not started."""
        cancelled = super().cancel()
        if cancelled:
            self._leave(self)
        return cancelled


class SingleFlight:
    """Shares computations by key while they are under way; neither results nor exceptions are kept.

    Parameters
    ----------
    executor
        Runs what is submitted; without it only ``run`` can be used.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}

    def __len__(self) -> int:
        """How many computations are queued or under way."""
        with self._lock:
            return len(self._flights)

    def submit(self, key: Hashable, fn: Callable[[], T]) -> Waiter[T]:
        """Start ``fn`` on the executor, or join the computation of the same key.

        Raises
        ------
        RuntimeError
            There is no executor, or it was shut down.
        """
        if self._executor is None:
            raise RuntimeError("SingleFlight.submit needs an executor.")
        with self._lock:
            waiter, is_first = self._join(key)
            if is_first:
                try:
                    self._flights[key].job = self._executor.submit(self._fly, key, fn)
                except BaseException:
                    del self._flights[key]
                    raise
        return waiter

    def run(self, key: Hashable, fn: Callable[[], T]) -> T:
        """Compute ``fn`` in this thread, or wait for the thread that computes the same key."""
        with self._lock:
            waiter: Waiter[T]
            waiter, is_first = self._join(key)
        if is_first:
            self._fly(key, fn)
        return waiter.result()

    def _join(self, key: Hashable) -> tuple[Waiter[Any], bool]:
        flight = self._flights.get(key)
        is_first = flight is None
        if flight is None:
            flight = self._flights[key] = _Flight()
        waiter: Waiter[Any] = Waiter(lambda waiter: self._leave(key, waiter))
        flight.waiters.add(waiter)
        return waiter, is_first

    def _leave(self, key: Hashable, waiter: Waiter[Any]) -> None:
        with self._lock:
            flight = self._flights.get(key)
            if flight is None or waiter not in flight.waiters:
                return
            flight.waiters.discard(waiter)
            if not flight.waiters and flight.job is not None and flight.job.cancel():
                del self._flights[key]

    def _fly(self, key: Hashable, fn: Callable[[], Any]) -> None:
        result, error = None, None
        try:
            result = fn()
        except BaseException as raised:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            error = raised
        with self._lock:
            waiters = self._flights.pop(key).waiters
        for waiter in waiters:
            if not waiter.set_running_or_notify_cancel():
                continue
            if error is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(result)
