"""Load on a server of the loopback: `wrk` for throughput where it is installed, else a small client of our own.

Every run is bounded in requests and in seconds.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SCRIPT = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local next = 0
request = function()
  next = next + 1
  return wrk.format("GET", paths[(next - 1) %% #paths + 1])
end
"""


class LoadError(Exception):
    """A server answered something else than the pixels that were asked for."""


@dataclass
class Result:
    """What a run of requests gave."""

    requests: int = 0
    received: int = 0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def median_ms(self) -> float:
        """Median time of an answer."""
        return statistics.median(self.latencies_s) * 1000


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one answer and return the length of its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise LoadError(head.split(b"\r\n", 1)[0].decode())
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    if length:
        return len(await reader.readexactly(int(length[1])))
    total = 0
    while size := int(await reader.readline(), 16):  # chunked
        total += len(await reader.readexactly(size + 2)) - 2
    await reader.readexactly(2)
    return total


async def _client(port: int, paths: Iterator[str], headers: str, end: float, result: Result) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        for path in paths:
            start = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode())
            length = await _answer(reader)
            result.received += length
            result.latencies_s.append(time.perf_counter() - start)
            if time.perf_counter() > end:
                break
    finally:
        writer.close()


def _head(headers: dict[str, str] | None) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())


def once(
    port: int, paths: Sequence[str], *, clients: int = 1, seconds: float = 20, headers: dict[str, str] | None = None
) -> Result:
    """Ask for every path once, or for as many as the seconds allow."""
    result, queue = Result(), iter(paths)

    async def crowd() -> None:
        end = time.perf_counter() + seconds
        await asyncio.gather(*(_client(port, queue, _head(headers), end, result) for _ in range(clients)))

    start = time.perf_counter()
    asyncio.run(asyncio.wait_for(crowd(), seconds + 60))
    result.seconds = time.perf_counter() - start
    result.requests = len(result.latencies_s)
    return result


def _wrk(port: int, paths: Sequence[str], clients: int, seconds: float, headers: dict[str, str]) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        listing, script = Path(folder, "paths"), Path(folder, "script.lua")
        listing.write_text("\n".join(paths) + "\n")
        script.write_text(_SCRIPT % listing)
        options = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        done = subprocess.run(
            ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "-s", script, *options, f"http://127.0.0.1:{port}/"],
            capture_output=True, text=True, check=True, timeout=seconds + 30,
        )  # fmt: skip
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise LoadError(done.stdout)
    count = re.search(r"(\d+) requests in ([\d.]+)s", done.stdout)
    return Result(requests=int(count[1]), seconds=float(count[2]))


def steady(
    port: int, paths: Sequence[str], *, clients: int, seconds: float = 2, headers: dict[str, str] | None = None
) -> Result:
    """Ask for the same paths over and over."""
    if shutil.which("wrk"):
        return _wrk(port, paths, clients, seconds, headers or {})
    count = 200_000
    return once(port, [paths[i % len(paths)] for i in range(count)], clients=clients, seconds=seconds, headers=headers)
