"""One process that serves a configuration: alone, or as a worker of ``armillary serve --workers N``."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from armillary.errors import ArmillaryError
from armillary.server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from armillary.server.figures import Figures

log = logging.getLogger("armillary.cli.worker")  # Also where it is the main module.

SCAN_SECONDS = 0.3
LOOK_SECONDS = 2.0
ORPHAN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is to serve.

    Parameters
    ----------
    path
        Configuration of the holdings.
    number, count
        Which worker this is, of how many.
    listener
        Descriptor of the socket that it accepts on.
    figures
        Descriptor of the memory for metrics that all workers share; -1 for none.
    """

    path: str
    settings: Settings
    number: int = 1
    count: int = 1
    listener: int = -1
    figures: int = -1

    def to_line(self) -> str:
        """One line of JSON, for ``from_line``."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> Job:
        """The job that ``to_line`` wrote."""
        read: dict[str, Any] = json.loads(line)
        given = read.pop("settings")
        known = {entry.name: given[entry.name] for entry in fields(Settings)}
        words: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
        return cls(**read, settings=Settings(**words))


class Reloader:
    """Reads the configuration again when told to: in a thread, once for any number of calls that come meanwhile.

    Parameters
    ----------
    discovery
        What looks again, and reloads.
    services
        Whose figures are kept up to date meanwhile.
    """

    def __init__(self, discovery: Any, services: Any) -> None:
        self._discovery = discovery
        self._services = services
        self._wanted = threading.Event()
        threading.Thread(target=self._work, name="reload", daemon=True).start()

    def reload(self, *_: object) -> None:
        """Have it read again, soon. Also a handler of signals."""
        self._wanted.set()

    def _work(self) -> None:
        while not self._discovery.stopped.is_set():
            wanted = self._wanted.wait(LOOK_SECONDS)
            self._wanted.clear()
            self._tell(wanted)
            try:
                if wanted:
                    self._discovery.reload()
                elif self._discovery.is_due():
                    self._discovery.look_again()
            except Exception:
                log.exception("the configuration could not be read again")

    def _tell(self, reloads: bool) -> None:
        services = self._services
        figures: Figures | None = services.figures
        if figures is not None:
            figures.add("reloads", int(reloads))
            figures.set("waiting", services.waiting)
            figures.set("cache_bytes", services.tile_cache.nbytes)


def serve(listener: socket.socket, job: Job, ready: Callable[[], None], orders: Iterable[str] | None = None) -> int:
    """Serve until told to end.

    Parameters
    ----------
    ready
        Called once it listens and the configuration was read.
    orders
        Lines in which a supervisor says what to do; they end when it is gone.

    Returns
    -------
    Exit status.

    Raises
    ------
    ConfigurationError
        The configuration or a setting is wrong.
    """
    from armillary.server import run, warmup
    from armillary.server.app import with_cors
    from armillary.storage.cache import decoded

    settings = job.settings
    figures = _figures(job)
    discovery, application = _application(listener, job, figures)
    run.raise_file_limit()
    run.keep_freed_memory()
    decoded.resize(settings.memory << 19)
    discovery.start()
    discovery.finished.wait(SCAN_SECONDS)

    def announce() -> None:
        ready()
        warmup.start(application.api)
        application.services.resume_jobs()

    server = run.make_server(
        with_cors(application, settings), announce, run.KILLS, share=figures if job.count > 1 else None
    )
    reloader = Reloader(discovery, application.services)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reloader.reload)
    if orders is not None:
        arguments = (orders, reloader, server)
        threading.Thread(target=_obey, args=arguments, name="control", daemon=True).start()
    if job.number == 1:
        threading.Thread(target=_explain, args=(discovery,), name="scan-end", daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        discovery.stopped.set()
        application.services.close_jobs()
    return 0


def _application(listener: socket.socket, job: Job, figures: Figures | None) -> tuple[Any, Any]:
    from armillary.cli.pyramids import pyramid_maker
    from armillary.holdings.access import Access
    from armillary.holdings.configuration import open_configuration
    from armillary.server.app import make_application

    settings = job.settings
    discovery = open_configuration(
        job.path, pyramid_maker(settings), tile_size=settings.tile_size, roots=settings.roots
    )
    everybody = Access(grants=frozenset(settings.grants))
    port = None if listener.family == getattr(socket, "AF_UNIX", None) else listener.getsockname()[1]
    return discovery, make_application(
        discovery.holdings,
        settings,
        discovery=discovery,
        port=port,
        everybody=everybody,
        figures=figures if settings.metrics else None,
    )


def _figures(job: Job) -> Figures | None:
    """Where this process counts; None where nobody reads it."""
    if job.count == 1 and not job.settings.metrics:
        return None
    from armillary.server import figures

    own = job.figures if job.figures >= 0 else figures.memory(1)
    return figures.Figures(own, job.number, job.count)


def _explain(discovery: Any) -> None:
    """Say what is not shown, and why, once everything was looked at."""
    discovery.finished.wait()
    for problem in discovery.holdings.problems:
        log.warning("not shown: %s", problem.message)


def _obey(orders: Iterable[str], reloader: Reloader, server: Any) -> None:
    """Do what the supervisor says; end when it is gone."""
    with contextlib.suppress(OSError):
        for line in orders:
            if line.strip() == "reload":
                reloader.reload()
            elif line.strip() == "stop":
                server.should_exit = True
    server.should_exit = True
    watchdog = threading.Timer(ORPHAN_SECONDS, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()


def main(descriptor: int) -> int:
    """Serve as a worker.

    Parameters
    ----------
    descriptor
        End of the socket pair, on which the job comes first.
    """
    control = socket.socket(fileno=descriptor)
    orders = control.makefile("r", encoding="utf-8")
    line = orders.readline()
    if not line:
        return 1
    job = Job.from_line(line)
    from armillary.server import logs

    logs.set_up(job.settings.log_level, job.settings.log_format, f"worker {job.number}")
    if job.number > 1:  # The first one says it for all.
        logging.getLogger("armillary.holdings").setLevel(logging.ERROR)
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
        signal.signal(number, signal.SIG_IGN)  # Not yet; the supervisor hears them.
    listener = socket.socket(fileno=job.listener)
    try:
        return serve(listener, job, lambda: control.sendall(b"ready\n"), orders)
    except ArmillaryError as error:
        for word, line in (*(("wrong", problem) for problem in error.problems), ("failed", error.message)):
            control.sendall(f"{word} {' '.join(line.split())}\n".encode())
        return 1


if __name__ == "__main__":
    from armillary.cli.main import leave

    leave(main(int(sys.argv[1])))
