"""Requests and answers of DALI 1.1 (IVOA REC 2017-05-17): parameters from query and body, VOTables, addresses."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from armillary.errors import LimitError, ParameterError, UsageError
from armillary.render.coding import negotiate
from armillary.server.answers import SMALLEST_COMPRESSED, body_answer, patient
from armillary.server.asgi import ClientGoneError, header
from armillary.server.doors.cookies import Site
from armillary.server.errors import HttpError
from armillary.server.services import services_of
from armillary.vo import votable
from armillary.vo.parameters import MOST_PARAMETERS, Parameters, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from armillary.server.work import Workers

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
LARGEST_FIELD = 8 << 20
"""Bytes of all fields of a body that are no files."""
SMALL_BODY = 1 << 14
"""Bytes of a body that is read in less time than it takes to hand it to a thread."""
MOST_FILES = 64
LARGEST_WHOLE = 1 << 20
"""Bytes of a VOTable that is made before its answer begins; the rest of a larger one is made as it is taken."""
NO_STORE = "private, no-store"
_HOST = re.compile(r"[A-Za-z0-9_.~-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?", re.ASCII)

VOTABLE_TYPES = {
    "votable": votable.MEDIA_TYPE,
    "application/x-votable+xml": votable.MEDIA_TYPE,
    "application/x-votable+xml;serialization=tabledata": "application/x-votable+xml;serialization=TABLEDATA",
    "text/xml": "text/xml",
    "application/xml": "application/xml",
}
"""What ``RESPONSEFORMAT`` may ask for, spaces and case aside, and how the answer is named then."""


@dataclass(frozen=True, slots=True)
class Form:
    """What came with a request.

    Parameters
    ----------
    parameters
        Of the query, then of the body.
    files
        Files of a ``multipart`` body by the names of their parts; they lie on the disk, and are gone after the request.
    """

    parameters: Parameters
    files: dict[str, UploadFile] = field(default_factory=dict)


async def parameters_of(request: Request) -> Parameters:
    """Parameters of a request, from its query and its body; files in that are thrown away.

    Raises
    ------
    UsageError, LimitError, HttpError
        As ``form_of``.
    """
    async with form_of(request) as form:
        return form.parameters


@contextlib.asynccontextmanager
async def form_of(request: Request) -> AsyncIterator[Form]:
    """Parameters and files of a request.

    Raises
    ------
    UsageError
        The query or the body cannot be read.
    LimitError
        The body is larger than the setting ``upload_size``, or has too many parts.
    HttpError
        415: the body is no form.
    """
    pairs = _pairs(request.scope["query_string"])
    kind = header(request.scope, b"content-type").partition(";")[0].strip().lower()
    if request.method not in {"POST", "PUT"}:
        yield Form(Parameters(pairs))
    elif kind == MULTIPART:
        async with _multipart(request) as (fields, files):
            yield Form(Parameters(pairs + fields), files)
    else:
        yield Form(Parameters(pairs + await _urlencoded(request, kind)))


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode(), keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict")
    except UnicodeDecodeError:
        raise UsageError("The parameters are no text in UTF-8.") from None
    except ValueError:
        raise LimitError(f"A request has at most {MOST_PARAMETERS} parameters.") from None


async def _urlencoded(request: Request, kind: str) -> list[tuple[str, str]]:
    body = b"".join([part async for part in _bounded(request, LARGEST_FIELD)])
    if not body:
        return []
    if kind != FORM:
        message = f"The body of this request must be {FORM} or {MULTIPART}."
        raise HttpError(415, "media_type", message)
    return _pairs(body) if len(body) <= SMALL_BODY else await asyncio.to_thread(_pairs, body)


class _Parser(MultiPartParser):
    """One that bounds all fields together, and knows whether the body came to its end: else parts would be missed."""

    ended = False
    _text_bytes = 0

    @property
    def _charset(self) -> str:
        """UTF-8, whatever the header says: strangers choose no decoder (RFC 7578, 4.6, has no such parameter)."""
        return "utf-8"

    @_charset.setter
    def _charset(self, said: str) -> None:
        pass

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a part; fields are kept in memory, and are bounded together."""
        if self._current_part.file is None:
            self._text_bytes += end - start
            if self._text_bytes > LARGEST_FIELD:
                raise MultiPartException("Part exceeded what fields may have together.")
        super().on_part_data(data, start, end)

    def on_end(self) -> None:
        """The last boundary was read."""
        self.ended = True

    def close(self) -> None:
        """Close the files, also those of parts that were not read to their end."""
        for file in getattr(self, "_files_to_close_on_error", ()):
            file.close()


