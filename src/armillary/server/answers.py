"""Answers of the API: entity tag, content coding, caching."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from armillary.render.coding import compress, negotiate
from armillary.server.asgi import header, not_modified

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Message, Receive, Scope, Send

    from armillary.render.coding import Coding
    from armillary.server.services import Services

SMALLEST_COMPRESSED = 1024
SMALLEST_LARGE = 1 << 16
BLOCK_BYTES = 1 << 18
STALLED_S = 60.0
"""A client that takes nothing for so long has gone."""


def json_answer(request: Request, content: Any, *, cache_control: str = "private, no-cache") -> Response:
    """JSON with entity tag and content coding."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Some names that a file system takes are no text: what cannot be told of them is a question mark.
    body = text.encode("utf-8", "replace")
    return bytes_answer(request, body, "application/json", cache_control=cache_control)


def bytes_answer(
    request: Request, body: bytes, media_type: str, *, cache_control: str = "private, no-cache", packed: bool = True
) -> Response:
    """Bytes with entity tag and, where ``packed``, content coding."""
    accepted = header(request.scope, b"accept-encoding")
    coding = negotiate(accepted) if packed and len(body) >= SMALLEST_COMPRESSED else "identity"
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}-{coding}"'
    headers = {"etag": etag, "cache-control": cache_control, "vary": "Accept-Encoding"}
    if not_modified(request.scope, etag.encode()):
        return Response(None, 304, headers)
    return body_answer(body, headers, media_type, coding)


def body_answer(
    body: bytes, headers: dict[str, str], media_type: str, coding: Coding = "identity", *, status: int = 200
) -> Response:
    """An answer with a body to be compressed; a large one is not compressed before others were served."""
    if coding != "identity":
        headers = headers | {"content-encoding": coding}
    if len(body) >= SMALLEST_LARGE:
        return LargeAnswer(body, headers, media_type, coding, status=status)
    return Response(compress(body, coding), status, headers, media_type)


class LargeAnswer(Response):
    """A large body: compressed in a thread, and sent a block at a time as the client takes it.

    Parameters
    ----------
    body, coding
        What is sent, and how it is to be compressed.
    """

    def __init__(
        self, body: bytes, headers: dict[str, str], media_type: str, coding: Coding, *, status: int = 200
    ) -> None:
        super().__init__(None, status, headers, media_type)
        self._whole, self._coding = body, coding

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it.

        Raises
        ------
        UnavailableError
            Too much is being sent already.
        TimeoutError
            The client takes nothing any more.
        """
        services: Services = scope["app"].state.services
        body, send = self._whole, patient(send)
        if self._coding != "identity":
            body = await asyncio.to_thread(compress, body, self._coding)
        with services.room(len(body)):
            self.headers["content-length"] = str(len(body))
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            whole = memoryview(body)
            for start in range(0, len(body), BLOCK_BYTES):
                # Servers take any buffer: no copy.
                block = whole[start : start + BLOCK_BYTES]
                more = start + BLOCK_BYTES < len(body)
                await send({"type": "http.response.body", "body": block, "more_body": more})


def patient(send: Send) -> Send:
    """``send`` that gives up where the client takes nothing for a minute."""

    async def sending(message: Message) -> None:
        async with asyncio.timeout(STALLED_S):
            await send(message)

    return sending
