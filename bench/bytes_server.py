"""The floor of serving: bytes from memory, by the same web server with the same settings, and nothing else."""

from __future__ import annotations

import sys


def application(size: int):
    """ASGI application that answers everything with that many bytes."""
    body = bytes(size)
    head = [(b"content-type", b"application/octet-stream"), (b"content-length", str(size).encode())]

    async def answer(scope, _receive, send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": body})

    return answer


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(
        application(int(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False,
        lifespan="off", ws="none", server_header=False, proxy_headers=False, timeout_keep_alive=30, backlog=4096,
    )  # fmt: skip
