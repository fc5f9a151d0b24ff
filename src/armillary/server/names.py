"""Routes that find things by their names: what is on offer, and objects of the sky."""

from __future__ import annotations

import asyncio
import functools
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response  # noqa: TC002 - the framework reads it at run time

from armillary.holdings.search import LONGEST_QUERY
from armillary.server import models
from armillary.server.answers import json_answer
from armillary.server.asgi import unless_gone
from armillary.server.resolver import LONGEST_NAME, WHOLE_TIMEOUT_S, cleaned_name, unreachable
from armillary.server.services import access_of, services_of

router = APIRouter(prefix="/api")


class FoundLayer(BaseModel):
    """A layer that was found, and the names above it."""

    layer_id: str
    name: str
    description: str
    path: list[str]


class FoundSourceGroup(BaseModel):
    """A catalog that was found."""

    source_group_id: str
    name: str
    description: str


class FoundBox(BaseModel):
    """A box that was found."""

    box_id: str
    name: str
    description: str


class Found(BaseModel):
    """What was found, at most 200 of a kind."""

    layers: list[FoundLayer]
    source_groups: list[FoundSourceGroup]
    boxes: list[FoundBox]


class Resolved(BaseModel):
    """An object of the sky: ICRS degrees, and who knows it."""

    name: str
    ra: float
    dec: float
    found_by: str
    type: str | None


def _error(text: str) -> dict[str, object]:
    return {"model": models.ErrorAnswer, "description": text}


@router.get(
    "/search",
    response_model=Found,
    responses={401: _error("No token, or not the right one."), 422: _error("The query is empty or too long.")},
    tags=["holdings"],
)
async def search(
    request: Request,
    q: Annotated[str, Query(min_length=1, max_length=LONGEST_QUERY, description="Words, all of which must be there.")],
) -> Response:
    """Layers, catalogs and boxes of which name, description, id or path holds every word."""
    services = services_of(request)
    return json_answer(request, services.search.find(q, access_of(request)))


@router.get(
    "/resolve",
    response_model=Resolved,
    responses={
        401: _error("No token, or not the right one."),
        404: _error("No such object is known (`name_unknown`)."),
        422: _error("The name is empty, too long or no text."),
        503: _error("The name service cannot be reached (`resolver_unreachable`)."),
    },
    tags=["geometry"],
)
async def resolve(
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=2 * LONGEST_NAME, description="Such as `M 31`.")],
) -> Response:
    """Position of an object by its name, asked of SIMBAD, NED and VizieR through Sesame."""
    services = services_of(request)
    asked = cleaned_name(name)
    work = services.name_workers.run(asked, functools.partial(services.names.resolve, asked))
    try:
        found = await unless_gone(request.receive, asyncio.wait_for(work, WHOLE_TIMEOUT_S + 2))
    except TimeoutError:
        raise unreachable("the name service does not answer in time") from None
    answer = {"name": found.name, "ra": found.ra_deg, "dec": found.dec_deg, "found_by": found.found_by}
    return json_answer(request, {**answer, "type": found.type}, cache_control="private, max-age=3600")
