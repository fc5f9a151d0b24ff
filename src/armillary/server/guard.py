"""What is let in at all: host names, sizes of addresses; and the headers that every answer carries."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from armillary.server.asgi import header, index_headers
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from armillary.server.asgi import Scope

LONGEST_ADDRESS = 8192
MOST_HEADER_BYTES = 65536

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; style-src-elem 'self'; style-src-attr 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
]


HEADERS_OF_DATA = {b"x-content-type-options", b"cross-origin-resource-policy"}
"""Those that mean something to an answer that is no page."""


def security_headers(*, cross_origin: bool) -> list[tuple[bytes, bytes]]:
    """Headers of every answer; with allowed origins, other pages may read what CORS lets them."""
    if not cross_origin:
        return SECURITY_HEADERS
    return [pair for pair in SECURITY_HEADERS if pair[0] != b"cross-origin-resource-policy"]


@lru_cache(maxsize=64)
def host_name(value: str) -> str:
    """Host of a ``Host`` header in lower case, without port."""
    value = value.strip().lower()
    if value.startswith("["):
        return value.partition("]")[0] + "]"
    return value.rpartition(":")[0] if ":" in value else value


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class HostCheck:
    """Against DNS rebinding: a server on loopback answers only to names that are loopback, or were allowed.

    Parameters
    ----------
    host
        Address listened on.
    allowed
        Further names.
    """

    def __init__(self, host: str, allowed: Iterable[str]) -> None:
        self._names = {"localhost", "127.0.0.1", "[::1]", host.lower(), f"[{host.lower()}]", *map(str.lower, allowed)}
        self._everybody = not is_loopback(host)

    def check(self, scope: Scope) -> None:
        """Refuse a request under a foreign name.

        Raises
        ------
        HttpError
            421.
        """
        if not self._everybody and host_name(header(scope, b"host")) not in self._names:
            message = "This server does not answer under that host name: see the setting allowed_hosts."
            raise HttpError(421, "foreign_host", message)


def check_size(scope: Scope) -> None:
    """Refuse endless addresses and headers.

    Raises
    ------
    HttpError
        414 or 431.
    """
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
        raise HttpError(414, "address_too_long", f"Addresses have at most {LONGEST_ADDRESS} bytes.")
    if index_headers(scope) > MOST_HEADER_BYTES:
        raise HttpError(431, "headers_too_large", f"Headers have at most {MOST_HEADER_BYTES} bytes.")


UNAUTHORISED_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Armillary</title></head>
<body><h1>This Armillary is protected by a token</h1>
<p>Open the whole address that it printed when it started: it ends in <code>?token=…</code>.</p></body></html>
"""
