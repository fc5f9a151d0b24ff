"""A real PostgreSQL on a free port: import ``postgresql_server`` and ``postgresql_address`` in any folder of tests."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import pytest

BINARIES = Path("/usr/lib/postgresql")
START_S = 60.0


def _binary(name: str) -> str | None:
    found = shutil.which(name)
    newest = sorted(BINARIES.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return found or (str(newest[-1]) if newest else None)


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid():
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresqlServer:
    """A server in a temporary folder that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        command = [
            *_as_postgres(),
            _binary("initdb"),
            "-D",
            str(folder),
            "-U",
            "armillary",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def address(self, database: str = "postgres") -> str:
        return f"postgresql://armillary@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [*_as_postgres(), _binary("postgres"), "-D", str(self.folder), *words]
        with (self.folder.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True)
        self._wait()

    def _wait(self) -> None:
        import psycopg

        deadline = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.address(), connect_timeout=5).close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"PostgreSQL does not start: {(self.folder.parent / 'log').read_text()[-2000:]}")
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """End it without a word, with all its children."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=START_S)
        self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.kill()

    def new_database(self) -> str:
        """Address of an empty database."""
        import psycopg

        name = f"t{secrets.token_hex(6)}"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.address(name)


@contextlib.contextmanager
def running_postgresql():
    """A server that runs; the test is skipped where PostgreSQL is not installed."""
    if _binary("initdb") is None or (not os.geteuid() and shutil.which("setpriv") is None):
        _missing("no PostgreSQL (initdb) on this machine")
    base = Path(tempfile.mkdtemp(prefix="armillary-pg-"))
    try:
        if not os.geteuid():
            try:
                shutil.chown(base, "postgres", "postgres")
            except LookupError:
                _missing("no user postgres on this machine")
        server = PostgresqlServer(base / "data")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server():
    with running_postgresql() as server:
        yield server


@pytest.fixture
def postgresql_address(postgresql_server):
    """Address of an empty database of its own."""
    return postgresql_server.new_database()
