"""The JSON API. Each route parses, asks the gate, calls one function of ``holdings.facts``, and answers."""

from __future__ import annotations

import base64
import functools
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from armillary import __version__
from armillary.errors import ParameterError, UnavailableError
from armillary.holdings import facts
from armillary.render import colormaps
from armillary.server import models
from armillary.server.answers import bytes_answer, json_answer
from armillary.server.regions import PixelBox, axes_of, region_image
from armillary.server.services import access_of, services_of
from armillary.server.style_query import StyleWords  # noqa: TC001 - read at run time

router = APIRouter(prefix="/api")

LayerId = Annotated[str, Path(max_length=256, description="Id of a layer; a cube's slice is `id@k`.")]
Finite = Annotated[float | None, Query(allow_inf_nan=False)]
PixelEdge = Annotated[float, Query(allow_inf_nan=False, ge=-1e9, le=1e9, description="Pixel, 0-based centre.")]
GridSize = Annotated[int, Query(ge=2, le=257)]

ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": models.ErrorAnswer, "description": "No token, or not the right one."},
    404: {"model": models.ErrorAnswer, "description": "No such thing, or not for you."},
    422: {"model": models.ErrorAnswer, "description": "A parameter is wrong; the message says which and why."},
    503: {"model": models.ErrorAnswer, "description": "Busy, or the file cannot be read now: try again."},
}
BINARY: dict[str, Any] = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


@router.get("/holdings", response_model=models.Holdings, responses={401: ERRORS[401]}, tags=["holdings"])
async def holdings(request: Request) -> Response:
    """Everything on offer: map groups → maps → bands → layers, and what could not be opened."""
    services = services_of(request)
    if services.discovery is not None and services.discovery.is_due():
        await services.query_workers.run("look again", services.discovery.look_again)
    return json_answer(request, services.holdings.tree(access_of(request)))


@router.get("/session", response_model=models.Session, responses={401: ERRORS[401]}, tags=["server"])
async def session(request: Request) -> Response:
    """Who asks, how the server is protected, and its release."""
    services = services_of(request)
    settings = services.settings
    who, headers = request.scope["armillary.door"].words(request.scope, request.scope["armillary.caller"])
    answer = {
        "version": __version__,
        "auth": settings.auth,
        "tile_size": settings.tile_size,
        "title": services.holdings.title,
        **who,
        "resolver": bool(settings.name_resolver),
    }
    told = json_answer(request, answer, cache_control="no-store")
    told.raw_headers.extend(headers)
    return told


@functools.cache
def _colormaps() -> dict[str, Any]:
    categories = colormaps.categories()
    names = [name for listed in categories.values() for name in listed]
    tables = {name: base64.b64encode(colormaps.table(name).tobytes()).decode() for name in names}
    return {"names": list(colormaps.names()), "categories": categories, "tables": tables}


@router.get("/colormaps", response_model=models.Colormaps, responses={401: ERRORS[401]}, tags=["server"])
async def get_colormaps(request: Request) -> Response:
    """All colour maps, by category, with their tables. Reversed ones (`_r`) are listed without a table."""
    return json_answer(request, _colormaps(), cache_control="private, max-age=86400")


@router.get("/layers/{layer}", response_model=models.LayerInfo, responses=ERRORS, tags=["layers"])
async def describe(request: Request, layer: LayerId) -> Response:
    """What is known of a layer: shape, units, range, levels, version, world coordinates."""
    services = services_of(request)
    found = services.layer(request, layer)
    answer = await services.compute(request, ("info", found), lambda: facts.describe(found))
    return json_answer(request, answer)


@router.get("/layers/{layer}/values", response_model=models.Value, responses=ERRORS, tags=["layers"])
async def values(
    request: Request,
    layer: LayerId,
    x: Annotated[
        float | None, Query(allow_inf_nan=False, ge=-1e9, le=1e9, description="Pixel to the right, 0-based centre.")
    ] = None,
    y: Annotated[
        float | None, Query(allow_inf_nan=False, ge=-1e9, le=1e9, description="Pixel upward, 0-based centre.")
    ] = None,
    ra: Annotated[
        float | None, Query(allow_inf_nan=False, ge=-360, le=720, description="ICRS right ascension, degrees.")
    ] = None,
    dec: Annotated[
        float | None, Query(allow_inf_nan=False, ge=-90, le=90, description="ICRS declination, degrees.")
    ] = None,
) -> Response:
    """Exact value at full resolution, at a pixel (`x`, `y`) or at a position (`ra`, `dec`)."""
    services = services_of(request)
    found = services.layer(request, layer)
    if x is not None and y is not None and ra is None and dec is None:
        answer = await services.compute(
            request, ("value", found, x, y), functools.partial(facts.value_at_pixel, found, x, y)
        )
    elif ra is not None and dec is not None and x is None and y is None:
        answer = await services.compute(
            request, ("sky", found, ra, dec), functools.partial(facts.value_at_sky, found, ra, dec)
        )
    else:
        raise ParameterError("x", "give either x and y, or ra and dec")
    return json_answer(request, answer)


