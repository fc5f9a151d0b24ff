"""Processes of the tests of runners: Redis, and managers that can be killed. Run as a program it is such a manager."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Redis:
    """A Redis that keeps nothing, on a free port, which can be killed and started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            if os.environ.get("CI"):
                pytest.fail("redis-server is missing")
            pytest.skip("redis-server is missing")
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, cwd="/")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        pytest.fail("redis-server does not answer")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def redis():
    server = Redis()
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Manager:
    """A process with a crew and a reaper; with a broker it is a worker of Celery.

    Parameters
    ----------
    words
        ``database``, ``results``, ``broker``, ``plan`` (changes of the toy plan), ``patience`` of the reaper.
    """

    def __init__(self, log: Path, **words) -> None:
        self.log = log
        self.words = words
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, wait: bool = True) -> Manager:
        command = [sys.executable, __file__, json.dumps(self.words)]
        # What a killed one leaves in its folder of temporary files lies in that of the test.
        environment = os.environ | {"TMPDIR": str(self.log.parent)}
        pipes = {"stdout": subprocess.PIPE, "text": True}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stderr=log, cwd="/", env=environment, **pipes)
        if wait:
            assert self.process.stdout.readline() == "ready\n", self.log.read_text()[-4000:]
        return self

    def kill(self) -> None:
        """End it without a word; its children are to end by themselves."""
        if self.process is not None:
            self.process.kill()
            self.end()

    def stop(self) -> int:
        """End it as a user does; its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self) -> int:
        process, self.process = self.process, None
        try:
            return process.wait(30)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def main() -> int:
    import logging
    import threading

    from armillary.jobs.crew import Crew
    from armillary.jobs.reaper import Patience, Reaper
    from armillary.jobs.service import open_jobs
    from armillary.testing.runner_works import toy_plan

    words = json.loads(sys.argv[1])
    logging.basicConfig(level="INFO", stream=sys.stderr)
    jobs = open_jobs("toy", database=words["database"], results=words["results"])
    plan = toy_plan(eager="broker" not in words, log_level="info", **words.get("plan", {}))
    reaper = Reaper(
        jobs.store, jobs.results, most_attempts=plan.most_attempts, patience=Patience(**words.get("patience", {}))
    )
    reaper.start()
    crew = Crew(jobs, plan)
    crew.start()

    def ready() -> None:
        print("ready", flush=True)

    if "broker" in words:
        from armillary.worker.celery_app import run_worker

        status = run_worker(words["broker"], jobs.service, crew, ready)
    else:
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        ready()
        ended.wait()
        status = 0
    crew.close()
    reaper.close()
    jobs.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
