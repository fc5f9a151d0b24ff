"""``armillary serve``: show a configuration, by one process or by several."""

from __future__ import annotations

import logging
import os
import secrets
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from armillary.cli.worker import Job
from armillary.errors import ConfigurationError
from armillary.server import figures, listening, settings_file, supervisor, tilemaker
from armillary.server.settings import environment_names, table

if TYPE_CHECKING:
    import argparse
    import socket

    from armillary.server.settings import Loaded, Settings

log = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Serve what the configuration describes until told to end.

    Returns
    -------
    Exit status: 0 when it was told to end (Ctrl-C, SIGTERM), 1 when the workers cannot serve.

    Raises
    ------
    ConfigurationError, UsageError
        The configuration or a setting is wrong; the port is taken.
    """
    given = {entry.name: getattr(options, entry.name, None) for entry in table()}
    loaded = settings_file.load(given, options.config)
    settings = settled(loaded)
    path = configuration_path(settings.holdings)
    from armillary.cli.open import check_cache_folder
    from armillary.server import logs

    check_cache_folder(settings.cache_folder)
    count = settings.workers or os.cpu_count() or 1
    logs.set_up(settings.log_level, settings.log_format, "supervisor" if count > 1 else "")
    warn_of_unknown()
    if settings.metrics:
        figures.check_metrics(settings)
    job = Job(path, replace(settings, threads=threads_of_one(settings.threads, count)), count=count)
    listener = _listen(loaded)
    try:
        return _serve(listener, job)
    finally:
        listener.close()
        if settings.uds:
            _forget(settings.uds)


def settled(loaded: Loaded) -> Settings:
    """The settings of ``serve``: nobody need say who it is unless told otherwise, and all workers share secrets."""
    settings = loaded.settings
    if loaded.origins["auth"] == "default":
        settings = replace(settings, auth="none")
    if settings.auth == "token" and not settings.token:
        settings = replace(settings, token=secrets.token_urlsafe(24))
    return settings


def configuration_path(path: str) -> str:
    """The configuration as an absolute path.

    Raises
    ------
    ConfigurationError
        None is named, or it is not there.
    """
    if not path:
        raise ConfigurationError("There is nothing to serve: name a configuration, or set ARMILLARY_HOLDINGS to one.")
    if "sqlite://" in path:
        message = "holdings: databases of TileMaker are not read; name its configuration in JSON."
        raise ConfigurationError(message)
    if not os.path.exists(path):  # noqa: PTH110 - as given; whoever reads it says what is wrong with what is there
        name = os.path.basename(path)  # noqa: PTH119
        raise ConfigurationError(f"{name}: there is no such file. `armillary genconfig` makes one.")
    return os.path.abspath(path)  # noqa: PTH100 - links stay, so that a link that is moved is a change


def threads_of_one(threads: int, count: int) -> int:
    """Threads of each of ``count`` workers: what is set, else the cores shared out."""
    return threads or max(1, (os.cpu_count() or 1) // count)


def warn_of_unknown() -> None:
    """Say once which of TileMaker's variables mean nothing here."""
    understood = {name for entry in table() for name in environment_names(entry)}
    for name in tilemaker.unknown(os.environ, understood):
        log.warning("%s is set and means nothing here: see docs/reference/settings.md", name)


def _listen(loaded: Loaded) -> socket.socket:
    settings = loaded.settings
    if settings.uds:
        return listening.listen_unix(settings.uds)
    return listening.listen(settings.host, settings.port, exactly=loaded.origins["port"] != "default")


def _forget(path: str) -> None:
    import contextlib

    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - as given


def _serve(listener: socket.socket, job: Job) -> int:
    settings = job.settings
    token = settings.token if settings.auth == "token" else ""
    shown = (
        f"unix:{settings.uds}"
        if settings.uds
        else listening.address(listener, settings.host, settings.root_path, token)
    )

    def ready() -> None:
        sys.stdout.write(f"Armillary is ready: {shown}\n")
        sys.stdout.flush()

    if job.count == 1:
        from armillary.cli import worker

        return worker.serve(listener, job, ready)
    shared = figures.memory(job.count)
    listener.set_inheritable(True)
    return supervisor.Supervisor(
        count=job.count,
        command=supervisor.worker_command("armillary.cli.worker"),
        job=lambda number: replace(job, number=number, listener=listener.fileno(), figures=shared).to_line(),
        inherited=(listener.fileno(), shared),
        on_ready=ready,
        on_lost=lambda number: figures.mark_absent(shared, number, job.count),
    ).run()
