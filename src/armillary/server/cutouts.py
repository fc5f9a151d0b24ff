"""Routes of regions: cutouts, outlines, apertures. Each parses, asks the gate, and hands on."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from armillary.errors import ParameterError
from armillary.holdings import regions as facts
from armillary.holdings.pictures import MAX_PIXELS
from armillary.holdings.regions import Wish
from armillary.holdings.styles import check_style
from armillary.server import models
from armillary.server.answers import json_answer
from armillary.server.asgi import not_modified
from armillary.server.cutout_answers import MEDIA_TYPES, answer, fits_file, headers_of, image_file, image_room, tag_of
from armillary.server.routes import ERRORS, LayerId
from armillary.server.services import services_of
from armillary.server.style_query import StyleWords  # noqa: TC001 - read at run time
from armillary.sky.regions import parse_pos

if TYPE_CHECKING:
    from armillary.sky.regions import Region

router = APIRouter(prefix="/api")

MAX_POS = 8192
LIMIT: dict[int | str, dict[str, Any]] = {
    413: {"model": models.ErrorAnswer, "description": "More than one request may have; the message names the bound."}
}
CUTOUT: dict[int | str, dict[str, Any]] = {
    200: {
        "model": models.CutoutEstimate,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()},
        "description": "The cutout; with `estimate=1` what it would be.",
    },
    304: {"description": "As before."},
    **LIMIT,
    **ERRORS,
}
POS_TEXT = "`CIRCLE ra dec radius`, `RANGE ra1 ra2 dec1 dec2` or `POLYGON ra1 dec1 ra2 dec2 …`: ICRS degrees."
Pos = Annotated[str | None, Query(alias="POS", max_length=MAX_POS, description=POS_TEXT)]
Edge = Annotated[int | None, Query(ge=-(10**9), le=10**9, description="Pixel; the box is half-open.")]
Flag = Annotated[int, Query(ge=0, le=1)]


async def _region(request: Request, pos: str) -> Region:
    """The region of ``POS``; corners of a polygon are compared in a thread."""
    if not pos.lstrip()[:7].upper().startswith("POLYGON"):
        return parse_pos(pos)
    services = services_of(request)
    return await services.compute(request, ("region", pos), functools.partial(parse_pos, pos))


async def _wish(request: Request, pos: str | None, box: tuple[int | None, ...], *, masked: bool) -> Wish:
    given = [edge for edge in box if edge is not None]
    if pos is not None and given:
        raise ParameterError("POS", "give either POS or x0, y0, x1, y1")
    if pos is not None:
        return Wish(await _region(request, pos), None, masked)
    if len(given) != 4:
        raise ParameterError("POS", "give a region (POS) or a box of pixels (x0, y0, x1, y1)")
    return Wish(None, (given[0], given[1], given[2], given[3]), masked)


@router.get("/layers/{layer}/cutout", responses=CUTOUT, response_class=Response, tags=["regions"])
async def cutout(
    request: Request,
    layer: LayerId,
    given: StyleWords,
    pos: Pos = None,
    x0: Edge = None,
    y0: Edge = None,
    x1: Edge = None,
    y1: Edge = None,
    form: Annotated[str, Query(alias="format", max_length=16, description="`fits`, `png`, `jpg` or `webp`.")] = "fits",
    mask: Flag = 1,
    estimate: Flag = 0,
) -> Response:
    """A region of the sky (`POS`) or of the pixels as FITS, bit by bit as in the file, or as an image."""
    services = services_of(request)
    found = services.layer(request, layer)
    if form not in MEDIA_TYPES:
        raise ParameterError("format", f"must be one of {', '.join(MEDIA_TYPES)}, not {form!r}")
    check_style(given)
    wish = await _wish(request, pos, (x0, y0, x1, y1), masked=bool(mask))
    limit = services.settings.cutout_pixels if form == "fits" else MAX_PIXELS
    about = ("cutout", layer, wish.words, form, tuple(sorted(given.items())))
    if estimate:
        work = functools.partial(facts.estimate, found, wish, form, limit)
        return json_answer(request, await services.compute(request, ("estimate", found, *about), work))
    if "if-none-match" in request.headers:
        # In a thread: the file may not be open yet, or lie far away.
        tag = tag_of(await services.compute(request, ("version", found), lambda: found.version), *about)
        if not_modified(request.scope, tag.encode()):
            return Response(None, 304, headers_of(found, form, tag))
    if form == "fits":
        only_length = bool(request.scope.get("armillary.head"))
        # Not shared: what a large one is read from belongs to one client.
        make = functools.partial(fits_file, found, wish, limit, only_length=only_length)
        made = await services.compute(request, None, make)
    else:
        made = await _image(request, (found, *about), functools.partial(image_file, found, wish, form, given))
    return answer(request, services, found, form, made, tag_of(made.version, *about))


async def _image(request: Request, about: tuple[object, ...], work: functools.partial[Any]) -> Any:
    services = services_of(request)
    with image_room(services):
        return await services.compute(request, about, work)


@router.get("/layers/{layer}/outline", response_model=models.Outline, responses={**LIMIT, **ERRORS}, tags=["regions"])
async def outline(
    request: Request,
    layer: LayerId,
    pos: Annotated[str, Query(alias="POS", max_length=MAX_POS, description=POS_TEXT)],
) -> Response:
    """The border of a region as lines in pixels of the layer, for drawing."""
    services = services_of(request)
    found = services.layer(request, layer)
    region = await _region(request, pos)
    work = functools.partial(facts.outline, found, region)
    return json_answer(request, await services.compute(request, ("outline", found, region.words), work))


@router.get("/layers/{layer}/aperture", response_model=models.Aperture, responses={**LIMIT, **ERRORS}, tags=["regions"])
async def aperture(
    request: Request,
    layer: LayerId,
    ra: Annotated[float, Query(allow_inf_nan=False, ge=-360, le=720, description="ICRS right ascension, degrees.")],
    dec: Annotated[float, Query(allow_inf_nan=False, ge=-90, le=90, description="ICRS declination, degrees.")],
    radius: Annotated[
        float, Query(allow_inf_nan=False, ge=0, le=90, description="Radius on the great circle, degrees.")
    ],
) -> Response:
    """Statistics of the pixels whose centres lie in a circle."""
    services = services_of(request)
    found = services.layer(request, layer)
    work = functools.partial(facts.aperture, found, ra, dec, radius)
    return json_answer(request, await services.compute(request, ("aperture", found, ra, dec, radius), work))
