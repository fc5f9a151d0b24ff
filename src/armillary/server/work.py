"""Blocking work off the event loop: bounded, shared by those who ask for the same, dropped when nobody waits."""

from __future__ import annotations

import asyncio
import functools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from armillary.errors import UnavailableError
from armillary.images.flight import SingleFlight
from armillary.storage.compiler import prepare as prepare_numba

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Workers:
    """Threads with a bounded queue.

    Parameters
    ----------
    threads
        How many; 0 takes one for each core.
    queue
        How many requests may wait; the next is refused.
    prepare
        Called before any work, in its thread; costs nothing once it was done.
    """

    def __init__(
        self, threads: int, queue: int, name: str = "work", prepare: Callable[[], None] = prepare_numba
    ) -> None:
        self._executor = ThreadPoolExecutor(threads or os.cpu_count() or 2, thread_name_prefix=name)
        self._flights = SingleFlight(self._executor)
        self._queue = queue
        self._prepare = prepare
        self.waiting = 0

    async def run(self, key: Hashable | None, work: Callable[[], T]) -> T:
        """Result of ``work()``. Cancelled by all who wait before it starts, it is never started.

        Parameters
        ----------
        key
            Those who come with the same key while it is under way share one result; None is shared with nobody.

        Raises
        ------
        UnavailableError
            Too many wait already.
        """
        if self.waiting >= self._queue:
            raise UnavailableError("The server is busy: try again in a moment.")
        self.waiting += 1
        try:
            flight = self._executor.submit if key is None else functools.partial(self._flights.submit, key)
            return await asyncio.wrap_future(flight(functools.partial(self._work, work)))
        finally:
            self.waiting -= 1

    def _work(self, work: Callable[[], T]) -> T:
        self._prepare()
        return work()

    def close(self) -> None:
        """Start nothing more."""
        self._executor.shutdown(wait=False, cancel_futures=True)
