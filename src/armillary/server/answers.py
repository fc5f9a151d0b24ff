"""Answers of the API: entity tag, content coding, caching."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from armillary.render.coding import compress, negotiate
from armillary.server.asgi import header, not_modified

if TYPE_CHECKING:
    from starlette.requests import Request

SMALLEST_COMPRESSED = 1024


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
    if coding != "identity":
        headers["content-encoding"] = coding
    return Response(compress(body, coding), 200, headers, media_type)
