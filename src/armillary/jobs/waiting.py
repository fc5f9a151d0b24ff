"""Waiting for a job to change, for thousands at once: one listener, one look at a time for all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

from armillary.errors import NotFoundError, UnavailableError
from armillary.jobs.sql_base import GONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.bell import Bell
    from armillary.jobs.model import Phase
    from armillary.jobs.store import JobStore

log = logging.getLogger(__name__)

LOOK_S = 3.0
Known: TypeAlias = "tuple[Phase, int]"


class _Watch:
    """One who waits for a job."""

    def __init__(self) -> None:
        self.seen: Known | None = None
        self.gone = False
        self.over = False
        self.event = asyncio.Event()


class Waiter:
    """Waits in one event loop.

    Whoever waits is told by the bell; one task looks into the store for all whose jobs were rung, and every few seconds
    for all, since rings may be lost. The store is looked at in a thread of its own.

    Parameters
    ----------
    store, bell
        Of the jobs.
    look_s
        Seconds between looks without a ring.
    """

    def __init__(self, store: JobStore, bell: Bell, *, look_s: float = LOOK_S) -> None:
        self._store = store
        self._bell = bell
        self._look_s = look_s
        self._waiting: dict[str, set[_Watch]] = {}
        self._rung: set[str] = set()
        self._some = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._deaf: Callable[[], None] | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def wait_for_change(
        self, job_id: str, timeout_s: float, *, phase: Phase | None = None, revision: int | None = None
    ) -> Known | None:
        """Wait until a job has another phase, or another revision, than the caller knows.

        Parameters
        ----------
        phase, revision
            What is known; what is None is not waited for. A final phase changes no more and is never waited on.

        Returns
        -------
            Phase and revision of the job as it is now; None when the time was over first.

        Raises
        ------
        NotFoundError
            The job is not there, or was deleted meanwhile.
        """
        loop = asyncio.get_running_loop()
        self._begin(loop)
        watch = _Watch()
        self._waiting.setdefault(job_id, set()).add(watch)
        # A look at once: it may have changed since the caller saw it.
        self._mark(job_id)
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                return await _changed(watch, phase, revision)
        except TimeoutError:
            return None
        finally:
            others = self._waiting[job_id]
            others.discard(watch)
            if not others:
                del self._waiting[job_id]

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is loop and self._task is not None and not self._task.done():
            return
        if self._deaf is not None:
            self._deaf()
        self._loop = loop
        self._some = asyncio.Event()
        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="jobs-waiter")
        self._deaf = self._bell.listen(self._heard)
        self._task = loop.create_task(self._look_for_all())

    def _heard(self, topic: str) -> None:
        """In the bell's thread: most rings are for jobs that nobody waits for here."""
        if topic in self._waiting and self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._mark, topic)

    def _mark(self, topic: str) -> None:
        self._rung.add(topic)
        self._some.set()

    async def _look_for_all(self) -> None:
        loop = asyncio.get_running_loop()
        next_s = loop.time() + self._look_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_s if self._waiting else None):
                    await self._some.wait()
            self._some.clear()
            wanted = self._rung & self._waiting.keys()
            self._rung.clear()
            if loop.time() >= next_s:
                wanted = set(self._waiting)
                next_s = loop.time() + self._look_s
            if wanted:
                await self._look(loop, wanted)

    async def _look(self, loop: asyncio.AbstractEventLoop, wanted: set[str]) -> None:
        try:
            found = await loop.run_in_executor(self._thread, self._store.revisions, wanted)
        except UnavailableError:
            # Told by the store; the next look is some seconds later.
            return
        except Exception:
            log.exception("jobs: looking for changes failed")
            return
        for job_id in wanted:
            for watch in self._waiting.get(job_id, ()):
                watch.seen = found.get(job_id)
                watch.gone = watch.seen is None
                watch.event.set()

    async def close(self) -> None:
        """Stop listening; whoever still waits hears that the time is over."""
        if self._deaf is not None:
            self._deaf()
            self._deaf = None
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for watch in [watch for watches in self._waiting.values() for watch in watches]:
            watch.over = True
            watch.event.set()
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None


async def _changed(watch: _Watch, phase: Phase | None, revision: int | None) -> Known | None:
    """What was seen first that is not what is known."""
    while not watch.over:
        await watch.event.wait()
        watch.event.clear()
        if watch.gone:
            raise NotFoundError(GONE)
        now = watch.seen
        if now is not None and (now[0].final or (phase or now[0]) != now[0] or revision not in {None, now[1]}):
            return now
    return None
