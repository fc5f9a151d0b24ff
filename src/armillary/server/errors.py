"""The one table from exceptions to HTTP, and the one form of an error answer."""

from __future__ import annotations

import json
import logging
import secrets
from typing import TYPE_CHECKING, Any

from armillary import errors
from armillary.holdings.access import ANONYMOUS
from armillary.holdings.words import clean, error_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from armillary.holdings.access import Access

log = logging.getLogger(__name__)

STATUS: dict[type[errors.ArmillaryError], int] = {
    errors.ParameterError: 422,
    errors.UsageError: 400,
    errors.NotFoundError: 404,
    errors.VersionGoneError: 410,
    errors.LimitError: 413,
    errors.UnavailableError: 503,
    errors.ConfigurationError: 500,
    errors.UnreadableFileError: 503,
    errors.NotFitsError: 503,
    errors.CorruptFileError: 503,
    errors.NoPixelsError: 503,
    errors.UnsupportedFileError: 503,
    errors.FileError: 503,
}
RETRY_SECONDS = 2
VO = "/vo/"
"""Where the services of the Virtual Observatory stand, below the root."""


class HttpError(Exception):
    """An answer that the web layer itself gives: bad address, no token, method not allowed.

    Parameters
    ----------
    status, code, message
        As sent.
    headers
        Further headers.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})


def status_of(error: errors.ArmillaryError) -> int:
    """Status of an error: that of its nearest class in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def body_of(code: str, message: str, detail: Any = None) -> bytes:
    """``{"error": {"code", "message", "detail"}}``."""
    error = {"code": code, "message": message, "detail": clean(detail or {})}
    return json.dumps({"error": error}, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def told_to(error: Exception, access: Access) -> Exception:
    """What a caller is told: why a file cannot be used, and what is wrong with the settings, administrators alone."""
    if access.administrator:
        return error
    if isinstance(error, errors.FileError):
        return errors.UnavailableError("This is not available now: its file cannot be used.")
    if isinstance(error, errors.ConfigurationError):
        log.error("%s", error.message)
        return errors.ConfigurationError("This server is not set up as it must be: its log says what is wrong.")
    return error


def answer_of(error: Exception, access: Access = ANONYMOUS) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that tell a client of any exception.

    What nobody expected is logged under a reference, and only the reference is told.
    """
    error = told_to(error, access)
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if isinstance(error, HttpError):
        return error.status, headers | error.headers, body_of(error.code, error.message)
    if isinstance(error, errors.ArmillaryError):
        status = status_of(error)
        detail = dict(error.detail)
        code = detail.pop("code", None) or error_code(error)
        if status == 503:
            headers["retry-after"] = str(RETRY_SECONDS)
        return status, headers, body_of(code, error.message, detail)
    reference, message = unexpected(error)
    return 500, headers, body_of("internal", message, {"reference": reference})


def answer_at(path: str, error: Exception, access: Access = ANONYMOUS) -> tuple[int, dict[str, str], bytes]:
    """The same as the services at a path below the root tell it: text for the Virtual Observatory, else JSON."""
    if not path.startswith(VO):
        return answer_of(error, access)
    from armillary.server.vo.errors import answer_of as text_of

    return text_of(error, access)


def unexpected(error: Exception) -> tuple[str, str]:
    """Log what nobody expected; the reference that finds it in the log, and what the client is told."""
    reference = secrets.token_hex(6)
    log.error("unexpected failure %s", reference, exc_info=error)
    return reference, f"Something unexpected failed. The server's log has more under reference {reference}."
