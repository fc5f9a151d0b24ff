"""Positions of objects by their names, asked of Sesame: bounded, kept for a while, and of one host only."""

from __future__ import annotations

import logging
import threading
import time
import urllib.parse
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from armillary import __version__
from armillary.errors import ConfigurationError, NotFoundError, ParameterError, UnavailableError
from armillary.server.sesame import FoundObject, UnreadableAnswerError, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.request import OpenerDirector

log = logging.getLogger(__name__)

LONGEST_NAME = 100
LARGEST_ANSWER_BYTES = 256 << 10
TIMEOUT_S = 5.0
WHOLE_TIMEOUT_S = 10.0
KEPT_NAMES = 1024
KEPT_SECONDS = 86_400.0
UNKNOWN_SECONDS = 300.0
SILENT_SECONDS = 5.0
# SIMBAD, then NED, then VizieR.
OPTIONS = "/-ox/SNV?"


def cleaned_name(name: str) -> str:
    """A name as it is asked for: blanks between its words only.

    Raises
    ------
    ParameterError
        It is empty, longer than 100 characters, or no text.
    """
    short = " ".join(name.split())
    if not short:
        raise ParameterError("name", "is empty: give the name of an object, such as M 31")
    if len(short) > LONGEST_NAME:
        raise ParameterError("name", f"is longer than {LONGEST_NAME} characters")
    if not short.isprintable():
        raise ParameterError("name", "holds characters that are no text")
    return short


def checked_address(address: str) -> str:
    """The address of a Sesame service, without a slash at its end.

    Raises
    ------
    ConfigurationError
        It is no ``http`` or ``https`` address.
    """
    try:
        parts = urllib.parse.urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        _ = parts.port
    except ValueError:
        sound = False
    if not sound:
        raise ConfigurationError(f"name_resolver: {address!r} is no address of the form https://host/path.")
    return address.rstrip("/")


def _make_opener() -> OpenerDirector:
    """Opens addresses and follows no redirection: no other host is ever asked."""
    import urllib.request

    class NoRedirection(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_asked: Any) -> None:
            return None

    return urllib.request.build_opener(NoRedirection)


class NameResolver:
    """Asks a Sesame service. Safe to use from many threads.

    Parameters
    ----------
    address
        Address of the service, such as that of the setting ``name_resolver``; empty: nothing is ever asked.
    clock
        Seconds that only grow; replaced in tests.

    Raises
    ------
    ConfigurationError
        The address is none.
    """

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = checked_address(address) if address else ""
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, FoundObject | None]] = OrderedDict()
        self._silent_until = -1e9
        self._opener: OpenerDirector | None = None

    def resolve(self, name: str) -> FoundObject:
        """The object of a name that ``cleaned_name`` gave.

        Raises
        ------
        NotFoundError
            No service knows it (``name_unknown``).
        UnavailableError
            The service is off, cannot be reached, or answers nonsense (``resolver_unreachable``).
        """
        if not self.address:
            raise unreachable("names are not looked up on this server (setting name_resolver)")
        known, found = self._remembered(name)
        if not known:
            if self._clock() < self._silent_until:
                raise unreachable("the name service cannot be reached from this server")
            found = self._asked(name)
            self._remember(name, found)
        if found is None:
            raise NotFoundError(f"SIMBAD, NED and VizieR know no object of the name {name!r}.", code="name_unknown")
        return found

    def _remembered(self, name: str) -> tuple[bool, FoundObject | None]:
        with self._lock:
            expires, found = self._kept.get(name, (-1e9, None))
            if expires <= self._clock():
                return False, None
            self._kept.move_to_end(name)
            return True, found

    def _remember(self, name: str, found: FoundObject | None) -> None:
        seconds = UNKNOWN_SECONDS if found is None else KEPT_SECONDS
        with self._lock:
            self._kept[name] = self._clock() + seconds, found
            self._kept.move_to_end(name)
            while len(self._kept) > KEPT_NAMES:
                self._kept.popitem(last=False)

    def _asked(self, name: str) -> FoundObject | None:
        import http.client
        import urllib.error

        try:
            return read_answer(self._fetched(name), name)
        except UnreadableAnswerError as error:
            log.info("the name service gave no usable answer: %s", error)
            raise unreachable("the name service gives no usable answer now") from None
        except (OSError, http.client.HTTPException) as error:
            log.info("the name service cannot be asked: %s", error)
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            # Until it is tried again, nobody waits for it.
            self._silent_until = self._clock() + SILENT_SECONDS
            raise unreachable("the name service cannot be reached from this server") from None

    def _fetched(self, name: str) -> bytes:
        """Body of the answer.

        Raises
        ------
        OSError, http.client.HTTPException
            There is none in time, or it is a redirection or a failure.
        UnreadableAnswerError
            It is too large.
        """
        import urllib.request

        if self._opener is None:
            self._opener = _make_opener()
        deadline = self._clock() + WHOLE_TIMEOUT_S
        address = self.address + OPTIONS + urllib.parse.quote(name, safe="")
        request = urllib.request.Request(address, headers={"User-Agent": f"armillary/{__version__}"})  # noqa: S310 - checked_address
        parts, size = [], 0
        with self._opener.open(request, timeout=TIMEOUT_S) as answer:
            while part := answer.read1(16_384):
                parts.append(part)
                size += len(part)
                if size > LARGEST_ANSWER_BYTES:
                    raise UnreadableAnswerError("it is too large")
                if self._clock() > deadline:
                    raise TimeoutError("it takes too long")
        return b"".join(parts)


def unreachable(reason: str) -> UnavailableError:
    """The error for a name that cannot be looked up now."""
    return UnavailableError(
        f"Cannot look up names: {reason}. Positions can be typed instead.", code="resolver_unreachable"
    )
