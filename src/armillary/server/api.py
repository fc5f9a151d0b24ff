"""The JSON API by FastAPI. It takes long to import, so the application loads it beside serving."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from armillary import __version__
from armillary.errors import ArmillaryError
from armillary.server import openapi
from armillary.server.asgi import CLIENT_GONE, INSIDE, ClientGoneError
from armillary.server.cutouts import router as cutouts_router
from armillary.server.errors import VO, HttpError, answer_at, body_of
from armillary.server.metrics import router as metrics_router
from armillary.server.names import router as names_router
from armillary.server.routes import router
from armillary.server.services import access_of
from armillary.server.sources import router as sources_router
from armillary.server.vo.datalink import router as datalink_router
from armillary.server.vo.scs import router as scs_router
from armillary.server.vo.sia import router as sia_router
from armillary.server.vo.soda import routes as soda_routes
from armillary.server.vo.uws import routes as uws_routes
from armillary.server.vo.vosi import router as vosi_router

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from armillary.server.asgi import App, Receive, Scope, Send
    from armillary.server.services import Services

DESCRIPTION = (
    "FITS images and sky maps as tiles, values and headers. Positions are ICRS degrees, pixels 0-based centres."
)


def make_api(services: Services) -> FastAPI:
    """The JSON API."""
    api = FastAPI(
        title="Armillary",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    api.state.services = services
    # What is asked for by the thousand goes past the framework's layers, which cost a tenth of a small cutout.
    api.state.direct = {route.path: _direct(api, route.endpoint) for route in soda_routes}
    # Routes are tried in order, and these without help from the framework: first, they cost the others little.
    api.router.routes.extend([*soda_routes, *uws_routes])
    api.include_router(router)
    api.include_router(cutouts_router)
    api.include_router(metrics_router)
    api.include_router(names_router)
    api.include_router(sources_router)
    for services_router in (vosi_router, scs_router, datalink_router, sia_router):
        api.include_router(services_router)
    describe: Callable[[], dict[str, Any]] = functools.partial(openapi.describe, api)
    api.openapi = describe  # type: ignore[method-assign]
    api.add_exception_handler(ArmillaryError, _told)
    api.add_exception_handler(HttpError, _told)
    api.add_exception_handler(HTTPException, _http_told)
    api.add_exception_handler(RequestValidationError, _validation_told)
    api.add_exception_handler(ClientGoneError, _gone_told)
    api.add_exception_handler(Exception, _told)
    return api


def _direct(api: FastAPI, endpoint: Callable[[Request], Awaitable[Response]]) -> App:
    """An endpoint as an application of its own; what it raises is for who calls it to tell."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = api
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return answer


async def _told(request: Request, error: Exception) -> Response:
    status, headers, body = answer_at(_path(request), error, access_of(request))
    return Response(body, status, headers)


def _path(request: Request) -> str:
    path: str = request.scope.get(INSIDE, request.url.path)
    return path


async def _gone_told(_request: Request, _error: Exception) -> Response:
    return Response(b"", CLIENT_GONE)


async def _http_told(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _path(request).startswith(VO):
        return await _vo_told(request, error)
    known = {
        404: ("not_found", "There is nothing at this address: see /docs."),
        405: ("method_not_allowed", "Only GET and HEAD are answered here."),
    }
    code, message = known.get(error.status_code, ("http", str(error.detail)))
    headers = {"content-type": "application/json", "cache-control": "no-store", **(error.headers or {})}
    if error.status_code == 405:
        headers["allow"] = "GET, HEAD"
    return Response(body_of(code, message), error.status_code, headers)


async def _vo_told(request: Request, error: HTTPException) -> Response:
    known = {
        404: "There is nothing at this address.",
        405: "That method is not answered here.",
    }
    headers = dict(error.headers or {})
    message = known.get(error.status_code, str(error.detail))
    return await _told(request, HttpError(error.status_code, "http", message, headers))


async def _validation_told(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = str(first["loc"][-1])
    message = f"{name}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    body, headers = body_of("parameter", message, {"parameter": name}), {"cache-control": "no-store"}
    return Response(body, 422, headers, "application/json")
