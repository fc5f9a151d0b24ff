"""A server whose jobs lie in a folder of the test and are done by the test."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from conftest_server import make_app, sky_data, tan_header, write_image

from armillary.jobs.model import JobError, Result

JOBS = "/vo/soda/async"
ID_OF_NONE = "0" * 32
CIRCLE = "150 2 0.01"
JSON = {"accept": "application/json"}


def sky_folder(where: Path) -> Path:
    where.mkdir(exist_ok=True)
    write_image(where / "tan.fits", sky_data(), tan_header(200, 300))
    return where


def job_settings(tmp_path: Path, **settings: Any) -> dict[str, Any]:
    return {"jobs_database": str(tmp_path / "jobs" / "jobs.sqlite"), "jobs_runner": "off"} | settings


@contextlib.contextmanager
def job_app(tmp_path: Path, **settings: Any) -> Iterator[Any]:
    app = make_app(sky_folder(tmp_path / "sky"), **job_settings(tmp_path, **settings))
    try:
        yield app
    finally:
        app.services.close()


def stored(app: Any) -> int:
    """How many jobs there are, and files of them."""
    room = app.services.jobs()
    return sum(1 for _ in room.results.jobs()) + room.store.waiting()


async def post(client: httpx.AsyncClient, pairs: Any, **more: Any) -> str:
    """Make a job; its address."""
    answer = await client.post(JOBS, data=as_form(pairs), **more)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def as_form(pairs: Any) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in pairs.items() if isinstance(pairs, dict) else pairs:
        form.setdefault(name, []).extend([value] if isinstance(value, str) else value)
    return form


def id_of(address: str) -> str:
    return address.rpartition("/")[2]


def finish(app: Any, job_id: str, files: dict[str, bytes], media_type: str = "application/fits") -> None:
    """Do a job that is queued."""
    room = app.services.jobs()
    claim = room.store.claim("test", job_id)
    assert claim is not None
    found = []
    for name, body in files.items():
        key = f"{job_id}/{claim.job.attempt}/{name}"
        size = room.results.write(key, [body])
        found.append(Result(name.partition(".")[0], key, size, media_type, name))
    assert room.store.finish(claim, found)


def fail(app: Any, job_id: str, error: JobError) -> None:
    room = app.services.jobs()
    claim = room.store.claim("test", job_id)
    assert claim is not None
    assert room.store.fail(claim, error)


def later(seconds: float, work: Any) -> threading.Timer:
    timer = threading.Timer(seconds, work)
    timer.start()
    return timer
