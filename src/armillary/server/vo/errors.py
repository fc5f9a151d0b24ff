"""From exceptions to the answers that clients of the Virtual Observatory read (DALI 1.1, section 4.2): text, a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary import errors
from armillary.server.errors import RETRY_SECONDS, HttpError, status_of, told_to, unexpected
from armillary.vo.errors import dali_text, labelled, word_of_status

if TYPE_CHECKING:
    from armillary.holdings.access import Access

MEDIA_TYPE = "text/plain; charset=utf-8"
_STATUS: dict[type[errors.ArmillaryError], int] = {errors.ParameterError: 400, errors.VersionGoneError: 503}
"""Where it differs from that of the JSON API: no client of a standard knows 422, nor sends versions."""


def status(error: errors.ArmillaryError) -> int:
    """HTTP status of an error."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), status_of(error))


def answer_of(error: Exception, access: Access) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that tell a client of any exception.

    What nobody expected is logged under a reference, and only the reference is told.
    """
    error = told_to(error, access)
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
    if isinstance(error, HttpError):
        return error.status, headers | error.headers, _body(labelled(word_of_status(error.status), error.message))
    if isinstance(error, errors.ArmillaryError):
        code = status(error)
        if code == 503:
            headers["retry-after"] = str(RETRY_SECONDS)
        return code, headers, _body(dali_text(error))
    _, message = unexpected(error)
    return 500, headers, _body(labelled("Error", message))


def _body(text: str) -> bytes:
    return text.encode("utf-8", "replace")
