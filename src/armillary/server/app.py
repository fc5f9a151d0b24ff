"""The application: a guard before everything, tiles by the fast way, the viewer, and the JSON API by FastAPI."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from armillary import __version__
from armillary.holdings.access import ANONYMOUS
from armillary.server import guard
from armillary.server.asgi import (
    CLIENT_GONE,
    INSIDE,
    STRANGER,
    ClientGoneError,
    check_method,
    header,
    raw_headers,
    respond,
    with_headers,
)
from armillary.server.doors import make_door
from armillary.server.doors.door import Caller
from armillary.server.doors.forms import SAFE_METHODS
from armillary.server.errors import VO, HttpError, answer_at
from armillary.server.figures import route_of
from armillary.server.proxies import Proxies, peer_of
from armillary.server.services import Services
from armillary.server.static import Static
from armillary.server.tiles import PREFIX, TileRoute

if TYPE_CHECKING:
    from fastapi import FastAPI

    from armillary.holdings.access import Access
    from armillary.holdings.tree import Holdings
    from armillary.server.asgi import App, Message, Receive, Scope, Send
    from armillary.server.doors import Door
    from armillary.server.figures import Figures
    from armillary.server.services import Watcher
    from armillary.server.settings import Settings

log = logging.getLogger(__name__)

TILES = b"/tiles/"
ACCESS = "armillary.access"
OPEN_VO = frozenset(
    f"{VO}{service}{word}"
    for service in ("", "soda/", "sia/", "sia2/", "datalink/")
    for word in ("capabilities", "availability")
)
"""What the Virtual Observatory asks to be open to everybody (VOSI 1.1, section 2; SODA 1.0, section 2)."""
JOBS = f"{VO}soda/async"


class Application:
    """The whole server as an ASGI application.

    Parameters
    ----------
    services
        What the routes share.
    door
        Decides who asks.
    static
        The viewer.
    """

    def __init__(self, services: Services, door: Door, static: Static) -> None:
        settings = services.settings
        self.services = services
        self._api: FastAPI | None = None
        self._loading = threading.Lock()
        self._door = door
        self._static = static
        # No page of a browser can reach a Unix socket under a name of its own.
        self._hosts = guard.HostCheck("0.0.0.0" if settings.uds else settings.host, settings.allowed_hosts)  # noqa: S104
        self._proxies = Proxies(settings.trusted_proxies)
        self._figures = services.figures
        self._root = settings.root_path
        self._tiles = TileRoute(
            services.holdings,
            services.tile_workers,
            services.tile_cache,
            services.shared_cache,
            settings.memcached_prefix,
            services.figures,
        )
        self._headers = guard.security_headers(cross_origin=bool(settings.cors_origins))
        if door.varies:
            self._headers = [*self._headers, (b"vary", door.varies)]
        self._tile_headers = [pair for pair in self._headers if pair[0] in {*guard.HEADERS_OF_DATA, b"vary"}]

    def api(self) -> FastAPI:
        """The JSON API, loaded when it is first wanted."""
        with self._loading:
            if self._api is None:
                from armillary.server.api import make_api

                self._api = make_api(self.services)
            return self._api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing but an answer ever comes out."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        started, status, sent, begun = False, 0, 0, time.perf_counter()
        # A policy for pages means nothing to a tile, and the web server checks each header letter by letter.
        extra = self._tile_headers if TILES in scope["raw_path"] else self._headers

        async def guarded_send(message: Message) -> None:
            nonlocal started, status, sent
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                message["headers"] = [*message.get("headers", ()), *extra]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._answer(scope, receive, guarded_send)
        except ClientGoneError:
            status = CLIENT_GONE
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            if not started:
                path = self._inside(scope["raw_path"].decode("latin-1"))
                code, headers, body = answer_at(path, error, scope.get(ACCESS, ANONYMOUS))
                await respond(scope, guarded_send, code, raw_headers(headers), body)
        if self._figures is not None:
            route = route_of(self._inside(scope["raw_path"].decode("latin-1")))
            self._figures.answered(route, status, time.perf_counter() - begun, sent)
        if log.isEnabledFor(logging.DEBUG):
            # The query stays out of the log: it may hold the token.
            took_ms = (time.perf_counter() - begun) * 1e3
            words = peer_of(scope), scope["method"], _printable(scope["raw_path"])
            log.debug("%s %s %s %d %.1f ms", *words, status, took_ms)

    def _inside(self, path: str) -> str:
        """A path below the root."""
        if self._root and (path == self._root or path.startswith(self._root + "/")):
            return path[len(self._root) :] or "/"
        return path

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        guard.check_size(scope)
        self._hosts.check(scope)
        if self._proxies:
            self._proxies.apply(scope)
        path = self._inside(scope["raw_path"].decode("latin-1"))
        if path in {"/healthz", "/readyz"}:
            check_method(scope)
            ready = path == "/healthz" or not self.services.holdings.scanning
            body = json.dumps({"status": "ok" if ready else "starting", "version": __version__}).encode()
            headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
            await respond(scope, send, 200 if ready else 503, headers, body)
            return
        if path in self._door.paths:
            page = await self._door.page(scope, receive, path)
            if page is not None:
                await respond(scope, send, page.status, page.headers, page.body)
                return
        caller = await self._caller(scope, path)
        if caller is None:
            await self._refuse(scope, send, path)
            return
        scope[ACCESS] = caller.access
        if scope["method"] not in SAFE_METHODS:
            self._check_write(scope, path, caller)
        if caller.headers:
            send = with_headers(send, caller.headers)
        if path.startswith(PREFIX) and "/tiles/" in path:
            await self._tiles(scope, receive, send, path, caller.access)
        elif self._static.knows(path):
            check_method(scope)
            await self._static(scope, send, path)
        else:
            await self._call_api(scope, receive, send, caller)

    async def _caller(self, scope: Scope, path: str) -> Caller | None:
        caller = await self._door.caller(scope)
        if caller is None and path in OPEN_VO:
            # Said apart from everybody: whoever lacks the token is not told what is on offer.
            scope[STRANGER] = True
            return Caller(ANONYMOUS)
        return caller

    def _check_write(self, scope: Scope, path: str, caller: Caller) -> None:
        """Refuse what another site's page may have sent.

        Programs send forms to the services of the Virtual Observatory and know no mark. A request that no session
        goes with does nothing that its sender could not do alone, and one that only asks changes nothing: for both it
        is enough that no other site's page sent it. No browser sends a token by itself, nor for a page of a site that
        is not allowed to. Pages of allowed sites may send for whoever is nobody.
        """
        # The path as the routes see it: escapes hide nothing.
        changes = self._inside(scope["path"]).startswith(JOBS)
        if not path.startswith(VO) or (caller.session and changes):
            self._door.check_write(scope, caller)
        elif header(scope, b"authorization")[:7].lower() != "bearer " and not self._is_invited(scope, caller):
            self._door.check_origin(scope)

    def _is_invited(self, scope: Scope, caller: Caller) -> bool:
        """Whether a page of an allowed site sends for who is nobody: no cookie or password stands behind it."""
        allowed = self.services.settings.cors_origins
        nobody = caller.user is None and self._door.mode != "token"
        return nobody and ("*" in allowed or header(scope, b"origin") in allowed)

    async def _refuse(self, scope: Scope, send: Send, path: str) -> None:
        if path == "/":
            headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
            await respond(scope, send, 401, headers, guard.UNAUTHORISED_PAGE.encode())
            return
        message = "A token is needed: send Authorization: Bearer TOKEN, or open the address that Armillary printed."
        raise HttpError(401, "unauthorized", message, {"www-authenticate": "Bearer"})

    async def _call_api(self, scope: Scope, receive: Receive, send: Send, caller: Caller) -> None:
        api = self._api if self._api is not None else await asyncio.to_thread(self.api)
        plain = scope["path"]
        inside = plain[len(self._root) :] if self._root and plain.startswith(self._root + "/") else plain
        who = {"armillary.caller": caller, "armillary.door": self._door, INSIDE: inside}
        inner = {**scope, **who, "root_path": self._root, "path": self._root + inside}
        route = api.state.direct.get(inside, api) if scope["method"] in {"GET", "HEAD", "POST"} else api
        if scope["method"] != "HEAD":
            await route(inner, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await route(inner | {"method": "GET", "armillary.head": True}, receive, send_head)


def _printable(raw: bytes) -> str:
    return raw[:200].decode("ascii", "backslashreplace")


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


def make_application(
    holdings: Holdings,
    settings: Settings,
    *,
    discovery: Watcher | None = None,
    port: int | None = None,
    static: Static | None = None,
    everybody: Access = ANONYMOUS,
    figures: Figures | None = None,
) -> Application:
    """The server, without CORS.

    Parameters
    ----------
    holdings
        What is on offer.
    settings
        Of this server; with ``auth = "token"`` and no token, a random one that nobody is told.
    discovery
        Looks for new files when the tree is asked for.
    port
        The port that is listened on, when it is not that of the settings.
    static
        The viewer, by default the built one.
    everybody
        What a caller is who need not say who it is.
    figures
        Where requests are counted; by default nowhere.
    """
    services = Services(holdings, settings, discovery, figures)
    door = make_door(settings, settings.port if port is None else port, everybody)
    return Application(services, door, static or Static(viewer=settings.viewer))


def with_cors(application: App, settings: Settings) -> App:
    """The application as pages of the allowed origins may call it."""
    if not settings.cors_origins:
        return application
    from starlette.middleware.cors import CORSMiddleware

    return CORSMiddleware(
        application,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "HEAD", "POST", "DELETE"],
        allow_headers=["Authorization"],
        expose_headers=["ETag", "X-Armillary-Preview", "Content-Disposition", "Content-Range", "Retry-After"],
    )


def create_app(holdings: Holdings, settings: Settings, **parts: Any) -> App:
    """The server as an ASGI application; parameters as in ``make_application``."""
    return with_cors(make_application(holdings, settings, **parts), settings)
