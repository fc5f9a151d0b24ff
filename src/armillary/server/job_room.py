"""Where the jobs of a server are: their store, their files, their bell, and who waits for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armillary.jobs.crew_scratch import Scratch
from armillary.storage.processes import process_name

if TYPE_CHECKING:
    from armillary.jobs.model import Job
    from armillary.jobs.results import ResultStore
    from armillary.jobs.service import JobService
    from armillary.jobs.store import JobStore
    from armillary.jobs.waiting import Waiter
    from armillary.server.job_runner import JobRunner
    from armillary.server.services import Services

FEW_RESULTS = 100
MOST_RESULTS_KEPT = 200_000
MANY_WAIT = 3
"""Requests about jobs that are under way while the crew lets them go first."""


def open_room(services: Services) -> JobRoom:
    """The jobs of what is served, where the settings say; nothing is made or connected to yet."""
    from armillary.server.job_runner import JobRunner, open_service, scene_of

    scene = scene_of(services.discovery, services.settings)
    service = open_service(scene, services.settings)

    def others_first() -> bool:
        return services.job_workers.waiting >= MANY_WAIT

    return JobRoom(service, JobRunner(service, scene, services.settings, others_first))


def resume(services: Services) -> None:
    """Have jobs done that an earlier run left, where it left a database; blocks."""
    from armillary.jobs.database import default_path
    from armillary.server.job_runner import scene_of, service_of
    from armillary.storage.databases import sqlite_file

    settings = services.settings
    scene = scene_of(services.discovery, settings)
    file = sqlite_file(settings.jobs_database or str(default_path(service_of(scene))))
    if settings.jobs_runner != "off" and (file is None or file.exists()):
        services.jobs().runner.resume()


@dataclass(slots=True)
class JobRoom:
    """The jobs of a server.

    Parameters
    ----------
    service
        The jobs.
    runner
        Sees that they are done.
    """

    service: JobService
    runner: JobRunner
    scratch: Scratch = field(init=False, default_factory=lambda: Scratch(process_name()))
    _finished: OrderedDict[str, Job] = field(init=False, default_factory=OrderedDict)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    @property
    def store(self) -> JobStore:
        """Where they are."""
        return self.service.store

    @property
    def results(self) -> ResultStore:
        """Where their files are."""
        return self.service.results

    @property
    def waiter(self) -> Waiter:
        """Who waits for them."""
        return self.service.waiter

    def close(self) -> None:
        """End what does the jobs, and the connections."""
        self.runner.close()
        self.service.close()
        self.scratch.close()

    def job(self, job_id: str) -> Job:
        """A job with all that belongs to it.

        Finished ones with many results are kept while nothing changes: whoever fetches ten thousand results asks for
        the job as often.

        Raises
        ------
        NotFoundError
            It is not there.
        """
        with self._lock:
            known = self._finished.get(job_id)
        if known is not None and self.store.revision(job_id) == (known.phase, known.revision):
            return known
        job = self.store.get(job_id)
        with self._lock:
            self._finished.pop(job_id, None)
            if job.phase.final and len(job.results) > FEW_RESULTS:
                self._finished[job_id] = job
                self._forget_some()
        return job

    def _forget_some(self) -> None:
        while len(self._finished) > 1 and sum(len(job.results) for job in self._finished.values()) > MOST_RESULTS_KEPT:
            self._finished.popitem(last=False)
