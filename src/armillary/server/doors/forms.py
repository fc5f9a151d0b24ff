"""Bodies of requests that change something, and the check that a page of ours sent them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from armillary.server.asgi import ClientGoneError, header
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from armillary.server.asgi import Receive, Scope
    from armillary.server.doors.cookies import Site

LARGEST_BODY = 16384
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
CSRF_HEADER = b"x-armillary-csrf"


async def body_of(receive: Receive) -> bytes:
    """Body of a request.

    Raises
    ------
    HttpError
        413: it is larger than any form of ours.
    ClientGoneError
        The client went away.
    """
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY:
            raise HttpError(413, "limit", f"The body of this request has at most {LARGEST_BODY} bytes.")
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def form_of(scope: Scope, receive: Receive) -> dict[str, str]:
    """Fields of a form, or of a JSON object of texts.

    Raises
    ------
    HttpError
        It is neither; or 415, its type is another.
    """
    kind = header(scope, b"content-type").partition(";")[0].strip().lower()
    body = await body_of(receive)
    try:
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=32))
        if kind == "application/json":
            return _texts(json.loads(body or b"{}"))
    except (ValueError, RecursionError):
        raise HttpError(422, "parameter", "The body of this request cannot be read.") from None
    raise HttpError(415, "media_type", "Send application/json, or a form as application/x-www-form-urlencoded.")


def _texts(values: Any) -> dict[str, str]:
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ValueError("not an object of texts")
    return values


def check_origin(scope: Scope, site: Site) -> None:
    """Refuse what another site's page made the browser send.

    Raises
    ------
    HttpError
        403.
    """
    fetch = header(scope, b"sec-fetch-site")
    origin = header(scope, b"origin")
    if fetch not in {"", "same-origin", "none"} or (not fetch and origin and not site.is_own(scope, origin)):
        raise forged("Another site's page sent this request. Behind a proxy, see the setting public_url.")


def forged(message: str = "Send the header X-Armillary-CSRF with the csrf that GET /api/session gives.") -> HttpError:
    """The answer to a request that was perhaps not meant."""
    return HttpError(403, "csrf", message)