@router.get("/layers/{layer}/histogram", response_model=models.Histogram, responses=ERRORS, tags=["layers"])
async def histogram(
    request: Request,
    layer: LayerId,
    bins: Annotated[int, Query(ge=1, le=65536)] = 256,
    exact: Annotated[int, Query(ge=0, le=1, description="1: of every pixel; 0: of a sample, at once.")] = 0,
    vmin: Finite = None,
    vmax: Finite = None,
) -> Response:
    """Counts, edges, moments and percentiles."""
    services = services_of(request)
    found = services.layer(request, layer)
    if vmin is not None and vmax is not None and not vmin < vmax:
        raise ParameterError("vmin", "must be less than vmax")
    work = functools.partial(facts.histogram, found, bins, exact=bool(exact), vmin=vmin, vmax=vmax)
    answer = await services.compute(request, ("histogram", found, bins, exact, vmin, vmax), work)
    return json_answer(request, answer)


@router.get(
    "/layers/{layer}/header",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **ERRORS},
    response_class=Response,
    tags=["layers"],
)
async def header(request: Request, layer: LayerId) -> Response:
    """Header of the layer's HDU: a card a line."""
    services = services_of(request)
    found = services.layer(request, layer)
    text = await services.compute(request, ("header", found), lambda: facts.header(found))
    return bytes_answer(request, text.encode("utf-8", "replace"), "text/plain; charset=utf-8")


@router.get("/layers/{layer}/headers", response_model=list[models.HeaderEntry], responses=ERRORS, tags=["layers"])
async def headers(request: Request, layer: LayerId) -> Response:
    """Headers of every HDU of the layer's file."""
    services = services_of(request)
    found = services.layer(request, layer)
    answer = await services.compute(request, ("headers", found), lambda: facts.headers(found))
    return json_answer(request, answer)


@router.get("/layers/{layer}/skygrid", responses={200: BINARY, **ERRORS}, response_class=Response, tags=["geometry"])
async def sky_grid(
    request: Request,
    layer: LayerId,
    x0: PixelEdge,
    y0: PixelEdge,
    x1: PixelEdge,
    y1: PixelEdge,
    nx: GridSize = 17,
    ny: GridSize = 17,
) -> Response:
    """ICRS unit vectors on a grid of pixels: little-endian float64 `[ny][nx][3]`, NaN where there is no sky."""
    services = services_of(request)
    found = services.layer(request, layer)
    box = (x0, y0, x1, y1, nx, ny)
    body = await services.compute(request, ("sky", found, *box), lambda: facts.sky_grid(found, *axes_of(*box)))
    return bytes_answer(request, body, "application/octet-stream")


@router.get("/layers/{layer}/pixelgrid", responses={200: BINARY, **ERRORS}, response_class=Response, tags=["geometry"])
async def pixel_grid(
    request: Request,
    layer: LayerId,
    base: Annotated[str, Query(max_length=256, description="Id of the layer whose pixels the grid is of.")],
    x0: PixelEdge,
    y0: PixelEdge,
    x1: PixelEdge,
    y1: PixelEdge,
    nx: GridSize = 17,
    ny: GridSize = 17,
) -> Response:
    """Pixels of this layer under a grid of pixels of `base`: little-endian float64 `[ny][nx][2]`."""
    services = services_of(request)
    found, below = services.layer(request, layer), services.layer(request, base)
    box = (x0, y0, x1, y1, nx, ny)
    work = functools.partial(facts.pixel_grid, found, below, *axes_of(*box))
    body = await services.compute(request, ("pixels", found, below, *box), work)
    return bytes_answer(request, body, "application/octet-stream")


IMAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/png", "image/jpeg", "image/webp")
        }
    },
    413: {"model": models.ErrorAnswer, "description": "More than 64 Mpixel."},
    **ERRORS,
}


@router.get("/layers/{layer}/image.{ext}", responses=IMAGE, response_class=Response, tags=["layers"])
async def image(
    request: Request,
    layer: LayerId,
    ext: Annotated[str, Path(max_length=16, description="`png`, `jpg` or `webp`.")],
    given: StyleWords,
    x0: Annotated[int, Query(ge=-(10**9), le=10**9)] = 0,
    y0: Annotated[int, Query(ge=-(10**9), le=10**9)] = 0,
    x1: Annotated[int, Query(ge=-(10**9), le=10**9)] = 10**9,
    y1: Annotated[int, Query(ge=-(10**9), le=10**9)] = 10**9,
) -> Response:
    """A region at full resolution, `x0 <= x < x1`, `y0 <= y < y1`, clipped to the plane; the whole plane by default."""
    services = services_of(request)
    found = services.layer(request, layer)
    box = PixelBox(x0, y0, x1, y1)
    # Two at once: each may hold several hundred MB.
    if services.images_under_way >= 2:
        raise UnavailableError("Two large images are being made already: try again in a moment.")
    services.images_under_way += 1
    try:
        work = functools.partial(region_image, found, ext, box, given)
        key = ("image", found, ext, box, tuple(sorted(given.items())))
        body, media_type = await services.compute(request, key, work)
    finally:
        services.images_under_way -= 1
    return bytes_answer(request, body, media_type, packed=False)
