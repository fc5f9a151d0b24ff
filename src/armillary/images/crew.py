"""The few threads that work in the background of every plane of the process."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from functools import cache
from typing import TYPE_CHECKING

from armillary.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

THREADS = 2
"""Two threads come within a tenth of the memory bandwidth of a socket; more would take it from requests."""


class Crew:
    """Threads that do short jobs, urgent ones first, in the order they came.

    Threads start with the first job and are daemons: they hold up no shutdown.

    Parameters
    ----------
    threads
        How many.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._size = threads
        self._jobs: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._ready = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing more will be done."""
        return self._closed

    def submit(self, job: Callable[[], None], *, urgent: bool = False) -> None:
        """Queue a job. It should be short, and deal with its own errors.

        Raises
        ------
        UnavailableError
            The crew was closed.
        """
        with self._ready:
            if self._closed:
                raise UnavailableError("The server is shutting down.")
            heapq.heappush(self._jobs, (0 if urgent else 1, next(self._order), job))
            if len(self._threads) < self._size:
                self._start()
            self._ready.notify()

    def close(self) -> None:
        """Forget what is queued and let the threads end after what they are at."""
        with self._ready:
            self._closed = True
            self._jobs.clear()
            self._ready.notify_all()

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"armillary-crew-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    return
                _, _, job = heapq.heappop(self._jobs)
            try:
                job()
            except Exception:
                log.exception("A background job failed.")
            del job


@cache
def shared_crew() -> Crew:
    """The crew of this process."""
    return Crew()
