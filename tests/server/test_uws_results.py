"""Results of jobs: whole, in parts, by their tags, and of jobs that go while they are read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from conftest_jobs import CIRCLE, JOBS, finish, id_of, job_app, post
from conftest_server import in_process

from armillary.jobs.model import Result
from armillary.server import job_room

ONE = {"ID": "tan", "CIRCLE": CIRCLE, "PHASE": "RUN"}
BODY = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Any]:
    with job_app(tmp_path_factory.mktemp("results")) as app:
        yield app


def run(app: Any, steps: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        async with in_process(app) as client:
            return await steps(client)

    return asyncio.run(whole())


async def done(client: httpx.AsyncClient, app: Any, files: dict[str, bytes], **more: Any) -> str:
    job = await post(client, ONE)
    finish(app, id_of(job), files, **more)
    return job


def test_a_whole_result(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await done(client, shared, {"cutout-1.fits": BODY})
        answer = await client.get(f"{job}/results/cutout-1")
        assert (answer.status_code, answer.content) == (200, BODY)
        said = {
            "content-type": "application/fits",
            "content-length": str(len(BODY)),
            "content-disposition": 'attachment; filename="cutout-1.fits"',
            "accept-ranges": "bytes",
            "x-content-type-options": "nosniff",
        }
        assert said.items() <= dict(answer.headers).items()
        head = await client.head(f"{job}/results/cutout-1")
        assert (head.status_code, head.content) == (200, b"")
        assert {name: head.headers[name] for name in (*said, "etag")} == said | {"etag": answer.headers["etag"]}

    run(shared, steps)


def test_parts_of_a_result(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        address = f"{await done(client, shared, {'a.fits': BODY})}/results/a"
        tag = (await client.get(address)).headers["etag"]
        for asked, part in {"bytes=0-0": BODY[:1], "bytes=9000-": BODY[9000:], "bytes=-5": BODY[-5:]}.items():
            answer = await client.get(address, headers={"range": asked, "if-range": tag})
            assert (answer.status_code, answer.content) == (206, part)
            assert answer.headers["content-length"] == str(len(part))
            assert answer.headers["content-range"].endswith(f"/{len(BODY)}")
        assert (await client.get(address, headers={"range": "bytes=0-5", "if-range": '"x"'})).content == BODY
        far = await client.get(address, headers={"range": "bytes=99999-"})
        assert (far.status_code, far.headers["content-range"]) == (416, f"bytes */{len(BODY)}")
        known = await client.get(address, headers={"if-none-match": f'"y", {tag}'})
        assert (known.status_code, known.content) == (304, b"")

    run(shared, steps)


@pytest.mark.parametrize(
    ("name", "media_type", "disposition"),
    [
        ("a.png", "image/png", 'inline; filename="a.png"'),
        ("a.txt", "text/plain; charset=utf-8", 'inline; filename="a.txt"'),
        ("a.html", "text/html", 'attachment; filename="a.html"'),
        ('Ω";x.fits', "application/fits", "attachment; filename=\"_x.fits\"; filename*=UTF-8''%CE%A9%22%3Bx.fits"),
    ],
)
def test_names_of_files_are_safe(shared: Any, name: str, media_type: str, disposition: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await post(client, ONE)
        room = shared.services.jobs()
        claim = room.store.claim("test", id_of(job))
        key = f"{id_of(job)}/1/file"
        room.results.write(key, [b"x"])
        room.store.finish(claim, [Result("r", key, 1, media_type, name)])
        answer = await client.get(f"{job}/results/r")
        assert answer.headers["content-disposition"] == disposition
        assert answer.headers["content-type"].startswith(media_type)

    run(shared, steps)


def test_an_empty_result(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await done(client, shared, {"a.txt": b""}, media_type="text/plain")
        answer = await client.get(f"{job}/results/a")
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")

    run(shared, steps)


def test_results_of_others_and_none(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        one, other = [await done(client, shared, {f"{name}.fits": b"x"}) for name in "ab"]
        assert (await client.get(f"{one}/results/b")).status_code == 404
        assert (await client.get(f"{other}/results/a")).status_code == 404
        assert (await client.get(f"{one}/results/..%2f..%2fjobs.sqlite")).status_code == 404
        assert (await client.delete(f"{one}/results/a")).status_code == 405

    run(shared, steps)


def test_a_file_that_is_gone(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = await done(client, shared, {"a.fits": BODY})
        shared.services.jobs().results.remove(id_of(job))
        answer = await client.get(f"{job}/results/a")
        assert (answer.status_code, answer.text[:11]) == (404, "UsageError:")

    run(shared, steps)


def test_a_job_that_goes_while_its_result_is_read(shared: Any) -> None:
    """What was begun is sent to its end, or broken off short of the length that was promised: never wrong bytes."""
    body = BODY * 2000

    async def steps(client: httpx.AsyncClient) -> None:
        job = await done(client, shared, {"a.fits": body})
        sent: list[bytes] = []
        length = 0

        async def send(message: Any) -> None:
            nonlocal length
            if message["type"] == "http.response.start":
                length = int(dict(message["headers"])[b"content-length"])
            elif message.get("body"):
                if not sent:
                    await client.delete(job)
                sent.append(bytes(message["body"]))

        waiting = asyncio.Event()

        async def receive() -> Any:
            if not waiting.is_set():
                waiting.set()
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        path = f"{JOBS}/{id_of(job)}/results/a"
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8000")], "client": ("127.0.0.1", 1), "scheme": "http", "root_path": "",
            "http_version": "1.1", "server": ("127.0.0.1", 8000),
        }  # fmt: skip
        await shared(scope, receive, send)
        assert length == len(body)
        assert body.startswith(b"".join(sent))
        assert (await client.get(f"{job}/results/a")).status_code == 404

    run(shared, steps)


def test_many_results_are_found_without_reading_the_job_each_time(shared: Any, monkeypatch) -> None:
    monkeypatch.setattr(job_room, "FEW_RESULTS", 3)
    room = shared.services.jobs()
    read: list[str] = []
    real = type(room.store).get

    def counted(store: Any, job_id: str) -> Any:
        read.append(job_id)
        return real(store, job_id)

    async def steps(client: httpx.AsyncClient) -> None:
        job = await done(client, shared, {f"r{k}.fits": bytes([k]) for k in range(10)})
        monkeypatch.setattr(type(room.store), "get", counted)
        for k in range(10):
            assert (await client.get(f"{job}/results/r{k}")).content == bytes([k])
        assert len(read) == 1
        await client.post(f"{job}/destruction", data={"DESTRUCTION": "2030-01-01"})
        assert (await client.get(f"{job}/destruction")).text.startswith("20")
        assert len(read) == 2
        await client.delete(job)
        assert (await client.get(f"{job}/results/r1")).status_code == 404

    run(shared, steps)
