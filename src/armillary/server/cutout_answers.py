"""Bodies of cutouts: FITS files that are streamed, and images."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.responses import Response, StreamingResponse

from armillary.errors import ArmillaryError, UnavailableError
from armillary.holdings import pictures
from armillary.holdings.facts import steadily
from armillary.holdings.pictures import picture
from armillary.holdings.regions import check_pixels, cut_of
from armillary.server.answers import body_answer, patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from starlette.requests import Request
    from starlette.types import Send

    from armillary.holdings.layers import Layer
    from armillary.holdings.regions import Wish
    from armillary.images.pyramid import Pyramid
    from armillary.server.services import Services

log = logging.getLogger(__name__)

SMALL_BYTES = 16 << 20
MEDIA_TYPES = {"fits": "application/fits", **pictures.MEDIA_TYPES}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(slots=True)
class Made:
    """The beginning of a cutout.

    Parameters
    ----------
    length
        Bytes of all of it.
    version
        Version of the layer that it is of.
    body
        All of a small one.
    rest
        The bytes of a large one.
    """

    length: int
    version: str
    body: bytes
    rest: Iterator[bytes | memoryview] | None = None


def fits_file(layer: Layer, wish: Wish, limit: int, *, only_length: bool) -> Made:
    """Begin a cutout as a FITS file; one of up to 16 MiB is made whole.

    Raises
    ------
    LimitError, ParameterError, NotFoundError, FileError
        It cannot be made.
    """
    from armillary.images.cutouts.fitsfile import FitsCutout

    def read(pyramid: Pyramid, version: str) -> Made:
        cut = cut_of(layer, pyramid, wish)
        check_pixels(cut, limit, "A FITS cutout")
        cutout = FitsCutout(pyramid.plane, cut)
        length = cutout.length()
        if only_length:
            return Made(length, version, b"")
        if length <= SMALL_BYTES:
            return Made(length, version, b"".join(cutout.parts()))
        return Made(length, version, b"", cutout.parts())

    return steadily(layer, read)


def image_file(layer: Layer, wish: Wish, form: str, given: Mapping[str, str]) -> Made:
    """A cutout as an image; pixels outside the region are transparent.

    Raises
    ------
    LimitError, ParameterError, NotFoundError, FileError
        It cannot be made.
    """

    def read(pyramid: Pyramid, version: str) -> Made:
        body = picture(layer, pyramid, cut_of(layer, pyramid, wish), form, given)
        return Made(len(body), version, body)

    return steadily(layer, read)


def file_name(layer_id: str, form: str) -> str:
    """A name that is safe in a header and in every file system."""
    stem = _UNSAFE.sub("_", layer_id).strip("._-")[:100] or "layer"
    return f"{stem}-cutout.{form}"


def tag_of(version: str, *about: object) -> str:
    """Entity tag of what is made of a version."""
    return f'"{hashlib.blake2b(repr((version, about)).encode(), digest_size=12).hexdigest()}"'


def headers_of(layer: Layer, form: str, tag: str) -> dict[str, str]:
    """Headers of every cutout."""
    place = "attachment" if form == "fits" else "inline"
    return {
        "etag": tag,
        "cache-control": "private, no-cache",
        "content-disposition": f'{place}; filename="{file_name(layer.id, form)}"',
    }


def answer(request: Request, services: Services, layer: Layer, form: str, made: Made, tag: str) -> Response:
    """The response; the slot of a large one is held until its last byte is out."""
    headers = headers_of(layer, form, tag) | {"content-length": str(made.length)}
    if request.scope.get("armillary.head"):
        return Response(None, 200, headers, MEDIA_TYPES[form])
    if made.rest is None:
        return body_answer(made.body, headers, MEDIA_TYPES[form], "identity")
    take_slot(services)
    return CutoutStream(services, made.rest, layer.id, headers, MEDIA_TYPES["fits"])


@contextlib.contextmanager
def image_room(services: Services) -> Iterator[None]:
    """Room for a large image while it is made: two at once, each may hold several hundred MB.

    Raises
    ------
    UnavailableError
        There is none.
    """
    if services.images_under_way >= 2:
        raise UnavailableError("Two large images are being made already: try again in a moment.")
    services.images_under_way += 1
    try:
        yield
    finally:
        services.images_under_way -= 1


def take_slot(services: Services) -> None:
    """Count one more large cutout.

    Raises
    ------
    UnavailableError
        Too many are under way.
    """
    if services.cutouts_under_way >= services.settings.cutouts:
        raise UnavailableError("Too many large cutouts are under way: try again in a moment.")
    services.cutouts_under_way += 1


class CutoutStream(StreamingResponse):
    """A large cutout, a block at a time, each when the client has taken the one before; gives its slot back at the end.

    Parameters
    ----------
    rest
        The bytes; an error of theirs breaks the answer off.
    name
        What is cut, for the log.
    """

    def __init__(
        self,
        services: Services,
        rest: Iterator[bytes | memoryview],
        name: str,
        headers: Mapping[str, str],
        media_type: str,
    ) -> None:
        super().__init__(_blocks(rest, name), 200, headers, media_type)
        self._services = services

    async def __call__(self, scope: object, receive: object, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, patient(send))  # type: ignore[arg-type]
        finally:
            self._services.cutouts_under_way -= 1


async def _blocks(rest: Iterator[bytes | memoryview], name: str) -> AsyncIterator[bytes]:
    while True:
        try:
            block = await asyncio.to_thread(next, rest, None)
        except ArmillaryError as error:
            # What was sent is of one version; the length that was promised tells the client that more was meant.
            log.warning("a cutout of %s was broken off: %s", name, error.message)
            raise
        if block is None:
            return
        # Servers take any buffer, whatever the type says: no copy.
        yield cast("bytes", block)
