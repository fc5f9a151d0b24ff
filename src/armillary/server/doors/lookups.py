"""Answers of the accounts' database, kept for a moment, so that a view's hundred tiles ask once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from armillary.server.work import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

FRESH_S = 2.0
MOST_KEPT = 8192
DATABASE_THREADS, DATABASE_QUEUE = 4, 1024


def quiet_workers(threads: int, queue: int, name: str) -> Workers:
    """Threads for work that needs no kernels."""
    return Workers(threads, queue, name, prepare=lambda: None)


class Lookups(Generic[T]):
    """Looks things up in threads, and remembers each answer for two seconds. For one event loop.

    Parameters
    ----------
    workers
        Where it looks.
    look
        Finds the answer to a key; blocks.
    clock
        Monotonic seconds.
    """

    def __init__(self, workers: Workers, look: Callable[[str], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._workers = workers
        self._look = look
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, T]] = OrderedDict()

    async def get(self, key: str) -> T:
        """The answer, at most two seconds old; those who ask together share one look."""
        known = self._known.get(key)
        if known is not None and known[0] > self._clock():
            return known[1]
        return await self._workers.run((id(self), key), lambda: self._remembered(key))

    def _remembered(self, key: str) -> T:
        asked = self._clock()
        found = self._look(key)
        # Before the flight lands: nobody comes between its end and the answer's being known.
        with self._lock:
            self._known[key] = asked + FRESH_S, found
            self._known.move_to_end(key)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return found

    def forget(self, key: str) -> None:
        """Look anew the next time."""
        with self._lock:
            self._known.pop(key, None)
