"""The worker of Celery: its tasks have a crew do the very job that a message names."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from typing import TYPE_CHECKING, Any

from armillary.jobs.celery_runner import TASK, make_app, queue_name, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.crew import Crew


def run_worker(broker: str, service: str, crew: Crew, ready: Callable[[], None]) -> int:
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
    from celery.worker import state

    app = make_app(broker, service)

    @app.task(name=TASK, ignore_result=True, acks_late=True, reject_on_worker_lost=True)
    def run_job(job_id: str) -> None:
        if crew.run(str(job_id)):
            with contextlib.suppress(Exception):  # Where the broker is away, workers find it later.
                send(app, job_id)

    def on_ready(**_: Any) -> None:
        ready()

    def on_signal(*_: object) -> None:
        state.should_stop = 0
        # Tasks return when the crew ends: not in a handler of signals, since that takes locks.
        threading.Thread(target=crew.close, name="crew-end", daemon=True).start()

    signals.worker_ready.connect(on_ready)
    signals.setup_logging.connect(_use_our_logs)
    worker = app.Worker(
        pool="threads",
        concurrency=crew.plan.workers,
        queues=[queue_name(service)],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    # Celery's handlers of signals write on standard output, and wait for tasks.
    worker.install_platform_tweaks = lambda _: None
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    try:
        worker.start()
    finally:
        crew.close()
        signals.worker_ready.disconnect(on_ready)
        signals.setup_logging.disconnect(_use_our_logs)
    return int(worker.exitcode or 0)


def _use_our_logs(**_: Any) -> None:
    """Instead of what Celery sets up: its lines come where ours do, unless they are of its own affairs."""
    for name in ("celery", "kombu"):
        logger = logging.getLogger(name)
        logger.handlers = list(logging.getLogger("armillary").handlers)
        logger.propagate = not logger.handlers
        logger.setLevel(max(logging.WARNING, logging.getLogger("armillary").getEffectiveLevel()))
