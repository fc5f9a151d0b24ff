"""Addresses whose servers send endlessly, slowly, or too little; tables that do not fit into a quota."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_jobs import JOBS, id_of, job_app
from conftest_server import in_process

from armillary.errors import UnavailableError
from armillary.server.vo import fetching

TABLE = b"name,ra,dec,radius\n" + b"x,150,2,0.01\n" * 50_000


@contextlib.contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of this machine that says what it likes to one who asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                talk(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/t.csv"
        thread.join()


@pytest.fixture(autouse=True)
def _public(monkeypatch) -> None:
    monkeypatch.setattr(fetching, "is_public", lambda address: address == "127.0.0.1")


def endless_interim(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def silent_header(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    connection.recv(1)  # Until the other side ends it.


def endless_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nra,dec\n")
    connection.recv(1)


@pytest.mark.parametrize("talk", [endless_interim, silent_header, endless_body])
def test_no_server_keeps_a_thread_for_longer_than_is_allowed(talk, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(fetching, "WHOLE_S", 0.3)
    before = threading.active_count()
    with answering(talk) as address, pytest.raises(UnavailableError, match="slowly"):
        fetching.fetch(address, tmp_path / "t", 1 << 20)
    assert threading.active_count() == before


def test_a_table_that_is_broken_off_is_no_table(tmp_path: Path) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nra,dec\n1,2\n")

    with answering(talk) as address, pytest.raises(UnavailableError, match="less than it promised"):
        fetching.fetch(address, tmp_path / "t", 1 << 20)


def test_few_tables_are_fetched_at_once(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(fetching.AT_ONCE):
            assert fetching._fetching.acquire(blocking=False)
            stack.callback(fetching._fetching.release)
        with pytest.raises(UnavailableError, match="too many"):
            fetching.fetch("http://127.0.0.1:9/", tmp_path / "t", 1 << 20)


def files_of(app: Any, job_id: str) -> list[str]:
    """Names of the tables that are kept for a job."""
    folder = app.services.jobs().results._folder / job_id / "uploads"
    return sorted(path.name for path in folder.iterdir())


def test_tables_over_the_quota_leave_nothing_in_a_job_that_stays(tmp_path: Path) -> None:
    with job_app(tmp_path, jobs_size_per_user=1) as app:

        async def steps() -> None:
            async with in_process(app) as client:
                first = {"ID": "tan", "UPLOAD": "first,param:table"}
                job = (await send(client, JOBS, first)).headers["location"]
                for name in ("second", "third"):
                    answer = await send(client, f"{job}/parameters", {"UPLOAD": f"{name},param:table"})
                    assert (answer.status_code, answer.text[:11]) == (413, "UsageError:")
                assert files_of(app, id_of(job)) == ["first"]

        asyncio.run(steps())


async def send(client: httpx.AsyncClient, address: str, form: dict[str, str]) -> httpx.Response:
    return await client.post(address, data=form, files={"table": ("t.csv", TABLE, "text/csv")})
