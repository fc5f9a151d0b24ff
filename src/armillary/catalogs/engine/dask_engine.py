"""Tasks on Dask: a cluster of our own on this machine, or the client that the caller brings (SLURM, Kubernetes, …)."""

from __future__ import annotations

import importlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.tasks import AHEAD, Task
from armillary.errors import ConfigurationError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

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
        )
        made = cls(distributed.Client(cluster))
        made._own = cluster
        return made

    def results(
        self, function: Callable[[Any, Any], Any], context: Any, tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Any]]:
        """As ``Engine.results``; a few tasks for each worker are known to the scheduler at any time."""
        distributed: Any = importlib.import_module("dask.distributed")
        waiting = iter(tasks)
        shared = self._client.scatter(context, broadcast=True, hash=False)

        def submit(task: Task) -> Any:
            future = self._client.submit(function, shared, task.argument, pure=False, key=None)
            flying[future.key] = task
            return future

        flying: dict[str, Task] = {}
        running = distributed.as_completed([submit(task) for task in islice(waiting, AHEAD * self.many)])
        try:
            for future in running:
                result = future.result()
                task = flying.pop(future.key)
                future.release()
                for following in islice(waiting, 1):
                    running.add(submit(following))
                yield task, result
        finally:
            for future in list(running.futures):
                future.cancel()

    def close(self) -> None:
        """End the workers, where they are our own."""
        if self._own is not None:
            self._client.close()
            self._own.close()
