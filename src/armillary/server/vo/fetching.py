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
import time
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from armillary.errors import LimitError, ParameterError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

CONNECT_S = 10.0
WHOLE_S = 60.0
BLOCK_BYTES = 1 << 16
PORTS = {"http": 80, "https": 443}
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
        It cannot be reached, or takes too long.
    """
    parts = _parts(address)
    deadline_s = time.monotonic() + WHOLE_S
    try:
        with contextlib.closing(_connected(parts)) as connection:
            connection.request("GET", _target(parts), headers={"Accept": "*/*", "User-Agent": "armillary"})
            answer = connection.getresponse()
            if answer.status != 200:
                said = "leads elsewhere" if 300 <= answer.status < 400 else f"is answered with {answer.status}"
                raise ParameterError("UPLOAD", f"the address {said}.")
            _take(answer, path, most_bytes, deadline_s)
            return answer.headers.get_content_type()
    except (OSError, http.client.HTTPException):
        raise UnavailableError("UPLOAD: the address cannot be reached.") from None


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


def _connected(parts: SplitResult) -> http.client.HTTPConnection:
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
        if parts.scheme == "https":
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise
    connection = http.client.HTTPConnection(host, port)
    connection.sock = raw
    return connection


def _take(answer: http.client.HTTPResponse, path: Path, most_bytes: int, deadline_s: float) -> None:
    size = 0
    with path.open("wb") as file:
        while block := answer.read1(BLOCK_BYTES):
            size += len(block)
            if size > most_bytes:
                raise LimitError(f"UPLOAD: the table has more than {most_bytes >> 20} MiB.")
            if time.monotonic() > deadline_s:
                raise UnavailableError("UPLOAD: the address sends too slowly.")
            file.write(block)
