"""The worker of Celery: its tasks have a crew do the very job that a message names."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

from armillary.jobs.celery_runner import TASK, make_app, queue_name, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.crew import Crew

log = logging.getLogger(__name__)


def run_worker(broker: str, service: str, crew: Crew, ready: Callable[[], None], log_level: str = "warning") -> int:
    """Serve Celery's queue until a signal ends the process; to be called in the main thread.

    Tasks wait in threads for the crew's processes, so one process of Celery is enough. The crew looks into the store as
    well, at start and now and then: for jobs whose messages were lost.

    Parameters
    ----------
    broker, service
        As of ``make_app``.
    crew
        Started; closed at the end, or as soon as a signal says that it comes.
    ready
        Called once the queue is listened to.

    Returns
    -------
    Exit status.
    """
    from celery import signals

    app = make_app(broker, service)

    @app.task(name=TASK, ignore_result=True, acks_late=True, reject_on_worker_lost=True)
    def run_job(job_id: str) -> None:
        if crew.run(str(job_id)):
            with contextlib.suppress(Exception):  # Where the broker is away, workers find it later.
                send(app, job_id)

    def on_ready(**_: Any) -> None:
        ready()

    def on_end(**_: Any) -> None:
        threading.Thread(target=crew.close, name="crew-end", daemon=True).start()

    signals.worker_ready.connect(on_ready)
    signals.worker_shutting_down.connect(on_end)
    worker = app.Worker(
        pool="threads",
        concurrency=crew.plan.workers,
        queues=[queue_name(service)],
        loglevel=log_level.upper(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    try:
        worker.start()
    finally:
        crew.close()
        signals.worker_ready.disconnect(on_ready)
        signals.worker_shutting_down.disconnect(on_end)
    return int(worker.exitcode or 0)
