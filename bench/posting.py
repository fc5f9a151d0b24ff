"""Bodies posted over a few connections that are kept open, each answered by the address of what was made of it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from bench.load import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


async def _location(reader: asyncio.StreamReader) -> str:
    """Read one answer, which must be a 303; its Location."""
    head = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"\r\nlocation: *(\S+)", head, re.IGNORECASE)
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    if not head.startswith(b"HTTP/1.1 303") or found is None:
        raise LoadError(f"{head.splitlines()[0].decode()}: {body[:200].decode(errors='replace')}")
    return found[1].decode()


async def _client(port: int, path: str, kind: str, queue: Iterator[tuple[int, bytes]], places: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}\r\n"
    try:
        for number, body in queue:
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            places[number] = await _location(reader)
    finally:
        writer.close()


def post_all(
    port: int, path: str, kind: str, bodies: Sequence[bytes], *, clients: int, seconds: float = 300
) -> list[str]:
    """Post every body once; the Location of each, in the order of the bodies."""
    places, queue = [""] * len(bodies), iter(enumerate(bodies))

    async def crowd() -> None:
        await asyncio.gather(*(_client(port, path, kind, queue, places) for _ in range(clients)))

    asyncio.run(asyncio.wait_for(crowd(), seconds))
    return places
