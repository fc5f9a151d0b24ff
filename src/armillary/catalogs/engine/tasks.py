"""Tasks of a stage: run here by threads, or on Dask; never more in flight than keeps everybody busy."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from armillary.catalogs.engine.journal import Journal
    from armillary.catalogs.engine.progress import Progress

    Submit = Callable[[Callable[[Any, Any], Any], Any], Any]

AHEAD = 2
"""Tasks in flight for each that runs."""
LEAST_TASKS = 32


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a stage.

    Parameters
    ----------
    key
        Unique in its stage, fit for a file's name.
    argument
        What its function takes: may be pickled.
    weight
        How much of the stage it is: rows or bytes.
    """

    key: str
    argument: Any
    weight: int = 1


class Engine(Protocol):
    """Runs functions elsewhere. ``function(context, argument)`` is a function of a module; all of it may be pickled."""

    words: str
    """What it is, for people."""
    many: int
    """How many run at once."""

    def results(
        self, function: Callable[[Any, Any], Any], context: Any, tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Any]]:
        """Results as they come, in any order; the first error is raised and the rest given up."""

    def shared(self, context: Any) -> contextlib.AbstractContextManager[Submit]:
        """A context that many calls share, while the block runs: what is given starts ``function(context, argument)``.

        Its answer has ``result()``, which waits, and ``cancel()``.
        """

    def close(self) -> None:
        """Let go of what it holds."""


def grouped(weights: Sequence[float], most: float) -> list[range]:
    """Neighbours done by one task: as many as weigh no more than that, and so few that there are enough tasks for all.

    Returns
    -------
    The numbers of those in each task, in order.
    """
    longest = max(1, len(weights) // LEAST_TASKS)
    groups: list[range] = []
    total = 0.0
    for number, weight in enumerate(weights):
        if groups and len(groups[-1]) < longest and total + weight <= most:
            groups[-1] = range(groups[-1].start, number + 1)
            total += weight
        else:
            groups.append(range(number, number + 1))
            total = weight
    return groups


class Threads:
    """Threads of this process: the kernels and pyarrow run without the GIL.

    Parameters
    ----------
    many
        How many; one for each core by default.
    """

    def __init__(self, many: int = 0) -> None:
        self.many = many or os.cpu_count() or 1
        self.words = f"{self.many} threads of this process"
        self._pool = ThreadPoolExecutor(self.many, thread_name_prefix="catalog")

    def results(
        self, function: Callable[[Any, Any], Any], context: Any, tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Any]]:
        """As ``Engine.results``."""
        waiting = iter(tasks)
        flying: dict[Future[Any], Task] = {}
        try:
            while True:
                for task in waiting:
                    flying[self._pool.submit(function, context, task.argument)] = task
                    if len(flying) >= AHEAD * self.many:
                        break
                if not flying:
                    return
                done, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    yield flying.pop(future), future.result()
        finally:
            for future in flying:
                future.cancel()

    @contextlib.contextmanager
    def shared(self, context: Any) -> Iterator[Submit]:
        """As ``Engine.shared``."""
        yield lambda function, argument: self._pool.submit(function, context, argument)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def running(engine: Engine | None, threads: int = 0) -> Iterator[Engine]:
    """The engine that was given, which stays open; without one threads of this process, ended with the block."""
    if engine is not None:
        yield engine
        return
    own = Threads(threads)
    try:
        yield own
    finally:
        own.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """Runs the stages of a piece of work.

    Parameters
    ----------
    engine
        Where tasks run.
    told
        How progress is told.
    journal
        What was done, None where nothing is kept.
    """

    engine: Engine
    told: Progress
    journal: Journal | None

    def run(
        self,
        name: str,
        function: Callable[[Any, Any], Any],
        context: Any,
        tasks: Sequence[Task],
        unit: str = "rows",
    ) -> Mapping[str, Any]:
        """Results of all tasks of a stage by their keys; those that the journal knows are not done again.

        Parameters
        ----------
        function
            ``function(context, argument)``; with a journal its result is JSON.
        unit
            What the weights of the tasks count.
        """
        known = {} if self.journal is None else self.journal.done(name)
        results = {task.key: known[task.key] for task in tasks if task.key in known}
        left = [task for task in tasks if task.key not in results]
        with self.told.stage(name, sum(task.weight for task in tasks), unit) as tell:
            tell(sum(task.weight for task in tasks if task.key in results))
            for task, result in self.engine.results(function, context, left):
                if self.journal is not None:
                    self.journal.note(name, task.key, result)
                results[task.key] = result
                tell(task.weight)
        return results
