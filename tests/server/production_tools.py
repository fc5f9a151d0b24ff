"""Real servers for the tests: memcached, nginx, and ``armillary serve`` with its workers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest


def program(name: str) -> str:
    """Path of a program that the test needs."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing")
        pytest.skip(f"{name} is missing")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition: Any, seconds: float = 30) -> bool:
    """Wait for something to be true; whether it became so."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def start_memcached(port: int, *options: str) -> subprocess.Popen[bytes]:
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [program("memcached"), *user, "-l", "127.0.0.1", "-p", str(port), "-t", "2", *options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    assert until(lambda: answers(port) or process.poll() is not None)
    assert process.poll() is None
    return process


def end(process: subprocess.Popen[Any]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait(10)


@contextlib.contextmanager
def memcached(*options: str) -> Iterator[int]:
    """A memcached of its own; its port."""
    port = free_port()
    process = start_memcached(port, *options)
    try:
        yield port
    finally:
        end(process)


class Served:
    """``armillary serve`` that runs."""

    def __init__(self, process: subprocess.Popen[str], address: str, said: list[str]) -> None:
        self.process = process
        self.address = address
        self.said = said

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    @property
    def port(self) -> int:
        return int(self.address.split(":")[2].partition("/")[0])

    def hears(self, words: str, seconds: float = 30) -> bool:
        """Whether a line with these words comes on standard error."""
        return until(lambda: any(words in line for line in self.said), seconds)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Answer to a path below the host."""
        return httpx.get("/".join(self.address.split("/")[:3]) + path, timeout=60, **more)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextlib.contextmanager
def serving(holdings: Path, *arguments: str, environment: dict[str, str] | None = None) -> Iterator[Served]:
    """Run ``armillary serve``."""
    command = [sys.executable, "-m", "armillary", "serve", str(holdings), *arguments]
    if "--port" not in arguments and "--uds" not in arguments:
        command += ["--port", "0"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    with tempfile.TemporaryDirectory() as home:
        variables = kept | {"XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home} | (environment or {})
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables
        )  # fmt: skip
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(iter(process.stderr.readline, "")), daemon=True)
        reader.start()
        children: list[psutil.Process] = []
        try:
            line = process.stdout.readline()
            assert line.startswith("Armillary is ready: "), said
            served = Served(process, line.removeprefix("Armillary is ready: ").strip(), said)
            children = served.workers
            yield served
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                children += psutil.Process(process.pid).children()
            end(process)
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            reader.join(5)
            process.stdout.close()
            process.stderr.close()


def layer(layer_id: str, filename: str, **more: Any) -> dict[str, Any]:
    provider = {"provider_type": "fits", "filename": filename}
    return {"layer_id": layer_id, "name": layer_id, "provider": provider, **more}


def configuration(*layers: dict[str, Any]) -> dict[str, Any]:
    """A configuration of one band with these layers."""
    band = {"band_id": "band", "name": "Band", "layers": list(layers)}
    made = {"map_id": "map", "name": "Map", "bands": [band]}
    return {"map_groups": [{"map_group_id": "group", "name": "Group", "maps": [made]}]}


def write_configuration(path: Path, *layers: dict[str, Any]) -> Path:
    """Write a configuration as careful programs replace files."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(configuration(*layers)))
    part.replace(path)
    return path
