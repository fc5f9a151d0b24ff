"""``armillary worker``: do the background jobs of a server, on this machine or on another."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from armillary.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from armillary.jobs.crew import Crew
    from armillary.jobs.service import JobService
    from armillary.server.settings import Settings

CELERY_LOOK_S = 15.0
"""Seconds between two looks for jobs whose messages were lost."""


def add_parser(commands: Any) -> None:
    """Add the command to those of the program."""
    worker = commands.add_parser("worker", help="do the background jobs of a server", allow_abbrev=False)
    add = worker.add_argument
    add("paths", nargs="*", metavar="PATH", help="what the server shows: its configuration, or files as for open")
    add("--workers", dest="jobs_workers", metavar="N", help="processes that do jobs (one for each core)")
    add(
        "--runner", dest="jobs_runner", choices=("local", "celery"), help="where jobs are told of (setting jobs_runner)"
    )
    add("--log-level", choices=("debug", "info", "warning", "error"), help="least severity that is logged (warning)")
    add("--log-format", choices=("text", "json"), help="form of the log lines (text)")
    add("--config", metavar="FILE", help="file of settings")
    worker.set_defaults(module="armillary.cli.jobs")


def run(options: argparse.Namespace) -> int:
    """Do jobs until told to end.

    Returns
    -------
    Exit status: 0 when it was told to end (Ctrl-C, SIGTERM).

    Raises
    ------
    ConfigurationError, UsageError
        A setting, the configuration or the paths are wrong.
    """
    # Not before: every command asks this module for its parser.
    from armillary.server import settings_file
    from armillary.server.settings import table

    given = {entry.name: getattr(options, entry.name, None) for entry in table()}
    settings = settings_file.load(given, options.config).settings
    from armillary.server import job_runner, logs

    logs.set_up(settings.log_level, settings.log_format)
    scene = scene_of_paths(options.paths, settings)
    check_scene(scene, settings)
    workers = settings.jobs_workers or os.cpu_count() or 1
    jobs = job_runner.open_service(scene, settings)
    return _work(jobs, scene, settings, workers)


def scene_of_paths(paths: Iterable[str], settings: Settings) -> dict[str, Any]:
    """The scene that ``serve``, for one configuration or none, or else ``open`` makes of the same words.

    Raises
    ------
    ConfigurationError
        There is nothing to open.
    """
    from types import SimpleNamespace

    from armillary.cli.serve import configuration_path
    from armillary.server.job_runner import scene_of

    words = list(paths) or [settings.holdings]
    if len(words) == 1 and (not words[0] or words[0].lower().endswith((".json", ".toml"))):
        return scene_of(SimpleNamespace(path=configuration_path(words[0])), settings)
    return scene_of(SimpleNamespace(paths=words), settings)


def check_scene(scene: dict[str, Any], settings: Settings) -> None:
    """Say what is wrong with a configuration before any job waits for it."""
    if scene["kind"] == "configuration":
        from armillary.holdings.configuration import read_configuration

        read_configuration(scene["path"], roots=settings.roots)
    elif not any("://" in path or os.path.lexists(path) or "*" in path for path in scene["paths"]):
        raise UsageError("There is nothing to open: none of these files is there.")


def _work(jobs: JobService, scene: dict[str, Any], settings: Settings, workers: int) -> int:
    from armillary.jobs.crew import Crew
    from armillary.jobs.reaper import Reaper
    from armillary.server.job_runner import plan_of

    if settings.jobs_runner == "off":
        settings = replace(settings, jobs_runner="local")
    plan = plan_of(scene, settings, workers)
    if settings.jobs_runner == "celery":
        plan = replace(plan, look_s=CELERY_LOOK_S)
    reaper = Reaper(jobs.store, jobs.results, most_attempts=settings.jobs_attempts)
    crew = Crew(jobs, plan)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    jobs.store.waiting()  # A database that cannot be used is said now.
    reaper.start()
    crew.start()
    try:
        return _wait(crew, jobs, settings, ended)
    finally:
        crew.close()
        reaper.close()
        jobs.close()


def _wait(crew: Crew, jobs: JobService, settings: Settings, ended: threading.Event) -> int:
    processes = f"{crew.plan.workers} process{'es' if crew.plan.workers > 1 else ''}"

    def ready() -> None:
        sys.stdout.write(f"Armillary worker is ready: {processes}, {settings.jobs_runner}\n")
        sys.stdout.flush()

    if settings.jobs_runner == "celery":
        from armillary.worker.celery_app import run_worker

        return run_worker(settings.jobs_broker, jobs.service, crew, ready)
    ready()
    ended.wait()
    return 0