@contextlib.asynccontextmanager
async def _multipart(request: Request) -> AsyncIterator[tuple[list[tuple[str, str]], dict[str, UploadFile]]]:
    parser = _Parser(
        request.headers,
        _bounded(request),
        max_files=MOST_FILES,
        max_fields=MOST_PARAMETERS,
        max_part_size=LARGEST_FIELD,
    )
    with contextlib.closing(parser):
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise _multipart_error(error) from None
        except (KeyError, UnicodeDecodeError, LookupError):
            raise UsageError("The body of this request is no multipart/form-data.") from None
        if not parser.ended:
            raise UsageError("The body of this request ends before its last boundary.")
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        yield fields, {name: value for name, value in form.multi_items() if isinstance(value, UploadFile)}


def _multipart_error(error: MultiPartException) -> UsageError | LimitError:
    if error.message.startswith(("Too many", "Part exceeded")):
        return LimitError(
            f"A body has at most {MOST_PARAMETERS} fields, {LARGEST_FIELD >> 20} MiB in all, and {MOST_FILES} files."
        )
    return UsageError("The body of this request is no multipart/form-data.")


async def _bounded(request: Request, most: int | None = None) -> AsyncGenerator[bytes, None]:
    """The body in parts, as far as it is not too large."""
    allowed = services_of(request).settings.upload_size << 20
    allowed = allowed if most is None else min(allowed, most)
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > allowed:
                raise LimitError(f"The body of this request has more than {allowed >> 20} MiB.")
            yield part
    except ClientDisconnect:
        raise ClientGoneError from None


def address(request: Request, path: str) -> str:
    """Whole address of a path below the root, as the client reaches the server.

    That is the setting ``public_url``, else what the request says of itself, with the scheme that a trusted proxy says.

    Raises
    ------
    UsageError
        The request names no host that can be part of an address.
    """
    settings = services_of(request).settings
    if not settings.public_url and not _HOST.fullmatch(header(request.scope, b"host")):
        raise UsageError("The header Host of this request is no name of a host.")
    return Site(settings, settings.port).url(request.scope, path)


def votable_type(parameters: Parameters, plain: str = votable.MEDIA_TYPE, more: dict[str, str] | None = None) -> str:
    """The media type that ``RESPONSEFORMAT`` asks for (DALI 1.1, 3.4.3).

    Parameters
    ----------
    plain
        Where it asks for none, or just for a VOTable by its short name.
    more
        Further types, as ``VOTABLE_TYPES``.

    Raises
    ------
    ParameterError
        It is none that there is.
    """
    asked = parameters.one("RESPONSEFORMAT")
    if asked is None:
        return plain
    known = VOTABLE_TYPES | {"votable": plain} | (more or {})
    found = known.get("".join(asked.lower().replace('"', "").split()))
    if found is None:
        raise ParameterError("RESPONSEFORMAT", f"'{shown(asked)}' is none of {', '.join(known)}.")
    return found


async def votable_answer(
    request: Request, make: Callable[[], votable.Document], media_type: str, workers: Workers | None = None
) -> Response:
    """A VOTable, made in a thread; a large one is sent as it is made, and never held whole.

    Parameters
    ----------
    make
        Makes it; its errors are those of the request.
    """

    def begin() -> tuple[bytes, Iterator[bytes] | None]:
        blocks, first, size = votable.write(make()), [], 0
        for block in blocks:
            first.append(block)
            size += len(block)
            if size > LARGEST_WHOLE:
                return b"".join(first), blocks
        return b"".join(first), None

    head, rest = await services_of(request).compute(request, None, begin, workers)
    if rest is None:
        return bytes_answer(request, head, media_type)
    asks_head = bool(request.scope.get("armillary.head"))
    parts = iter(()) if asks_head else _chained(head, rest)
    # Named by hand: the framework would add a charset, and XML says its own.
    return _Stream(parts, 200, {"cache-control": NO_STORE, "content-type": media_type})


class _Stream(StreamingResponse):
    """A stream that gives up where the client takes nothing any more."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await super().__call__(scope, receive, patient(send))


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def bytes_answer(request: Request, body: bytes, media_type: str) -> Response:
    """A document, compressed where the client takes that, kept by nobody."""
    accepted = header(request.scope, b"accept-encoding")
    coding = negotiate(accepted) if len(body) >= SMALLEST_COMPRESSED else "identity"
    headers = {"content-type": media_type, "cache-control": NO_STORE, "vary": "Accept-Encoding"}
    return body_answer(body, headers, media_type, coding)
