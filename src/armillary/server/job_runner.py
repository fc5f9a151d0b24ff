"""What does the jobs of this server: children of its own processes, Celery's workers, or nobody here."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.celery_runner import CelerySender
    from armillary.jobs.crew import Crew
    from armillary.jobs.crew_plan import CrewPlan
    from armillary.jobs.reaper import Reaper
    from armillary.jobs.service import JobService
    from armillary.server.settings import Settings

log = logging.getLogger(__name__)

WORK = "armillary.worker.cutting:make_work"
SCENE_SETTINGS = ("tile_size", "memory", "roots", "cutout_pixels", "vo_authority")
MIB = 1 << 20
NICE = 10
"""Who looks at maps, or hands in jobs, goes before those in the background: these get a tenth of a contended core."""


def scene_of(discovery: Any, settings: Settings) -> dict[str, Any]:
    """What processes that do jobs are to open: the same as is served.

    Parameters
    ----------
    discovery
        Of the paths, or an open configuration; None for holdings that only this process has.
    """
    words = {name: getattr(settings, name) for name in SCENE_SETTINGS}
    if hasattr(discovery, "path"):
        return {"kind": "configuration", "path": _absolute(discovery.path), "settings": words}
    return {"kind": "paths", "paths": [_absolute(path) for path in getattr(discovery, "paths", ())], "settings": words}


def service_of(scene: dict[str, Any]) -> str:
    """Name of the service that a scene is of: the same for the server and for its workers on any machine."""
    from armillary.jobs.service import service_name

    return service_name([scene["path"]] if scene["kind"] == "configuration" else scene["paths"])


def _absolute(path: str) -> str:
    return path if "://" in path else os.path.abspath(path)  # noqa: PTH100 - as given, and links stay


def open_service(scene: dict[str, Any], settings: Settings) -> JobService:
    """The jobs of a scene where the settings say; nothing is made or connected to yet."""
    from armillary.jobs.service import open_jobs

    return open_jobs(service_of(scene), database=settings.jobs_database, results=settings.jobs_results)


def plan_of(scene: dict[str, Any], settings: Settings, workers: int, **more: Any) -> CrewPlan:
    """What a crew of so many processes is to do for these settings; ``more`` as of ``CrewPlan``."""
    from armillary.jobs.crew_plan import CrewPlan
    from armillary.jobs.store import Quota

    return CrewPlan(
        work=WORK,
        scene=scene,
        workers=workers,
        memory_mib=settings.jobs_memory,
        most_attempts=settings.jobs_attempts,
        quota=Quota(size=settings.jobs_size_per_user * MIB),
        eager=settings.jobs_runner != "celery",
        log_level=settings.log_level,
        log_format=settings.log_format,
        **more,
    )


def workers_of_one(settings: Settings) -> int:
    """Children of one process of the server: those that are set, or one for each core, shared out."""
    cores = os.cpu_count() or 1
    return max(1, (settings.jobs_workers or cores) // (settings.workers or cores))


class JobRunner:
    """Sees that the jobs of a server are done. Nothing is started before there is a job.

    Parameters
    ----------
    jobs
        Which.
    scene
        What children open.
    settings
        ``jobs_runner`` says who does the jobs.
    others_first
        Whether requests wait: the crew in the process that answers them then lets them go first.
    """

    def __init__(
        self,
        jobs: JobService,
        scene: dict[str, Any],
        settings: Settings,
        others_first: Callable[[], bool] = lambda: False,
    ) -> None:
        self._jobs = jobs
        self._scene = scene
        self._settings = settings
        self._others_first = others_first
        self._lock = threading.Lock()
        self._closed = False
        self._crew: Crew | None = None
        self._reaper: Reaper | None = None
        self._sender: CelerySender | None = None

    def queued(self, job_id: str) -> None:
        """Say that a job was queued. Returns at once, never raises: the store is the truth, this is a hint."""
        try:
            self._start()
            if self._sender is not None:
                self._sender.send(job_id)
        except Exception:
            log.exception("jobs: the runner could not be started")

    def resume(self) -> None:
        """In a thread: go on with jobs of an earlier run, where there is a database of them."""
        threading.Thread(target=self._resume, name="jobs-resume", daemon=True).start()

    def close(self) -> None:
        """End children and rounds; jobs under way wait for others."""
        with self._lock:
            self._closed = True
            crew, reaper, sender = self._crew, self._reaper, self._sender
            self._crew = self._reaper = self._sender = None
        for part in (reaper, sender, crew):
            if part is not None:
                part.close()

    def children(self) -> list[int]:
        """Ids of the processes that do jobs now."""
        crew = self._crew
        return [] if crew is None else crew.children()

    def _resume(self) -> None:
        from armillary.storage.databases import sqlite_file

        file = sqlite_file(self._jobs.address)
        if file is not None and not file.exists():
            return
        try:
            self._start()
        except ArmillaryError as error:
            log.warning("jobs: %s", error.message)
        except Exception:
            log.exception("jobs: the runner could not be started")

    def _start(self) -> None:
        with self._lock:
            if self._closed or self._reaper is not None:
                return
            from armillary.jobs.reaper import Reaper

            runner = self._settings.jobs_runner
            if runner == "local":
                from armillary.jobs.crew import Crew

                workers = workers_of_one(self._settings)
                steps_back: dict[str, Any] = {"nice": NICE, "others_first": self._others_first}
                plan = plan_of(self._scene, self._settings, workers, **steps_back)
                self._crew = Crew(self._jobs, plan)
                self._crew.start()
            elif runner == "celery":
                from armillary.jobs.celery_runner import CelerySender

                self._sender = CelerySender(self._settings.jobs_broker, self._jobs.service)
            self._reaper = Reaper(self._jobs.store, self._jobs.results, most_attempts=self._settings.jobs_attempts)
            self._reaper.start()
