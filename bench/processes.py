"""Servers under test: started, waited for, measured from outside, stopped."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

READY = "Armillary is ready: "


class ServerError(Exception):
    """A server did not come up."""


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A running server and the seconds from its start until it could answer."""

    port: int
    ready_s: float
    pid: int

    def _tree(self) -> list[psutil.Process]:
        main = psutil.Process(self.pid)
        return [main, *main.children(recursive=True)]

    def resident_mb(self) -> float:
        """Memory that is resident, mapped files included, of the process and its children."""
        return sum(process.memory_info().rss for process in self._tree()) / 1e6

    def own_mb(self) -> float:
        """Memory that belongs to the processes alone: resident without mapped files that others may share."""
        return sum(process.memory_info().rss - process.memory_info().shared for process in self._tree()) / 1e6

    def get(self, path: str, timeout_s: float = 60) -> bytes:
        """Body of a GET."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout_s) as answer:
            return answer.read()


def _stop(process: subprocess.Popen) -> None:
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    for child in (*children, process):
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            child.kill()
    process.wait()


def _wait_for_line(process: subprocess.Popen, timeout_s: float) -> None:
    """Wait for the line that says that the server is ready, then keep its pipe empty."""
    timer = threading.Timer(timeout_s, process.kill)
    timer.start()
    for line in process.stdout:
        if line.startswith(READY):
            break
    else:
        raise ServerError(f"Armillary ended with status {process.wait()} before it was ready.")
    timer.cancel()
    threading.Thread(target=process.stdout.read, daemon=True).start()


def _wait_for_answer(process: subprocess.Popen, port: int, path: str, timeout_s: float) -> None:
    """Ask until the server answers: for servers that do not say when they are ready."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout_s).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise ServerError("It did not answer in time.")


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    port: int,
    *,
    answer: str | None = None,
    timeout_s: float = 60,
    cwd: Path | None = None,
    env: dict | None = None,
) -> Iterator[Server]:
    """Run a server; ``answer`` is the path to ask until it answers, None to wait for Armillary's line."""
    start = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE if answer is None else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, text=True, cwd=cwd, env={**os.environ, **(env or {})},
    )  # fmt: skip
    try:
        if answer is None:
            _wait_for_line(process, timeout_s)
        else:
            _wait_for_answer(process, port, answer, timeout_s)
        yield Server(port, time.monotonic() - start, process.pid)
    finally:
        _stop(process)


@contextlib.contextmanager
def armillary(*paths: Path) -> Iterator[Server]:
    """``armillary open`` on files or folders."""
    port = free_port()
    command = [sys.executable, "-m", "armillary", "open", *paths, "--port", port, "--no-browser", "--auth", "none"]
    with running(command, port) as server:
        yield server
