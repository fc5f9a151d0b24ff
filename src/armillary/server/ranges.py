"""Parts of an answer's bytes that a client asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from armillary.server.asgi import header
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from armillary.server.asgi import Scope

_ONE = re.compile(r"bytes\s*=\s*([0-9]{0,19})\s*-\s*([0-9]{0,19})", re.ASCII | re.IGNORECASE)


def range_of(scope: Scope, length: int, etag: str) -> tuple[int, int] | None:
    """The part of so many bytes that is asked for; None for all of them.

    Several ranges at once, and what is no range, are passed over as the standard allows; so is a range of what the
    client knows under another tag (``If-Range``).

    Returns
    -------
    First byte, and the one after the last.

    Raises
    ------
    HttpError
        416: the part begins behind the end.
    """
    asked = _ONE.fullmatch(header(scope, b"range").strip())
    if asked is None or not any(asked.groups()):
        return None
    known = header(scope, b"if-range")
    if known and known != etag:
        return None
    first, last = asked.groups()
    start = int(first) if first else max(0, length - int(last))
    stop = min(length, int(last) + 1) if first and last else length
    if first and last and int(last) < start:
        return None
    if start >= length or (not first and int(last) == 0):
        message = f"There are {length} bytes only."
        raise HttpError(416, "range", message, {"content-range": f"bytes */{length}"})
    return start, stop


def range_headers(part: tuple[int, int] | None, length: int) -> dict[str, str]:
    """Headers of an answer that is a part, or all, of so many bytes."""
    if part is None:
        return {"accept-ranges": "bytes", "content-length": str(length)}
    start, stop = part
    said = f"bytes {start}-{stop - 1}/{length}"
    return {"accept-ranges": "bytes", "content-length": str(stop - start), "content-range": said}
