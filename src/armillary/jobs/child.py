"""``python -m armillary.jobs.child FD PARENT``: a process of a crew that does jobs one after another.

It opens the work once, then does what it is told, knows no database, and ends when the manager does: at the end of the
socket, whatever its main thread is at, and on Linux also where foreign code holds the interpreter's lock.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from armillary.errors import ArmillaryError, ConfigurationError, UnavailableError
from armillary.jobs import child_limits
from armillary.jobs.child_desk import ChildDesk, Voice
from armillary.jobs.crew_wire import BLOCK_BYTES, Lines, Setup, WireError, read_job, told
from armillary.jobs.model import JobError

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.model import Job
    from armillary.jobs.results import ResultStore
    from armillary.jobs.work import Work

log = logging.getLogger("armillary.jobs.child")  # Also where it is the main module.

LOG_TIME = "%Y-%m-%dT%H:%M:%SZ"
NOT_SET_UP = "Jobs cannot be done now: the log of the server says why."
BROKEN = "It failed by a mistake of the program: the log of the server says more."


def load(work: str, scene: dict[str, Any]) -> Work:
    """The work that a dotted path and a scene make.

    Raises
    ------
    ConfigurationError
        There is no such factory.
    """
    module, _, name = work.partition(":")
    try:
        factory: Callable[[dict[str, Any]], Work] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"There is no work {work}: {error}") from error
    return factory(scene)


class Child:
    """What goes on in the process.

    Parameters
    ----------
    control
        To and from the manager.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._voice = Voice(control)
        self._heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def run(self) -> int:
        """Do jobs until the manager goes."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        setup = Setup(**self._heard.get()["setup"])
        _set_up_logs(setup)
        child_limits.limit_memory(setup.memory_mib)
        child_limits.step_back(setup.nice)
        threading.Thread(target=self._live, args=(setup,), name="alive", daemon=True).start()
        opened = self._open(setup)
        if opened is None:
            return 1
        self._voice.say("ready")
        while True:
            message = self._heard.get()
            self._voice.say("begun")
            self._do(read_job(message["job"]), message["room"], setup, *opened)

    def _listen(self) -> None:
        lines = Lines()
        with contextlib.suppress(OSError, WireError):
            while data := self._control.recv(BLOCK_BYTES):
                for message in lines.feed(data):
                    self._heard.put(message)
        child_limits.end_group()

    def _live(self, setup: Setup) -> None:
        mute = child_limits.Mute(setup.silence_s)
        while True:
            mute.again()
            try:
                self._voice.say("alive")
            except OSError:
                child_limits.end_group()
            time.sleep(setup.alive_s)

    def _open(self, setup: Setup) -> tuple[Work, ResultStore] | None:
        from armillary.jobs.results_open import open_results

        error: JobError
        try:
            return load(setup.work, setup.scene), open_results(setup.results)
        except MemoryError:
            error = _out_of_memory(setup)
        except ArmillaryError as failure:
            # What is wrong with files and settings is for whoever runs the server.
            log.error("jobs cannot be done: %s", failure.message)  # noqa: TRY400 - it says what is wrong
            said = failure.message if isinstance(failure, UnavailableError) else NOT_SET_UP
            error = JobError(said, transient=True)
        except Exception:
            log.exception("jobs cannot be done: %s could not be opened", setup.work)
            error = JobError(BROKEN)
        self._voice.say("unable", error=asdict(error))
        return None

    def _do(self, job: Job, room: int | None, setup: Setup, work: Work, results: ResultStore) -> None:
        desk = ChildDesk(job, results, self._voice, room)
        error: JobError | None = None
        spoilt = False
        try:
            work(job, desk)
            desk.settle()
        except MemoryError:
            error, spoilt = _out_of_memory(setup), True
        except ArmillaryError as failure:
            error = told(failure)
        except (Exception, SystemExit, KeyboardInterrupt):
            log.exception("job %s failed", job.job_id)
            error, spoilt = JobError(BROKEN), True
        self._voice.say("done", error=None if error is None else asdict(error), spoilt=spoilt, **desk.untold())


def _out_of_memory(setup: Setup) -> JobError:
    return JobError(child_limits.OUT_OF_MEMORY.format(mib=setup.memory_mib))


class _TextForm(logging.Formatter):
    """The form of the server's lines; a line break in the words begins no new line."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(f"%(asctime)s %(levelname)s job process {os.getpid()} %(name)s: %(message)s", LOG_TIME)

    def format(self, record: logging.LogRecord) -> str:
        first, *rest = super().format(record).split("\nTraceback", 1)
        return "\nTraceback".join([first.replace("\r", "\\r").replace("\n", "\\n"), *rest])


class _JsonForm(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        words = {"time": self.formatTime(record, LOG_TIME), "level": record.levelname.lower()}
        words |= {"process": f"job process {os.getpid()}", "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            words["traceback"] = self.formatException(record.exc_info)
        return json.dumps(words, ensure_ascii=False)


def _set_up_logs(setup: Setup) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonForm() if setup.log_format == "json" else _TextForm())
    logger = logging.getLogger("armillary")
    logger.handlers = [handler]
    logger.setLevel(setup.log_level.upper())
    logger.propagate = False
    logging.captureWarnings(True)  # noqa: FBT003 - its only parameter
    logging.getLogger("py.warnings").addHandler(logging.NullHandler())
    logging.getLogger("py.warnings").propagate = False


def main(arguments: list[str]) -> int:
    """Be a child.

    Parameters
    ----------
    arguments
        Descriptor of the socket, and id of the process that it is a child of.
    """
    control = socket.socket(fileno=int(arguments[0]))
    child_limits.die_with(int(arguments[1]))
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
        signal.signal(number, signal.SIG_IGN)
    return Child(control).run()


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
