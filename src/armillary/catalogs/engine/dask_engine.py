"""Tasks on Dask: a cluster of our own on this machine, or the client that the caller brings (SLURM, Kubernetes, …)."""

from __future__ import annotations

import contextlib
import importlib
import logging
import threading
from concurrent.futures import CancelledError
from itertools import islice
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.tasks import AHEAD, Task
from armillary.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    from armillary.catalogs.engine.tasks import Submit

LOOK_S = 1.0
MOST_LOOKS = 120
"""Looks without any worker after which the work is given up."""
_MISSING = "Dask is not installed: pip install 'armillary[catalogs]', or leave the number of workers at 1."


class OnDask:
    """Workers of Dask.

    Parameters
    ----------
    client
        A ``dask.distributed.Client``; it stays open.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._own: Any = None
        self._closed = threading.Event()
        threads = client.nthreads()
        self.many = max(1, sum(threads.values()))
        self.words = f"Dask, {len(threads)} workers with {self.many} threads"

    @classmethod
    def local(cls, workers: int, threads_per_worker: int = 1, folder: str | os.PathLike[str] | None = None) -> OnDask:
        """Workers on this machine, ended by ``close``.

        Raises
        ------
        ConfigurationError
            Dask is not installed.
        """
        try:
            distributed: Any = importlib.import_module("dask.distributed")
        except ImportError:
            raise ConfigurationError(_MISSING) from None
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=threads_per_worker,
            local_directory=folder,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,  # errors of tasks come back, and are told once
        )
        made = cls(distributed.Client(cluster))
        made._own = cluster
        threading.Thread(target=made._replace_workers, args=(workers,), name="workers", daemon=True).start()
        return made

    def _replace_workers(self, workers: int) -> None:
        """Begin new workers for those that are gone for good: a nanny whose worker dies while it starts gives up."""
        alone = 0
        while not self._closed.wait(LOOK_S):
            alone = 0 if self._own.scheduler_info["workers"] else alone + 1
            if alone > MOST_LOOKS:
                self._client.close()  # whoever waits for a result is told
                return
            if len(self._own.workers) < workers:
                with contextlib.suppress(Exception):
                    self._own.scale(workers)

    def results(
        self, function: Callable[[Any, Any], Any], context: Any, tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Any]]:
        """As ``Engine.results``; a few tasks for each worker are known to the scheduler at any time."""
        distributed: Any = importlib.import_module("dask.distributed")
        waiting, flying = iter(tasks), {}
        with self.shared(context) as submit:

            def started(many: int) -> Iterator[Any]:
                for task in islice(waiting, many):
                    future = submit(function, task.argument)
                    flying[future.key] = task
                    yield future

            running = distributed.as_completed(list(started(AHEAD * self.many)))
            try:
                for future in running:
                    result = future.result()
                    task = flying.pop(future.key)
                    future.release()
                    running.update(started(1))
                    yield task, result
            finally:
                for future in list(running.futures):
                    future.cancel()

    @contextlib.contextmanager
    def shared(self, context: Any) -> Iterator[Submit]:
        """As ``Engine.shared``.

        The context is the result of a task: with a worker that dies it is not lost, but made again.
        """
        held = self._client.submit(_same, context, pure=False)

        def submit(function: Callable[[Any, Any], Any], argument: Any) -> Any:
            return self._client.submit(function, held, argument, pure=False)

        with _told():
            yield submit

    def close(self) -> None:
        """End the workers, where they are our own."""
        self._closed.set()
        if self._own is not None:
            self._client.close()
            self._own.close()


def _same(context: Any) -> Any:
    return context


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What Dask gave up, in one line: the work can be gone on with."""
    distributed: Any = importlib.import_module("distributed")
    try:
        yield
    except distributed.KilledWorker:
        raise UnavailableError(
            "Workers of Dask died again and again at the same task, perhaps of too little memory: "
            "start again with fewer or larger workers, and what was done stays done."
        ) from None
    except (CancelledError, distributed.comm.CommClosedError):
        raise UnavailableError("Dask let go of the work: start again, and what was done stays done.") from None
