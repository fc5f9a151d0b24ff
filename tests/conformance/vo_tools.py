"""A server started as the README says, and what asks it: sessions, stilts."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

READY = "Armillary is ready: "


@dataclass
class Served:
    """A running server: the address of its services, and a session that may ask them."""

    address: str
    session: requests.Session
    said: list[str]

    @property
    def vo(self) -> str:
        """Address below which the services stand."""
        return f"{self.address}/vo"

    def get(self, path: str, **more) -> requests.Response:
        """Answer to a path below ``/vo``."""
        return self.session.get(f"{self.vo}/{path}", timeout=120, **more)

    def post(self, path: str, **more) -> requests.Response:
        """Answer to a POST, which is not followed."""
        return self.session.post(f"{self.vo}/{path}", timeout=120, allow_redirects=False, **more)


def settled(served: Served) -> None:
    """Wait until the headers of all files were read."""
    for _ in range(600):
        tree = served.session.get(f"{served.address}/api/holdings", timeout=60).json()
        if not tree["scanning"]:
            return
        time.sleep(0.05)
    pytest.fail("the headers were not read in a minute")


@contextlib.contextmanager
def serving(*words: str | Path, environment: dict[str, str] | None = None, token: str = "") -> Iterator[Served]:
    """``armillary`` with these words in a process of its own."""
    command = [sys.executable, "-m", "armillary", *map(str, words), "--port", "0"]
    if words[0] in {"open", "demo"}:
        command.append("--no-browser")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    said: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        variables = kept | {"XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home} | (environment or {})
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables
        )  # fmt: skip
        reader = threading.Thread(target=lambda: said.extend(iter(process.stderr.readline, "")), daemon=True)
        reader.start()
        try:
            lines = iter(process.stdout.readline, "")
            line = next((line for line in lines if line.startswith(READY)), None)
            assert line is not None, said
            parts = urlsplit(line.removeprefix(READY).strip())
            with requests.Session() as session:
                if token or parts.query:
                    session.headers["Authorization"] = f"Bearer {token or parts.query.removeprefix('token=')}"
                served = Served(f"{parts.scheme}://{parts.netloc}", session, said)
                settled(served)
                yield served
        finally:
            children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            for one in (*children, process):
                with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                    one.kill()
            process.wait(10)
            reader.join(5)
            process.stdout.close()
            process.stderr.close()
    assert not [line for line in said if "Traceback" in line]


def program(name: str) -> str:
    """Path of a program that the test needs."""
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is missing")
    return found


def stilts(*words: str, text: bytes | None = None) -> str:
    """What a task of stilts says, on both of its outputs. It must end well."""
    command = [program("stilts"), "-batch", *words]
    done = subprocess.run(command, input=text, capture_output=True, timeout=240, check=False)
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, said
    return said


def votlint(document: bytes) -> None:
    """stilts finds nothing to say of a VOTable; its status does not tell."""
    said = stilts("votlint", "-", text=document).strip()
    assert said == "", f"{said}\n{document[:3000].decode()}"


def table_of(*words: str, folder: Path) -> list[dict[str, str]]:
    """The table that a task of stilts writes, as texts by the names of columns."""
    out = folder / "out.csv"
    stilts(*words, f"out={out}", "ofmt=csv")
    with out.open() as file:
        return list(csv.DictReader(file))


def until(condition: Callable[[], object], seconds: float = 120) -> object:
    """Wait for something to be true; what it became."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)
    return found
