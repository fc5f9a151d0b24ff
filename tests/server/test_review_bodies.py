"""Bodies of ``multipart/form-data``: their fields together, and decoders that a client may name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from conftest_jobs import JOBS, JSON, job_app, stored
from conftest_server import in_process

from armillary.server.vo.answers import LARGEST_FIELD

KIND = "multipart/form-data; boundary=x"


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Any]:
    with job_app(tmp_path_factory.mktemp("bodies")) as app:
        yield app


def part(name: str, value: bytes) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"


def send(app: Any, body: bytes, kind: str = KIND) -> tuple[httpx.Response, Any]:
    """The answer, and the parameters of the job that was made."""

    async def steps() -> tuple[httpx.Response, Any]:
        async with in_process(app) as client:
            answer = await client.post(JOBS, content=body + b"--x--\r\n", headers={"content-type": kind})
            if answer.status_code != 303:
                return answer, None
            return answer, (await client.get(answer.headers["location"], headers=JSON)).json()["parameters"]

    return asyncio.run(steps())


def test_fields_are_bounded_together(shared: Any) -> None:
    """They are kept in memory, files are not."""
    before = stored(shared)
    body = b"".join(part(f"F{k}", b"a" * (LARGEST_FIELD // 4 + 1)) for k in range(4))
    answer, _ = send(shared, body)
    assert (answer.status_code, answer.text[:11]) == (413, "UsageError:")
    assert "8 MiB in all" in answer.text
    assert stored(shared) == before


@pytest.mark.parametrize("name", ["idna", "punycode", "unicode_escape", "utf-7", "hex", "no-such"])
def test_a_body_is_utf_8_whatever_it_says(shared: Any, name: str) -> None:
    sent = {"ID": "tan", "OTHER": "xn--a+2AA-\\ud800 é"}
    body = b"".join(part(key, value.encode()) for key, value in sent.items())
    answer, found = send(shared, body, f"{KIND}; charset={name}")
    assert answer.status_code == 303, answer.text
    assert {one["name"]: one["value"] for one in found} == sent
