"""Errors as clients of the Virtual Observatory read them: words at the start of a text, or a VOTable."""

from __future__ import annotations

from armillary import errors
from armillary.vo.parameters import MultiValuedParamError
from armillary.vo.votable import Document, Info, Resource, to_bytes

# SODA 1.0 (IVOA REC 2017-05-17), 5.3; also those of DALI 1.1, 4.2.
_WORDS: dict[type[Exception], str] = {
    MultiValuedParamError: "MultiValuedParamNotSupported",
    errors.UsageError: "UsageError",
    errors.NotFoundError: "UsageError",
    errors.LimitError: "UsageError",
    errors.VersionGoneError: "ServiceUnavailable",
    errors.UnavailableError: "ServiceUnavailable",
    errors.FileError: "ServiceUnavailable",
}
_WORDS_OF_STATUS = {401: "AuthenticationError", 403: "AuthorizationError", 429: "ServiceUnavailable"}
# DataLink 1.1 (IVOA REC 2023-12-15), 3.4.
_FAULTS: dict[type[Exception], str] = {
    errors.UsageError: "UsageFault",
    errors.LimitError: "UsageFault",
    errors.NotFoundError: "NotFoundFault",
    errors.VersionGoneError: "TransientFault",
    errors.UnavailableError: "TransientFault",
    errors.FileError: "TransientFault",
}


def _first(table: dict[type[Exception], str], error: Exception, otherwise: str) -> str:
    return next((table[kind] for kind in type(error).__mro__ if kind in table), otherwise)


def line(message: str) -> str:
    """A message in one line."""
    return " ".join(message.split())


def word_of_status(status: int) -> str:
    """The word for an HTTP status where nothing better is known."""
    if status in _WORDS_OF_STATUS:
        return _WORDS_OF_STATUS[status]
    if status >= 500:
        return "ServiceUnavailable" if status == 503 else "Error"
    return "UsageError"


def labelled(word: str, message: str) -> str:
    """``word: message``, a line."""
    return f"{word}: {line(message)}\n"


def dali_text(error: Exception) -> str:
    """What failed, as text that begins with the word of its class (SODA 1.0, 5.3).

    A message is told only where it was meant for clients, of ``ArmillaryError``.
    """
    message = error.message if isinstance(error, errors.ArmillaryError) else "Something unexpected failed."
    return labelled(_first(_WORDS, error, "Error"), message)


def fault(error: Exception) -> str:
    """What failed, as the ``error_message`` of a row of links (DataLink 1.1, 3.4)."""
    message = error.message if isinstance(error, errors.ArmillaryError) else "Something unexpected failed."
    return f"{_first(_FAULTS, error, 'FatalFault')}: {line(message)}"


def error_votable(message: str) -> bytes:
    """A VOTable that says what failed (DALI 1.1, 4.4): ``QUERY_STATUS`` ``ERROR``, and no table."""
    said = Info("QUERY_STATUS", "ERROR", line(message))
    return to_bytes(Document((Resource(infos=(said,)),)))
