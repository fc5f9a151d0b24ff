"""The floor of serving: bytes from memory, by the same web server with the same settings, and nothing else."""

from __future__ import annotations

import itertools
import sys


def application(size: int, count: int):
    """ASGI application that answers everything with that many bytes, of ``count`` buffers in turn.

    One buffer alone would stay in the processor's cache, which no set of tiles does.
    """
    bodies = itertools.cycle([bytes([k % 256]) * size for k in range(count)])
    head = [(b"content-type", b"application/octet-stream"), (b"content-length", str(size).encode())]

    async def answer(scope, _receive, send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": next(bodies)})

    return answer


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(
        application(int(sys.argv[2]), int(sys.argv[3])),
        host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False,
        lifespan="off", ws="none", server_header=False, proxy_headers=False, timeout_keep_alive=30, backlog=4096,
    )  # fmt: skip
