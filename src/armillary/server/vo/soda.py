"""``/vo/soda/sync``: SODA 1.0 (IVOA REC 2017-05-17), a cutout while the client waits."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from armillary.holdings.pictures import picture_of
from armillary.holdings.soda import Filter, cut_observation
from armillary.holdings.styles import STYLE_NAMES, check_style
from armillary.server.answers import body_answer
from armillary.server.asgi import header, is_among
from armillary.server.cutout_answers import SMALL_BYTES, CutoutStream, image_room, tag_of, take_slot
from armillary.server.ranges import range_headers, range_of
from armillary.server.services import access_of, services_of
from armillary.server.vo.answers import parameters_of
from armillary.vo.soda import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from armillary.holdings.access import Access
    from armillary.holdings.observations import Observation
    from armillary.server.services import Services
    from armillary.vo.parameters import Parameters

CACHING = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Made:
    """The beginning of an answer.

    Parameters
    ----------
    status
        200; 204 where nothing is inside, 304 where the client has it.
    tag
        Entity tag.
    headers
        Further ones.
    length
        Bytes of all of it.
    body
        All of a small one, unless only its length is wanted.
    rest
        The bytes of a large one.
    """

    status: int
    tag: str = ""
    media_type: str = ""
    file_name: str = ""
    length: int = 0
    body: bytes = b""
    rest: Iterator[bytes | memoryview] | None = None


NOTHING = Made(204)
"""No pixel lies inside."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for.

    Parameters
    ----------
    known
        Tags that the client has.
    only_length
        It is a HEAD.
    """

    parameters: Parameters
    access: Access
    known: str
    only_length: bool

    @property
    def is_picture(self) -> bool:
        """Whether a picture is asked for, as far as that can be told before the parameters are looked at."""
        forms = self.parameters.all("RESPONSEFORMAT")
        return bool(forms) and "fits" not in forms[0].lower()

    @property
    def style(self) -> dict[str, str]:
        """Style of a picture: parameters of ours, as the JSON API has them."""
        given = {name: self.parameters.one(name) for name in STYLE_NAMES}
        return {name: value for name, value in given.items() if value is not None}


async def sync(request: Request) -> Response:
    """A cutout; 204 where no pixel lies inside (SODA 1.0, section 5.2)."""
    services = services_of(request)
    asked = Asked(
        await parameters_of(request),
        access_of(request),
        header(request.scope, b"if-none-match"),
        bool(request.scope.get("armillary.head")),
    )
    # Not shared: what a large one is read from belongs to one client.
    with image_room(services) if asked.is_picture else contextlib.nullcontext():
        made = await services.compute(request, None, functools.partial(make, services, asked))
    return answer(request, services, made)


def make(services: Services, asked: Asked) -> Made:
    """Begin a cutout; one of up to 16 MiB is made whole. Blocks.

    Raises
    ------
    ParameterError, NotFoundError, LimitError, FileError, UnavailableError
        It cannot be made.
    """
    wanted = parse(asked.parameters, authority=services.settings.vo_authority, sync=True)
    style = asked.style if wanted.form != "fits" else {}
    check_style(style)
    observation = services.holdings.observation(wanted.ids[0], asked.access)
    combo = next(wanted.combos())
    about = ("soda", combo.key, wanted.media_type, tuple(sorted(style.items())))
    if asked.known:
        tag = tag_of(observation.version, *about)
        if is_among(asked.known, tag):
            return Made(304, tag)
    wish = Filter(combo.region, combo.band_m, combo.time_mjd, combo.pols)
    if wanted.form != "fits":
        found = picture_of(observation, wish, wanted.form, style)
        if found is None:
            return NOTHING
        tag = tag_of(found.version, *about)
        return Made(
            200, tag, wanted.media_type, found.file_name, found.length(), b"" if asked.only_length else found.body
        )
    return _fits(services, observation, wish, about, wanted.media_type, only_length=asked.only_length)


def _fits(
    services: Services,
    observation: Observation,
    wish: Filter,
    about: tuple[object, ...],
    media_type: str,
    *,
    only_length: bool,
) -> Made:
    cut = cut_observation(observation, wish, most_pixels=services.settings.cutout_pixels)
    if cut is None:
        return NOTHING
    length = cut.length()
    begun = Made(200, tag_of(cut.version, *about), media_type, cut.file_name, length)
    if only_length:
        return begun
    if length <= SMALL_BYTES:
        return replace(begun, body=b"".join(cut.parts()))
    return replace(begun, rest=cut.parts())


def answer(request: Request, services: Services, made: Made) -> Response:
    """The response; of a small one also a part, where the client asks for that."""
    headers = {"cache-control": CACHING} | ({"etag": made.tag} if made.tag else {})
    if made.status != 200:
        return Response(None, made.status, headers)
    place = "attachment" if "fits" in made.media_type else "inline"
    headers["content-disposition"] = f'{place}; filename="{made.file_name}"'
    is_head = bool(request.scope.get("armillary.head"))
    if made.length <= SMALL_BYTES or made.body:
        part = None if is_head else range_of(request.scope, made.length, made.tag)
        headers |= range_headers(part, made.length)
        body = made.body if part is None else made.body[slice(*part)]
        if not is_head:
            return body_answer(body, headers, made.media_type, status=206 if part else 200)
    headers |= {"content-length": str(made.length)}
    if is_head or made.rest is None:
        return Response(None, 200, headers, made.media_type)
    take_slot(services)
    # Bytes in the middle would cost as much as all before them.
    headers["accept-ranges"] = "none"
    return CutoutStream(services, made.rest, made.file_name, headers, made.media_type)


routes = [Route("/vo/soda/sync", sync, methods=["GET", "POST"])]
