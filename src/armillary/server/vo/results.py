"""``/vo/soda/async/{job_id}/results/{result_id}``: the files that a job made."""

from __future__ import annotations

import asyncio
import functools
import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from armillary.errors import ArmillaryError, NotFoundError
from armillary.server.answers import patient
from armillary.server.asgi import header, is_among
from armillary.server.cutout_answers import tag_of
from armillary.server.ranges import range_headers, range_of
from armillary.server.services import access_of, services_of
from armillary.server.vo.jobs import access_then, find_own, gone, in_room, job_id_of, owner_of
from armillary.vo.identifiers import bare_id
from armillary.vo.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from armillary.holdings.access import Access
    from armillary.jobs.model import Job, Owner
    from armillary.jobs.model import Result as JobResult
    from armillary.server.job_room import JobRoom
    from armillary.server.services import Services

log = logging.getLogger(__name__)

CACHING = "private, no-cache"
_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]+")


async def result(request: Request) -> Response:
    """A file of a job, or the part that is asked for.

    Raises
    ------
    NotFoundError
        There is no such job or result, it is another's, or of what its owner may not see any more.
    """
    owner, job_id, result_id = owner_of(request), job_id_of(request), request.path_params["result_id"]
    find = functools.partial(_find, services_of(request), access_of(request), owner, job_id, result_id)
    found = await in_room(request, find)
    # A worker never writes a key twice, so a key says what its bytes are.
    tag = tag_of(found.key, found.size)
    headers = {"etag": tag, "cache-control": CACHING}
    known = header(request.scope, b"if-none-match")
    if known and is_among(known, tag):
        return Response(None, 304, headers)
    is_head = bool(request.scope.get("armillary.head"))
    part = None if is_head else range_of(request.scope, found.size, tag)
    headers |= {"content-disposition": _disposition(found), **range_headers(part, found.size)}
    if is_head:
        return Response(None, 200, headers, found.media_type)
    start, stop = part or (0, found.size)
    blocks = await in_room(request, functools.partial(_open, found.key, start, stop))
    return _FileAnswer(_sent(blocks, job_id), 206 if part else 200, headers, found.media_type)


def _find(services: Services, access: Access, owner: Owner, job_id: str, result_id: str, room: JobRoom) -> JobResult:
    job = find_own(owner, job_id, room)
    for found in job.results:
        if found.result_id == result_id and _may_see_still(services, access, job):
            return found
    raise NotFoundError("The job has no such result.")


def _may_see_still(services: Services, access: Access, job: Job) -> bool:
    """Whether all that the job was made of is there for who may see less now than when it was made."""
    before = access_then(job)
    if access.everything or (not before.everything and before.grants <= access.grants):
        return True

    def layers(obs_id: str, who: Access) -> set[str]:
        return {entry.layer_id for entry in services.holdings.observation(obs_id, who).entries}

    ids = [bare_id(text, services.settings.vo_authority) for text in Parameters(job.parameters).all("ID")]
    try:
        # A map may be there still, with fewer layers.
        return all(layers(one, before) <= layers(one, access) for one in ids)
    except NotFoundError:
        return False


def _open(key: str, start: int, stop: int, room: JobRoom) -> Iterator[bytes]:
    try:
        return room.results.read(key, start, stop)
    except NotFoundError:
        raise gone() from None


def _disposition(found: JobResult) -> str:
    """What the file is to be called; the plain name for those that do not read the other (RFC 6266, 4.3)."""
    place = "inline" if found.media_type.startswith(("image/png", "image/jpeg", "text/plain")) else "attachment"
    plain = _UNSAFE.sub("_", found.name).strip(". ")[:150] or "result"
    words = f'{place}; filename="{plain}"'
    return words if plain == found.name else f"{words}; filename*=UTF-8''{quote(found.name[:150], safe='')}"


async def _sent(blocks: Iterator[bytes], job_id: str) -> AsyncIterator[bytes]:
    try:
        while True:
            try:
                block = await asyncio.to_thread(next, blocks, None)
            except ArmillaryError as error:
                # The length that was promised tells the client that more was meant.
                log.warning("a result of job %s was broken off: %s", job_id, error.message)
                raise
            if block is None:
                return
            yield block
    finally:
        close = getattr(blocks, "close", None)
        if close is not None:
            close()


class _FileAnswer(StreamingResponse):
    """A file, a block at a time, each when the client has taken the one before."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await super().__call__(scope, receive, patient(send))
