"""Runner by Celery: its messages say that a job may be claimed, and nothing else; the store stays the truth.

Only the id of a job goes over the broker. A worker claims that very job from the store; a message that comes twice,
late or never changes nothing: workers look into the store now and then for jobs whose message was lost.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError

if TYPE_CHECKING:
    from celery import Celery

log = logging.getLogger(__name__)

TASK = "armillary.run_job"
CONNECT_S = 2.0
SEND_S = 5.0
MOST_UNSENT = 100_000
PAUSES_S = (0.2, 1.0, 5.0)
CLOSE_S = 1.0
REDELIVER_S = 3600
"""After which Redis gives a message to another worker: that finds the job taken or done."""


def queue_name(service: str) -> str:
    """The queue of a service: several may share a broker."""
    return f"armillary.{service}"


def make_app(broker: str, service: str) -> Celery:
    """A Celery application for the jobs of a service.

    Parameters
    ----------
    broker
        Address, such as ``redis://127.0.0.1:6379/0``.
    service
        Name of the service.

    Raises
    ------
    ConfigurationError
        Celery is not installed.
    """
    try:
        from celery import Celery
    except ImportError:
        raise ConfigurationError("jobs_runner: Celery is not installed: pip install 'armillary[cluster]'.") from None
    app = Celery("armillary", broker=broker, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=queue_name(service),
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_pool="threads",
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        # What runs is watched by the store's leases: a broker that was away for a moment ends nothing.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=CONNECT_S,
        broker_transport_options={
            "visibility_timeout": REDELIVER_S,
            "socket_connect_timeout": CONNECT_S,
            "socket_timeout": SEND_S,
            "socket_keepalive": True,
        },
        enable_utc=True,
    )
    return app


class CelerySender:
    """Tells Celery of jobs, in a thread: nobody waits for a broker. What cannot be told is found by workers later.

    Parameters
    ----------
    broker, service
        As of ``make_app``.
    """

    def __init__(self, broker: str, service: str) -> None:
        self._app = make_app(broker, service)
        self._unsent: queue.Queue[str | None] = queue.Queue(MOST_UNSENT)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="celery-send", daemon=True)
        self._thread.start()

    def send(self, job_id: str) -> None:
        """Have a job told of, soon."""
        try:
            self._unsent.put_nowait(job_id)
        except queue.Full:
            log.debug("a job is not told to Celery: workers will find it")

    def close(self) -> None:
        """End; what is not told yet is found by workers."""
        self._ended.set()
        with contextlib.suppress(queue.Full):
            self._unsent.put_nowait(None)
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        down_since_s: float | None = None
        while not self._ended.is_set():
            job_id = self._unsent.get()
            if job_id is None:
                break
            if self._sent(job_id, tries=len(PAUSES_S) if down_since_s is None else 1):
                down_since_s = None
            elif down_since_s is None:
                down_since_s = time.monotonic()
                log.warning("Celery's broker cannot be reached: workers will find jobs in the database")
        self._app.close()

    def _sent(self, job_id: str, tries: int) -> bool:
        for pause_s in PAUSES_S[:tries]:
            try:
                send(self._app, job_id)
            except Exception as error:  # noqa: BLE001 - each transport has failures of its own
                log.debug("a job was not told to Celery: %s", type(error).__name__)
                if self._ended.wait(pause_s):
                    return False
            else:
                return True
        return False


def send(app: Celery, job_id: str) -> None:
    """Tell Celery's workers of a job; raises what the broker's client raises."""
    options: dict[str, Any] = {"ignore_result": True, "retry": False}
    app.send_task(TASK, args=[job_id], **options)
