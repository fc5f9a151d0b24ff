"""Fetching a table from an address that a stranger names: never from a network that is not open to everybody.

The name is resolved once, every address it has is looked at, and the connection goes to the one that was looked at:
a name that means something else a moment later gains nothing. Redirects are refused.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from armillary.errors import LimitError, ParameterError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONNECT_S = 10.0
WHOLE_S = 60.0
BLOCK_BYTES = 1 << 16
TOO_SLOW = "UPLOAD: the address sends too slowly."
AT_ONCE = 2
"""Tables that are fetched at the same time: whoever sends slowly keeps nobody from the jobs."""
PORTS = {"http": 80, "https": 443}
_fetching = threading.BoundedSemaphore(AT_ONCE)
_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that leads to a host of the internet (RFC 4291, 2.4)."""
_EMBEDDED = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32"))
"""Of that, what leads to an IPv4 address: 6to4, Teredo."""


def is_public(text: str) -> bool:
    """Whether an address is one of the open internet."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address not in _UNICAST or any(address in network for network in _EMBEDDED):
            return False
    return address.is_global and not address.is_multicast


def fetch(address: str, path: Path, most_bytes: int) -> str:
    """Fetch what lies at an ``http`` or ``https`` address into a file.

    Returns
    -------
    Its media type.

    Raises
    ------
    ParameterError
        The address is none, leads to a private network or elsewhere, or is answered with an error.
    LimitError
        There are more bytes than allowed.
    UnavailableError
        It cannot be reached, or takes too long; or others are fetched already.
    """
    parts = _parts(address)
    if not _fetching.acquire(blocking=False):
        raise UnavailableError("UPLOAD: too many tables are being fetched: try again in a moment.")
    deadline_s = time.monotonic() + WHOLE_S
    try:
        return _fetched(parts, path, most_bytes, deadline_s)
    except (OSError, http.client.HTTPException):
        said = TOO_SLOW if time.monotonic() > deadline_s else "UPLOAD: the address cannot be reached."
        raise UnavailableError(said) from None
    finally:
        _fetching.release()


def _fetched(parts: SplitResult, path: Path, most_bytes: int, deadline_s: float) -> str:
    with _raw(parts) as raw, _ended_at(raw, deadline_s), contextlib.closing(_connection(parts, raw)) as connection:
        connection.request("GET", _target(parts), headers={"Accept": "*/*", "User-Agent": "armillary"})
        answer = connection.getresponse()
        if answer.status != 200:
            said = "leads elsewhere" if 300 <= answer.status < 400 else f"is answered with {answer.status}"
            raise ParameterError("UPLOAD", f"the address {said}.")
        _take(answer, path, most_bytes, deadline_s)
        return answer.headers.get_content_type()


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ParameterError("UPLOAD", "this is no address.") from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0 or parts.username is not None:
        raise ParameterError("UPLOAD", "an address is http:// or https://, a host, and a path.")
    return parts


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@contextlib.contextmanager
def _ended_at(raw: socket.socket, deadline_s: float) -> Iterator[None]:
    """End a connection at a moment of the monotonic clock, whatever it is at: a header of many bytes is never slow."""
    # Another handle of the same connection: that of the caller may be closed, or be wrapped, meanwhile.
    with raw.dup() as other:

        def end() -> None:
            with contextlib.suppress(OSError):
                other.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(max(0.0, deadline_s - time.monotonic()), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _raw(parts: SplitResult) -> socket.socket:
    """A connection to an address that was looked at."""
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ParameterError("UPLOAD", "there is no host of that name.") from None
    if not all(is_public(str(place[0])) for *_, place in found):
        # The same for every one of them: what is in the server's own network is nobody's business.
        raise ParameterError("UPLOAD", "there is no host of that name.")
    family, kind, protocol, _, place = found[0]
    raw = socket.socket(family, kind, protocol)
    try:
        raw.settimeout(CONNECT_S)
        raw.connect(place)
    except BaseException:
        raw.close()
        raise
    return raw


def _connection(parts: SplitResult, raw: socket.socket) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, parts.port or PORTS[parts.scheme])
    is_secret = parts.scheme == "https"
    connection.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=host) if is_secret else raw
    return connection


def _take(answer: http.client.HTTPResponse, path: Path, most_bytes: int, deadline_s: float) -> None:
    size = 0
    with path.open("wb") as file:
        while block := answer.read1(BLOCK_BYTES):
            size += len(block)
            if size > most_bytes:
                raise LimitError(f"UPLOAD: the table has more than {most_bytes >> 20} MiB.")
            if time.monotonic() > deadline_s:
                raise UnavailableError(TOO_SLOW)
            file.write(block)
    # What was broken off looks like what came to its end.
    if time.monotonic() > deadline_s:
        raise UnavailableError(TOO_SLOW)
    if answer.length:
        raise UnavailableError("UPLOAD: the address sends less than it promised.")
