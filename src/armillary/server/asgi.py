"""Small pieces of ASGI that the routes share: sending, headers, conditional requests, a client that went away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]
    RawHeaders = list[tuple[bytes, bytes]]

T = TypeVar("T")

CLIENT_GONE = 499
UNWATCHED_S = 0.01
"""How long work goes on before somebody looks whether its client is there: to look costs what a small tile costs."""
INSIDE = "armillary.path"
"""Where the scope has the path below the root."""
STRANGER = "armillary.stranger"
"""Set where a caller without a token is answered all the same."""


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


def raw_headers(headers: Mapping[str, str]) -> RawHeaders:
    """Headers as ASGI has them."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


HEADERS = "armillary.headers"


def index_headers(scope: Scope) -> int:
    """Look through a request's headers once, for ``header``.

    Returns
    -------
    How many bytes they are.
    """
    found: dict[bytes, bytes] = {}
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        found[name] = found[name] + b"," + value if name in found else value
    scope[HEADERS] = found
    return size


def header(scope: Scope, name: bytes) -> str:
    """Value of a request's header, empty when there is none; several of one name are joined as HTTP says."""
    if HEADERS not in scope:
        index_headers(scope)
    found: bytes = scope[HEADERS].get(name, b"")
    return found.decode("latin-1")


async def respond(scope: Scope, send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    """Send a whole answer; its body only where the method wants one."""
    raw = [*headers, (b"content-length", b"%d" % len(body))] if status not in {204, 304} else list(headers)
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def with_headers(send: Send, headers: Iterable[tuple[bytes, bytes]]) -> Send:
    """``send`` that adds headers to the answer."""
    extra = list(headers)

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return adding


def not_modified(scope: Scope, etag: bytes) -> bool:
    """Whether ``If-None-Match`` names this tag."""
    asked = header(scope, b"if-none-match")
    return bool(asked) and is_among(asked, etag.decode("latin-1"))


def is_among(asked: str, etag: str) -> bool:
    """Whether a list of tags holds one (weak comparison, RFC 9110, 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def check_method(scope: Scope) -> None:
    """Refuse everything but GET and HEAD.

    Raises
    ------
    HttpError
        405.
    """
    if scope["method"] not in {"GET", "HEAD"}:
        raise HttpError(405, "method_not_allowed", "Only GET and HEAD are answered here.", {"allow": "GET, HEAD"})


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Result of ``work``, which is cancelled when the client goes away: what takes longer than a moment is watched.

    Raises
    ------
    ClientGoneError
        It went away.
    """
    here = asyncio.current_task()
    watcher: asyncio.Task[None] | None = None
    waits, stopped = True, False

    def stop(_: object) -> None:
        nonlocal stopped
        if waits and here is not None:
            stopped = here.cancel()

    def watch() -> None:
        nonlocal watcher
        watcher = asyncio.ensure_future(_disconnect(receive))
        watcher.add_done_callback(stop)

    timer = asyncio.get_running_loop().call_later(UNWATCHED_S, watch)
    try:
        return await work
    except asyncio.CancelledError:
        if stopped and here is not None and not here.uncancel():
            raise ClientGoneError from None
        raise
    finally:
        waits = False
        timer.cancel()
        if watcher is not None:
            watcher.cancel()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
